/**
 * What happened to a run, as one union that chart markers, history, table, report and diagnosis read. Values before and after are
 * numbers and ids; words and names are made where they are shown. Changed settings, evaluations and checkpoints are told from the
 * run's record and files, the others are lines of metrics.jsonl.
 */
import { withShares, withWeights, weightsOf } from '../recipe/edits';
import type { ErrorRecord } from '../errors';
import type { Recipe, Schedule } from '../recipe/schema';
import { warmupSteps } from '../schedule/schedule';
import type { CheckpointRecord, LiveSettings, RunRecord, StopReason } from './types';

interface When {
  /** Finished steps. */
  step: number;
  /** Epoch milliseconds; null where it was not recorded. */
  at: number | null;
}

interface Change<Type extends string, Value> extends When {
  type: Type;
  before: Value;
  after: Value;
  /** Step of the first of several changes that are joined into this one. */
  since?: number;
}

/** Warmup as it was set, and in steps of this run. */
export type WarmupSetting = Schedule['warmup'] & { steps: number };
/** The schedule's form, without its peak and warmup. */
type ScheduleShape = Pick<Schedule, 'kind' | 'minRatio' | 'decayRatio' | 'decayShape'>;

export type SettingEvent =
  /** Shares of the channels that moved; by the recipe's automation or by hand. */
  | (Change<'mixture', Record<string, number>> & { rule?: true })
  /** Weights in the objective of the channels whose weight moved. */
  | Change<'objective', Record<string, number>>
  /** Peak learning rate. */
  | Change<'learning-rate', number>
  | Change<'warmup', WarmupSetting>
  | Change<'schedule', ScheduleShape>;

export type RunEvent =
  | (When & { type: 'started' })
  | SettingEvent
  | (When & { type: 'evaluation'; retention: number | null })
  | (When & { type: 'checkpoint'; reason: CheckpointRecord['reason']; bytes: number })
  /** With precision f16: steps skipped since the start because a scaled gradient overflowed, and the loss scale after it. */
  | (Change<'skipped-steps', number> & { lossScale: number })
  /** A phase of the recipe begins, from 0, with what it sets apart from the one before. */
  | (When & { type: 'phase'; index: number; name: string | null; changes: SettingEvent[] })
  | (When & { type: 'paused' })
  | (When & { type: 'resumed' })
  /** All steps of the run: a finished one was given more. */
  | Change<'extended', number>
  /** Up to here it is another run, from whose checkpoint it goes on by a recipe of its own. */
  | (When & { type: 'forked'; run: string; name: string })
  /** Parts of the model that are trained from here on: layers by their number from 1 ("L3"), other modules by name. */
  | (When & { type: 'unfrozen'; parts: string[] })
  /** Its tab went away while it trained. */
  | (When & { type: 'interrupted' })
  /** The end, by the budget, a stopping rule or a person. */
  | (When & { type: 'stopped'; reason: StopReason })
  | (When & { type: 'failed'; error: ErrorRecord });

/** Events that metrics.jsonl keeps: nothing else tells of them. */
export type LoggedEvent = Extract<RunEvent, { type: 'paused' | 'resumed' | 'extended' | 'forked' | 'unfrozen' | 'stopped' | 'failed' }>;

/** As a person reads a step: what was changed comes before what was measured and kept. */
const ORDER: Record<RunEvent['type'], number> = {
  started: 0,
  resumed: 1,
  phase: 2,
  mixture: 3,
  objective: 3,
  'learning-rate': 4,
  warmup: 5,
  schedule: 6,
  'skipped-steps': 7,
  evaluation: 8,
  checkpoint: 9,
  unfrozen: 10,
  paused: 11,
  stopped: 12,
  failed: 12,
  interrupted: 12,
  // After the end that it takes back.
  extended: 13,
  forked: 13,
};

export function sortEvents(events: readonly RunEvent[]): RunEvent[] {
  return [...events].sort((a, b) => a.step - b.step || ORDER[a.type] - ORDER[b.type]);
}

export function isSettingEvent(event: RunEvent): event is SettingEvent {
  return (
    event.type === 'mixture' ||
    event.type === 'objective' ||
    event.type === 'learning-rate' ||
    event.type === 'warmup' ||
    event.type === 'schedule'
  );
}

/** Shares that differ by less are equal but for rounding. */
const SAME_SHARE = 1e-6;

/** What sets two settings of a run apart, one event for each kind of setting. @param steps of the whole run; @param rule the recipe's automation moved the shares */
export function settingEvents(when: When, before: LiveSettings, after: LiveSettings, steps: number, rule = false): SettingEvent[] {
  const events: SettingEvent[] = [];
  const move = (type: 'mixture' | 'objective', was: Record<string, number>, is: Record<string, number>) => {
    const moved = Object.keys(is).filter((id) => Math.abs((was[id] ?? 0) - is[id]!) > SAME_SHARE);
    const of = (values: Record<string, number>) => Object.fromEntries(moved.map((id) => [id, values[id] ?? 0]));
    const by = rule && type === 'mixture' ? { rule: true as const } : {};
    if (moved.length > 0) events.push({ ...when, type, before: of(was), after: of(is), ...by });
  };
  move('mixture', before.shares, after.shares);
  move('objective', before.weights ?? {}, after.weights ?? {});
  const [from, to] = [before.schedule, after.schedule];
  if (from.peakLr !== to.peakLr) events.push({ ...when, type: 'learning-rate', before: from.peakLr, after: to.peakLr });
  if (from.warmup.unit !== to.warmup.unit || from.warmup.value !== to.warmup.value) {
    const of = (schedule: Schedule): WarmupSetting => ({ ...schedule.warmup, steps: warmupSteps(schedule, steps) });
    events.push({ ...when, type: 'warmup', before: of(from), after: of(to) });
  }
  const [form, next] = [shapeOf(from), shapeOf(to)];
  if (SHAPE_FIELDS.some((field) => form[field] !== next[field])) events.push({ ...when, type: 'schedule', before: form, after: next });
  return events;
}

