/** Why a zip is refused: a literal reason with its values, which the page has in both languages (`errors.reason`). */
import { StudioError } from '../../src/core/errors';

type Values = Readonly<Record<string, string | number>>;

const sentences = {
  'zip-none': () => 'its directory cannot be read',
  'zip-entries': (v: Values) => `it lists ${v['found']} entries, more than ${v['most']}`,
  'zip-path': (v: Values) => `the name "${v['entry']}" leads out of the folder`,
  'zip-encrypted': (v: Values) => `${v['entry']} is encrypted`,
  'zip-method': (v: Values) => `${v['entry']} is packed with method ${v['found']}; stored and deflated entries can be read`,
  'zip-damaged': (v: Values) => `${v['entry']} is damaged`,
  'zip-longer': (v: Values) => `${v['entry']} unpacks to more than the ${v['expected']} bytes it claims`,
  'zip-overlap': (v: Values) => `${v['entry']} overlaps another entry`,
  'zip-bomb': (v: Values) => `${v['entry']} would unpack ${v['packed']} bytes to ${v['bytes']}`,
} as const;

export type ZipFault = keyof typeof sentences;

/** `zip-invalid` with file, reason, the reason's values, and the whole in English as detail. */
export function invalidZip(file: string, reason: ZipFault, values: Values = {}): StudioError {
  const detail = sentences[reason](values);
  return new StudioError('zip-invalid', `${file} is not a sound zip: ${detail}`, { file, reason, detail, ...values });
}
