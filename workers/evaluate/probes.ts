/** Probes answered by log-likelihood, and reference questions also by what the model generates. */
import { measureProbes, type ProbeMeasure } from '../../src/core/metrics/probe-measure';
import type { Probe } from '../../src/core/probes/probe';
import { judgeAnswer, type ProbeScore } from '../../src/core/probes/probe-score';
import type { EngineWork } from '../runtime/engine-session';
import { scoreProbes } from '../runtime/probe-scores';
import type { LoadedWeights } from '../runtime/weights';
import { eachModel, withProgress, SEED, type EvaluationTools } from './each-model';
import { generate } from './generate';

export async function evaluateProbes(
  probes: readonly Probe[],
  tools: EvaluationTools,
): Promise<{ scores: ProbeScore[][]; measure: ProbeMeasure }> {
  const scores: ProbeScore[][] = [];
  await eachModel(tools, async (weights, model, progress) => {
    // Writing costs a pass a token, so it counts for most of the time where it is asked for.
    const reading = probes.some(({ kind }) => kind === 'reference') ? 0.2 : 1;
    const read = await scoreProbes(
      model,
      weights.tokenizer.tokenizer,
      probes,
      withProgress(tools.work, (share) => progress(reading * share)),
    );
    scores.push(await withWrittenAnswers(weights, probes, read, tools.work, (share) => progress(reading + (1 - reading) * share)));
  });
  return { scores, measure: measureProbes(probes, scores, SEED) };
}

/** An answer may be twice as long as its reference and a few tokens more; none is longer than this. */
const LONGEST = 128;
const SPARE = 8;

/**
 * Adds what the model writes to the scores of reference questions: always the likeliest token, to an end of text, a line break
 * that the reference has not, or the most tokens allowed. Other scores stay as they are.
 * @throws StudioError `cancelled`
 */
async function withWrittenAnswers(
  weights: LoadedWeights,
  probes: readonly Probe[],
  scores: readonly ProbeScore[],
  work: EngineWork,
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
    const text = await generate(weights, greedy, () => undefined, work, oneLine ? (text) => /\S.*\n/.test(text) : undefined);
    const line = oneLine ? (text.trimStart().split('\n', 1)[0] ?? '') : text;
    answered.push({ ...score, written: judgeAnswer(probe.reference, line.trim(), probe.pattern) });
    onProgress((done += 1) / asked);
  }
  return answered;
}
