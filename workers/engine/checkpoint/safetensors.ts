/**
 * Reads safetensors files, from memory or from a Blob (a picked File, a file of OPFS). The header is checked in full first
 * (`header.ts`); tensors are then read one by one, by ranges of at most a piece, so that a file on the disk is never in memory as a whole.
 */
import { StudioError } from '../../../src/core/errors';
import { allFinite, BYTES_PER, decodeFloats, isDtype, type Dtype } from './floats';
import { dataStartOf, invalidSafetensors, LENGTH_BYTES, parseHeader, type TensorEntry } from './header';

/** Where the bytes of a weight file come from. */
export type ByteSource = Blob | Uint8Array;

/** A tensor in ordinary memory. */
export interface HostTensor {
  name: string;
  shape: number[];
  data: Float32Array;
}

/** A tensor of a file, not read yet. */
export interface StoredTensor {
  /** Name of the file that holds it. */
  file: string;
  name: string;
  /** As the file says; one of F32, F16 and BF16 where it can be read. */
  dtype: string;
  shape: number[];
  /** Bytes in the file. */
  bytes: number;
  /** @throws StudioError `safetensors-invalid` when its type is not one that can be read */
  checkFloat(): void;
  /**
   * Its bytes, a piece at a time.
   * @param finite look for values that are not finite as well, and for types that are not float
   * @throws StudioError `tensor-not-finite`, `safetensors-invalid`, `file-unreadable`
   */
  rawPieces(finite: boolean): AsyncGenerator<Uint8Array>;
  /** Its values, a piece at a time; errors as above. */
  pieces(): AsyncGenerator<Float32Array>;
  /** All its values in memory of their own; errors as above. */
  read(): Promise<Float32Array>;
}

export interface SafetensorsFile {
  name: string;
  metadata: Record<string, string>;
  /** Length and header, as they stand in the file. */
  head: Uint8Array;
  /** By name, in the order of their data. */
  tensors: Map<string, StoredTensor>;
}

/** Largest range that is read at once: a whole number of elements of every type. */
const PIECE_BYTES = 4 * 2 ** 20;

/**
 * Reads and checks the header; the data stays where it is.
 * @throws StudioError `safetensors-invalid` with file, tensor and what is wrong, `file-unreadable`
 */
export async function openSafetensors(file: string, source: ByteSource): Promise<SafetensorsFile> {
  const size = sizeOf(source);
  const first = await readRange(file, source, 0, Math.min(LENGTH_BYTES, size));
  const dataStart = dataStartOf(file, first, size);
  const head = await readRange(file, source, 0, dataStart);
  const { metadata, tensors } = parseHeader(file, head.subarray(LENGTH_BYTES), size);
  return { name: file, metadata, head, tensors: new Map(tensors.map((entry) => [entry.name, storedTensor(file, source, entry)])) };
}

function storedTensor(file: string, source: ByteSource, { name, dtype, shape, begin, end }: TensorEntry): StoredTensor {
  async function* rawPieces(finite: boolean): AsyncGenerator<Uint8Array> {
    const float = finite ? floatType(file, name, dtype) : null;
    for (let at = begin; at < end; at += PIECE_BYTES) {
      const piece = await readRange(file, source, at, Math.min(end, at + PIECE_BYTES));
      if (float && !allFinite(piece, float))
        throw new StudioError('tensor-not-finite', `${file}: "${name}" holds values that are not finite`, { file, tensor: name });
      yield piece;
    }
  }
  async function* pieces(): AsyncGenerator<Float32Array> {
    const float = floatType(file, name, dtype);
    for await (const piece of rawPieces(true)) yield decodeFloats(piece, float);
  }
  return {
    file,
    name,
    dtype,
    shape,
    bytes: end - begin,
    checkFloat: () => void floatType(file, name, dtype),
    rawPieces,
    pieces,
    async read() {
      const values = new Float32Array((end - begin) / BYTES_PER[floatType(file, name, dtype)]);
      let at = 0;
      for await (const piece of pieces()) {
        values.set(piece, at);
        at += piece.length;
      }
      return values;
    },
  };
}

function floatType(file: string, tensor: string, dtype: string): Dtype {
  if (!isDtype(dtype)) throw invalidSafetensors(file, 'dtype-not-float', { tensor, found: dtype });
  return dtype;
}

/** A tensor of a file that lies in memory, decoded when asked for. */
export interface MemoryTensor {
  name: string;
  dtype: Dtype;
  shape: number[];
  read(): Float32Array;
}

/**
 * The same for a whole file in memory, all of whose tensors are float: optimizer states, fixtures. Values are not looked at.
 * @throws StudioError `safetensors-invalid`
 */
export function readSafetensors(file: string, bytes: Uint8Array): { metadata: Record<string, string>; tensors: Map<string, MemoryTensor> } {
  const dataStart = dataStartOf(file, bytes.subarray(0, LENGTH_BYTES), bytes.length);
  const { metadata, tensors } = parseHeader(file, bytes.subarray(LENGTH_BYTES, dataStart), bytes.length);
  const entries = tensors.map(({ name, dtype, shape, begin, end }): [string, MemoryTensor] => {
    const float = floatType(file, name, dtype);
    return [name, { name, dtype: float, shape, read: () => decodeFloats(bytes.slice(begin, end), float) }];
  });
  return { metadata, tensors: new Map(entries) };
}

export function sizeOf(source: ByteSource): number {
  return source instanceof Uint8Array ? source.byteLength : source.size;
}

/** @throws StudioError `file-unreadable` when the file went away or changed since it was chosen */
export async function readRange(file: string, source: ByteSource, begin: number, end: number): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source.subarray(begin, end);
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await source.slice(begin, end).arrayBuffer());
  } catch (error) {
    throw unreadable(file, error instanceof Error ? error.message : String(error));
  }
  if (bytes.length !== end - begin) throw unreadable(file, `${bytes.length} bytes came of ${end - begin}`);
  return bytes;
}

function unreadable(file: string, detail: string): StudioError {
  return new StudioError('file-unreadable', `${file} can no longer be read: ${detail}`, { file, detail });
}
