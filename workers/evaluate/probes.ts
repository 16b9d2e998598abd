/** What a model writes to reference questions, by itself and without chance, to be held against the reference. */
import type { Probe } from '../../src/core/probes/probe';
import type { ProbeScore } from '../../src/core/probes/probe-score';
import { judgeAnswer } from '../../src/core/probes/probe-score';
import type { LoadedWeights } from '../runtime/weights';
import type { Work } from './comparison';
import { continueText } from './generate';

/** An answer may be twice as long as its reference and a few tokens more; none is longer than this. */
const LONGEST = 128;
const SPARE = 8;

/**
 * Adds what the model writes to the scores of reference questions: always the likeliest token, to an end of text, a line break
 * that the reference has not, or the most tokens allowed. Other scores stay as they are.
 * @throws StudioError `cancelled`
 */
export async function withWrittenAnswers(
  weights: LoadedWeights,
  probes: readonly Probe[],
  scores: readonly ProbeScore[],
  work: Work,
  onProgress: (share: number) => void,
): Promise<ProbeScore[]> {
  const { tokenizer } = weights.tokenizer;
  const asked = probes.filter(({ kind }, at) => kind === 'reference' && scores[at]!.kind === 'reference').length;
  const answered: ProbeScore[] = [];
  let done = 0;
  for (const [at, probe] of probes.entries()) {
    const score = scores[at]!;
    if (probe.kind !== 'reference' || score.kind !== 'reference') {
      answered.push(score);
      continue;
    }
    const maxTokens = Math.min(LONGEST, 2 * tokenizer.encode(probe.reference).length + SPARE);
    const oneLine = !probe.reference.includes('\n');
    const greedy = { prompt: probe.prompt, seed: 0, temperature: 0, topP: 1, topK: 0, maxTokens };
    const text = await continueText(weights, greedy, () => undefined, work, oneLine ? (text) => /\S.*\n/.test(text) : undefined);
    const line = oneLine ? (text.trimStart().split('\n', 1)[0] ?? '') : text;
    answered.push({ ...score, written: judgeAnswer(probe.reference, line.trim()) });
    onProgress((done += 1) / asked);
  }
  return answered;
}
