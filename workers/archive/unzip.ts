/**
 * Takes a model out of a zip without believing it: names that lead elsewhere, sizes that lie, entries that overlap and bombs are
 * refused; archives inside the archive stay shut. Stored entries are read where they lie, deflated ones are unpacked to the disk.
 */
import { createCRC32 } from 'hash-wasm';
import { modelFolder, outermost } from '../../src/core/model/folder';
import type { OnProgress } from '../../src/contract/progress';
import { files as storage } from '../storage/files';
import { quotaError, storageEstimate } from '../storage/quota';
import { stopIf } from '../rpc/cancelling';
import type { IncomingFile } from '../library/import-model';
import { locate, readDirectory, type ListedFile } from './zip-directory';
import { invalidZip } from './zip-refusal';

/** Weights hardly shrink and JSON some ten times; deflate itself reaches 1,032. */
const LARGEST_RATIO = 100;
/** Under this size a ratio means nothing. */
const SMALL = 2 ** 20;
const PIECE_BYTES = 4 * 2 ** 20;

const STORED = 0;
const DEFLATED = 8;
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
async function* checkedContent(
  file: string,
  { path, size, crc }: ListedFile,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
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

function checkEntry(file: string, { path: entry, encrypted, method, packed, size }: ListedFile): void {
  if (encrypted) throw invalidZip(file, 'zip-encrypted', { entry });
  if (method !== STORED && method !== DEFLATED) throw invalidZip(file, 'zip-method', { entry, found: method });
  if (method === STORED && packed !== size) throw invalidZip(file, 'zip-damaged', { entry });
  if (size > SMALL && size > packed * LARGEST_RATIO) throw invalidZip(file, 'zip-bomb', { entry, bytes: size, packed });
}
