/** What can be refused before a file is read: its kind, its emptiness, the lack of a name. The worker checks the text itself. */
import { StudioError } from '../core/errors';

export const TEXT_EXTENSIONS = ['.txt', '.md', '.jsonl'] as const;

/** @throws StudioError `file-unsupported` naming the first file of another kind, `text-empty` naming the first empty one */
export function checkTextFiles(files: readonly Pick<File, 'name' | 'size'>[]): void {
  for (const { name, size } of files) {
    if (!TEXT_EXTENSIONS.some((extension) => name.toLowerCase().endsWith(extension)))
      throw new StudioError('file-unsupported', `${name} is not a text file of a known kind`, {
        file: name,
        accepted: TEXT_EXTENSIONS.join(', '),
      });
    if (size === 0) throw new StudioError('text-empty', `${name} holds no text`, { file: name });
  }
}

/** A first proposal for the corpus's name: the file's, without its ending. */
export function proposedName(files: readonly Pick<File, 'name'>[]): string {
  const first = files[0]?.name ?? '';
  return first.replace(/\.[^.]+$/, '').slice(0, 60);
}
