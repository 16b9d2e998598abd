/**
 * Files of the origin private file system (OPFS), by path (`runs/r1/metrics.jsonl`). A file is written under the name `<name>.new` and
 * renamed over the old one when complete, so a crash or a full disk leaves the old file.
 */
import { StudioError } from '../../src/core/errors';
import { blockedError, isQuotaError, quotaError } from './quota';
import { hasSyncAccess, openWriter, unshared, writeFully, type ByteWriter, type OpenWriter } from './writer';

export type Bytes = Uint8Array<ArrayBuffer>;
export type Content = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export interface Entry {
  name: string;
  kind: 'file' | 'directory';
}

/** A file being written; its path has the old file, or none, until `commit`. */
export interface PendingFile {
  readonly bytes: number;
  write(chunk: Uint8Array): Promise<void>;
  /** Renames the file to its path. */
  commit(): Promise<void>;
  /** Removes what was written; the old file stays. */
  discard(): Promise<void>;
}

const PENDING = '.new';
/** Ending of the swap file of an open writable stream, which Chromium lists. */
const SWAP = '.crswap';

interface Movable {
  move(name: string): Promise<void>;
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/** Attempts at a file that something else holds for a moment: reading while a run appends to it, removing it after an abort. */
const ATTEMPTS = 8;

export class FileStore {
  constructor(
    private readonly root: () => Promise<FileSystemDirectoryHandle> = openRoot,
    private readonly open: OpenWriter = openWriter,
  ) {}

  /** The whole file. Throws `file-missing`. */
  async read(path: string): Promise<Bytes> {
    return this.readAgain(path, (file) => file);
  }

  async readText(path: string): Promise<string> {
    return new TextDecoder().decode(await this.read(path));
  }

  /** Bytes `start` to `end` (exclusive), fewer where the file is shorter. */
  async readRange(path: string, start: number, end: number): Promise<Bytes> {
    return this.readAgain(path, (file) => file.slice(start, end));
  }

  /** Opens and reads a file, again when it was written to between the two: the opened File can then no longer be read. */
  private async readAgain(path: string, part: (file: File) => Blob): Promise<Bytes> {
    for (let attempt = 1; ; attempt++) {
      const file = await this.blob(path);
      try {
        return new Uint8Array(await part(file).arrayBuffer());
      } catch (error) {
        if (attempt === ATTEMPTS || !(error instanceof DOMException && error.name === 'NotReadableError')) throw error;
      }
    }
  }

  async stream(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return (await this.blob(path)).stream();
  }

  /** The file as a lazy Blob. Throws `file-missing`. */
  async blob(path: string): Promise<File> {
    const handle = await this.find(path);
    if (!handle) throw new StudioError('file-missing', `No file "${path}" in storage`, { file: path, wanted: path });
    return handle.getFile();
  }

  async exists(path: string): Promise<boolean> {
    return (await this.find(path)) !== null;
  }

  /** Bytes of a file; null when there is none. */
  async size(path: string): Promise<number | null> {
    const handle = await this.find(path);
    return handle ? (await handle.getFile()).size : null;
  }

  /** Writes the whole file; the old one stays when that fails. Returns its bytes. Throws `quota`. */
  async write(path: string, content: Content): Promise<number> {
    const file = await this.begin(path);
    try {
      if (typeof content === 'string') await file.write(new TextEncoder().encode(content));
      else if (content instanceof Uint8Array) await file.write(content);
      else for await (const chunk of content) await file.write(chunk);
    } catch (error) {
      await file.discard();
      throw error;
    }
    await file.commit();
    return file.bytes;
  }

  /** Starts a file that is written in pieces. Throws `quota`. */
  async begin(path: string): Promise<PendingFile> {
    const { folder, name } = await this.locate(path);
    const pending = await folder.getFileHandle(name + PENDING, { create: true });
    let writer: ByteWriter;
    let bytes = 0;
    let open = true;

    const discard = async (): Promise<void> => {
      if (!open) return;
      open = false;
      await writer.abort().catch(() => undefined);
      await removePending(folder, name + PENDING);
    };
    const fail = async (error: unknown, needed: number): Promise<never> => {
      await discard();
      throw isQuotaError(error) ? await quotaError(needed) : error;
    };

    try {
      writer = await this.open(pending);
    } catch (error) {
      await folder.removeEntry(name + PENDING).catch(() => undefined);
      throw isQuotaError(error) ? await quotaError(0) : error;
    }
    return {
      get bytes() {
        return bytes;
      },
      async write(chunk) {
        bytes += chunk.byteLength;
        await writer.write(chunk).catch((error: unknown) => fail(error, bytes));
      },
      async commit() {
        await writer.close().catch((error: unknown) => fail(error, bytes));
        open = false;
        await replace(folder, pending, name);
      },
      discard,
    };
  }

