/** Why a safetensors file is refused: a literal reason with its values, which the page has in both languages (`errors.reason`). */
import { StudioError } from '../../../src/core/errors';

/** English for logs, with the values that the sentence in the person's language is made of. */
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
