/**
 * The fields of one config.json, checked as they are read. A reader asks for every field that changes what its family computes, by the
 * configuration and modeling code of transformers (e2e/parity/make_config_fields.py lists them); `finish` then names the others.
 */
import { StudioError } from '../../errors';

/** Largest sizes that a config may claim: far beyond what a browser holds, and small enough that no product of them overflows. */
export const limits = {
  vocabulary: 2 ** 20,
  hidden: 2 ** 16,
  feedForward: 2 ** 18,
  layers: 512,
  heads: 1024,
  headSize: 4096,
  context: 2 ** 24,
} as const;

export class ConfigFields {
  private readonly asked = new Set<string>();

  /**
   * @param file name for messages
   * @param path of these fields inside the file, for messages
   * @param unknown paths of fields that no reader asked for
   * @param dropout paths of dropout rates above 0
   */
  private constructor(
    private readonly file: string,
    private readonly values: Readonly<Record<string, unknown>>,
    private readonly path: string,
    readonly unknown: string[],
    readonly dropout: string[],
  ) {}

  /** @throws StudioError `config-unsupported` when the value is not an object */
  static of(file: string, value: unknown): ConfigFields {
    if (!isObject(value)) throw unsupported(file, '(whole file)', value, 'a JSON object');
    return new ConfigFields(file, value, '', [], []);
  }

  /** The value as it stands; null when absent. */
  raw(field: string): unknown {
    this.asked.add(field);
    return Object.hasOwn(this.values, field) ? (this.values[field] ?? null) : null;
  }

  /** Whether the file has the field at all, be it null. */
  has(field: string): boolean {
    return Object.hasOwn(this.values, field);
  }

  /** Whether two fields have the same value, without asking for either. */
  same(field: string, other: string): boolean {
    return this.values[field] === this.values[other];
  }

  refuse(field: string, accepted: string): never {
    throw unsupported(this.file, this.path + field, this.raw(field), accepted);
  }

  /** A whole number from 1 to `most`. Without `absent` the field must be there. */
  count(field: string, most: number, absent?: number): number {
    const value = this.raw(field) ?? absent;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value > most)
      return this.refuse(field, `a whole number from 1 to ${most}`);
    return value;
  }

  /** A finite number above 0. Without `absent` the field must be there. */
  positive(field: string, absent?: number): number {
    const value = this.raw(field) ?? absent;
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return this.refuse(field, 'a number above 0');
    return value;
  }

  /** A finite number from 0, or null. */
  optional(field: string): number | null {
    const value = this.raw(field);
    if (value === null || (typeof value === 'number' && Number.isFinite(value) && value >= 0)) return value;
    return this.refuse(field, 'a number from 0, null');
  }

  flag(field: string, absent: boolean): boolean {
    const value = this.raw(field) ?? absent;
    return typeof value === 'boolean' ? value : this.refuse(field, 'true, false');
  }

  /** One of the keys of `meanings`. */
  choice<T>(field: string, absent: string, meanings: Readonly<Record<string, T>>): T {
    const value = this.raw(field) ?? absent;
    if (typeof value !== 'string' || !Object.hasOwn(meanings, value)) return this.refuse(field, Object.keys(meanings).join(', '));
    return meanings[value]!;
  }

  /** A field whose other values this engine cannot compute; absent and null are right too. */
  only(field: string, ...accepted: (string | number | boolean)[]): void {
    const value = this.raw(field);
    if (value !== null && !accepted.includes(value as string)) this.refuse(field, accepted.map(String).join(', '));
  }

  /** A field that must be absent or null: any value of it makes transformers compute something that this engine does not. */
  absent(...fields: string[]): void {
    for (const field of fields) if (this.raw(field) !== null) this.refuse(field, 'no such field, null');
  }

  /** Dropout rates belong to the recipe here: any rate from 0 to 1 may stand in the file, and those above 0 are listed in `dropout`. */
  dropoutRates(...fields: string[]): void {
    for (const field of fields) {
      const value = this.raw(field) ?? 0;
      if (typeof value !== 'number' || !(value >= 0 && value <= 1)) this.refuse(field, 'a number from 0 to 1');
      if (value > 0) this.dropout.push(this.path + field);
    }
  }

  /** The fields of an inner object; null when absent. */
  inner(field: string): ConfigFields | null {
    const value = this.raw(field);
    if (value === null) return null;
    if (!isObject(value)) return this.refuse(field, 'an object, null');
    return new ConfigFields(this.file, value, `${this.path}${field}.`, this.unknown, this.dropout);
  }

  /** Adds to `unknown` every field with a value that no reader asked for. */
  finish(): void {
    for (const [field, value] of Object.entries(this.values)) {
      if (this.asked.has(field) || value === null) continue;
      this.unknown.push(this.path + field);
    }
  }
}

/** Characters of a refused value that a message repeats. */
const LONGEST_SHOWN = 120;

function unsupported(file: string, field: string, value: unknown, accepted: string): StudioError {
  const whole = typeof value === 'string' ? value : JSON.stringify(value);
  const shown = whole.length > LONGEST_SHOWN ? `${whole.slice(0, LONGEST_SHOWN)}…` : whole;
  return new StudioError('config-unsupported', `${file}: ${field} is ${shown}; accepted: ${accepted}`, {
    file,
    field,
    value: shown,
    accepted,
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Stands before a number's own spelling while a config is edited. */
const SPELLED = 'number as written: ';

/**
 * A config.json with other fields, and numbers spelled as they were: transformers tells 6.0 from 6, and refuses the latter where its class
 * has a float. `edit` gets such numbers as strings, to be handed on.
 * @throws SyntaxError for text that is no JSON
 */
export function editConfig(text: string, edit: (fields: Record<string, unknown>) => Record<string, unknown>): string {
  const spelled = text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
    /^-?\d+[.eE]/.test(token) ? JSON.stringify(SPELLED + token) : token,
  );
  const edited = JSON.stringify(edit(JSON.parse(spelled) as Record<string, unknown>), null, 2);
  return `${edited.replaceAll(new RegExp(`"${SPELLED}([-\\d.eE+]+)"`, 'g'), '$1')}\n`;
}