export const SHAPE_FIELDS = ['kind', 'minRatio', 'decayRatio', 'decayShape'] as const;

const shapeOf = ({ kind, minRatio, decayRatio, decayShape }: Schedule): ScheduleShape => ({ kind, minRatio, decayRatio, decayShape });

/** Does the schedule's change bend the curve? A constant schedule has no floor, and only WSD a decay of its own. */
export function bendsSchedule({ before, after }: Extract<SettingEvent, { type: 'schedule' }>): boolean {
  const counting = (shape: ScheduleShape) =>
    shape.kind === 'constant' ? ['kind'] : shape.kind === 'wsd' ? SHAPE_FIELDS : ['kind', 'minRatio'];
  return before.kind !== after.kind || SHAPE_FIELDS.some((field) => counting(after).includes(field) && before[field] !== after[field]);
}

/** The recipe with the value that an event's setting had before or after it. */
export function withSetting(recipe: Recipe, event: SettingEvent, side: 'before' | 'after'): Recipe {
  const { schedule } = recipe;
  switch (event.type) {
    case 'mixture':
      return withShares(recipe, event[side]);
    case 'objective':
      return withWeights(recipe, { ...weightsOf(recipe), ...event[side] });
    case 'learning-rate':
      return { ...recipe, schedule: { ...schedule, peakLr: event[side] } };
    case 'warmup': {
      const { steps: _, ...warmup } = event[side];
      return { ...recipe, schedule: { ...schedule, warmup } };
    }
    case 'schedule':
      return { ...recipe, schedule: { ...schedule, ...event[side] } };
  }
}

/**
 * A dragged fader leaves a change at every step it passed: changes of one setting within `near` steps of each other are joined into
 * one, at the step of the last, from the first value to the last.
 * @param events sorted by step
 */
export function joinDrags(events: readonly RunEvent[], near: number): RunEvent[] {
  const joined: RunEvent[] = [];
  for (const event of events) {
    const at = isSettingEvent(event) ? joined.findLastIndex((one) => one.type === event.type && byRule(one) === byRule(event)) : -1;
    const last = joined[at];
    if (!last || event.step - last.step > near) joined.push(event);
    else {
      joined.splice(at, 1);
      joined.push(joinTwo(last as SettingEvent, event as SettingEvent));
    }
  }
  return joined;
}

/** The recipe's automation moved the shares, and no hand. */
export const byRule = (event: RunEvent): boolean => event.type === 'mixture' && event.rule === true;

const isMove = (event: SettingEvent): event is Extract<SettingEvent, { type: 'mixture' | 'objective' }> =>
  event.type === 'mixture' || event.type === 'objective';

function joinTwo(first: SettingEvent, last: SettingEvent): RunEvent {
  const since = first.since ?? first.step;
  if (isMove(first) && isMove(last))
    return { ...last, since, before: { ...last.before, ...first.before }, after: { ...first.after, ...last.after } };
  return { ...last, since, before: first.before } as SettingEvent;
}

/**
 * The event of a line of metrics.jsonl. Runs before typed events wrote `{"event": "pause" | "resume" | "stop"}`, which a person alone
 * could ask for. Null for a line that is neither.
 */
export function liftEvent(line: object): LoggedEvent | null {
  const { type, event, ...when } = line as { type?: unknown; event?: unknown } & When;
  switch (event ?? type) {
    case 'pause':
      return { ...when, type: 'paused' };
    case 'resume':
      return { ...when, type: 'resumed' };
    case 'stop':
      return { ...when, type: 'stopped', reason: 'person' };
    case 'paused':
    case 'resumed':
    case 'extended':
    case 'forked':
    case 'unfrozen':
    case 'stopped':
    case 'failed':
      return line as LoggedEvent;
    default:
      return null;
  }
}

/** The end that a run's record tells of and its log does not: a crash logs nothing, and older runs logged only a person's stop. */
export function endEvent(record: RunRecord, logged: readonly RunEvent[]): RunEvent | null {
  const { state, stopReason, error, step, updatedAt: at, imported } = record;
  // A log does not say why it ends.
  if (imported) return null;
  const type = state === 'finished' ? 'stopped' : state;
  if (type !== 'stopped' && type !== 'failed' && type !== 'interrupted') return null;
  if (logged.slice(logged.findLastIndex((event) => event.type === 'resumed') + 1).some((event) => event.type === type)) return null;
  if (type === 'failed') return error && { step, at, type, error };
  return type === 'stopped' ? { step, at, type, reason: stopReason ?? 'person' } : { step, at, type };
}