  /** Appends to a file, creating it if needed. Throws `quota`; the file is then as before. */
  async append(path: string, content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const { folder, name } = await this.locate(path);
    const handle = await folder.getFileHandle(name, { create: true });
    try {
      if (hasSyncAccess(handle)) {
        const access = await handle.createSyncAccessHandle();
        const size = access.getSize();
        try {
          writeFully(access, bytes, size);
          access.flush();
        } catch (error) {
          access.truncate(size);
          throw error;
        } finally {
          access.close();
        }
      } else {
        const stream = await handle.createWritable({ keepExistingData: true });
        await stream.seek((await handle.getFile()).size);
        await stream.write(unshared(bytes));
        await stream.close();
      }
    } catch (error) {
      throw isQuotaError(error) ? await quotaError(bytes.byteLength) : error;
    }
  }

  /** Cuts a file to its first `size` bytes. */
  async truncate(path: string, size: number): Promise<void> {
    const handle = await this.find(path);
    if (!handle) throw new StudioError('file-missing', `No file "${path}" in storage`, { file: path, wanted: path });
    if (hasSyncAccess(handle)) {
      const access = await handle.createSyncAccessHandle();
      access.truncate(size);
      access.flush();
      access.close();
    } else {
      const stream = await handle.createWritable({ keepExistingData: true });
      await stream.truncate(size);
      await stream.close();
    }
  }

  /** Moves a file, replacing the one at `to`; copies it in browsers without `move`. Throws `file-missing`. */
  async move(from: string, to: string): Promise<void> {
    const handle = await this.find(from);
    if (!handle) throw new StudioError('file-missing', `No file "${from}" in storage`, { file: from, wanted: from });
    const { folder, name } = await this.locate(to);
    if ('move' in handle) return (handle as FileSystemFileHandle & Movable).move(folder, name);
    await this.write(to, (await handle.getFile()).stream());
    await this.remove(from);
  }

  /** Removes a file, or a folder with its content. Does nothing when there is none. */
  async remove(path: string): Promise<void> {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    const folder = await this.folder(parts);
    await folder?.removeEntry(name, { recursive: true }).catch((error: unknown) => {
      if (!isAbsent(error)) throw error;
    });
  }

  /** Entries of a folder, sorted by name, without files still being written. Empty when there is no such folder. */
  async list(path: string): Promise<Entry[]> {
    const folder = await this.folder(path === '' ? [] : path.split('/'));
    const entries: Entry[] = [];
    if (folder)
      for await (const [name, handle] of folder.entries())
        if (!name.endsWith(PENDING) && !name.endsWith(SWAP)) entries.push({ name, kind: handle.kind });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Bytes of all files in a folder and its subfolders. */
  async folderSize(path: string): Promise<number> {
    let total = 0;
    for (const entry of await this.list(path)) {
      const inner = `${path}/${entry.name}`;
      total += entry.kind === 'directory' ? await this.folderSize(inner) : ((await this.size(inner)) ?? 0);
    }
    return total;
  }

  private async find(path: string): Promise<FileSystemFileHandle | null> {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    const folder = await this.folder(parts);
    try {
      return folder ? await folder.getFileHandle(name) : null;
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  private async folder(parts: readonly string[]): Promise<FileSystemDirectoryHandle | null> {
    let folder = await this.root();
    try {
      for (const part of parts) folder = await folder.getDirectoryHandle(part);
      return folder;
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  private async locate(path: string): Promise<{ folder: FileSystemDirectoryHandle; name: string }> {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    let folder = await this.root();
    for (const part of parts) folder = await folder.getDirectoryHandle(part, { create: true });
    return { folder, name };
  }
}

/** @throws StudioError `storage-blocked` */
async function openRoot(): Promise<FileSystemDirectoryHandle> {
  try {
    return await navigator.storage.getDirectory();
  } catch (error) {
    throw blockedError(error);
  }
}

/** The store at the root of this origin's OPFS. */
export const files = new FileStore();

/** A writable stream lets go of its file some time after it was aborted; a file that stayed would take room on a full disk. */
async function removePending(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++)
    try {
      return await folder.removeEntry(name);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'NoModificationAllowedError')) return;
      await new Promise((resolve) => setTimeout(resolve, 10 * attempt));
    }
}

async function replace(folder: FileSystemDirectoryHandle, pending: FileSystemFileHandle, name: string): Promise<void> {
  if ('move' in pending) return (pending as FileSystemFileHandle & Movable).move(name);
  // Without `move`, the writable stream's swap file keeps the old content until close.
  const content = await pending.getFile();
  const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
  await content.stream().pipeTo(stream);
  await folder.removeEntry(name + PENDING);
}

function isAbsent(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'NotFoundError' || error.name === 'TypeMismatchError');
}
