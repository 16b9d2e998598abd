/**
 * Probe sets: what a model is asked, to see what it knows and what it forgot. JSON Lines in UTF-8, one item a line:
 *
 *     {"prompt": "The capital of France is", "choices": [" Paris", " Rome"], "answer": 0, "group": "facts"}
 *     {"good": "The dogs bark.", "bad": "The dogs barks.", "group": "grammar"}
 *     {"prompt": "Question: …\nAnswer:", "reference": "…"}
 *     {"prompt": "2 + 2 =", "reference": " 4", "pattern": "^\\s*(4|four)\\b"}
 *
 * Fields besides these are kept out; a line that cannot be used is named, and the rest is used.
 */
import * as z from 'zod/mini';
import { mapPublicShape, type PublicShape } from './public-shapes';

const text = z.string().check(z.minLength(1));
const group = z._default(z.string().check(z.minLength(1), z.maxLength(64)), 'probe');

const choiceSchema = z.object({ prompt: text, choices: z.array(text).check(z.minLength(2), z.maxLength(26)), answer: z.int(), group });
const pairSchema = z.object({ good: text, bad: text, group });
const pattern = z.string().check(
  z.minLength(1),
  z.maxLength(200),
  z.refine((source) => patternFault(source) === null, { error: ({ input }) => patternFault(String(input)) ?? '' }),
);
const referenceSchema = z.object({ prompt: text, reference: text, pattern: z.optional(pattern), group });

/** Multiple choice: scored by the log-likelihood of each choice after the prompt, divided by its length. */
type ChoiceProbe = { kind: 'choice' } & z.infer<typeof choiceSchema>;
/** Minimal pair: right when the good sentence is likelier than the bad one. */
type PairProbe = { kind: 'pair' } & z.infer<typeof pairSchema>;
/**
 * Question with a reference answer: scored by its log-likelihood, and by what the model writes, which is held against the reference and, where
 * there is one, against a regular expression.
 */
type ReferenceProbe = { kind: 'reference' } & z.infer<typeof referenceSchema>;
export type Probe = ChoiceProbe | PairProbe | ReferenceProbe;

/** What may be wrong with a line; `field` and `found` are as the file writes them. */
export type ProbeFault =
  | { kind: 'json'; detail: string }
  | { kind: 'object' } // JSON, but no object
  | { kind: 'missing' | 'empty'; field: string }
  | { kind: 'range'; field: string; found: number; highest: number } // not 0 to highest
  | { kind: 'repeated'; field: string; found: string } // a choice that stands there before
  | { kind: 'same' } // good and bad sentence are one
  | { kind: 'invalid'; field: string; found: string; detail: string };

export interface BadProbeLine {
  /** 1-based. */
  line: number;
  fault: ProbeFault;
  /** The fault in English: field and value, as written in the file. */
  reason: string;
}

/** How a file may be read on the person's wish. */
export interface ProbeReading {
  /** Lines of public sets are taken in by their mapping (public-shapes.ts). */
  map?: boolean;
  /** A blank is put between a prompt and an answer that would join into one word. */
  blanks?: boolean;
}

/** What another reading would give. */
export interface ProbeOffers {
  /** Lines that a mapping could use, by what they look like. */
  shapes: Partial<Record<PublicShape, number>>;
  /** Items whose prompt and answers join into one word. */
  blanks: number;
}

export interface ProbeSet {
  probes: Probe[];
  bad: BadProbeLine[];
  offers: ProbeOffers;
}

/**
 * Why a regular expression is not taken; null where it is. A group that is repeated must hold neither a choice nor a repetition: such
 * a pattern can take exponential time, and nothing could stop it.
 */
