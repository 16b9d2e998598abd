/** A run measures its checkpoints on the same held-out rows while it trains: then a comparison needs no waiting. */
import type { Estimate, MixtureMeasure } from '../core/metrics/channel-measure';
import { bitsPerByte, retention } from '../core/metrics/loss';
import type { SampledRisk } from '../core/metrics/sampled-risk';
import type { CheckpointRecord, EvaluationRow } from '../core/run/types';
import type { WeightsSource } from './sources';
import type { ComparedChannel, ComparedFigures } from './summary';

/**
 * What the run knows about A, B and the third, or null where it lacks A or B: they must be of one run, as its base or as checkpoints
 * that it evaluated. A third that the run lacks is left out.
 */
export function storedFigures(
  picked: readonly WeightsSource[],
  checkpoints: ReadonlyMap<string, CheckpointRecord[]>,
): ComparedFigures | null {
  const [a, b, c] = picked;
  const run = b?.run ?? a?.run;
  if (!run || !a || !b) return null;
  const measured = (source: WeightsSource): EvaluationRow | null => {
    if (source.run === null) return source.base === run.recipe.base ? run.base : null;
    if (source.run.id !== run.id) return null;
    return checkpoints.get(run.id)?.find((checkpoint) => checkpoint.step === source.step)?.evaluation ?? null;
  };
  const [one, other, third] = [measured(a), measured(b), c ? measured(c) : null];
  if (!one || !other) return null;
  const rows = third ? [one, other, third] : [one, other];
  const channels = run.recipe.channels.map(({ id, corpus, role }) => ({ id, corpus, role }));
  return { measure: withoutIntervals(rows, channels), channels, documents: run.recipe.evaluation.rowsPerChannel };
}

/** By model: the risk that a run found at its checkpoint by a sample of probes; null where it asked none or A is not its base. */
export function storedRisks(
  picked: readonly WeightsSource[],
  checkpoints: ReadonlyMap<string, CheckpointRecord[]>,
): (SampledRisk | null)[] {
  const [a] = picked;
  return picked.map(({ run, step }) => {
    if (!run || !a || a.run !== null || a.base !== run.recipe.base) return null;
    return checkpoints.get(run.id)?.find((checkpoint) => checkpoint.step === step)?.evaluation?.probes ?? null;
  });
}

/** Evaluations on the same rows under one tokenizer as a measure; figures as of `measureMixture`, with no interval. */
export function withoutIntervals(rows: readonly EvaluationRow[], channels: readonly ComparedChannel[]): MixtureMeasure {
  const plain = (value: number): Estimate => ({ value, interval: null });
  const beside = (value: (model: number) => number | null): (Estimate | null)[] =>
    rows.map((_, model) => {
      const found = model === 0 ? null : value(model);
      return found === null ? null : plain(found);
    });
  const present = channels.flatMap((channel) => {
    const figures = rows.flatMap((row) => row.channels[channel.id] ?? []);
    return figures.length === rows.length ? [{ ...channel, figures }] : [];
  });
  const measured = present.map(({ id, role, figures }) => {
    const loss = figures.map((figure) => figure.loss);
    const bits = figures.map((figure) => bitsPerByte(figure.loss, figure.tokens, figure.bytes));
    return {
      id,
      role,
      documents: 0,
      loss: loss.map(plain),
      bitsPerByte: bits.map(plain),
      deltaBits: beside((model) => bits[model]! - bits[0]!),
      delta: beside((model) => loss[model]! - loss[0]!),
      retention: beside((model) => retention(loss[0]!, loss[model]!)),
    };
  });
  const mean = (role: ComparedChannel['role'], value: (channel: (typeof measured)[number]) => number): number | null => {
    const values = measured.filter((channel) => channel.role === role).map(value);
    return values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length;
  };
  return {
    channels: measured,
    domainGain: beside((model) => mean('domain', ({ bitsPerByte: bits }) => bits[0]!.value - bits[model]!.value)),
    meanRetention: beside((model) => mean('general', (channel) => channel.retention[model]!.value)),
  };
}
