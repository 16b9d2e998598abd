/**
 * Reads a zip: its directory, checked against the file, and the content of its entries as streams. Format: APPNOTE.TXT 6.3.10, with
 * its 64-bit fields; stored and deflated entries. What lies inside an archive inside the archive is the caller's to open.
 */
import { StudioError } from '../../src/core/errors';
import {
  archiveLimits,
  checkedContent,
  invalidArchive,
  isBomb,
  leadsAway,
  refuseFaulty,
  spend,
  type Archive,
  type ArchiveEntry,
  type ArchiveFile,
  type ArchiveLimits,
} from './archive';

const END = 0x0605_4b50;
const END_64 = 0x0606_4b50;
const LOCATOR_64 = 0x0706_4b50;
const ENTRY = 0x0201_4b50;
const LOCAL = 0x0403_4b50;
const UNKNOWN_32 = 0xffff_ffff;
/** Bytes of the end record, of a local header, and of a directory entry, without their names and fields of free length. */
const END_BYTES = 22;
const LOCAL_BYTES = 30;
const ENTRY_BYTES = 46;

const STORED = 0;
const DEFLATED = 8;

/** Bytes read from the file at a time. */
const SLICE = 4 * 2 ** 20;
/** Compressed bytes inflated at a time: at most 1,032 times as many come out, so a bomb is seen before it fills the memory. */
const INFLATED = 16 * 1024;
/** Bytes that a piece of content has at least, the last one excepted. */
const PIECE = 2 ** 20;

export interface ZipEntry extends ArchiveEntry {
  /** 0 stored, 8 deflated. */
  method: number;
  crc: number;
  /** Of its local header. */
  offset: number;
}

export function isZip(file: Pick<File, 'name'>): boolean {
  return file.name.toLowerCase().endsWith('.zip');
}

/** @throws StudioError `archive-invalid` */
export async function openZip(file: ArchiveFile, limits: ArchiveLimits = archiveLimits): Promise<Archive> {
  const { name, blob } = file;
  const { entries, directory } = await readDirectory(file, limits);
  const known = new Map<ArchiveEntry, ZipEntry>(entries.map((entry) => [entry, entry]));
  const dataOf = async (entry: ZipEntry) => {
    refuseFaulty(name, entry);
    const { begin, end } = await locate(file, entry, directory);
    return blob.slice(begin, end);
  };
  return {
    name,
    entries,
    async *read(entry, budget = { unpacked: 0, packed: 0 }) {
      const found = known.get(entry)!;
      const packed = await dataOf(found);
      const count = (bytes: number, from: number) => spend(budget, bytes, from, name, entry, limits);
      const pieces = found.method === STORED ? slices(packed, PIECE) : inflated(name, entry, packed, (bytes) => count(0, bytes));
      for await (const piece of gathered(checkedContent(name, entry, found.crc, pieces))) {
        count(piece.length, found.method === STORED ? piece.length : 0);
        yield piece;
      }
    },
    async stored(entry) {
      const found = known.get(entry)!;
      return found.method === STORED ? dataOf(found) : null;
    },
  };
}

/** All files that the directory lists, and the byte where the directory begins. */
export async function readDirectory(
  { name, blob }: ArchiveFile,
  limits: ArchiveLimits = archiveLimits,
): Promise<{ entries: ZipEntry[]; directory: number }> {
  const tailStart = Math.max(0, blob.size - (END_BYTES + 0xffff));
  const tail = await viewOf(blob.slice(tailStart));
  const at = endRecord(tail);
  if (at < 0) throw invalidArchive(name, 'archive-directory');
  let count = tail.getUint16(at + 10, true);
  let length = tail.getUint32(at + 12, true);
  let begin = tail.getUint32(at + 16, true);
  let end = tailStart + at;
  if (count === 0xffff || length === UNKNOWN_32 || begin === UNKNOWN_32) {
    if (at < 20 || tail.getUint32(at - 20, true) !== LOCATOR_64) throw invalidArchive(name, 'archive-directory');
    end = Number(tail.getBigUint64(at - 20 + 8, true));
    const record = await viewOf(blob.slice(end, end + 56));
    if (record.byteLength < 56 || record.getUint32(0, true) !== END_64) throw invalidArchive(name, 'archive-directory');
    count = Number(record.getBigUint64(32, true));
    length = Number(record.getBigUint64(40, true));
    begin = Number(record.getBigUint64(48, true));
  }
  if (count > limits.entries || length > limits.directoryBytes)
    throw invalidArchive(name, 'archive-entries', { found: count, most: limits.entries });
  if (begin + length > end) throw invalidArchive(name, 'archive-directory');
  const entries = parseEntries(name, await viewOf(blob.slice(begin, begin + length)), count, limits);
  refuseOverlaps(name, entries);
  return { entries, directory: begin };
}

/** Place of the end record, or -1. It is the last thing but a comment, whose length it tells; some tools leave bytes behind it. */
function endRecord(tail: DataView): number {
  let fits = -1;
  for (let at = tail.byteLength - END_BYTES; at >= 0; at -= 1) {
    if (tail.getUint32(at, true) !== END) continue;
    const end = at + END_BYTES + tail.getUint16(at + 20, true);
    if (end === tail.byteLength) return at;
    if (fits < 0 && end < tail.byteLength) fits = at;
  }
  return fits;
}

