/**
 * The header of a safetensors file (https://huggingface.co/docs/safetensors), checked in full before any of it is used: 8 bytes of
 * length, a JSON object of names, types, shapes and offsets, and then data without gap or overlap. A refused file is told by a literal
 * reason with its values, for which the page has sentences in both languages (`errors.reason`).
 */
import { StudioError } from '../../../src/core/errors';

/** The reasons in English, for logs; the values are those of the sentence on the page. */
const sentences = {
  'too-short': (v: Values) => `it has ${v['bytes']} bytes, fewer than the 8 of the header's length`,
  'header-too-long': (v: Values) => `the header claims ${v['claimed']} bytes, more than ${v['limit']}`,
  'header-beyond-file': (v: Values) => `the header claims ${v['claimed']} bytes, the file has ${v['found']} after its length`,
  'header-not-text': () => 'the header is not UTF-8',
  'header-not-json': () => 'the header is not a JSON object',
  'header-too-deep': (v: Values) => `the header is nested more than ${v['most']} deep`,
  'name-twice': (v: Values) => `the header names "${v['tensor']}" twice`,
  'metadata-not-text': () => '__metadata__ is not a map of strings',
  'entry-unreadable': (v: Values) => `the entry of "${v['tensor']}" is not a dtype, a shape and two offsets`,
  'dtype-unknown': (v: Values) => `"${v['tensor']}" has dtype ${v['found']}, which the format does not know`,
  'dtype-not-float': (v: Values) => `"${v['tensor']}" has dtype ${v['found']}; F32, F16 and BF16 can be read`,
  'shape-invalid': (v: Values) => `the shape of "${v['tensor']}" is not a list of whole numbers`,
  'shape-too-large': (v: Values) => `the shape of "${v['tensor']}" is too large`,
  'size-mismatch': (v: Values) =>
    `"${v['tensor']}" of shape ${v['shape']} in ${v['dtype']} takes ${v['expected']} bytes, its offsets span ${v['found']}`,
  'data-overlap': (v: Values) => `"${v['tensor']}" starts at byte ${v['found']} of the data, where ${v['expected']} was expected`,
  'data-gap': (v: Values) => `"${v['tensor']}" starts at byte ${v['found']} of the data, where ${v['expected']} was expected`,
  'data-length': (v: Values) => `its tensors take ${v['expected']} bytes of data, the file has ${v['found']}`,
  'tensor-elsewhere': (v: Values) => `"${v['tensor']}" also stands in ${v['other']}`,
  'index-unreadable': () => 'weight_map is missing or is not a map of tensor names to files',
  'index-path': (v: Values) => `"${v['tensor']}" is said to be in ${v['found']}, which is no plain file name`,
} as const;

type Values = Readonly<Record<string, string | number>>;
export type SafetensorsFault = keyof typeof sentences;

/** `safetensors-invalid` with file, reason, the reason's values, and the whole in English as detail. */
export function invalidSafetensors(file: string, reason: SafetensorsFault, values: Values = {}): StudioError {
  const detail = sentences[reason](values);
  return new StudioError('safetensors-invalid', `${file} is not a valid safetensors file: ${detail}`, { file, reason, detail, ...values });
}

