/**
 * Where a followed log lies: a file or a folder by its handle (File System Access API), or an address by way of the hub worker. And `Tail`, which
 * reads of a file only what was added, and finds out where it was written anew.
 */
import { releaseProxy, wrap } from 'comlink';
import { StudioError } from '../../src/core/errors';
import type { FollowPlace, LogPiece, LogRanges } from '../../src/contract/follow';

export interface LogSource {
  name: string;
  /** Milliseconds between two looks. */
  every: number;
  /** Files that are one log, in the order in which they were begun; empty where none is there yet. */
  files(): Promise<string[]>;
  read(path: string, from: number): Promise<LogPiece | null>;
  /** Into a folder that a person gave. */
  folder: FileSystemDirectoryHandle | null;
  close(): void;
}

/** Bytes read at a time. */
const PIECE = 8 * 2 ** 20;
/** A log of a million steps with ten series is about this long. */
export const LARGEST_LOG = 512 * 2 ** 20;
const HANDLE_MS = 1500;
const ADDRESS_MS = 4000;
/** Folders below the one that was given, and entries that are looked at. */
const MOST_DEPTH = 4;
const MOST_ENTRIES = 5000;

/** Logs by their names, those that tell most first; files of the last kinds are written anew each time, or are tables. */
const KINDS: readonly RegExp[] = [
  /^metrics\.jsonl$/,
  /^(trainer_log|logging|wandb-history)\.jsonl$/,
  /tfevents/,
  /^trainer_state\.json$/,
  /\.jsonl$/,
  /\.(csv|tsv|parquet)$/,
];
const EVENTS = 2;

export function sourceOf(place: FollowPlace, port: MessagePort | null): LogSource {
  if ('address' in place) return addressSource(place.address, port!);
  return place.handle.kind === 'file' ? fileSource(place.handle) : folderSource(place.handle);
}

async function pieceOf(handle: FileSystemFileHandle, from: number): Promise<LogPiece> {
  const file = await handle.getFile();
  if (file.size > LARGEST_LOG)
    throw new StudioError('file-too-large', `${file.name} is ${file.size} bytes`, {
      file: file.name,
      bytes: file.size,
      limit: LARGEST_LOG,
    });
  const bytes = await file.slice(from, from + PIECE).arrayBuffer();
  return { from, bytes, more: from + bytes.byteLength < file.size, ...(file.size < from ? { shorter: true } : {}) };
}

function fileSource(handle: FileSystemFileHandle): LogSource {
  return {
    ...{ name: handle.name, every: HANDLE_MS, folder: null },
    files: async () => [handle.name],
    read: async (path, from) => (path === handle.name ? pieceOf(handle, from) : null),
    close: () => undefined,
  };
}

interface Entry {
  path: string;
  kind: number;
  handle: FileSystemFileHandle;
}

function folderSource(folder: FileSystemDirectoryHandle): LogSource {
  return {
    ...{ name: folder.name, every: HANDLE_MS, folder },
    async files() {
      const found = await logsOf(folder);
      const kind = Math.min(...found.map((entry) => entry.kind));
      const best = await Promise.all(
        found.filter((entry) => entry.kind === kind).map(async (entry) => ({ ...entry, at: (await entry.handle.getFile()).lastModified })),
      );
      const newest = best.sort((one, other) => other.at - one.at)[0];
      if (!newest) return [];
      if (kind !== EVENTS) return [newest.path];
      // Event files of one folder are one run; their names hold the second at which they were begun.
      const parent = parentOf(newest.path);
      const paths = best.map(({ path }) => path).filter((path) => parentOf(path) === parent);
      return paths.sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
    },
    async read(path, from) {
      const handle = await fileAt(folder, path);
      return handle && pieceOf(handle, from);
    },
    close: () => undefined,
  };
}

/** "tensorboard/" of "tensorboard/events…"; empty at the top. */
export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

