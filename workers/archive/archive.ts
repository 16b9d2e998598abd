/**
 * What all readers of archives share, whatever the format: entries, the limits that they are held to, and the reasons for which an
 * archive or an entry is refused. A reader trusts nothing that an archive says about itself: names may lead elsewhere, sizes may be
 * wrong, and a few kilobytes may unpack to terabytes.
 */
import { createCRC32 } from 'hash-wasm';
import { StudioError } from '../../src/core/errors';

/** A file that is an archive, or an archive inside another one. */
export interface ArchiveFile {
  /** Shown in errors. */
  name: string;
  blob: Blob;
}

export interface ArchiveEntry {
  /** Folders and name, parted by "/". */
  path: string;
  /** Bytes in the archive, and bytes that it claims to unpack to. */
  packed: number;
  size: number;
  /** Why its content will not be read; null where it will. */
  fault: { reason: ArchiveFault; values: Values } | null;
}

/** An archive whose directory has been read and checked. */
export interface Archive {
  readonly name: string;
  /** Files only, in the order of the directory. */
  readonly entries: readonly ArchiveEntry[];
  /**
   * Content of an entry in pieces of about 1 MiB: no byte more or fewer than it claims, and with the right check sum.
   * @throws StudioError `archive-invalid`
   */
  read(entry: ArchiveEntry, budget?: UnpackBudget): AsyncGenerator<Uint8Array<ArrayBuffer>>;
  /** The bytes where they lie in the file, for an entry that is stored without compression; null for others. Not yet checked. */
  stored(entry: ArchiveEntry): Promise<Blob | null>;
}

export interface ArchiveLimits {
  entries: number;
  directoryBytes: number;
  /** Of an archive with all that lies inside it. */
  unpackedBytes: number;
  /** Largest ratio of unpacked to packed bytes, looked at from `ratioFrom` unpacked bytes on: that of little files says nothing. */
  ratio: number;
  ratioFrom: number;
  /**
   * `mark`: an entry whose name leads out of the folder gets a fault, and a backslash separates folders as old tools of Windows wrote
   * it. `refuse`: either of them refuses the archive.
   */
  names: 'mark' | 'refuse';
}

/** Text shrinks to a twentieth, logs to a hundredth; deflate's limit, which bombs come near, is 1 : 1,032. */
export const archiveLimits: Readonly<ArchiveLimits> = {
  entries: 100_000,
  directoryBytes: 32 * 2 ** 20,
  unpackedBytes: 16 * 2 ** 30,
  ratio: 300,
  ratioFrom: 32 * 2 ** 20,
  names: 'mark',
};

/** Unpacked and packed bytes so far, of one archive or of an archive with those inside it. */
export interface UnpackBudget {
  unpacked: number;
  packed: number;
}

type Values = Readonly<Record<string, string | number>>;

/** English sentences; the page has them in both languages (`errors.reason`). */
const sentences = {
  'archive-directory': () => 'its directory cannot be read',
  'archive-entries': (v: Values) => `it lists ${v['found']} entries, more than ${v['most']}`,
  'archive-path': (v: Values) => `the name "${v['entry']}" leads out of the folder`,
  'archive-encrypted': (v: Values) => `${v['entry']} is encrypted`,
  'archive-method': (v: Values) => `${v['entry']} is packed with method ${v['found']}; stored and deflated entries can be read`,
  'archive-damaged': (v: Values) => `${v['entry']} is damaged`,
  'archive-longer': (v: Values) => `${v['entry']} unpacks to more than the ${v['expected']} bytes it claims`,
  'archive-overlap': (v: Values) => `${v['entry']} overlaps another entry`,
  'archive-bomb': (v: Values) => `${v['entry']} would unpack ${v['packed']} bytes to ${v['bytes']}`,
  'archive-cut': (v: Values) => `it ends at byte ${v['byte']}, inside its packed data`,
  'archive-corrupt': (v: Values) => `its packed data is damaged before byte ${v['byte']} of ${v['size']}`,
  'archive-trailing': (v: Values) => `from byte ${v['byte']} of ${v['size']} on it is not packed data`,
  'archive-window': (v: Values) => `it was packed with a window of ${v['found']} bytes; ${v['most']} can be read (zstd --long=27)`,
  'archive-dictionary': () => 'it was packed with a dictionary that it does not hold',
} as const;

export type ArchiveFault = keyof typeof sentences;

/** `archive-invalid` with file, reason, the reason's values, and the whole in English as detail. */
export function invalidArchive(file: string, reason: ArchiveFault, values: Values = {}): StudioError {
  const detail = sentences[reason](values);
  return new StudioError('archive-invalid', `${file} is not a sound archive: ${detail}`, { file, reason, detail, ...values });
}

/** @throws StudioError `archive-invalid` for an entry that must not or cannot be read */
export function refuseFaulty(file: string, { fault }: ArchiveEntry): void {
  if (fault) throw invalidArchive(file, fault.reason, fault.values);
}

/** True for a name that leads out of the folder it were unpacked to, by the rules of any system. */
export function leadsAway(path: string): boolean {
  return path === '' || path.startsWith('/') || path.split('/').includes('..') || /[\\\0]|^[a-z]:/i.test(path);
}

/** True where the sizes claimed are those of a bomb. */
export function isBomb(size: number, packed: number, { ratio, ratioFrom }: ArchiveLimits): boolean {
  return size > ratioFrom && size > packed * ratio;
}

/** Adds to what was unpacked so far. @throws StudioError `archive-invalid` with `archive-bomb` */
export function spend(
  budget: UnpackBudget,
  unpacked: number,
  packed: number,
  file: string,
  { path: entry }: ArchiveEntry,
  limits: ArchiveLimits,
): void {
  budget.unpacked += unpacked;
  budget.packed += packed;
  if (budget.unpacked > limits.unpackedBytes || isBomb(budget.unpacked, budget.packed, limits))
    throw invalidArchive(file, 'archive-bomb', { entry, bytes: budget.unpacked, packed: budget.packed });
}

/** The content as long as it is what the directory says. @param crc CRC-32 that the directory gives */
export async function* checkedContent(
  file: string,
  { path: entry, size }: ArchiveEntry,
  crc: number,
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const sum = await createCRC32();
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > size) throw invalidArchive(file, 'archive-longer', { entry, expected: size });
    sum.update(piece);
    yield piece;
  }
  if (bytes !== size || parseInt(sum.digest('hex'), 16) !== crc) throw invalidArchive(file, 'archive-damaged', { entry });
}
