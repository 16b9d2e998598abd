/**
 * A sweep as it is kept: its plan, its runs in the order in which they are trained, and what each of them gave. A table of runs that were
 * measured elsewhere is a sweep without a plan, so that the same charts and fits read both.
 */
import type { ErrorRecord } from '../errors';
import type { FitInput } from '../laws/decision';
import type { MeasuredRun } from '../laws/measured-runs';
import type { Estimate } from '../laws/responses';
import { stepTokens } from '../recipe/before-run';
import type { ChannelRole, Recipe } from '../recipe/schema';
import type { PlannedRun } from './plan';
import type { SweepPlan } from './schema';

/** x: steps; y: nats per token, null where there was no number. At most some hundred points, the last one kept. */
export interface SweepCurve {
  x: number[];
  y: (number | null)[];
}

/** What a run gave; also of one that the sweep's rule ended early, at its last rung. */
export interface SweepResult {
  /** Finished steps, and tokens of all channels. */
  steps: number;
  tokens: number;
  /** Channel → held-out loss at the end, nats per token; null where the run broke. */
  losses: Record<string, number | null>;
  /** Channel → curve. */
  heldOut: Record<string, SweepCurve>;
  train: Record<string, SweepCurve>;
  /** Wall seconds of training, evaluations included; of an imported run 0. */
  seconds: number;
  /** "wasm · 2 threads"; empty of an imported run. */
  device: string;
}

/** How a run stood when it was judged: at a rung, or at its end. */
export interface Judgement {
  /** Finished steps. */
  steps: number;
  /** Domain gain, nats per token, and mean general retention; null of a run that broke. */
  gain: number | null;
  retention: number | null;
}

/**
 * planned: waits, for its first step or, with successive halving, at the rung that it has reached (then it has a `result`); training: a tab trains it, or did and was closed (then it is resumed); finished: at its last step; stopped: the sweep's rule
 * ended it at a rung; failed: broke or could not be started, `error` says why; dropped: a person took it out.
 */
export type SweepRunState = 'planned' | 'training' | 'finished' | 'stopped' | 'failed' | 'dropped';

/** What was predicted of a run before it was trained. */
export interface SweepPrediction {
  /** Milliseconds since 1970. */
  madeAt: number;
  /** Channel → loss, nats per token; intervals hold the loss of one run, not only the mean of many. */
  losses: Record<string, Estimate>;
}

export interface SweepRun extends Omit<PlannedRun, 'recipe'> {
  /** null of a run that was measured elsewhere. */
  recipe: Recipe | null;
  state: SweepRunState;
  /** Id of the run in the library, while it is there. */
  run: string | null;
  /** With successive halving: the rung that it has reached or is trained to, from 0. */
  rung: number;
  error: ErrorRecord | null;
  result: SweepResult | null;
  /** With successive halving at each rung that it has reached, from the first; else once, at its end. Absent before. */
  judged?: Judgement[];
  /** As a table of a cluster has it, of a run that was measured elsewhere. */
  measured: MeasuredRun | null;
  /** A recommendation is checked with this run: no fit reads it. */
  prediction?: SweepPrediction;
}

interface SweepChannel {
  id: string;
  corpus: string;
  role: ChannelRole;
}

/** draft: never begun; running: tabs take from its queue; paused: none begins another run; finished: nothing is left to train. */
export type SweepState = 'draft' | 'running' | 'paused' | 'finished';

export interface SweepRecord {
  id: string;
  name: string;
  createdAt: number;
  /** Raised by one with each change, so that a listener knows what is newer. */
  revision: number;
  /** null: a table of runs that were measured elsewhere. */
  plan: SweepPlan | null;
  state: SweepState;
  channels: SweepChannel[];
  /** Channel → held-out loss before training, nats per token; empty until a run has measured it. */
  base: Record<string, number>;
  /** Parameters of the model; null where it is not known. */
  size: number | null;
  /** In the order of the queue. */
  runs: SweepRun[];
}

/** Has it begun, and does no tab train it now, as far as the record tells: set aside, at its rung, or waiting over a fault? */
export const isAside = ({ state, error }: SweepRun, sweep: Pick<SweepRecord, 'state'>): boolean =>
  (state === 'training' || state === 'planned') && (error !== null || sweep.state === 'paused');

/** Runs with a result as the laws read them; `heldOut` runs are those that a recommendation was checked with. */
export function measuredRuns(sweep: Pick<SweepRecord, 'runs' | 'size'>): MeasuredRun[] {
  return sweep.runs.flatMap((run) => {
    if (run.measured) return [run.measured];
    const { recipe, result, index, seed, prediction } = run;
    // A run that a rung ended was trained for fewer tokens than the others: its loss is no point of the same law.
    if (!recipe || !result || (run.state !== 'finished' && run.state !== 'failed')) return [];
    const { warmup, peakLr } = recipe.schedule;
    const { steps } = recipe.budget;
    return [
      {
        name: String(index),
        seed,
        size: sweep.size,
        epochs: null,
        heldOut: prediction !== undefined,
        tokens: steps * stepTokens(recipe),
        lr: peakLr,
        warmup: warmup.unit === 'ratio' ? warmup.value : warmup.value / steps,
        shares: Object.fromEntries(recipe.channels.map(({ id, share }) => [id, share])),
        losses: Object.fromEntries(recipe.channels.map(({ id }) => [id, result.losses[id] ?? Infinity])),
      },
    ];
  });
}

/** What the laws read of a sweep: of the channels those with a share, and as targets those with a loss. */
export function fitInputOf(sweep: Pick<SweepRecord, 'runs' | 'size' | 'channels' | 'base'>): FitInput {
  const runs = measuredRuns(sweep);
  const ids = sweep.channels.map(({ id }) => id);
  return {
    runs,
    channels: ids.filter((id) => runs.some(({ shares }) => shares[id] !== undefined)),
    targets: ids.filter((id) => runs.some(({ losses }) => losses[id] !== undefined)),
    roles: Object.fromEntries(sweep.channels.map(({ id, role }) => [id, role])),
    base: sweep.base,
  };
}

/** How good the predictions of the runs that have ended since were, a channel at a time. */
export interface PredictionScore {
  runs: number;
  channels: number;
  /** Losses within their interval, of those that have one. */
  within: number;
  judged: number;
  /** Mean of |predicted − measured|, nats per token. */
  error: number;
}

/** null before any predicted run has ended. */
export function predictionScore(sweeps: readonly Pick<SweepRecord, 'runs'>[]): PredictionScore | null {
  const score = { runs: 0, channels: 0, within: 0, judged: 0, error: 0 };
  for (const { prediction, result, state } of sweeps.flatMap(({ runs }) => runs)) {
    if (!prediction || !result || state !== 'finished') continue;
    score.runs += 1;
    for (const [channel, { value, interval }] of Object.entries(prediction.losses)) {
      const measured = result.losses[channel];
      if (typeof measured !== 'number') continue;
      score.channels += 1;
      score.error += Math.abs(value - measured);
      if (!interval) continue;
      score.judged += 1;
      if (measured >= interval.low && measured <= interval.high) score.within += 1;
    }
  }
  return score.channels === 0 ? null : { ...score, error: score.error / score.channels };
}
