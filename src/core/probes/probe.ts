/**
 * Probe sets: what a model is asked, to see what it knows and what it forgot. JSON Lines in UTF-8, one item a line:
 *
 *     {"prompt": "The capital of France is", "choices": [" Paris", " Rome"], "answer": 0, "group": "facts"}
 *     {"good": "The dogs bark.", "bad": "The dogs barks.", "group": "grammar"}
 *     {"prompt": "Question: …\nAnswer:", "reference": "…"}
 *
 * Fields besides these are kept out; a line that cannot be used is named, and the rest is used.
 */
import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1));
const group = z._default(z.string().check(z.minLength(1), z.maxLength(64)), 'probe');

const choiceSchema = z.object({ prompt: text, choices: z.array(text).check(z.minLength(2), z.maxLength(26)), answer: z.int(), group });
const pairSchema = z.object({ good: text, bad: text, group });
const referenceSchema = z.object({ prompt: text, reference: text, group });

/** Multiple choice: scored by the length-normalised log-likelihood of each choice after the prompt. */
export type ChoiceProbe = { kind: 'choice' } & z.infer<typeof choiceSchema>;
/** Minimal pair: right when the good sentence is likelier than the bad one. */
export type PairProbe = { kind: 'pair' } & z.infer<typeof pairSchema>;
/** Question with a reference answer: scored by its log-likelihood, and by ROUGE-L and BLEU of what the model writes. */
export type ReferenceProbe = { kind: 'reference' } & z.infer<typeof referenceSchema>;
export type Probe = ChoiceProbe | PairProbe | ReferenceProbe;

export interface BadProbeLine {
  /** 1-based. */
  line: number;
  /** What is wrong with it: field and value, in English, as written in the file. */
  reason: string;
}

export interface ProbeSet {
  probes: Probe[];
  bad: BadProbeLine[];
}

/** Blank lines count as lines but are no fault. */
export function parseProbes(source: string): ProbeSet {
  const set: ProbeSet = { probes: [], bad: [] };
  source
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((line, at) => {
      if (line.trim() === '') return;
      const probe = parseLine(line);
      if (typeof probe === 'string') set.bad.push({ line: at + 1, reason: probe });
      else set.probes.push(probe);
    });
  return set;
}

/** Probability of a right answer by guessing. A reference answer cannot be guessed. */
export function chanceOf(probe: Probe): number {
  return probe.kind === 'choice' ? 1 / probe.choices.length : probe.kind === 'pair' ? 0.5 : 0;
}

/** The probe, or what is wrong. */
function parseLine(line: string): Probe | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return `not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object';
  if ('choices' in value) {
    const parsed = choiceSchema.safeParse(value);
    if (!parsed.success) return firstFault(parsed.error, value);
    const { answer, choices } = parsed.data;
    if (answer < 0 || answer >= choices.length) return `answer is ${answer}; accepted: 0 to ${choices.length - 1}`;
    const twice = choices.findIndex((choice, at) => choices.indexOf(choice) !== at);
    if (twice >= 0) return `choices.${twice} is ${JSON.stringify(choices[twice])}, which is there before; accepted: different choices`;
    return { kind: 'choice', ...parsed.data };
  }
  if ('good' in value || 'bad' in value) {
    const parsed = pairSchema.safeParse(value);
    if (!parsed.success) return firstFault(parsed.error, value);
    if (parsed.data.good === parsed.data.bad) return 'good and bad are the same';
    return { kind: 'pair', ...parsed.data };
  }
  const parsed = referenceSchema.safeParse(value);
  return parsed.success ? { kind: 'reference', ...parsed.data } : firstFault(parsed.error, value);
}

function firstFault(error: z.core.$ZodError, value: object): string {
  const issue = error.issues[0]!;
  const found = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
  const field = issue.path.join('.');
  if (found === undefined) return `${field} is missing`;
  if (found === '') return `${field} is empty`;
  return `${field} is ${JSON.stringify(found).slice(0, 80)}: ${issue.message}`;
}