async function logsOf(root: FileSystemDirectoryHandle): Promise<Entry[]> {
  const found: Entry[] = [];
  let level = [{ handle: root, path: '' }];
  for (let depth = 0, seen = 0; depth < MOST_DEPTH && level.length > 0; depth++) {
    const next: typeof level = [];
    for (const { handle, path } of level)
      for await (const inner of handle.values()) {
        if ((seen += 1) > MOST_ENTRIES) return found;
        if (inner.kind === 'directory') next.push({ handle: inner, path: `${path}${inner.name}/` });
        else {
          const kind = KINDS.findIndex((pattern) => pattern.test(inner.name));
          if (kind >= 0) found.push({ path: path + inner.name, kind, handle: inner });
        }
      }
    // What lies deeper tells less than the log itself.
    if (found.some(({ kind }) => kind === 0)) return found;
    level = next;
  }
  return found;
}

async function fileAt(folder: FileSystemDirectoryHandle, path: string): Promise<FileSystemFileHandle | null> {
  const parts = path.split('/');
  try {
    let parent = folder;
    for (const part of parts.slice(0, -1)) parent = await parent.getDirectoryHandle(part);
    return await parent.getFileHandle(parts.at(-1)!);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return null;
    throw error;
  }
}

/** Writes a small file so that who reads it meanwhile sees the former one or this one. @throws StudioError `folder-refused` */
export async function writeText(folder: FileSystemDirectoryHandle, path: string, text: string): Promise<void> {
  try {
    let parent = folder;
    for (const part of path.split('/').slice(0, -1)) parent = await parent.getDirectoryHandle(part);
    const stream = await (await parent.getFileHandle(path.slice(path.lastIndexOf('/') + 1), { create: true })).createWritable();
    await stream.write(text);
    await stream.close();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    const values = { folder: folder.name, detail: error.message };
    throw new StudioError('folder-refused', `Nothing can be written to ${folder.name}: ${error.message}`, values);
  }
}

function addressSource(address: string, port: MessagePort): LogSource {
  const remote = wrap<LogRanges>(port);
  const { pathname } = new URL(address);
  const name = decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1));
  return {
    ...{ name: address, every: ADDRESS_MS, folder: null },
    files: async () => [name],
    read: (path, from) => remote.read(path, from),
    close: () => remote[releaseProxy](),
  };
}

/** Bytes before the end that are read again: they tell whether the file is the one that was read before. */
const OVERLAP = 1024;

export type TailNews = 'missing' | 'nothing' | 'more' | 'anew';

/** The end of a file that grows. */
export class Tail {
  /** Bytes that were taken. */
  at = 0;
  /** Bytes that were read in all. */
  read = 0;
  /** The source gives whole files alone. */
  whole = false;
  private overlap = new Uint8Array(0);

  constructor(
    private readonly source: LogSource,
    readonly path: string,
  ) {}

  /**
   * Gives on what was added since the last call. `anew`: the file was cut or replaced; `reset` was called, and all of it was given.
   * @throws StudioError, DOMException of the source
   */
  async more(take: (bytes: Uint8Array) => Promise<void>, reset: () => void): Promise<TailNews> {
    let news: TailNews = 'nothing';
    for (;;) {
      const from = this.at - this.overlap.length;
      const piece = await this.source.read(this.path, from);
      if (!piece) return 'missing';
      if (piece.unchanged) return news;
      const bytes = new Uint8Array(piece.bytes);
      this.read += bytes.length;
      this.whole = piece.whole === true;
      const known = from - piece.from;
      const same = !piece.shorter && this.overlap.every((byte, at) => bytes[known + at] === byte);
      if (!same) {
        this.at = 0;
        this.overlap = new Uint8Array(0);
        reset();
        news = 'anew';
        if (piece.from > 0) continue;
        await this.keep(bytes, take);
      } else {
        const added = bytes.subarray(known + this.overlap.length);
        if (added.length === 0) return news;
        if (news === 'nothing') news = 'more';
        await this.keep(added, take);
      }
      if (!piece.more) return news;
    }
  }

  private async keep(added: Uint8Array, take: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    this.at += added.length;
    const both = new Uint8Array(this.overlap.length + Math.min(added.length, OVERLAP));
    both.set(this.overlap);
    both.set(added.subarray(-OVERLAP), this.overlap.length);
    // Of a long piece the overlap before is behind it.
    this.overlap = (added.length >= OVERLAP ? both.subarray(this.overlap.length) : both.subarray(-OVERLAP)).slice();
    await take(added);
  }
}
