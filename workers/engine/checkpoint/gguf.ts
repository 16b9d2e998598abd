/**
 * Reads GGUF files (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3), from memory or from a Blob. Metadata
 * and the list of tensors are checked in full first: counts and lengths against the file's size before anything is set aside for them,
 * names for repeats, offsets as llama.cpp checks them. Tensors are then read one by one, dequantised to float32 in pieces.
 */
import { StudioError } from '../../../src/core/errors';
import { allFinite } from './floats';
import { decodeGguf, GGUF_TYPES, ggufTypeName, type GgufTypeName } from './gguf-quants';
import { readRange, sizeOf, type ByteSource } from './safetensors';

/** The reasons in English, for logs; the page has sentences of its own in both languages (`models.reason`). */
const sentences = {
  'gguf-magic': (v: Values) => `it begins with ${v['found']}, not with GGUF`,
  'gguf-version': (v: Values) => `it is of version ${v['found']}; versions 2 and 3 can be read`,
  'gguf-cut': (v: Values) => `it ends after ${v['found']} bytes, inside its header`,
  'gguf-header-long': (v: Values) => `its header is longer than ${v['most']} bytes`,
  'gguf-count': (v: Values) => `${v['field']} claims a length of ${v['claimed']}, more than the ${v['found']} bytes that follow can hold`,
  'gguf-text': (v: Values) => `${v['field']} is not UTF-8 text`,
  'gguf-value-type': (v: Values) => `${v['field']} has the value type ${v['found']}; 0 to 12 are known, and lists of lists are not read`,
  'gguf-key-twice': (v: Values) => `its metadata has ${v['field']} twice`,
  'gguf-integer': (v: Values) => `${v['field']} is ${v['found']}, beyond ${v['most']}`,
  'gguf-flag': (v: Values) => `${v['field']} is the truth value ${v['found']}; 0 and 1 are accepted`,
  'gguf-alignment': (v: Values) => `general.alignment is ${v['found']}; powers of two from 8 to ${v['most']} are accepted`,
  'gguf-split': (v: Values) => `it is one of ${v['found']} parts of a model; join them with llama-gguf-split --merge`,
  'gguf-axes': (v: Values) => `the tensor "${v['tensor']}" has ${v['found']} axes; 1 to 4 are accepted`,
  'gguf-block': (v: Values) =>
    `the rows of "${v['tensor']}" have ${v['found']} values, no multiple of the ${v['expected']} of ${v['dtype']}`,
  'gguf-quantisation': (v: Values) => `the tensor "${v['tensor']}" is in ${v['found']}, which is not read; read are ${v['accepted']}`,
  'gguf-offset': (v: Values) => `"${v['tensor']}" starts at byte ${v['found']} of the data, where ${v['expected']} was expected`,
  'name-twice': (v: Values) => `the header names "${v['tensor']}" twice`,
  'shape-too-large': (v: Values) => `the shape of "${v['tensor']}" is too large`,
  'data-length': (v: Values) => `its tensors take ${v['expected']} bytes of data, the file has ${v['found']}`,
  'gguf-token-twice': (v: Values) => `the token ${v['value']} has the ids ${v['found']} and ${v['other']}`,
  'gguf-merge': (v: Values) =>
    `merge ${v['found']} (${v['value']}) is not two tokens of the vocabulary that make a third, with one blank between them`,
  'gguf-list': (v: Values) => `${v['field']} has ${v['found']} entries, ${v['expected']} were expected`,
  'gguf-token-id': (v: Values) => `${v['field']} is ${v['found']}; there are ${v['most']} tokens`,
} as const;

type Values = Readonly<Record<string, string | number>>;

/** `gguf-invalid` with file, reason, the reason's values, and the whole in English as detail. */
export function invalidGguf(file: string, reason: keyof typeof sentences, values: Values = {}): StudioError {
  const detail = sentences[reason](values);
  return new StudioError('gguf-invalid', `${file} is not a GGUF file that can be read: ${detail}`, { file, reason, detail, ...values });
}

type GgufValue = number | boolean | string | readonly string[] | readonly number[];

/** Metadata by key, read with a check of its kind: a value of another kind is `config-unsupported` with its key. */
export class GgufMetadata {
  constructor(
    readonly file: string,
    private readonly values: ReadonlyMap<string, GgufValue>,
  ) {}

