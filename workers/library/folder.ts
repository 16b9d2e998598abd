/** Files into a folder on the person's disk, as streams (File System Access). */
import { StudioError } from '../../src/core/errors';
import type { ZipEntry } from '../archive/zip-writer';

/**
 * Writes into a folder of its own inside `parent`, so that nothing there is touched: `name`, or `name-2` where that is taken.
 * What was begun is taken away again when it fails.
 * @param onBytes bytes written so far; what it throws ends the work
 * @returns the folder's name
 * @throws StudioError `folder-refused` when the person's leave is gone or the disk refuses
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
