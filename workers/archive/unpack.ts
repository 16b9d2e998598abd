/** A single file that is packed with gzip or Zstandard, unpacked as a stream. */
import type { Packing } from '../../src/contract/ingest';
import type { StudioError } from '../../src/core/errors';
import { archiveLimits, invalidArchive, spend, type ArchiveFault } from './archive';
import { ByteReader } from './byte-reader';
import { gunzip } from './gzip';
import { unzstd } from './zstd';

/** The error for what is wrong at the place that was reached in the packed bytes. */
export type PackedFault = (reason: ArchiveFault, values?: Readonly<Record<string, number>>) => StudioError;

/** Faults before which everything was sound: a reader may keep it. */
const TORN: ReadonlySet<unknown> = new Set<ArchiveFault>(['archive-cut', 'archive-corrupt', 'archive-trailing']);

/** @param head the first bytes of a file, four or more */
export function packingOf(head: Uint8Array): Packing | null {
  const [a, b, c, d] = head;
  if (a === 0x1f && b === 0x8b && c === 8) return 'gzip';
  const zstd = (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) || (a! >> 4 === 5 && b === 0x2a && c === 0x4d && d === 0x18);
  return zstd ? 'zstd' : null;
}

/**
 * @param file its name and bytes, for errors @param packed the file's bytes
 * @param onRead told how many packed bytes were read so far
 * @throws StudioError `archive-invalid`
 */
export async function* unpack(
  file: { name: string; size: number },
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  packing: Packing,
  onRead: (bytes: number) => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = new ByteReader(packed);
  const fault: PackedFault = (reason, values) =>
    invalidArchive(file.name, reason, { entry: file.name, byte: reader.offset, size: file.size, ...values });
  const entry = { path: file.name, packed: file.size, size: 0, fault: null };
  const limits = { ...archiveLimits, unpackedBytes: Infinity };
  const budget = { unpacked: 0, packed: 0 };
  try {
    for await (const piece of packing === 'gzip' ? gunzip(reader, fault) : unzstd(reader, fault)) {
      spend(budget, piece.length, reader.offset - budget.packed, file.name, entry, limits);
      onRead(reader.offset);
      yield piece;
    }
    onRead(reader.offset);
  } finally {
    await reader.close();
  }
}

/** True for an error of `unpack` that says that the file is damaged or cut from some place on. */
export function isTorn(error: unknown): error is StudioError {
  const { values } = error as Partial<StudioError>;
  return TORN.has(values?.['reason']);
}