  has(key: string): boolean {
    return this.values.has(key);
  }
  /** Its text where it is one: what is said about the model, of which nothing depends. */
  said(key: string): string | null {
    const value = this.values.get(key);
    return typeof value === 'string' ? value : null;
  }
  text(key: string, absent?: string): string {
    return this.get(key, absent, 'a text', (value) => typeof value === 'string');
  }
  number(key: string, absent?: number): number {
    return this.get(key, absent, 'a number', (value) => typeof value === 'number');
  }
  /** A whole number; a list with one value for every layer where all are the same. */
  count(key: string, absent?: number): number {
    const value = this.values.get(key);
    if (value !== undefined && isList(value, 'number')) {
      const [first, ...others] = value as readonly number[];
      if (first !== undefined && Number.isInteger(first) && others.every((one) => one === first)) return first;
    }
    return this.get(key, absent, 'a whole number, the same for all layers', (one) => typeof one === 'number' && Number.isInteger(one));
  }
  flag(key: string, absent?: boolean): boolean {
    return this.get(key, absent, 'true or false', (value) => typeof value === 'boolean');
  }
  /** Empty where it is absent. */
  texts(key: string): readonly string[] {
    return this.get(key, [], 'a list of texts', (value) => isList(value, 'string'));
  }
  numbers(key: string): readonly number[] {
    return this.get(key, [], 'a list of numbers', (value) => isList(value, 'number'));
  }
  /** Refuses any value but this one, which is also what its absence means. */
  only(key: string, accepted: number | boolean): void {
    const value = this.values.get(key);
    if (value !== undefined && value !== accepted) this.refuse(key, String(accepted));
  }
  refuse(key: string, accepted: string): never {
    const found = this.values.get(key);
    const value = found === undefined ? '—' : JSON.stringify(found).slice(0, 80);
    throw new StudioError('config-unsupported', `${this.file}: ${key} is ${value}; accepted: ${accepted}`, {
      ...{ file: this.file, field: key, value, accepted },
    });
  }

  private get<T extends GgufValue>(key: string, absent: T | undefined, accepted: string, fits: (value: GgufValue) => boolean): T {
    const value = this.values.get(key) ?? absent;
    return value !== undefined && fits(value) ? (value as T) : this.refuse(key, accepted);
  }
}

const isList = (value: GgufValue, kind: 'string' | 'number'): boolean =>
  Array.isArray(value) && (value.length === 0 || typeof value[0] === kind);

/** A tensor of a file, not read yet. */
export interface GgufTensor {
  file: string;
  name: string;
  type: GgufTypeName;
  /** As transformers writes it: rows first, the reverse of the file's order. */
  shape: number[];
  /** Its values in float32, a piece at a time. @throws StudioError `tensor-not-finite`, `file-unreadable` */
  pieces(): AsyncGenerator<Float32Array>;
  /** All its values; errors as above. */
  read(): Promise<Float32Array>;
}

export interface GgufFile {
  name: string;
  metadata: GgufMetadata;
  tensors: Map<string, GgufTensor>;
}

/** First bytes that are read to find the header; four times as many where they do not hold it. */
const FIRST_BYTES = 2 ** 20;
/** A vocabulary of 256,000 tokens with its merges takes 12 MB. */
const LONGEST_HEADER = 64 * 2 ** 20;
/** Of a list: sixteen times the largest vocabulary. */
const MOST_ENTRIES = 2 ** 22;
const LARGEST_ALIGNMENT = 2 ** 16;
/** Values that are decoded at once; a multiple of every block. */
const PIECE_VALUES = 2 ** 20;

/** @throws StudioError `gguf-invalid`, `config-unsupported` for metadata of another kind, `file-unreadable` */
export async function openGguf(file: string, source: ByteSource): Promise<GgufFile> {
  const size = sizeOf(source);
  for (let length = Math.min(size, FIRST_BYTES); ; length = Math.min(size, length * 4, LONGEST_HEADER)) {
    const header = parseHeader(file, await readRange(file, source, 0, length), size);
    if (header !== null) return { ...header, tensors: new Map(header.entries.map((entry) => [entry.name, tensorOf(file, source, entry)])) };
    if (length === size) throw invalidGguf(file, 'gguf-cut', { found: size });
    if (length === LONGEST_HEADER) throw invalidGguf(file, 'gguf-header-long', { most: LONGEST_HEADER });
  }
}

interface Entry {
  name: string;
  type: GgufTypeName;
  shape: number[];
  /** Byte of the file. */
  begin: number;
}

const elements = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

