/** Writes files as streams into a folder on the person's disk (File System Access API). */
import { StudioError } from '../../src/core/errors';
import type { ZipEntry } from '../archive/zip-writer';

/**
 * Makes a new folder inside `parent`, `name` or `name-2`, … where that is taken, and writes only there. The folder is removed when
 * writing fails.
 * @param onBytes called with the bytes written so far; an error that it throws stops the writing
 * @returns the folder's name
 * @throws StudioError `folder-refused` when the permission was withdrawn or the disk refuses
 */
export async function writeFolder(
  files: AsyncIterable<ZipEntry>,
  parent: FileSystemDirectoryHandle,
  name: string,
  onBytes: (bytes: number) => void,
): Promise<string> {
  let own: string | null = null;
  let done = 0;
  try {
    own = await freeName(parent, name);
    const folder = await parent.getDirectoryHandle(own, { create: true });
    for await (const file of files) {
      const stream = await (await folder.getFileHandle(file.name, { create: true })).createWritable();
      try {
        for await (const chunk of file.bytes instanceof Uint8Array ? [file.bytes] : file.bytes) {
          await stream.write(chunk.slice());
          onBytes((done += chunk.length));
        }
      } catch (error) {
        await stream.abort().catch(() => undefined);
        throw error;
      }
      await stream.close();
    }
    return own;
  } catch (error) {
    if (own !== null) await parent.removeEntry(own, { recursive: true }).catch(() => undefined);
    if (!(error instanceof DOMException)) throw error;
    throw new StudioError('folder-refused', `Nothing can be written to ${parent.name}: ${error.message}`, {
      folder: parent.name,
      detail: error.message,
    });
  }
}

async function freeName(parent: FileSystemDirectoryHandle, wanted: string): Promise<string> {
  const taken = new Set<string>();
  for await (const name of parent.keys()) taken.add(name);
  let name = wanted;
  for (let count = 2; taken.has(name); count += 1) name = `${wanted}-${count}`;
  return name;
}
