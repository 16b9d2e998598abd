/** What of the taken files is a model in Hugging Face layout, told by name and path before anything is read. */
import { isGguf, modelFolder, outermost, severalGgufs } from '../core/model/folder';
import type { TakenFile } from '../ui/FileDrop';

type Taken<File extends { name: string }> = Pick<TakenFile, 'path'> & { file: File };

const isZip = (path: string): boolean => path.toLowerCase().endsWith('.zip');

/**
 * The files that make the model, of two with one name the outermost; a zip alone is looked into by the worker.
 * @throws StudioError `file-missing` naming what was found and the first file that lacks
 */
export function modelFiles<File extends { name: string }>(taken: readonly Taken<File>[]): File[] {
  if (taken.length === 1 && isZip(taken[0]!.path)) return [taken[0]!.file];
  const byName = outermost(taken, ({ path }) => path);
  const { texts, weights, index, ggufs, torch } = modelFolder([...byName.keys()]);
  if (ggufs.length > 1) throw severalGgufs(ggufs);
  return [...texts, ...(index === null ? [] : [index]), ...weights, ...ggufs, ...torch].map((name) => byName.get(name)!.file);
}

/** The name of the folder or the zip that the files come from, else nothing to propose. */
export function proposedModelName(taken: readonly Pick<TakenFile, 'path'>[]): string {
  const path = taken[0]?.path ?? '';
  if (taken.length === 1 && isZip(path)) return path.slice(path.lastIndexOf('/') + 1, -'.zip'.length).slice(0, 60);
  if (taken.length === 1 && isGguf(path)) return path.slice(path.lastIndexOf('/') + 1, -'.gguf'.length).slice(0, 60);
  return path.includes('/') ? path.split('/')[0]!.slice(0, 60) : '';
}
