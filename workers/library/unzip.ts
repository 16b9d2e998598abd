/**
 * Takes a model out of a zip without believing it: names that lead elsewhere, sizes that lie, entries that overlap and bombs are
 * refused; archives inside the archive stay shut. Stored entries are read where they lie, deflated ones are unpacked to the disk.
 * Format: APPNOTE.TXT 6.3.10, with its 64-bit fields.
 */
import { createCRC32 } from 'hash-wasm';
import { modelFolder, outermost } from '../../src/core/model/folder';
import type { OnProgress } from '../api';
import { files as storage } from '../storage/files';
import { quotaError, storageEstimate } from '../storage/quota';
import { stopIf } from './cancelling';
import type { IncomingFile } from './import-model';
import { invalidZip } from './zip-refusal';

/** A model folder has a dozen files; with all the formats a repository may hold, some hundred. */
const MOST_ENTRIES = 2000;
const LARGEST_DIRECTORY = 4 * 2 ** 20;
/** Weights hardly shrink and JSON some ten times; deflate itself reaches 1,032. */
const LARGEST_RATIO = 100;
/** Under this size a ratio means nothing. */
const SMALL = 2 ** 20;
const PIECE_BYTES = 4 * 2 ** 20;

const END = 0x0605_4b50;
const END_64 = 0x0606_4b50;
const LOCATOR_64 = 0x0706_4b50;
const ENTRY = 0x0201_4b50;
const LOCAL = 0x0403_4b50;
const STORED = 0;
const DEFLATED = 8;
const UNKNOWN_32 = 0xffff_ffff;

interface ZipEntry {
  path: string;
  encrypted: boolean;
  method: number;
  crc: number;
  packed: number;
  size: number;
  /** Of its local header. */
  offset: number;
}

export function isZip(file: Pick<File, 'name'>): boolean {
  return file.name.toLowerCase().endsWith('.zip');
}

/**
 * @param into folder of the storage for what must be unpacked
 * @throws StudioError `zip-invalid`, `file-missing`, `quota`, `cancelled`
 */
export async function unpackModel(archive: File, into: string, onProgress: OnProgress, signal: AbortSignal): Promise<IncomingFile[]> {
  const { entries, directory } = await readDirectory(archive);
  const byName = outermost(entries, ({ path }) => path);
  const { texts, weights, index } = modelFolder([...byName.keys()]);
  const wanted = [...texts, ...weights, ...(index === null ? [] : [index])].map((name) => ({ name, ...byName.get(name)! }));
  for (const entry of wanted) checkEntry(archive.name, entry);
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  const { used, quota } = await storageEstimate();
  if (quota > 0 && total > quota - used) throw await quotaError(total);

  const files: IncomingFile[] = [];
  let reached = 0;
  let done = 0;
  for (const entry of wanted.sort((a, b) => a.offset - b.offset)) {
    const { begin, end } = await locate(archive, entry, directory);
    if (entry.offset < reached) throw invalidZip(archive.name, 'zip-overlap', { entry: entry.path });
    reached = end;
    const tell = (bytes: number) => {
      stopIf(signal);
      onProgress({ phase: 'import', item: entry.name, done: (done += bytes), total });
    };
    const packed = archive.slice(begin, end);
    if (entry.method === STORED) {
      for await (const piece of checkedContent(archive.name, entry, slices(packed))) tell(piece.length);
      files.push({ path: entry.name, bytes: packed, inPlace: false });
    } else {
      const pieces = packed.stream().pipeThrough(new DecompressionStream('deflate-raw'));
      const file = await storage.begin(`${into}/${entry.name}`);
      try {
        for await (const piece of checkedContent(archive.name, entry, pieces)) {
          await file.write(piece);
          tell(piece.length);
        }
      } catch (error) {
        await file.discard();
        throw error;
      }
      await file.commit();
      files.push({ path: entry.name, bytes: await storage.blob(`${into}/${entry.name}`), inPlace: true });
    }
  }
  return files;
}

/** The content as long as it is what the directory says: no byte more or fewer, and the same check sum. */
async function* checkedContent(file: string, { path, size, crc }: ZipEntry, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const sum = await createCRC32();
  let bytes = 0;
  try {
    for await (const piece of pieces) {
      bytes += piece.length;
      if (bytes > size) throw invalidZip(file, 'zip-longer', { entry: path, expected: size });
      sum.update(piece);
      yield piece;
    }
  } catch (error) {
    // What the stream throws of bad deflate data.
    if (error instanceof TypeError) throw invalidZip(file, 'zip-damaged', { entry: path });
    throw error;
  }
  if (bytes !== size || parseInt(sum.digest('hex'), 16) !== crc) throw invalidZip(file, 'zip-damaged', { entry: path });
}

async function* slices(blob: Blob): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < blob.size; at += PIECE_BYTES) yield bytesOf(blob.slice(at, at + PIECE_BYTES));
}

async function bytesOf(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer());
}

