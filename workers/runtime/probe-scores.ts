/**
 * What a model answers to probes, by log-likelihood. A text starts after the start-of-text token, so that its first token is predicted too.
 */
import type { Probe } from '../../src/core/probes/probe';
import type { ProbeScore } from '../../src/core/probes/probe-score';
import type { RunRules } from '../../src/core/run/types';
import { sequenceLosses, type SequenceModel, type SequenceOptions } from './sequences';

export interface ProbeTokenizer {
  /** Token that a text starts after. */
  readonly startOfText: number;
  encode(text: string): number[];
}

interface Asked {
  /** Start of text, then the tokens of prompt and answer. */
  ids: number[];
  /** Index of the first token that counts. */
  from: number;
  /** Of the answer: Unicode characters, and UTF-8 bytes. */
  characters: number;
  bytes: number;
}

export interface ProbeOptions extends SequenceOptions {
  /** The first rules judge a choice by its bytes, blanks included, and leave the prompt's last blanks where they are. */
  rules?: RunRules;
}

/** One score a probe, in their order. @throws StudioError `cancelled` */
export async function scoreProbes(
  model: SequenceModel,
  tokenizer: ProbeTokenizer,
  probes: readonly Probe[],
  { rules = 2, ...options }: ProbeOptions,
): Promise<ProbeScore[]> {
  const asked = probes.map((probe) => ask(rules === 1 ? probe : withBlanksMoved(probe), tokenizer, rules === 1 ? whole : bare));
  const fits = asked.map((texts) => texts.every(({ ids }) => ids.length - 1 <= model.context));
  const sequences = asked.flatMap((texts, at) => (fits[at] ? texts.map(({ ids }) => ids) : []));
  const losses = await sequenceLosses(model, sequences, options);
  let next = 0;
  return probes.map((probe, at): ProbeScore => {
    const texts = asked[at]!;
    if (!fits[at]) return { kind: 'too-long', tokens: Math.max(...texts.map(({ ids }) => ids.length - 1)), limit: model.context };
    const likelihoods = texts.map(({ from }) => {
      const nll = losses[next++]!;
      let sum = 0;
      for (let token = from; token <= nll.length; token++) sum -= nll[token - 1]!;
      return sum;
    });
    if (probe.kind === 'pair')
      return { kind: 'pair', good: likelihoods[0]!, bad: likelihoods[1]!, right: likelihoods[0]! > likelihoods[1]! };
    const perByte = likelihoods.map((sum, choice) => sum / texts[choice]!.bytes);
    if (probe.kind === 'reference') return { kind: 'reference', likelihood: likelihoods[0]!, perByte: perByte[0]! };
    const perCharacter = likelihoods.map((sum, choice) => sum / texts[choice]!.characters);
    const rightByBytes = isHighest(perByte, probe.answer);
    const right = rules === 1 ? rightByBytes : isHighest(perCharacter, probe.answer);
    return { kind: 'choice', likelihoods, perCharacter, perByte, right, rightByBytes };
  });
}

/** A tie is no answer: it counts as wrong. */
function isHighest(values: readonly number[], wanted: number): boolean {
  return values.every((value, at) => at === wanted || value < values[wanted]!);
}

/** Blanks that end a prompt belong to its answers (lm-evaluation-harness's `_encode_pair`): tokenizers join a blank with the word after it. */
function withBlanksMoved(probe: Probe): Probe {
  if (probe.kind === 'pair') return probe;
  const prompt = probe.prompt.trimEnd();
  const blanks = probe.prompt.slice(prompt.length);
  if (probe.kind === 'choice') return { ...probe, prompt, choices: probe.choices.map((choice) => blanks + choice) };
  return { ...probe, prompt, reference: blanks + probe.reference };
}

const utf8 = new TextEncoder();

/** What of an answer is counted: by the first rules all of it, else the text without the blanks around it. */
const whole = (text: string): string => text;
const bare = (text: string): string => text.trim();

/** At least 1, so that an answer of blanks can be divided by it. */
function lengthOf(text: string): { characters: number; bytes: number } {
  return { characters: Math.max(1, [...text].length), bytes: Math.max(1, utf8.encode(text).length) };
}

function ask(probe: Probe, tokenizer: ProbeTokenizer, counted: (text: string) => string): Asked[] {
  const encode = (text: string) => [tokenizer.startOfText, ...tokenizer.encode(text)];
  if (probe.kind === 'pair') return [probe.good, probe.bad].map((text) => ({ ids: encode(text), from: 1, ...lengthOf(counted(text)) }));
  const prompt = encode(probe.prompt);
  const answers = probe.kind === 'choice' ? probe.choices : [probe.reference];
  const texts = answers.map((answer) => encode(probe.prompt + answer));
  // Where a token joins the end of the prompt with an answer, counting starts there for all answers alike.
  const from = texts.reduce((shared, ids) => Math.min(shared, commonPrefix(prompt, ids)), prompt.length);
  return texts.map((ids, at) => ({ ids, from: Math.max(1, from), ...lengthOf(counted(answers[at]!)) }));
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}
