/**
 * The safetensors format (https://huggingface.co/docs/safetensors): 8 bytes of header length, a JSON header, the data. A file is
 * checked in full before any of it is believed. Only float tensors: F32, F16, BF16, all of them float32 once read.
 */
import { StudioError } from '../../../src/core/errors';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from './half';

export type Dtype = 'F32' | 'F16' | 'BF16';

/** A tensor in ordinary memory. */
export interface HostTensor {
  name: string;
  shape: number[];
  data: Float32Array;
}

/** A tensor of a file, decoded when asked for. */
export interface StoredTensor {
  name: string;
  dtype: Dtype;
  shape: number[];
  read(): Float32Array;
}

export interface SafetensorsFile {
  metadata: Record<string, string>;
  tensors: Map<string, StoredTensor>;
}

const bytesPer: Record<Dtype, number> = { F32: 4, F16: 2, BF16: 2 };
/** The reference implementation's own limit. */
const largestHeader = 100_000_000;

/** @throws StudioError `safetensors-invalid` with the file and what is wrong with it */
export function readSafetensors(file: string, bytes: Uint8Array): SafetensorsFile {
  const refuse = (detail: string): never => {
    throw new StudioError('safetensors-invalid', `${file} is not a valid safetensors file: ${detail}`, { file, detail });
  };
  if (bytes.length < 8) refuse(`it has ${bytes.length} bytes, fewer than the 8 of the header length`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > largestHeader) refuse(`the header claims ${length} bytes, more than ${largestHeader}`);
  const start = 8 + Number(length);
  if (start > bytes.length) refuse(`the header claims ${length} bytes, the file has ${bytes.length - 8} after its length`);
  const text = decodeText(bytes.subarray(8, start)) ?? refuse('the header is not UTF-8');
  const header = parseObject(text) ?? refuse('the header is not a JSON object');
  const twice = repeatedKey(text);
  if (twice !== undefined) refuse(`the header names "${twice}" twice`);

  const data = bytes.subarray(start);
  const metadata =
    header['__metadata__'] === undefined ? {} : (checkMetadata(header['__metadata__']) ?? refuse('__metadata__ is not a map of strings'));
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => checkEntry(name, entry, refuse))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  // The format allows neither gaps nor overlaps, so one walk in order of offsets finds both.
  let reached = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== reached) refuse(`"${name}" starts at byte ${begin} of the data, where ${reached} was expected`);
    reached = end;
  }
  if (reached !== data.length) refuse(`its tensors take ${reached} bytes of data, the file has ${data.length}`);
  const tensors = new Map(
    entries.map(({ name, dtype, shape, begin, end }) => [
      name,
      { name, dtype, shape, read: () => decodeFloats(data.subarray(begin, end), dtype) },
    ]),
  );
  return { metadata, tensors };
}

interface Entry {
  name: string;
  dtype: Dtype;
  shape: number[];
  begin: number;
  end: number;
}

function checkEntry(name: string, entry: unknown, refuse: (detail: string) => never): Entry {
  if (!isObject(entry)) return refuse(`the entry of "${name}" is not an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16')
    return refuse(`"${name}" has dtype ${JSON.stringify(dtype)}; F32, F16 and BF16 can be read`);
  if (!isCounts(shape)) return refuse(`the shape of "${name}" is not a list of whole numbers`);
  if (!isCounts(offsets) || offsets.length !== 2) return refuse(`the data_offsets of "${name}" are not two whole numbers`);
  const [begin, end] = offsets as [number, number];
  const size = shape.reduce((product, side) => product * side, bytesPer[dtype]);
  if (!Number.isSafeInteger(size)) return refuse(`the shape of "${name}" is too large`);
  if (end - begin !== size)
    return refuse(`"${name}" of shape [${shape.join(', ')}] in ${dtype} takes ${size} bytes, its offsets span ${end - begin}`);
  return { name, dtype, shape, begin, end };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function checkMetadata(value: unknown): Record<string, string> | undefined {
  if (!isObject(value) || !Object.values(value).every((item) => typeof item === 'string')) return undefined;
  return value as Record<string, string>;
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** First key that stands twice in the outer object of valid JSON; JSON.parse would keep the last and say nothing. */
function repeatedKey(text: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (const { 0: token } of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (depth === 1 && token.endsWith(':')) {
      const key = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)) as string;
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function decodeFloats(bytes: Uint8Array, dtype: Dtype): Float32Array {
  if (dtype === 'F32' && littleEndian) return new Float32Array(bytes.slice().buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(bytes.byteLength / bytesPer[dtype]);
  const decode = dtype === 'F16' ? fromFloat16 : fromBfloat16;
  for (let index = 0; index < values.length; index += 1)
    values[index] = dtype === 'F32' ? view.getFloat32(index * 4, true) : decode(view.getUint16(index * 2, true));
  return values;
}

/** Writes tensors in the given order; the header is padded with spaces so that the data starts at a multiple of 8. */
export function writeSafetensors(
  tensors: Iterable<HostTensor>,
  dtype: Dtype,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  // Without a prototype, so that any tensor name is an ordinary key.
  const header = Object.create(null) as Record<string, unknown>;
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata;
  const list = [...tensors];
  let end = 0;
  for (const { name, shape, data } of list) {
    const begin = end;
    end += data.length * bytesPer[dtype];
    header[name] = { dtype, shape, data_offsets: [begin, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(start + end);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(start - 8), true);
  bytes.fill(0x20, 8, start);
  bytes.set(text, 8);
  let offset = start;
  for (const { data } of list) {
    encodeFloats(view, offset, data, dtype);
    offset += data.length * bytesPer[dtype];
  }
  return bytes;
}

function encodeFloats(view: DataView, offset: number, values: Float32Array, dtype: Dtype): void {
  if (dtype === 'F32' && littleEndian) {
    new Uint8Array(view.buffer).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    return;
  }
  const encode = dtype === 'F16' ? toFloat16 : toBfloat16;
  values.forEach((value, index) => {
    if (dtype === 'F32') view.setFloat32(offset + index * 4, value, true);
    else view.setUint16(offset + index * 2, encode(value), true);
  });
}
