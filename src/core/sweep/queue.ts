/**
 * The queue of a sweep as changes of its record: what a tab takes next, what an end leaves behind, what a person edits. Pure, so that each is
 * one transaction of whoever stores the record. With successive halving a run is trained by its whole recipe, schedule included, and is only
 * halted at its rung: one that is let go on is, bit for bit, the run that was never halted.
 */
import type { ErrorRecord } from '../errors';
import type { MeasuredTable } from '../laws/measured-runs';
import { domainGain, meanRetention, RETENTION_LINE } from '../metrics/loss';
import type { ChannelRole } from '../recipe/schema';
import { parseRecipe } from '../recipe/parse';
import type { EvaluationRow, MetricRow, RunRecord } from '../run/types';
import { plannedRuns, recipeOf, sweepCost } from './plan';
import {
  isAside,
  type Judgement,
  type SweepCurve,
  type SweepPrediction,
  type SweepRecord,
  type SweepResult,
  type SweepRun,
} from './record';
import { refuseSweep, type SweepPlan } from './schema';
import { nextJob, ranked, rungSteps, stoppedRuns, type Job, type RungResult } from './search';

/** Steps at which a run is judged, and the one at which it is halted; where there is no more to it, its end. */
export interface Rungs {
  at: number[];
  until: number;
}

export type Task = { kind: 'train'; run: SweepRun; rungs: Rungs | null } | { kind: 'wait' } | { kind: 'done' };

/** What a run left behind when it was halted at its rung, ended, or could not be started. */
export interface RunEnd {
  state: Extract<SweepRun['state'], 'planned' | 'finished' | 'stopped' | 'failed'>;
  run: string | null;
  error: ErrorRecord | null;
  result: SweepResult | null;
  judged: Judgement;
  /** Channel → held-out loss before training, where it was measured. */
  base: Record<string, number> | null;
}

/** Points of a curve that a record keeps. */
const MOST_POINTS = 60;

const waiting = (recipe: SweepRun['recipe']) => ({
  recipe,
  state: 'planned' as const,
  run: null,
  rung: 0,
  error: null,
  result: null,
  measured: null,
});

/** @param size parameters of the model; null where it is not known. @throws StudioError `sweep-invalid` where it would cost too much */
export function newSweep(plan: SweepPlan, id: string, createdAt: number, size: number | null): SweepRecord {
  const runs = plannedRuns(plan);
  sweepCost(plan, runs, []);
  const channels = plan.base.channels.map(({ id: channel, corpus, role }) => ({ id: channel, corpus, role }));
  const record = { id, name: plan.name, createdAt, revision: 1, plan, state: 'draft' as const, channels, base: {}, size };
  return { ...record, runs: runs.map((run) => ({ ...run, ...waiting(run.recipe) })) };
}

/** Names that channels of a domain go by; what is not among them is general. */
const DOMAIN =
  /domain|target|code|python|java|math|arxiv|medic|clinic|pubmed|bio|chem|legal|law|patent|financ|sft|领域|目标|代码|数学|医|法律|法学|金融|专利/i;

/** Runs that were measured elsewhere. @param roles of channels; those that it leaves out are guessed by their names */
export function importedSweep(
  { channels, targets, runs, base }: MeasuredTable,
  { id, name, createdAt, roles }: { id: string; name: string; createdAt: number; roles: Readonly<Record<string, ChannelRole>> },
): SweepRecord {
  const ids = [...new Set([...channels, ...targets])];
  const guessed = ids.map((channel) => roles[channel] ?? (DOMAIN.test(channel) ? 'domain' : 'general'));
  // Of channels whose names say nothing the last is what was mixed in.
  if (!guessed.includes('domain') && guessed.length > 1 && !(ids.at(-1)! in roles)) guessed[guessed.length - 1] = 'domain';
  const sizes = new Set(runs.map(({ size }) => size));
  return {
    ...{ id, name, createdAt, revision: 1, plan: null, state: 'finished' },
    channels: ids.map((channel, at) => ({ id: channel, corpus: '', role: guessed[at]! })),
    base: base ?? {},
    size: sizes.size === 1 ? [...sizes][0]! : null,
    runs: runs.map((measured, index) => ({
      ...waiting(null),
      index,
      setting: {
        mixture: measured.shares,
        ...(measured.lr === null ? {} : { 'schedule.peakLr': measured.lr }),
        ...(measured.warmup === null ? {} : { 'schedule.warmup.value': measured.warmup }),
        ...(measured.tokens === null ? {} : { tokens: measured.tokens }),
      },
      seed: measured.seed ?? 0,
      state: Object.values(measured.losses).every((loss) => Number.isFinite(loss)) ? ('finished' as const) : ('failed' as const),
      measured,
    })),
  };
}

