/**
 * The safetensors format, by its description alone: eight bytes of length, a JSON header, the data. Written apart from the
 * studio's own reader and writer, so that one can be held against the other.
 */
export interface Tensor {
  dtype: string;
  shape: number[];
  bytes: Buffer;
}

export function readSafetensors(file: Uint8Array): Map<string, Tensor> {
  const buffer = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const length = Number(buffer.readBigUInt64LE(0));
  const header = JSON.parse(buffer.toString('utf8', 8, 8 + length)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const data = buffer.subarray(8 + length);
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [from, to],
          },
        ]) => [name, { dtype, shape, bytes: data.subarray(from, to) }],
      ),
  );
}

/** All in F32. */
export function writeSafetensors(tensors: ReadonlyMap<string, { shape: number[]; values: Float32Array }>): Buffer {
  let offset = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { shape, values }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([
    length,
    text,
    ...[...tensors.values()].map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
  ]);
}
