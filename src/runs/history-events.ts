/** A run's history as a person reads it: how it began, what was changed while it trained, what was measured and kept. */
import type { CheckpointRecord, EvaluationRow, LiveChange, RunRecord } from '../core/run/types';
import type { Schedule } from '../core/recipe/schema';

export type HistoryEvent = { step: number; at: number | null } & (
  | { kind: 'start' }
  | { kind: 'shares'; from: Record<string, number>; to: Record<string, number> }
  | { kind: 'schedule'; field: string; from: string | number; to: string | number }
  | { kind: 'evaluation'; retention: number | null; channels: EvaluationRow['channels'] }
  | { kind: 'checkpoint'; reason: CheckpointRecord['reason']; bytes: number }
  | { kind: 'end'; state: RunRecord['state']; reason: RunRecord['stopReason'] }
);

const ORDER: Record<HistoryEvent['kind'], number> = { start: 0, shares: 1, schedule: 2, evaluation: 3, checkpoint: 4, end: 5 };
const ENDED: readonly RunRecord['state'][] = ['stopped', 'finished', 'failed', 'interrupted'];

/** Sorted by step; within a step, what was changed comes before what was measured and kept. */
export function runHistory(
  run: RunRecord,
  evaluations: readonly EvaluationRow[],
  checkpoints: readonly CheckpointRecord[],
): HistoryEvent[] {
  const events: HistoryEvent[] = [{ kind: 'start', step: 0, at: run.createdAt }];
  let shares: Record<string, number> = Object.fromEntries(run.recipe.channels.map((channel) => [channel.id, channel.share]));
  let schedule = run.recipe.schedule;
  for (const change of run.changes) {
    const before = { shares, schedule };
    if (change.settings.shares) shares = { ...shares, ...change.settings.shares };
    if (change.settings.schedule) schedule = change.settings.schedule;
    events.push(...changeEvents(change, before, { shares, schedule }));
  }
  for (const row of evaluations)
    events.push({ kind: 'evaluation', step: row.step, at: null, retention: row.retention, channels: row.channels });
  for (const { step, at, reason, bytes } of checkpoints) events.push({ kind: 'checkpoint', step, at, reason, bytes });
  if (ENDED.includes(run.state)) events.push({ kind: 'end', step: run.step, at: run.updatedAt, state: run.state, reason: run.stopReason });
  return joinMoves(events.sort((one, other) => one.step - other.step || ORDER[one.kind] - ORDER[other.kind]));
}

/** Steps within which fader moves are one drag. */
const ONE_DRAG = 5;

/** A dragged fader leaves a change at every step it passed; it reads as one move from where it began to where it was let go. */
function joinMoves(events: readonly HistoryEvent[]): HistoryEvent[] {
  const joined: HistoryEvent[] = [];
  for (const event of events) {
    const last = joined.at(-1);
    if (last?.kind === 'shares' && event.kind === 'shares' && event.step - last.step <= ONE_DRAG)
      joined[joined.length - 1] = { ...event, from: { ...event.from, ...last.from }, to: { ...last.to, ...event.to } };
    else joined.push(event);
  }
  return joined;
}

interface Settings {
  shares: Record<string, number>;
  schedule: Schedule;
}

function changeEvents(change: LiveChange, before: Settings, after: Settings): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  const moved = Object.keys(after.shares).filter((id) => Math.abs((before.shares[id] ?? 0) - (after.shares[id] ?? 0)) > 1e-6);
  if (moved.length > 0) {
    const of = (shares: Record<string, number>) => Object.fromEntries(moved.map((id) => [id, shares[id] ?? 0]));
    events.push({ kind: 'shares', step: change.step, at: change.at, from: of(before.shares), to: of(after.shares) });
  }
  const old = flatSchedule(before.schedule);
  const present = flatSchedule(after.schedule);
  for (const [field, to] of Object.entries(present)) {
    const from = old[field];
    if (from !== undefined && from !== to) events.push({ kind: 'schedule', step: change.step, at: change.at, field, from, to });
  }
  return events;
}

function flatSchedule(schedule: Schedule): Record<string, string | number> {
  const { kind, peakLr, minRatio, decayRatio, decayShape, warmup } = schedule;
  return {
    kind,
    peakLr,
    minRatio,
    decayRatio,
    decayShape,
    warmup: warmup.unit === 'ratio' ? `${Number((warmup.value * 100).toPrecision(4))} %` : warmup.value,
  };
}