function parseEntries(file: string, view: DataView, count: number, limits: ArchiveLimits): ZipEntry[] {
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    if (at + ENTRY_BYTES > view.byteLength || view.getUint32(at, true) !== ENTRY) throw invalidArchive(file, 'archive-directory');
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    const next = at + ENTRY_BYTES + nameLength + extraLength + commentLength;
    if (next > view.byteLength) throw invalidArchive(file, 'archive-directory');
    const written = entryName(new Uint8Array(view.buffer, at + ENTRY_BYTES, nameLength));
    const path = limits.names === 'mark' ? written.replaceAll('\\', '/') : written;
    const shown = path.replaceAll('\0', '␀');
    if (limits.names === 'refuse' && leadsAway(path)) throw invalidArchive(file, 'archive-path', { entry: shown });
    const extra = new DataView(view.buffer, at + ENTRY_BYTES + nameLength, extraLength);
    const [size, packed, offset] = wideFields(
      [24, 20, 42].map((field) => view.getUint32(at + field, true)),
      extra,
    ) as [number, number, number];
    const entry: ZipEntry = {
      path: shown,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed,
      size,
      offset,
      fault: null,
    };
    const encrypted = (view.getUint16(at + 8, true) & 1) === 1;
    if (!path.endsWith('/')) entries.push({ ...entry, fault: faultOf(entry, leadsAway(path), encrypted, limits) });
    at = next;
  }
  return entries;
}

function faultOf(
  { path: entry, method, packed, size }: ZipEntry,
  away: boolean,
  encrypted: boolean,
  limits: ArchiveLimits,
): ZipEntry['fault'] {
  if (away) return { reason: 'archive-path', values: { entry } };
  if (encrypted) return { reason: 'archive-encrypted', values: { entry } };
  if (method !== STORED && method !== DEFLATED) return { reason: 'archive-method', values: { entry, found: method } };
  if (method === STORED && packed !== size) return { reason: 'archive-damaged', values: { entry } };
  return isBomb(size, packed, limits) ? { reason: 'archive-bomb', values: { entry, bytes: size, packed } } : null;
}

/** UTF-8 where it is that, else GB18030, which archives made on Chinese systems have. */
function entryName(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('gb18030').decode(bytes);
  }
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

/** Bombs let many entries share the same compressed bytes. */
function refuseOverlaps(file: string, entries: readonly ZipEntry[]): void {
  const sorted = [...entries].sort((a, b) => a.offset - b.offset);
  sorted.forEach((entry, at) => {
    const before = sorted[at - 1];
    if (before && before.offset + LOCAL_BYTES + before.packed > entry.offset)
      throw invalidArchive(file, 'archive-overlap', { entry: entry.path });
  });
}

/** First and last byte of an entry's data, behind its local header and before the directory. */
export async function locate(
  { name, blob }: ArchiveFile,
  { path: entry, offset, packed }: ZipEntry,
  directory: number,
): Promise<{ begin: number; end: number }> {
  const head = await viewOf(blob.slice(offset, offset + LOCAL_BYTES));
  if (head.byteLength < LOCAL_BYTES || head.getUint32(0, true) !== LOCAL) throw invalidArchive(name, 'archive-damaged', { entry });
  const begin = offset + LOCAL_BYTES + head.getUint16(26, true) + head.getUint16(28, true);
  const end = begin + packed;
  if (end > directory) throw invalidArchive(name, 'archive-damaged', { entry });
  return { begin, end };
}

async function* inflated(
  file: string,
  { path: entry }: ArchiveEntry,
  packed: Blob,
  onRead: (bytes: number) => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const pieces = small(slices(packed, SLICE), onRead);
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const next = await pieces.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: async () => void (await pieces.return(undefined)),
    },
    { highWaterMark: 0 },
  );
  try {
    yield* source.pipeThrough(new DecompressionStream('deflate-raw'));
  } catch (error) {
    // A file that can no longer be read is another matter than bad deflate data.
    if (error instanceof StudioError || error instanceof DOMException) throw error;
    throw invalidArchive(file, 'archive-damaged', { entry });
  }
}

async function* small(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  onRead: (bytes: number) => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += INFLATED) {
      const piece = chunk.subarray(at, at + INFLATED);
      onRead(piece.length);
      yield piece;
    }
}

async function* slices(blob: Blob, bytes: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < blob.size; at += bytes) yield new Uint8Array(await blob.slice(at, at + bytes).arrayBuffer());
}

/** Small pieces joined to larger ones, each of its own memory. */
async function* gathered(pieces: AsyncIterable<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let parts: Uint8Array[] = [];
  let held = 0;
  const joined = () => {
    const bytes = new Uint8Array(held);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    [parts, held] = [[], 0];
    return bytes;
  };
  for await (const piece of pieces) {
    if (held === 0 && piece.length >= PIECE) {
      yield piece;
      continue;
    }
    parts.push(piece);
    held += piece.length;
    if (held >= PIECE) yield joined();
  }
  if (held > 0) yield joined();
}

async function viewOf(blob: Blob): Promise<DataView> {
  return new DataView(await blob.arrayBuffer());
}
