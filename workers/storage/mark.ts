/**
 * A mark in the private file system that tells whether what the studio stored is still there: the page knows its content from before
 * (src/lab/storage-store.ts). Browsers may remove a site's data when the disk is short, and people remove it in the settings.
 */
import { files, type FileStore } from './files';
import { exclusively } from './locks';

const MARK = 'studio-id';

/**
 * The mark's content, an id. Without `create` null where there is none.
 * @throws StudioError `storage-blocked` where the browser stores nothing, `quota`
 */
export function storageMark(create: boolean, store: FileStore = files): Promise<string | null> {
  return exclusively(MARK, async () => {
    if (await store.exists(MARK)) return store.readText(MARK);
    if (!create) return null;
    const id = crypto.randomUUID();
    await store.write(MARK, id);
    return id;
  });
}
