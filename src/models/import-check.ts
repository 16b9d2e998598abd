/** What a model in Hugging Face layout must bring, checked by file name before anything is read. */
import { modelFolder, outermost } from '../core/model/folder';

type NamedFile = Pick<File, 'name' | 'webkitRelativePath'>;

const isZip = ({ name }: NamedFile): boolean => name.toLowerCase().endsWith('.zip');

/** A zip is looked into by the worker. @throws StudioError `file-missing` naming what was found and the first file that lacks */
export function checkModelFiles(files: readonly NamedFile[]): void {
  if (files.length === 1 && isZip(files[0]!)) return;
  modelFolder([...outermost(files, (file) => file.webkitRelativePath || file.name).keys()]);
}

/** The name of the folder or the zip that the files come from, else nothing to propose. */
export function proposedModelName(files: readonly NamedFile[]): string {
  const [first] = files;
  if (!first) return '';
  if (files.length === 1 && isZip(first)) return first.name.slice(0, -'.zip'.length).slice(0, 60);
  return first.webkitRelativePath.includes('/') ? (first.webkitRelativePath.split('/')[0] ?? '').slice(0, 60) : '';
}