/** Has no tab trained a step of it? */
const untouched = ({ state, run, judged }: SweepRun) => state === 'planned' && run === null && !judged?.length;

/** Steps of the rungs; null without successive halving. */
function rungsOf({ plan, runs }: SweepRecord): number[] | null {
  if (!plan?.halving) return null;
  const last = Math.max(plan.halving.steps, ...runs.map(({ recipe }) => recipe?.budget.steps ?? 0));
  return rungSteps(plan.halving.steps, last, plan.halving.reduction);
}

/** As successive halving knows the runs. */
function standing({ runs }: SweepRecord) {
  const there = runs.filter(({ state }) => state !== 'dropped');
  const results = there.flatMap(({ index, judged = [] }): RungResult[] =>
    judged.map(({ gain, retention }, rung) => ({ run: index, rung, gain: gain ?? NaN, retention: retention ?? NaN })),
  );
  const promoted = there.flatMap(({ index, rung }) => Array.from({ length: rung }, (_, below) => ({ run: index, rung: below + 1 })));
  return { planned: there.length, begun: there.filter((run) => !untouched(run)).length, results, promoted };
}

function jobOf(sweep: SweepRecord): Job {
  const rungs = rungsOf(sweep);
  if (!rungs) {
    if (sweep.runs.some(untouched)) return { kind: 'start' };
    return { kind: sweep.runs.some(({ state }) => state === 'training') ? 'wait' : 'done' };
  }
  const { planned, begun, results, promoted } = standing(sweep);
  return nextJob(sweep.plan!.halving!, rungs.length, planned, begun, results, promoted);
}

const withRun = (sweep: SweepRecord, index: number, change: (run: SweepRun) => SweepRun): SweepRecord => ({
  ...sweep,
  runs: sweep.runs.map((run) => (run.index === index ? change(run) : run)),
});

/** Has it ended, so that a higher rung has nothing to train? */
function isOver({ recipe, result, rung }: SweepRun, rungs: readonly number[]): boolean {
  const budget = recipe?.budget.steps ?? 0;
  return result !== null && (result.steps >= budget || result.steps < Math.min(rungs[rung]!, budget));
}

/**
 * What a tab trains next, marked in the record as in training: first what a tab that was closed has left, then the queue.
 * @param taken indices that tabs train now
 */
export function takeNext(sweep: SweepRecord, taken: ReadonlySet<number>): { sweep: SweepRecord; task: Task } {
  if (sweep.state !== 'running') return { sweep, task: { kind: 'done' } };
  const rungs = rungsOf(sweep);
  const begin = (from: SweepRecord, index: number, rung: number): { sweep: SweepRecord; task: Task } => {
    const begun = withRun(from, index, (run) => ({ ...run, state: 'training', rung, error: null }));
    const run = begun.runs.find((one) => one.index === index)!;
    const budget = run.recipe!.budget.steps;
    const halts = rungs && { at: rungs.filter((steps) => steps < budget), until: Math.min(rungs[rung]!, budget) };
    return { sweep: begun, task: { kind: 'train', run, rungs: halts } };
  };
  const left = sweep.runs.find(({ state, index }) => state === 'training' && !taken.has(index));
  if (left) return begin(sweep, left.index, left.rung);
  for (let now = sweep; ;) {
    const job = jobOf(now);
    if (job.kind === 'wait') return { sweep: now, task: job };
    if (job.kind === 'done') return { sweep: settled(now), task: job };
    if (job.kind === 'start') return begin(now, now.runs.find(untouched)!.index, 0);
    const run = now.runs.find(({ index }) => index === job.run)!;
    if (!isOver(run, rungs!)) return begin(now, job.run, job.rung);
    now = withRun(now, job.run, (one) => ({ ...one, rung: job.rung, judged: [...(one.judged ?? []), one.judged!.at(-1)!] }));
  }
}

/** The sweep after a run was halted at its rung or has ended. */
export function withEnd(sweep: SweepRecord, index: number, { base, judged, ...end }: RunEnd): SweepRecord {
  const known = Object.keys(sweep.base).length > 0 || !base ? sweep : { ...sweep, base };
  return settled(withRun(known, index, (run) => ({ ...run, ...end, judged: [...(run.judged ?? []), judged] })));
}