/** Where a tensor lies; `begin` and `end` are bytes of the file. */
export interface TensorEntry {
  name: string;
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

export interface Header {
  metadata: Record<string, string>;
  /** In the order of their data. */
  tensors: TensorEntry[];
  /** First byte of the data. */
  dataStart: number;
}

/** Bytes of the field that holds the header's length. */
export const LENGTH_BYTES = 8;
/** The largest models stay under 1 MB a file; a longer header only costs whoever parses it. */
const LONGEST_HEADER = 16 * 2 ** 20;
/** { name: { shape: [ … ] } } */
const DEEPEST = 3;

/** Bytes per element of all types the format knows; tensors that the model does not use may have any of them. */
const bytesPer = new Map(
  Object.entries({
    ...{ BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1, F8_E8M0: 1 },
    ...{ U16: 2, I16: 2, F16: 2, BF16: 2 },
    ...{ U32: 4, I32: 4, F32: 4 },
    ...{ U64: 8, I64: 8, F64: 8, C64: 8 },
  }),
);

/**
 * @param first the file's first eight bytes, or fewer where it is shorter
 * @param size of the whole file
 * @returns first byte of the data
 * @throws StudioError `safetensors-invalid`
 */
export function dataStartOf(file: string, first: Uint8Array, size: number): number {
  if (first.length < LENGTH_BYTES) throw invalidSafetensors(file, 'too-short', { bytes: first.length });
  const length = new DataView(first.buffer, first.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  const claimed = length.toString();
  if (length > size - LENGTH_BYTES) throw invalidSafetensors(file, 'header-beyond-file', { claimed, found: size - LENGTH_BYTES });
  if (length > LONGEST_HEADER) throw invalidSafetensors(file, 'header-too-long', { claimed, limit: LONGEST_HEADER });
  return LENGTH_BYTES + Number(length);
}

/**
 * @param json the header's bytes, without those of its length
 * @param size of the whole file
 * @throws StudioError `safetensors-invalid` with file, tensor and what is wrong
 */
export function parseHeader(file: string, json: Uint8Array, size: number): Header {
  const refuse = (reason: SafetensorsFault, values: Record<string, string | number> = {}): never => {
    throw invalidSafetensors(file, reason, values);
  };
  const text = decodeText(json) ?? refuse('header-not-text');
  const keys = outerKeys(text) ?? refuse('header-too-deep', { most: DEEPEST });
  const header = parseObject(text) ?? refuse('header-not-json');
  const seen = new Set<string>();
  for (const raw of keys) {
    const tensor = JSON.parse(raw) as string;
    if (seen.has(tensor)) refuse('name-twice', { tensor });
    seen.add(tensor);
  }

  const dataStart = LENGTH_BYTES + json.length;
  const found = size - dataStart;
  const stated = header['__metadata__'];
  const metadata = stated === undefined ? {} : isTexts(stated) ? stated : refuse('metadata-not-text');
  const tensors = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => checkEntry(name, entry, refuse))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  // The format allows neither gaps nor overlaps, so one walk in order of offsets finds both.
  let reached = 0;
  for (const { name, begin, end } of tensors) {
    if (begin !== reached) refuse(begin < reached ? 'data-overlap' : 'data-gap', { tensor: name, found: begin, expected: reached });
    reached = end;
  }
  if (reached !== found) refuse('data-length', { expected: reached, found });
  return {
    metadata,
    tensors: tensors.map((entry) => ({ ...entry, begin: entry.begin + dataStart, end: entry.end + dataStart })),
    dataStart,
  };
}

function checkEntry(
  tensor: string,
  entry: unknown,
  refuse: (reason: SafetensorsFault, values: Record<string, string | number>) => never,
): TensorEntry {
  if (!isObject(entry)) return refuse('entry-unreadable', { tensor });
  const { dtype, shape, data_offsets: offsets } = entry;
  const each = typeof dtype === 'string' ? bytesPer.get(dtype) : undefined;
  if (typeof dtype !== 'string' || each === undefined) return refuse('dtype-unknown', { tensor, found: JSON.stringify(dtype) ?? '—' });
  if (!isCounts(shape)) return refuse('shape-invalid', { tensor });
  if (!isCounts(offsets) || offsets.length !== 2) return refuse('entry-unreadable', { tensor });
  const [begin, end] = offsets as [number, number];
  // Side by side, so that a zero cannot hide a product that overflows.
  if (!Number.isSafeInteger(shape.reduce((product, side) => product * Math.max(side, 1), each)))
    return refuse('shape-too-large', { tensor });
  const expected = shape.reduce((product, side) => product * side, each);
  if (end - begin !== expected)
    return refuse('size-mismatch', { tensor, shape: `[${shape.join(', ')}]`, dtype, expected, found: end - begin });
  return { name: tensor, dtype, shape, begin, end };
}

/**
 * The outer object's keys as they are written, quotes included; undefined when the text is nested too deep. One walk over the
 * characters, before anything is parsed: a hostile text must cost no more than its length. JSON.parse alone would keep the last
 * of two equal keys and say nothing.
 */
function outerKeys(text: string): string[] | undefined {
  const keys: string[] = [];
  let depth = 0;
  /** A string of the outer object that may turn out to be a key. */
  let last: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') {
      const start = at;
      for (at += 1; at < text.length && text[at] !== '"'; at += 1) if (text[at] === '\\') at += 1;
      last = depth === 1 ? text.slice(start, at + 1) : null;
    } else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > DEEPEST) return undefined;
    } else if (character === '}' || character === ']') depth -= 1;
    else if (character === ':' && depth === 1 && last !== null) {
      keys.push(last);
      last = null;
    }
  }
  return keys;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function isTexts(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every((item) => typeof item === 'string');
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
