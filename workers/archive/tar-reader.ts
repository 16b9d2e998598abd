/**
 * Reads a tar from its beginning to its end: POSIX's ustar and pax, and GNU's long names. Only files are given; folders, links and
 * devices are gone over. Format: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
import { invalidArchive, leadsAway, type ArchiveEntry } from './archive';
import type { ByteReader } from './byte-reader';

const BLOCK = 512;
/** Bytes of a name or of a list of attributes. */
const LONGEST_HEADER = 2 ** 20;

/** The reading side of a tar: of a stream, or of a file whose content need not be read to be gone over. */
export type TarInput = Pick<ByteReader, 'offset' | 'read' | 'skip'>;

export interface TarEntry extends ArchiveEntry {
  /** Place of its content. */
  offset: number;
}

/** What a tar in a file gives; only headers are read. */
export function tarFile(blob: Blob): TarInput {
  let offset = 0;
  return {
    get offset() {
      return offset;
    },
    async read(count) {
      const bytes = new Uint8Array(await blob.slice(offset, offset + count).arrayBuffer());
      offset += bytes.length;
      return bytes;
    },
    async skip(count) {
      const skipped = Math.min(count, blob.size - offset);
      offset += skipped;
      return skipped;
    },
  };
}

/**
 * Entry after entry. Whoever takes one may read of its content from `input` what they want; the rest is gone over.
 * @param file its name, for errors @throws StudioError `archive-invalid`
 */
export async function* tarEntries(file: string, input: TarInput): AsyncGenerator<TarEntry> {
  let attributes = new Map<string, string>();
  const fault = () => invalidArchive(file, 'archive-cut', { entry: file, byte: input.offset });
  for (let found = 0; ; found++) {
    const header = await input.read(BLOCK);
    // A tar ends with blocks of zeros; some writers leave them out.
    if (header.length === 0 && found > 0) return;
    if (header.length === BLOCK && header.every((byte) => byte === 0)) return;
    if (header.length < BLOCK && found > 0) throw fault();
    if (header.length < BLOCK || !isHeader(header)) throw invalidArchive(file, 'archive-directory');
    const type = String.fromCharCode(header[156]!);
    const size = Number(attributes.get('size') ?? number(header.subarray(124, 136)));
    const begin = input.offset;
    if (type === 'x' || type === 'g' || type === 'L') {
      if (size > LONGEST_HEADER) throw invalidArchive(file, 'archive-directory');
      const content = await input.read(size);
      if (type === 'x') attributes = new Map([...attributes, ...paxAttributes(content)]);
      if (type === 'L') attributes.set('path', text(content));
    } else {
      if (type === '0' || type === '\0' || type === '7') {
        const path = (attributes.get('path') ?? headerName(header)).replace(/^(?:\.\/)+/, '');
        yield {
          path,
          size,
          packed: size,
          offset: begin,
          fault: leadsAway(path) ? { reason: 'archive-path', values: { entry: path } } : null,
        };
      }
      attributes = new Map();
    }
    const rest = begin + Math.ceil(size / BLOCK) * BLOCK - input.offset;
    // Zeros behind the last content may be missing.
    if ((await input.skip(rest)) < rest && input.offset < begin + size) throw fault();
  }
}

/** The sum of all bytes, with blanks where it stands itself; some old writers added signed bytes. */
function isHeader(header: Uint8Array): boolean {
  let [sum, signed] = [0, 0];
  header.forEach((byte, at) => {
    const counted = at >= 148 && at < 156 ? 32 : byte;
    sum += counted;
    signed += (counted << 24) >> 24;
  });
  const wanted = number(header.subarray(148, 156));
  return wanted === sum || wanted === signed;
}

/** Octal digits, or GNU's binary number for what is too large for them. */
function number(field: Uint8Array): number {
  if ((field[0]! & 0x80) !== 0) return field.slice(1).reduce((value, byte) => value * 256 + byte, 0);
  const digits = text(field).trim();
  return /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : digits === '' ? 0 : NaN;
}

function headerName(header: Uint8Array): string {
  const name = text(header.subarray(0, 100));
  const prefix = text(header.subarray(257, 262)) === 'ustar' && header[263] === 48 ? text(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Records of "length name=value\n", the length in bytes. */
function paxAttributes(content: Uint8Array): [string, string][] {
  const attributes: [string, string][] = [];
  for (let at = 0; at < content.length;) {
    const length = parseInt(text(content.subarray(at, at + 20)), 10);
    if (!(length > 0)) break;
    const [, name, value] = /^\d+ ([^=]+)=([^]*)\n$/.exec(text(content.subarray(at, at + length))) ?? [];
    if (name !== undefined && value !== undefined) attributes.push([name, value]);
    at += length;
  }
  return attributes;
}

/** Up to the first NUL; GB18030 where it is no UTF-8, as archives of Chinese systems have it. */
function text(field: Uint8Array): string {
  const end = field.indexOf(0);
  const bytes = end < 0 ? field : field.subarray(0, end);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('gb18030').decode(bytes);
  }
}