/** The sweep pauses over what is no result of the run, which goes on, or begins, when the sweep does. @param run its id, where it is known */
export function withFault(sweep: SweepRecord, index: number, run: string | null, error: ErrorRecord): SweepRecord {
  const noted = (one: SweepRun): SweepRun => {
    const begun = run ?? one.run;
    return { ...one, state: begun === null && !one.judged?.length ? 'planned' : 'training', run: begun, error };
  };
  return {
    ...withRun(sweep, index, noted),
    state: sweep.state === 'running' ? 'paused' : sweep.state,
  };
}

/** Taken out, since a person deleted its run in the library before the sweep was done with it: put back, it begins anew. */
export const withDeleted = (sweep: SweepRecord, index: number, error: ErrorRecord): SweepRecord =>
  settled(withRun(sweep, index, ({ judged: _, ...run }) => ({ ...run, ...waiting(run.recipe), state: 'dropped', error })));

/** Runs that the rule has ended are called so, and a sweep with nothing left is finished. */
function settled(sweep: SweepRecord): SweepRecord {
  const rungs = rungsOf(sweep);
  let now = sweep;
  if (rungs) {
    const { planned, begun, results, promoted } = standing(sweep);
    const ended = stoppedRuns(sweep.plan!.halving!, rungs.length, planned, begun, results, promoted);
    const ends = ({ state, index }: SweepRun) => state === 'planned' && ended.has(index);
    if (sweep.runs.some(ends)) now = { ...sweep, runs: sweep.runs.map((run) => (ends(run) ? { ...run, state: 'stopped' } : run)) };
  }
  const over = jobOf(now).kind === 'done' && !now.runs.some(({ state }) => state === 'training');
  return over && now.state === 'running' ? { ...now, state: 'finished' } : now;
}

/** Runs that have ended and whose weights the plan lets go; a run that waits at a rung keeps its own. */
export function runsToFree(sweep: SweepRecord): string[] {
  const keep = sweep.plan?.keep ?? 'best';
  if (keep === 'all') return [];
  const ended = sweep.runs.filter(({ state, run }) => run !== null && (state === 'finished' || state === 'stopped' || state === 'failed'));
  const best = keep === 'best' ? bestRun(sweep) : null;
  return ended.flatMap(({ run, index }) => (index === best ? [] : [run!]));
}

/** Index of the run of all finished ones that gained most within the line of retention; null before there is one. */
function bestRun({ plan, runs }: SweepRecord): number | null {
  const figures = runs.flatMap(({ state, index, judged }): RungResult[] => {
    const last = judged?.at(-1);
    return state !== 'finished' || !last ? [] : [{ run: index, rung: 0, gain: last.gain ?? NaN, retention: last.retention ?? NaN }];
  });
  return ranked(figures, plan?.halving?.retention ?? RETENTION_LINE)[0]?.run ?? null;
}

/** What a run's history gives the sweep. @param seconds wall time of training as far as it is known: a tab that was closed took its own with it */
export function resultOf(
  { recipe, base, step, tokens, device, state }: Pick<RunRecord, 'recipe' | 'base' | 'step' | 'tokens' | 'device' | 'state'>,
  { rows, evaluations }: { rows: readonly MetricRow[]; evaluations: readonly EvaluationRow[] },
  seconds: number,
): Pick<RunEnd, 'result' | 'judged' | 'base'> {
  const ids = recipe.channels.map(({ id }) => id);
  const curves = (points: readonly { step: number }[], value: (at: number, id: string) => number | null | undefined) =>
    Object.fromEntries(ids.map((id) => [id, thinned(points.map((point, at) => [point.step, value(at, id) ?? null]))]));
  const broke = state === 'failed';
  const latest = evaluations.at(-1);
  const begin = base ?? evaluations[0] ?? null;
  const measured = begin && latest && !broke ? { begin, latest } : null;
  // Without a domain channel a run is judged by nothing, and without a general one it forgets nothing.
  const gain = measured && (domainGain(measured.begin, measured.latest, recipe.channels)?.nats ?? 0);
  const retention = measured && (meanRetention(measured.begin, measured.latest, recipe.channels) ?? 1);
  return {
    result: {
      steps: step,
      tokens,
      losses: Object.fromEntries(ids.map((id) => [id, broke ? null : (latest?.channels[id]?.loss ?? null)])),
      heldOut: curves(evaluations, (at, id) => evaluations[at]!.channels[id]?.loss),
      train: curves(rows, (at, id) => rows[at]!.loss[id]),
      seconds: Math.max(seconds, rows.reduce((sum, row, at) => sum + (row.step - (rows[at - 1]?.step ?? 0)) * row.stepMs, 0) / 1000),
      device,
    },
    judged: { steps: step, gain, retention },
    base: begin && Object.fromEntries(Object.entries(begin.channels).map(([id, { loss }]) => [id, loss])),
  };
}