function checkEntry(file: string, { path: entry, encrypted, method, packed, size }: ZipEntry): void {
  if (encrypted) throw invalidZip(file, 'zip-encrypted', { entry });
  if (method !== STORED && method !== DEFLATED) throw invalidZip(file, 'zip-method', { entry, found: method });
  if (method === STORED && packed !== size) throw invalidZip(file, 'zip-damaged', { entry });
  if (size > SMALL && size > packed * LARGEST_RATIO) throw invalidZip(file, 'zip-bomb', { entry, bytes: size, packed });
}

/** First and last byte of an entry's data, behind its local header and before the directory. */
async function locate(
  archive: File,
  { path: entry, offset, packed }: ZipEntry,
  directory: number,
): Promise<{ begin: number; end: number }> {
  const head = await viewOf(archive.slice(offset, offset + 30));
  if (head.byteLength < 30 || head.getUint32(0, true) !== LOCAL) throw invalidZip(archive.name, 'zip-damaged', { entry });
  const begin = offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const end = begin + packed;
  if (end > directory) throw invalidZip(archive.name, 'zip-damaged', { entry });
  return { begin, end };
}

async function viewOf(blob: Blob): Promise<DataView> {
  return new DataView(await blob.arrayBuffer());
}

/** All files that the archive's directory lists, and where the directory begins. */
async function readDirectory(archive: File): Promise<{ entries: ZipEntry[]; directory: number }> {
  const { name, size } = archive;
  const tailStart = Math.max(0, size - (22 + 0xffff));
  const tail = await viewOf(archive.slice(tailStart));
  let at = tail.byteLength - 22;
  // The end record is the last thing but a comment, whose length it tells.
  while (at >= 0 && !(tail.getUint32(at, true) === END && at + 22 + tail.getUint16(at + 20, true) === tail.byteLength)) at -= 1;
  if (at < 0) throw invalidZip(name, 'zip-none');
  let count = tail.getUint16(at + 10, true);
  let length = tail.getUint32(at + 12, true);
  let begin = tail.getUint32(at + 16, true);
  let end = tailStart + at;
  if (count === 0xffff || length === UNKNOWN_32 || begin === UNKNOWN_32) {
    if (at < 20 || tail.getUint32(at - 20, true) !== LOCATOR_64) throw invalidZip(name, 'zip-none');
    end = Number(tail.getBigUint64(at - 20 + 8, true));
    const record = await viewOf(archive.slice(end, end + 56));
    if (record.byteLength < 56 || record.getUint32(0, true) !== END_64) throw invalidZip(name, 'zip-none');
    count = Number(record.getBigUint64(32, true));
    length = Number(record.getBigUint64(40, true));
    begin = Number(record.getBigUint64(48, true));
  }
  if (count > MOST_ENTRIES || length > LARGEST_DIRECTORY) throw invalidZip(name, 'zip-entries', { found: count, most: MOST_ENTRIES });
  if (begin + length > end) throw invalidZip(name, 'zip-none');
  return { entries: parseEntries(name, await viewOf(archive.slice(begin, begin + length)), count), directory: begin };
}

function parseEntries(file: string, view: DataView, count: number): ZipEntry[] {
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== ENTRY) throw invalidZip(file, 'zip-none');
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    const next = at + 46 + nameLength + extraLength + commentLength;
    if (next > view.byteLength) throw invalidZip(file, 'zip-none');
    const path = new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, nameLength));
    checkPath(file, path);
    const extra = new DataView(view.buffer, at + 46 + nameLength, extraLength);
    const [size, packed, offset] = wideFields(
      [24, 20, 42].map((field) => view.getUint32(at + field, true)),
      extra,
    ) as [number, number, number];
    const encrypted = (view.getUint16(at + 8, true) & 1) === 1;
    if (!path.endsWith('/'))
      entries.push({ path, encrypted, method: view.getUint16(at + 10, true), crc: view.getUint32(at + 16, true), packed, size, offset });
    at = next;
  }
  return entries;
}

/** Fields of 32 bits that are full stand, in their order, in the 64-bit extra field. */
function wideFields(fields: number[], extra: DataView): number[] {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const length = extra.getUint16(at + 2, true);
    if (extra.getUint16(at, true) === 1) {
      let read = at + 4;
      return fields.map((field) => {
        if (field !== UNKNOWN_32 || read + 8 > Math.min(extra.byteLength, at + 4 + length)) return field;
        read += 8;
        return Number(extra.getBigUint64(read - 8, true));
      });
    }
    at += 4 + length;
  }
  return fields;
}

/** No way out of the folder, by any system's rules, even though names are only ever compared here. */
function checkPath(file: string, path: string): void {
  const leadsAway = path.split('/').includes('..') || path.startsWith('/') || /[\\\0]|^[a-z]:/i.test(path);
  if (leadsAway || path === '') throw invalidZip(file, 'zip-path', { entry: path.replaceAll('\0', '␀') });
}
