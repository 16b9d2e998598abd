/**
 * The table of a zip (PKWARE APPNOTE 4.3, zip64 included) and the content of its entries as streams. Sizes in the table are never
 * believed: what an entry really unpacks to is counted while it is read.
 */
import { Inflate } from 'fflate';
import { StudioError } from '../../src/core/errors';
import type { ByteSource } from '../corpus/intake/byte-source';

/** More entries than any data set has. */
const MOST_ENTRIES = 100_000;
/** Unpacked bytes of one archive. */
const MOST_UNPACKED = 16 * 2 ** 30;
/** Text shrinks to a twentieth, logs to a hundredth; deflate's limit, which bombs come near, is a thousandth. */
export const MOST_RATIO = 300;
/** The ratio of little files says nothing. */
const RATIO_FROM = 32 * 2 ** 20;
/** Compressed bytes inflated at a time: at most 1,032 times as many come out, so a bomb is seen before it fills the memory. */
const PIECE = 8 * 1024;

const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_PLACE = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;

export interface ZipEntry {
  name: string;
  /** Compressed and claimed sizes. */
  packed: number;
  size: number;
  /** Where the local header lies. */
  offset: number;
  method: number;
  encrypted: boolean;
}

/** Unpacked and packed bytes so far, over a whole archive and those inside it. */
export interface UnpackBudget {
  unpacked: number;
  packed: number;
}

/** Entries that are files, in the order of the table. Throws `archive-invalid` or `archive-entries`. */
export async function zipEntries(path: string, blob: Blob): Promise<ZipEntry[]> {
  const invalid = (detail: string) => new StudioError('archive-invalid', `${path} is no readable zip: ${detail}`, { file: path, detail });
  const bytes = async (start: number, end: number) => new DataView(await blob.slice(start, end).arrayBuffer());
  const tailStart = Math.max(0, blob.size - 65_557);
  const tail = await bytes(tailStart, blob.size);
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) throw invalid('no end record');
  let count = tail.getUint16(end + 10, true);
  let size = tail.getUint32(end + 12, true);
  let start = tail.getUint32(end + 16, true);
  if ((count === 0xffff || size === 0xffffffff || start === 0xffffffff) && end >= 20 && tail.getUint32(end - 20, true) === END_64_PLACE) {
    const at = Number(tail.getBigUint64(end - 12, true));
    const wide = await bytes(at, at + 56);
    if (wide.byteLength < 56 || wide.getUint32(0, true) !== END_64) throw invalid('no zip64 record');
    count = Number(wide.getBigUint64(32, true));
    size = Number(wide.getBigUint64(40, true));
    start = Number(wide.getBigUint64(48, true));
  }
  if (count > MOST_ENTRIES)
    throw new StudioError('archive-entries', `${path} has ${count} entries, more than ${MOST_ENTRIES}`, {
      file: path,
      found: count,
      accepted: MOST_ENTRIES,
    });
  if (start + size > blob.size) throw invalid('the table lies outside of the file');

  const table = await bytes(start, start + size);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + 46 > table.byteLength || table.getUint32(at, true) !== CENTRAL) throw invalid('the table is torn');
    const flags = table.getUint16(at + 8, true);
    const nameLength = table.getUint16(at + 28, true);
    const extraLength = table.getUint16(at + 30, true);
    const entry: ZipEntry = {
      name: entryName(new Uint8Array(table.buffer, at + 46, Math.min(nameLength, table.byteLength - at - 46))),
      method: table.getUint16(at + 10, true),
      packed: table.getUint32(at + 20, true),
      size: table.getUint32(at + 24, true),
      offset: table.getUint32(at + 42, true),
      encrypted: (flags & 1) === 1,
    };
    widen(entry, table, at + 46 + nameLength, extraLength);
    at += 46 + nameLength + extraLength + table.getUint16(at + 32, true);
    if (!entry.name.endsWith('/')) entries.push(entry);
  }
  // Bombs let many entries share the same compressed bytes.
  const sorted = [...entries].sort((a, b) => a.offset - b.offset);
  for (let index = 1; index < sorted.length; index++)
    if (sorted[index - 1]!.offset + 30 + sorted[index - 1]!.packed > sorted[index]!.offset) throw bomb(path, blob.size, 'entries overlap');
  return entries;
}