/** Evenly thinned, the first and the last point kept. */
function thinned(points: readonly (readonly [x: number, y: number | null])[]): SweepCurve {
  const count = Math.min(MOST_POINTS, points.length);
  const kept = Array.from({ length: count }, (_, at) => points[count > 1 ? Math.round((at * (points.length - 1)) / (count - 1)) : 0]!);
  return { x: kept.map(([x]) => x), y: kept.map(([, y]) => (y !== null && Number.isFinite(y) ? y : null)) };
}

/** A run of a sweep as the library names it: the sweep, its number from 1, and its setting. */
export function runName({ name, plan }: SweepRecord, { index, setting, seed }: SweepRun): string {
  const word = (value: unknown) =>
    typeof value === 'number' ? String(Number(value.toPrecision(4))) : typeof value === 'string' ? value : JSON.stringify(value);
  const short = (field: string) => field.replace(/^channels\.(.+)\.share$/, '$1').replace(/^(schedule|budget|method|regularisation)\./, '');
  const words = Object.entries(setting).map(([field, value]) => `${short(field)} ${word(value)}`);
  if ((plan?.seeds.length ?? 1) > 1) words.push(`seed ${seed}`);
  return `${name} ${index + 1}${words.length > 0 ? ` · ${words.join(' · ')}` : ''}`;
}

/**
 * The queue as a person changes it.
 * @param refuse called with the index of a run that has begun, or that there is not
 * @throws StudioError `sweep-invalid`, `recipe-invalid` of a setting that cannot be trained
 */
export function edited(
  sweep: SweepRecord,
  edit:
    | { kind: 'order' | 'drop' | 'restore'; indices: readonly number[] }
    | { kind: 'add'; setting: SweepRun['setting']; seeds: readonly number[]; prediction?: SweepPrediction },
  refuse: (index: number) => never,
): SweepRecord {
  if (edit.kind === 'add') {
    const { plan, runs } = sweep;
    if (!plan) return refuseSweep('plan', 'null', 'a plan');
    const first = Math.max(-1, ...runs.map(({ index }) => index)) + 1;
    const added = edit.seeds.map((seed, at): SweepRun => {
      const recipe = parseRecipe(recipeOf(plan, edit.setting, seed));
      const made = edit.prediction ? { prediction: edit.prediction } : {};
      return { index: first + at, setting: edit.setting, seed, ...waiting(recipe), ...made };
    });
    const all = [...runs, ...added];
    sweepCost(
      plan,
      all.flatMap((run) => (run.recipe && run.state !== 'dropped' ? [{ ...run, recipe: run.recipe }] : [])),
      [],
    );
    return reopened({ ...sweep, runs: all });
  }
  const chosen = edit.indices.map((index) => {
    const run = sweep.runs.find((one) => one.index === index);
    const fits =
      run && (edit.kind === 'restore' ? run.state === 'dropped' : untouched(run) || (edit.kind === 'drop' && isAside(run, sweep)));
    return fits ? run : refuse(index);
  });
  const changed = (to: (run: SweepRun) => SweepRun) => ({
    ...sweep,
    runs: sweep.runs.map((run) => (chosen.includes(run) ? to(run) : run)),
  });
  if (edit.kind === 'drop') return settled(changed((run) => ({ ...run, state: 'dropped' })));
  // What has begun goes on where it was.
  if (edit.kind === 'restore')
    return reopened(changed((run) => ({ ...run, error: null, state: run.run === null && !run.judged?.length ? 'planned' : 'training' })));
  // Those that are not named come behind, and what has begun stays where it is.
  const order = [...chosen, ...sweep.runs.filter((run) => untouched(run) && !chosen.includes(run))];
  return { ...sweep, runs: sweep.runs.map((run) => (untouched(run) ? order.shift()! : run)) };
}

/** A finished sweep with something to train again waits until a tab takes from it. */
const reopened = (sweep: SweepRecord): SweepRecord => (sweep.state === 'finished' ? { ...sweep, state: 'paused' } : sweep);
