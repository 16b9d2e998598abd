/**
 * The directory of a zip, and where its entries lie: nothing is unpacked. Names that lead out of the folder and records that do not
 * fit the file are refused. Format: APPNOTE.TXT 6.3.10, with its 64-bit fields.
 */
import { invalidZip } from './zip-refusal';

/** A model folder has a dozen files; with all the formats a repository may hold, some hundred. */
const MOST_ENTRIES = 2000;
const LARGEST_DIRECTORY = 4 * 2 ** 20;

const END = 0x0605_4b50;
const END_64 = 0x0606_4b50;
const LOCATOR_64 = 0x0706_4b50;
const ENTRY = 0x0201_4b50;
const LOCAL = 0x0403_4b50;
const UNKNOWN_32 = 0xffff_ffff;

export interface ListedFile {
  path: string;
  encrypted: boolean;
  /** 0 stored, 8 deflated. */
  method: number;
  crc: number;
  /** Bytes in the archive. */
  packed: number;
  /** Bytes it claims to unpack to. */
  size: number;
  /** Of its local header. */
  offset: number;
}

/** A Blob with a name: a File. */
type Archive = Pick<File, 'name' | 'size' | 'slice'>;

/** All files that the archive's directory lists, and where the directory begins. */
export async function readDirectory(archive: Archive): Promise<{ entries: ListedFile[]; directory: number }> {
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

function parseEntries(file: string, view: DataView, count: number): ListedFile[] {
  const entries: ListedFile[] = [];
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

/** First and last byte of an entry's data, behind its local header and before the directory. */
export async function locate(
  archive: Archive,
  { path: entry, offset, packed }: ListedFile,
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