function tensorOf(file: string, source: ByteSource, { name, type, shape, begin }: Entry): GgufTensor {
  const { block, bytes } = GGUF_TYPES[type];
  const end = begin + (elements(shape) / block) * bytes;
  const step = (PIECE_VALUES / block) * bytes;
  async function* pieces(): AsyncGenerator<Float32Array> {
    for (let at = begin; at < end; at += step) {
      const values = decodeGguf(await readRange(file, source, at, Math.min(end, at + step)), type);
      if (!allFinite(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 'F32'))
        throw new StudioError('tensor-not-finite', `${file}: "${name}" holds values that are not finite`, { file, tensor: name });
      yield values;
    }
  }
  return {
    ...{ file, name, type, shape, pieces },
    async read() {
      const values = new Float32Array(elements(shape));
      let at = 0;
      for await (const piece of pieces()) {
        values.set(piece, at);
        at += piece.length;
      }
      return values;
    },
  };
}

/** The bytes at hand end inside the header. */
class MoreBytes extends Error {}

/** Walks over the header; lengths are held against the whole file, so that a hostile one is refused before it is believed. */
class Cursor {
  at = 0;
  private readonly view: DataView;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  constructor(
    private readonly file: string,
    private readonly bytes: Uint8Array,
    private readonly size: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  private take(length: number): number {
    const at = this.at;
    if (at + length > this.bytes.length) throw new MoreBytes();
    this.at += length;
    return at;
  }
  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }
  /** Entries of a list that follow, each of `least` bytes or more; they are at hand, so that no memory is set aside for a mere claim. */
  entries(field: string, least: number): number {
    const count = this.length(field, least);
    if (count > MOST_ENTRIES) throw invalidGguf(this.file, 'gguf-integer', { field, found: count, most: MOST_ENTRIES });
    const at = this.take(count * least);
    this.at = at;
    return count;
  }
  /** Of 64 bits. */
  whole(field: string, signed = false): number {
    const at = this.take(8);
    const value = signed ? this.view.getBigInt64(at, true) : this.view.getBigUint64(at, true);
    const number = Number(value);
    if (!Number.isSafeInteger(number))
      throw invalidGguf(this.file, 'gguf-integer', { field, found: value.toString(), most: Number.MAX_SAFE_INTEGER });
    return number;
  }
  /** A number of things of at least `each` bytes that follow. */
  length(field: string, each: number): number {
    const value = this.view.getBigUint64(this.take(8), true);
    const found = this.size - this.at;
    if (value * BigInt(each) > BigInt(found)) throw invalidGguf(this.file, 'gguf-count', { field, claimed: value.toString(), found });
    return Number(value);
  }
  text(field: string): string {
    const length = this.length(field, 1);
    const at = this.take(length);
    try {
      return this.decoder.decode(this.bytes.subarray(at, at + length));
    } catch {
      throw invalidGguf(this.file, 'gguf-text', { field });
    }
  }
  /** One value of the type `type`, the number of it in the format. */
  value(field: string, type: number): number | boolean | string {
    switch (type) {
      case 0:
        return this.view.getUint8(this.take(1));
      case 1:
        return this.view.getInt8(this.take(1));
      case 2:
        return this.view.getUint16(this.take(2), true);
      case 3:
        return this.view.getInt16(this.take(2), true);
      case 4:
        return this.u32();
      case 5:
        return this.view.getInt32(this.take(4), true);
      case 6:
        return this.view.getFloat32(this.take(4), true);
      case 7: {
        const found = this.view.getUint8(this.take(1));
        if (found > 1) throw invalidGguf(this.file, 'gguf-flag', { field, found });
        return found === 1;
      }
      case 8:
        return this.text(field);
      case 10:
        return this.whole(field);
      case 11:
        return this.whole(field, true);
      case 12:
        return this.view.getFloat64(this.take(8), true);
      default:
        throw invalidGguf(this.file, 'gguf-value-type', { field, found: type });
    }
  }
}

/** Least bytes of a value, by its type's number. */
const LEAST_BYTES: readonly number[] = [1, 1, 2, 2, 4, 4, 4, 1, 8, 0, 8, 8, 8];
const LIST = 9;
/** A name's length, the number of axes, one axis, type and offset. */
const LEAST_TENSOR = 32;
/** A key's length, a type, one byte. */
const LEAST_PAIR = 13;

