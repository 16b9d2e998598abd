/** What can be refused before a file is read: files that no tokenizer.json is among. The worker checks the tokenizer itself. */
import { StudioError } from '../core/errors';

const ACCEPTED = 'tokenizer.json';

/** @throws StudioError `file-missing`: several files without tokenizer.json; `file-unsupported`: a single one that is not JSON */
export function checkTokenizerFiles(files: readonly Pick<File, 'name'>[]): void {
  if (files.some(({ name }) => name === ACCEPTED)) return;
  const names = files.map(({ name }) => name).join(', ');
  if (files.length !== 1) throw new StudioError('file-missing', `${ACCEPTED} is missing`, { file: names, wanted: ACCEPTED });
  if (!names.toLowerCase().endsWith('.json'))
    throw new StudioError('file-unsupported', `${names} is no tokenizer.json`, { file: names, accepted: '.json' });
}

/** The folder's name, or the file's when it is more than "tokenizer". */
export function proposedTokenizerName(files: readonly Pick<File, 'name' | 'webkitRelativePath'>[]): string {
  const folder = files[0]?.webkitRelativePath.split('/').at(-2) ?? '';
  const file = files.length === 1 ? files[0]!.name.replace(/\.json$/i, '') : '';
  return (folder || (file === 'tokenizer' ? '' : file)).slice(0, 60);
}
