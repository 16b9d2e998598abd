/** What a model in Hugging Face layout must bring, checked by file name before anything is read. */
import { StudioError } from '../core/errors';

const WANTED = ['config.json', 'tokenizer.json'] as const;

/** @throws StudioError `file-missing` naming what was found and the first file that lacks */
export function checkModelFiles(files: readonly Pick<File, 'name'>[]): void {
  const names = files.map((file) => file.name.toLowerCase());
  const found =
    files.length === 0
      ? '—'
      : files
          .map((file) => file.name)
          .slice(0, 6)
          .join(', ');
  for (const wanted of WANTED)
    if (!names.includes(wanted)) throw new StudioError('file-missing', `${wanted} is missing`, { file: found, wanted });
  if (!names.some((name) => name.endsWith('.safetensors')))
    throw new StudioError('file-missing', 'No .safetensors file', { file: found, wanted: '*.safetensors' });
}

/** The folder's name when files come from one, else nothing to propose. */
export function proposedModelName(files: readonly Pick<File, 'webkitRelativePath'>[]): string {
  const path = files[0]?.webkitRelativePath ?? '';
  return path.includes('/') ? (path.split('/')[0] ?? '').slice(0, 60) : '';
}