function patternFault(source: string): string | null {
  try {
    new RegExp(source, 'u');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const plain = source.replace(/\\./gu, 'x').replace(/\[[^\]]*\]/gu, 'x');
  /** Of each open group: does it choose or repeat? */
  const open: boolean[] = [];
  for (let at = 0; at < plain.length; at++) {
    const character = plain[at]!;
    const repeats = /[*+{]/.test(character);
    if (character === '(') open.push(false);
    else if (character === ')') {
      const varies = open.pop() === true;
      if (varies && /[*+{]/.test(plain[at + 1] ?? '')) return 'a repeated group may hold no choice (|) and no repetition (*, +, {})';
      if (varies && open.length > 0) open[open.length - 1] = true;
    } else if ((repeats || character === '|') && open.length > 0) open[open.length - 1] = true;
  }
  return null;
}

/** JSON Lines, or one JSON array, whose items count as lines then. Blank lines count as lines but are no fault. */
export function parseProbes(source: string, { map = false, blanks = false }: ProbeReading = {}): ProbeSet {
  const set: ProbeSet = { probes: [], bad: [], offers: { shapes: {}, blanks: 0 } };
  linesOf(source).forEach((line, at) => {
    if (line.trim() === '') return;
    const { probe, mapped } = parseLine(line);
    const usable = map ? (mapped?.probe ?? probe) : probe;
    if (mapped && !map) set.offers.shapes[mapped.shape] = (set.offers.shapes[mapped.shape] ?? 0) + 1;
    if (!('group' in usable)) return void set.bad.push({ line: at + 1, fault: usable, reason: reasonOf(usable) });
    const joins = joinsWords(usable);
    if (joins && !blanks) set.offers.blanks += 1;
    set.probes.push(joins && blanks ? withBlanks(usable) : usable);
  });
  return set;
}

function linesOf(source: string): string[] {
  const plain = source.replace(/^\uFEFF/, '');
  if (/^\s*\[/.test(plain)) {
    try {
      const items: unknown = JSON.parse(plain);
      if (Array.isArray(items)) return items.map((item) => JSON.stringify(item));
    } catch {
      // Lines that are arrays each: named one by one.
    }
  }
  return plain.split(/\r?\n/);
}

/** Letters and digits of scripts that part words by blanks. */
const ofWords = String.raw`(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}])[\p{L}\p{N}]`;
const endsInWord = new RegExp(`${ofWords}[.,:;!?"')\\]]*$`, 'u');
const startsWithWord = new RegExp(`^${ofWords}`, 'u');

/** "The capital is" + "Paris" asks for "isParis". */
function joinsWords(probe: Probe): boolean {
  if (probe.kind === 'pair' || !endsInWord.test(probe.prompt)) return false;
  return (probe.kind === 'choice' ? probe.choices : [probe.reference]).some((answer) => startsWithWord.test(answer));
}

function withBlanks(probe: Probe): Probe {
  const apart = (answer: string) => (startsWithWord.test(answer) ? ` ${answer}` : answer);
  if (probe.kind === 'choice') return { ...probe, choices: probe.choices.map(apart) };
  return probe.kind === 'reference' ? { ...probe, reference: apart(probe.reference) } : probe;
}

/** Probability of a right answer by guessing. A reference answer cannot be guessed. */
export function chanceOf(probe: Probe): number {
  return probe.kind === 'choice' ? 1 / probe.choices.length : probe.kind === 'pair' ? 0.5 : 0;
}

interface ParsedLine {
  probe: Probe | ProbeFault;
  /** Of a line at fault that a mapping makes usable. */
  mapped: { shape: PublicShape; probe: Probe } | null;
}

function parseLine(line: string): ParsedLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { probe: { kind: 'json', detail: error instanceof Error ? error.message : String(error) }, mapped: null };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { probe: { kind: 'object' }, mapped: null };
  const probe = parseObject(value);
  if ('group' in probe) return { probe, mapped: null };
  const found = mapPublicShape(value as Record<string, unknown>);
  const other = found && parseObject(found.value);
  return { probe, mapped: other && 'group' in other ? { shape: found.shape, probe: other } : null };
}

function parseObject(value: object): Probe | ProbeFault {
  if ('choices' in value) {
    const parsed = choiceSchema.safeParse(value);
    if (!parsed.success) return firstFault(parsed.error, value);
    const { answer, choices } = parsed.data;
    if (answer < 0 || answer >= choices.length) return { kind: 'range', field: 'answer', found: answer, highest: choices.length - 1 };
    const twice = choices.findIndex((choice, at) => choices.indexOf(choice) !== at);
    if (twice >= 0) return { kind: 'repeated', field: `choices.${twice}`, found: JSON.stringify(choices[twice]) };
    return { kind: 'choice', ...parsed.data };
  }
  if ('good' in value || 'bad' in value) {
    const parsed = pairSchema.safeParse(value);
    if (!parsed.success) return firstFault(parsed.error, value);
    if (parsed.data.good === parsed.data.bad) return { kind: 'same' };
    return { kind: 'pair', ...parsed.data };
  }
  const parsed = referenceSchema.safeParse(value);
  return parsed.success ? { kind: 'reference', ...parsed.data } : firstFault(parsed.error, value);
}

function firstFault(error: z.core.$ZodError, value: object): ProbeFault {
  const issue = error.issues[0]!;
  const found = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
  const field = issue.path.join('.');
  if (found === undefined) return { kind: 'missing', field };
  if (found === '') return { kind: 'empty', field };
  return { kind: 'invalid', field, found: JSON.stringify(found).slice(0, 80), detail: issue.message };
}

function reasonOf(fault: ProbeFault): string {
  switch (fault.kind) {
    case 'json':
      return `not JSON: ${fault.detail}`;
    case 'object':
      return 'not a JSON object';
    case 'missing':
      return `${fault.field} is missing`;
    case 'empty':
      return `${fault.field} is empty`;
    case 'range':
      return `${fault.field} is ${fault.found}; accepted: 0 to ${fault.highest}`;
    case 'repeated':
      return `${fault.field} is ${fault.found}, which is there before; accepted: different choices`;
    case 'same':
      return 'good and bad are the same';
    case 'invalid':
      return `${fault.field} is ${fault.found}: ${fault.detail}`;
  }
}

/**
 * A sample of probe sets, the same items whenever it is taken: items evenly spread over each set, in the sets' order; the sets of a group give equal parts, the first ones what is left over.
 * @param perGroup items of each group, fewer where its sets are shorter
 */
export function sampleProbes(sets: readonly { group: string; probes: readonly Probe[] }[], perGroup: number): Probe[] {
  return sets.flatMap(({ group, probes }, at) => {
    const siblings = sets.filter((set) => set.group === group);
    const place = siblings.indexOf(sets[at]!);
    const count = Math.min(probes.length, Math.floor((perGroup + siblings.length - 1 - place) / siblings.length));
    return Array.from({ length: count }, (_, item) => probes[Math.floor((item * probes.length) / count)]!);
  });
}
