/** What lies in the browser's own file system, to see that nothing came, or exactly what should have. */
import type { Page } from '@playwright/test';

export interface StoredFile {
  path: string;
  sha256: string;
}

/** All files below a folder, sorted. */
export function storedFiles(page: Page, folder = ''): Promise<StoredFile[]> {
  return page.evaluate(async (start) => {
    const found: { path: string; sha256: string }[] = [];
    const walk = async (directory: FileSystemDirectoryHandle, path: string): Promise<void> => {
      for await (const [name, handle] of directory.entries()) {
        const inner = path === '' ? name : `${path}/${name}`;
        if (handle.kind === 'directory') await walk(handle, inner);
        else {
          const bytes = await (await handle.getFile()).arrayBuffer();
          const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
          found.push({ path: inner, sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') });
        }
      }
    };
    let root = await navigator.storage.getDirectory();
    for (const part of start.split('/').filter((name) => name !== '')) root = await root.getDirectoryHandle(part);
    await walk(root, '');
    // A mark that something is kept, no part of it.
    return found.filter(({ path }) => path !== 'studio-id').sort((a, b) => (a.path < b.path ? -1 : 1));
  }, folder);
}
