/** Every evaluated checkpoint of every run as a point of the trade between learning and forgetting. */
import type { CheckpointRecord, RunRecord } from '../../core/run/types';
import type { Traded } from '../../core/metrics/pareto';
import { weightsKey } from '../address';
import type { SourceGroup } from '../sources';
import { withoutIntervals } from '../stored';
import type { ComparedChannel } from '../summary';

export interface TradePoint extends Traded {
  run: RunRecord;
  step: number;
  /** As the address has it. */
  key: string;
}

/** Points by step. */
export interface TradeRun {
  run: RunRecord;
  points: TradePoint[];
}

/** Runs whose points can stand in one picture: from the same base, measured on the same channels. */
export interface TradeSet {
  id: string;
  base: string;
  channels: ComparedChannel[];
  /** Oldest first, so that a new run leaves the others their colours. */
  runs: TradeRun[];
  /** Held-out rows per channel that the runs were measured on, ascending; more than one are sampled differently. */
  rows: number[];
}

export interface Trade {
  /** The one with the newest run first. */
  sets: TradeSet[];
  /** Runs without a point: no checkpoint was evaluated, or no domain or general channel was. */
  without: RunRecord[];
}

export function tradeOf(groups: readonly SourceGroup[], checkpoints: ReadonlyMap<string, CheckpointRecord[]>): Trade {
  const sets = new Map<string, TradeSet>();
  const without: RunRecord[] = [];
  for (const { run } of groups) {
    if (!run) continue;
    const points = pointsOf(run, checkpoints.get(run.id) ?? []);
    if (points.length === 0) {
      without.push(run);
      continue;
    }
    const channels = run.recipe.channels.map(({ id, corpus, role }): ComparedChannel => ({ id, corpus, role }));
    // A channel's id is the run's own word for it: what counts is the text and the role.
    const id = [run.recipe.base, ...channels.map(({ role, corpus }) => `${role}:${corpus}`).sort()].join('|');
    const set = sets.get(id) ?? { id, base: run.recipe.base, channels, runs: [], rows: [] };
    sets.set(id, set);
    set.runs.push({ run, points });
    const rows = run.recipe.evaluation.rowsPerChannel;
    if (!set.rows.includes(rows)) set.rows.push(rows);
  }
  const newest = (set: TradeSet) => Math.max(...set.runs.map(({ run }) => run.createdAt));
  for (const set of sets.values()) {
    set.runs.sort((one, other) => one.run.createdAt - other.run.createdAt);
    set.rows.sort((one, other) => one - other);
  }
  return { sets: [...sets.values()].sort((one, other) => newest(other) - newest(one)), without };
}

/** Gain and retention as everywhere on this page (`withoutIntervals`). */
function pointsOf(run: RunRecord, checkpoints: readonly CheckpointRecord[]): TradePoint[] {
  const { base } = run;
  if (!base) return [];
  const points = checkpoints.flatMap(({ step, evaluation }): TradePoint[] => {
    if (!evaluation) return [];
    const { domainGain, meanRetention } = withoutIntervals([base, evaluation], run.recipe.channels);
    const [gain, retention] = [domainGain[1]?.value, meanRetention[1]?.value];
    if (gain === undefined || retention === undefined) return [];
    return [{ run, step, key: weightsKey({ kind: 'checkpoint', run: run.id, step }), gain, retention }];
  });
  return points.sort((one, other) => one.step - other.step);
}