/** UTF-8 where it is that, else the encoding of Chinese archives. */
function entryName(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\\', '/');
  } catch {
    return new TextDecoder('gb18030').decode(bytes).replaceAll('\\', '/');
  }
}

/** Zip64: sizes that do not fit stand in an extra field, in this order. */
function widen(entry: ZipEntry, table: DataView, from: number, length: number): void {
  for (let at = from; at + 4 <= Math.min(from + length, table.byteLength);) {
    const id = table.getUint16(at, true);
    const fieldEnd = at + 4 + table.getUint16(at + 2, true);
    if (id === 1) {
      let place = at + 4;
      for (const name of ['size', 'packed', 'offset'] as const) {
        if (entry[name] !== 0xffffffff || place + 8 > Math.min(fieldEnd, table.byteLength)) continue;
        entry[name] = Number(table.getBigUint64(place, true));
        place += 8;
      }
    }
    at = fieldEnd;
  }
}

/** A name that would lead out of a folder it were unpacked to. Names are only shown here; such an archive wants something else. */
export function unsafeName(name: string): boolean {
  return name.startsWith('/') || /^[a-zA-Z]:/.test(name) || name.split('/').includes('..') || name.includes('\0');
}

export function canUnpack({ method, encrypted }: ZipEntry): boolean {
  return !encrypted && (method === STORED || method === DEFLATED);
}

function bomb(path: string, packed: number, detail: string): StudioError {
  return new StudioError('archive-bomb', `${path} unpacks to far more than it holds: ${detail}`, { file: path, bytes: packed, detail });
}

/** An entry as a source; it can only be read from its beginning on. */
export function entrySource(archive: string, blob: Blob, entry: ZipEntry, budget: UnpackBudget): ByteSource {
  const path = `${archive}/${entry.name}`;
  const count = (unpacked: number, packed: number) => {
    budget.unpacked += unpacked;
    budget.packed += packed;
    if (budget.unpacked > MOST_UNPACKED) throw bomb(archive, blob.size, `${budget.unpacked} bytes`);
    if (budget.unpacked > RATIO_FROM && budget.unpacked > budget.packed * MOST_RATIO)
      throw bomb(archive, blob.size, `${Math.round(budget.unpacked / Math.max(1, budget.packed))} : 1`);
  };
  async function* unpack(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const header = new DataView(await blob.slice(entry.offset, entry.offset + 30).arrayBuffer());
    if (header.byteLength < 30 || header.getUint32(0, true) !== LOCAL)
      throw new StudioError('archive-invalid', `${path} is not where the table says`, { file: path, detail: 'no local header' });
    const start = entry.offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
    const packed = blob.slice(start, start + entry.packed);
    const inflate = entry.method === DEFLATED ? new Inflate() : null;
    let parts: Uint8Array[] = [];
    let held = 0;
    if (inflate) inflate.ondata = (data) => void (parts.push(data), (held += data.length), count(data.length, 0));
    const reader = packed.stream().getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        for (let at = 0; at < value.length; at += PIECE) {
          const piece = value.subarray(at, at + PIECE);
          if (!inflate) {
            count(piece.length, piece.length);
            parts.push(piece);
            held += piece.length;
          } else {
            count(0, piece.length);
            inflate.push(piece);
          }
          if (held < 2 ** 20) continue;
          yield joined(parts, held);
          [parts, held] = [[], 0];
        }
      }
      if (held > 0) yield joined(parts, held);
    } catch (error) {
      if (error instanceof StudioError) throw error;
      const detail = error instanceof Error ? error.message : String(error);
      throw new StudioError('archive-invalid', `${path} cannot be unpacked: ${detail}`, { file: path, detail });
    } finally {
      reader.cancel().catch(() => undefined);
    }
  }
  return {
    path,
    size: entry.size,
    blob: null,
    async head(wanted) {
      const parts: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of unpack()) {
        parts.push(chunk);
        length += chunk.length;
        if (length >= wanted) break;
      }
      return joined(parts, length).slice(0, wanted);
    },
    async *read(from) {
      let at = 0;
      for await (const chunk of unpack()) {
        if (at + chunk.length > from) yield at >= from ? chunk : chunk.slice(from - at);
        at += chunk.length;
      }
    },
  };
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
