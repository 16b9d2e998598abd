/** Writes safetensors files: header first, then tensor after tensor, so that only one of them need be at hand. */
import { BYTES_PER, encodeFloats, type Dtype } from './floats';
import { LENGTH_BYTES } from './header';
import type { HostTensor } from './safetensors';

/** A tensor to be written, whose values come in pieces when their turn has come. */
export interface WritableTensor {
  name: string;
  shape: readonly number[];
  pieces(): AsyncIterable<Float32Array>;
  /** Its type in the file, where it is another than the file's. */
  as?: Dtype;
}

const elements = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** Length and JSON header, padded with spaces so that the data starts at a multiple of 8. */
function headerBytes(tensors: Iterable<Pick<WritableTensor, 'name' | 'shape' | 'as'>>, dtype: Dtype, metadata: Record<string, string>) {
  // Without a prototype, so that any tensor name is an ordinary key.
  const header = Object.create(null) as Record<string, unknown>;
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata;
  let end = 0;
  for (const { name, shape, as = dtype } of tensors) {
    const begin = end;
    end += elements(shape) * BYTES_PER[as];
    header[name] = { dtype: as, shape, data_offsets: [begin, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(LENGTH_BYTES + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - LENGTH_BYTES), true);
  head.set(text, LENGTH_BYTES);
  return { head, data: end };
}

/** A file in the given order of tensors: how many bytes it will have, and the bytes themselves, as they are asked for. */
export function safetensorsStream(
  tensors: readonly WritableTensor[],
  dtype: Dtype,
  metadata: Record<string, string> = {},
): { bytes: number; chunks(): AsyncGenerator<Uint8Array> } {
  const { head, data } = headerBytes(tensors, dtype, metadata);
  return {
    bytes: head.length + data,
    async *chunks() {
      yield head;
      for (const { pieces, as = dtype } of tensors) for await (const values of pieces()) yield encodeFloats(values, as);
    },
  };
}

/** The whole file in memory, for what lies there anyway: a checkpoint of tensors that were just read back. */
export function writeSafetensors(
  tensors: Iterable<HostTensor>,
  dtype: Dtype,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const list = [...tensors];
  const { head, data } = headerBytes(list, dtype, metadata);
  const bytes = new Uint8Array(head.length + data);
  bytes.set(head);
  let at = head.length;
  for (const { data: values } of list) {
    const encoded = encodeFloats(values, dtype);
    bytes.set(encoded, at);
    at += encoded.length;
  }
  return bytes;
}
