/**
 * What a model answers to probes, by log-likelihood. A text starts after an end-of-text token, as documents do in training, so that
 * its first token is predicted too.
 */
import type { Probe } from '../../src/core/probes/probe';
import type { ProbeScore } from '../../src/core/probes/probe-score';
import { sequenceLosses, type SequenceModel, type SequenceOptions } from './sequences';

export interface ProbeTokenizer {
  readonly endOfText: number;
  encode(text: string): number[];
}

interface Asked {
  /** End of text, then the tokens of prompt and answer. */
  ids: number[];
  /** Index of the first token that counts. */
  from: number;
  /** UTF-8 bytes of the answer, which its log-likelihood is divided by. */
  bytes: number;
}

/** One score a probe, in their order. @throws StudioError `cancelled` */
export async function scoreProbes(
  model: SequenceModel,
  tokenizer: ProbeTokenizer,
  probes: readonly Probe[],
  options: SequenceOptions,
): Promise<ProbeScore[]> {
  const asked = probes.map((probe) => ask(probe, tokenizer));
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
    const normalised = likelihoods.map((sum, choice) => sum / texts[choice]!.bytes);
    if (probe.kind === 'reference') return { kind: 'reference', likelihood: likelihoods[0]!, normalised: normalised[0]! };
    // A tie is no answer: it counts as wrong.
    const right = normalised.every((value, choice) => choice === probe.answer || value < normalised[probe.answer]!);
    return { kind: 'choice', likelihoods, normalised, right };
  });
}

const utf8 = new TextEncoder();

function ask(probe: Probe, tokenizer: ProbeTokenizer): Asked[] {
  const encode = (text: string) => [tokenizer.endOfText, ...tokenizer.encode(text)];
  const bytes = (text: string) => utf8.encode(text).length;
  if (probe.kind === 'pair') return [probe.good, probe.bad].map((text) => ({ ids: encode(text), from: 1, bytes: bytes(text) }));
  const prompt = encode(probe.prompt);
  const answers = probe.kind === 'choice' ? probe.choices : [probe.reference];
  const texts = answers.map((answer) => encode(probe.prompt + answer));
  // Where a token joins the end of the prompt with an answer, counting starts there for all answers alike.
  const from = texts.reduce((shared, ids) => Math.min(shared, commonPrefix(prompt, ids)), prompt.length);
  return texts.map((ids, at) => ({ ids, from: Math.max(1, from), bytes: bytes(answers[at]!) }));
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}
