/** A run measures its checkpoints on the same held-out rows while it trains: then a comparison needs no waiting. */
import type { CheckpointRecord, EvaluationRow } from '../core/run/types';
import type { WeightsSource } from './sources';
import type { Evaluation } from './store';

/** What the run knows about both sides, or null: both must be of one run, as its base or as a checkpoint it evaluated. */
export function storedComparison(
  a: WeightsSource,
  b: WeightsSource,
  checkpoints: ReadonlyMap<string, CheckpointRecord[]>,
): Evaluation | null {
  const run = b.run ?? a.run;
  if (!run || (a.run && b.run && a.run.id !== b.run.id)) return null;
  const measured = (source: WeightsSource): EvaluationRow | null => {
    if (source.run === null) return source.base === run.recipe.base ? run.base : null;
    return checkpoints.get(run.id)?.find((checkpoint) => checkpoint.step === source.step)?.evaluation ?? null;
  };
  const one = measured(a);
  const other = measured(b);
  if (!one || !other) return null;
  const channels = run.recipe.channels.map(({ id, corpus, role }) => ({ id, corpus, role }));
  return { comparison: { a: one, b: other }, channels, rowsPerChannel: run.recipe.evaluation.rowsPerChannel, stored: true };
}

export interface TradePoint {
  step: number;
  /** Fall of the domain's held-out loss against the base, nats: higher is better. */
  gain: number;
  /** Mean general retention. */
  retention: number;
}

/** Every evaluated checkpoint of a run as a point of the trade between learning and forgetting, by step. */
export function tradePoints(source: WeightsSource | null, checkpoints: ReadonlyMap<string, CheckpointRecord[]>): TradePoint[] {
  const run = source?.run;
  const base = run?.base;
  if (!run || !base) return [];
  const domains = run.recipe.channels.filter((channel) => channel.role === 'domain').map((channel) => channel.id);
  const points: TradePoint[] = [];
  for (const { step, evaluation } of checkpoints.get(run.id) ?? []) {
    if (!evaluation || evaluation.retention === null) continue;
    const before = pooledLoss(base, domains);
    const after = pooledLoss(evaluation, domains);
    if (before !== null && after !== null) points.push({ step, gain: before - after, retention: evaluation.retention });
  }
  return points.sort((one, other) => one.step - other.step);
}

function pooledLoss(row: EvaluationRow, ids: readonly string[]): number | null {
  let nll = 0;
  let tokens = 0;
  for (const id of ids) {
    const channel = row.channels[id];
    if (!channel) continue;
    nll += channel.loss * channel.tokens;
    tokens += channel.tokens;
  }
  return tokens > 0 ? nll / tokens : null;
}