/** @returns null where the header goes on behind the bytes at hand */
function parseHeader(file: string, bytes: Uint8Array, size: number): { name: string; metadata: GgufMetadata; entries: Entry[] } | null {
  try {
    const cursor = new Cursor(file, bytes, size);
    const found = new TextDecoder('latin1').decode(bytes.subarray(0, 4));
    if (found !== 'GGUF') throw invalidGguf(file, 'gguf-magic', { found: JSON.stringify(found) });
    cursor.at = 4;
    const version = cursor.u32();
    if (version !== 2 && version !== 3) throw invalidGguf(file, 'gguf-version', { found: version });
    const tensors = cursor.length('tensor_count', LEAST_TENSOR);
    const pairs = cursor.length('metadata_kv_count', LEAST_PAIR);
    const metadata = new GgufMetadata(file, readPairs(file, cursor, pairs));
    const parts = metadata.count('split.count', 1);
    if (parts > 1) throw invalidGguf(file, 'gguf-split', { found: parts });
    return { name: file, metadata, entries: readEntries(file, cursor, tensors, alignmentOf(metadata), size) };
  } catch (error) {
    if (error instanceof MoreBytes) return null;
    throw error;
  }
}

function readPairs(file: string, cursor: Cursor, pairs: number): Map<string, GgufValue> {
  const values = new Map<string, GgufValue>();
  for (let pair = 0; pair < pairs; pair += 1) {
    const field = cursor.text(`key ${pair + 1}`);
    if (values.has(field)) throw invalidGguf(file, 'gguf-key-twice', { field });
    const type = cursor.u32();
    if (type !== LIST) values.set(field, cursor.value(field, type));
    else {
      const inner = cursor.u32();
      const least = LEAST_BYTES[inner];
      if (!least) throw invalidGguf(file, 'gguf-value-type', { field, found: inner });
      const list: (number | boolean | string)[] = [];
      for (let left = cursor.entries(field, least); left > 0; left -= 1) list.push(cursor.value(field, inner));
      values.set(field, list as readonly string[] | readonly number[]);
    }
  }
  return values;
}

function alignmentOf(metadata: GgufMetadata): number {
  const alignment = metadata.count('general.alignment', 32);
  if (alignment < 8 || alignment > LARGEST_ALIGNMENT || !Number.isInteger(Math.log2(alignment)))
    throw invalidGguf(metadata.file, 'gguf-alignment', { found: alignment, most: LARGEST_ALIGNMENT });
  return alignment;
}

/** Each tensor begins where the one before ends, filled up to the alignment: so llama.cpp reads it too, and nothing can overlap. */
function readEntries(file: string, cursor: Cursor, count: number, alignment: number, size: number): Entry[] {
  const aligned = (bytes: number) => Math.ceil(bytes / alignment) * alignment;
  const entries: Entry[] = [];
  const seen = new Set<string>();
  let expected = 0;
  let end = 0;
  for (let index = 0; index < count; index += 1) {
    const tensor = cursor.text(`tensor ${index + 1}`);
    if (seen.has(tensor)) throw invalidGguf(file, 'name-twice', { tensor });
    seen.add(tensor);
    const axes = cursor.u32();
    if (axes < 1 || axes > 4) throw invalidGguf(file, 'gguf-axes', { tensor, found: axes });
    const sides = Array.from({ length: axes }, () => cursor.whole(tensor));
    const { name: type, read } = ggufTypeName(cursor.u32());
    if (!read) {
      const accepted = Object.keys(GGUF_TYPES).join(', ');
      throw invalidGguf(file, 'gguf-quantisation', { tensor, found: type, accepted });
    }
    const { block, bytes } = GGUF_TYPES[type];
    if (!Number.isSafeInteger(sides.reduce((product, side) => product * Math.max(side, 1), bytes)))
      throw invalidGguf(file, 'shape-too-large', { tensor });
    if (sides[0]! % block !== 0) throw invalidGguf(file, 'gguf-block', { tensor, found: sides[0]!, expected: block, dtype: type });
    const begin = cursor.whole(tensor);
    if (begin !== expected) throw invalidGguf(file, 'gguf-offset', { tensor, found: begin, expected });
    end = begin + (elements(sides) / block) * bytes;
    expected = aligned(end);
    entries.push({ name: tensor, type, shape: sides.toReversed(), begin });
  }
  const dataStart = aligned(cursor.at);
  const found = Math.max(0, size - dataStart);
  if (end > found) throw invalidGguf(file, 'data-length', { expected: end, found });
  return entries.map((entry) => ({ ...entry, begin: entry.begin + dataStart }));
}
