/** Every evaluated checkpoint of every run as a point of gain against retention, with its name and its run's mark. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { GainRetention } from '../../core/metrics/pareto';
import type { CheckpointRecord, RunRecord } from '../../core/run/types';
import { useFormat } from '../../i18n/format';
import { weightsKey } from '../address';
import { withoutIntervals, type ComparedChannel } from '../figures';
import type { SourceGroup } from '../sources';

/** Every evaluated checkpoint of every run as a point of the trade between learning and forgetting. */
export interface ParetoPoint extends GainRetention {
  run: RunRecord;
  step: number;
  /** As the address has it. */
  key: string;
}

/** Points by step. */
export interface ParetoRun {
  run: RunRecord;
  points: ParetoPoint[];
}

/** Runs whose points can stand in one picture: from the same base, measured on the same channels. */
export interface ParetoSet {
  id: string;
  base: string;
  channels: ComparedChannel[];
  /** Oldest first, so that a new run leaves the others their colours. */
  runs: ParetoRun[];
  /** Held-out rows per channel that the runs were measured on, ascending; more than one are sampled differently. */
  rows: number[];
}

export interface ParetoSets {
  /** The one with the newest run first. */
  sets: ParetoSet[];
  /** Runs without a point: no checkpoint was evaluated, or no domain or general channel was. */
  without: RunRecord[];
}

export function paretoSets(groups: readonly SourceGroup[], checkpoints: ReadonlyMap<string, CheckpointRecord[]>): ParetoSets {
  const sets = new Map<string, ParetoSet>();
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
  const newest = (set: ParetoSet) => Math.max(...set.runs.map(({ run }) => run.createdAt));
  for (const set of sets.values()) {
    set.runs.sort((one, other) => one.run.createdAt - other.run.createdAt);
    set.rows.sort((one, other) => one - other);
  }
  return { sets: [...sets.values()].sort((one, other) => newest(other) - newest(one)), without };
}

/** Gain and retention as everywhere on this page (`withoutIntervals`). */
function pointsOf(run: RunRecord, checkpoints: readonly CheckpointRecord[]): ParetoPoint[] {
  const { base } = run;
  if (!base) return [];
  const points = checkpoints.flatMap(({ step, evaluation }): ParetoPoint[] => {
    if (!evaluation) return [];
    const { domainGain, meanRetention } = withoutIntervals([base, evaluation], run.recipe.channels);
    const [gain, retention] = [domainGain[1]?.value, meanRetention[1]?.value];
    if (gain === undefined || retention === undefined) return [];
    return [{ run, step, key: weightsKey({ kind: 'checkpoint', run: run.id, step }), gain, retention }];
  });
  return points.sort((one, other) => one.step - other.step);
}

const LONGEST = 24;

/** A run's name without what would run over the picture. */
export function shortRunName(name: string): string {
  const characters = [...name];
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join('')}…` : name;
}

export function usePointName(): (point: ParetoPoint) => string {
  const { t } = useTranslation('internals');
  const format = useFormat();
  return useCallback(({ run, step }) => t('pareto.pointName', { run: shortRunName(run.name), step: format.count(step) }), [t, format]);
}
