/**
 * The studio's own log, metrics.jsonl, as a run keeps it and as the exported train.py writes it: a line a logging window, an evaluation or an
 * event, with recipe.json and changes.json beside it. Lines come from a file, so each is checked; one that is no record is left out.
 */
import { errorRecord, StudioError, type ErrorRecord } from '../errors';
import { liftRecipe, recipeSchema, type Recipe } from '../recipe/schema';
import { liftEvent, type LoggedEvent } from '../run/events';
import { checkChange, settingsAt } from '../run/live-changes';
import { STOP_REASONS, type EvaluationRow, type LiveChange, type MetricRow, type NotFinite, type RunState } from '../run/types';
import { importedRun, type ImportedRun } from './imported-run';
import { trackedRun } from './tracked-run';

type Row = Readonly<Record<string, unknown>>;

/** A change that a control file made, with the file's SHA-256. */
export interface ControlChange extends LiveChange {
  control: string | null;
}

/** A control file that the script did not take, with its sentence. */
interface ControlRefusal {
  step: number;
  sentence: string;
}

export interface StudioLog {
  rows: MetricRow[];
  evaluations: EvaluationRow[];
  events: LoggedEvent[];
  changes: ControlChange[];
  refusals: ControlRefusal[];
}

const KINDS: ReadonlySet<unknown> = new Set(['window', 'evaluation', 'event']);

export const isStudioLine = (row: Row): boolean => KINDS.has(row['kind']) && typeof row['step'] === 'number';

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);
const finite = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const finiteOr = <Other>(value: unknown, other: Other): number | Other => (finite(value) ? value : other);

/** Channel → number, of those that are one. */
function numbersOf(value: unknown): Record<string, number> {
  return isRow(value) ? (Object.fromEntries(Object.entries(value).filter(([, number]) => finite(number))) as Record<string, number>) : {};
}

function windowOf(row: Row, step: number): MetricRow {
  const loss: MetricRow['loss'] = {};
  const broken: Record<string, NotFinite> = {};
  // Python writes NaN and Infinity bare, of which looseJson makes words; the studio keeps them apart.
  const take = (id: string, value: unknown): number | null => {
    if (finite(value)) return value;
    if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') broken[id] = value;
    return null;
  };
  for (const [id, value] of Object.entries(isRow(row['loss']) ? row['loss'] : {})) loss[id] = take(id, value);
  const total = take('total', row['total']);
  for (const [id, value] of Object.entries(isRow(row['notFinite']) ? row['notFinite'] : {})) take(id, value);
  return {
    ...{ step, lr: finiteOr(row['lr'], 0), gradNorm: finiteOr(row['gradNorm'], null), stepMs: finiteOr(row['stepMs'], 0) },
    ...{ tokens: finiteOr(row['tokens'], 0), loss, count: numbersOf(row['count']), total },
    ...(Object.keys(broken).length > 0 ? { notFinite: broken } : {}),
    ...(finite(row['lossScale']) ? { lossScale: row['lossScale'], skippedSteps: finiteOr(row['skippedSteps'], 0) } : {}),
  };
}

function evaluationOf(row: Row, step: number): EvaluationRow | null {
  const channels: EvaluationRow['channels'] = {};
  for (const [id, found] of Object.entries(isRow(row['channels']) ? row['channels'] : {}))
    if (isRow(found) && finite(found['loss']))
      channels[id] = { loss: found['loss'], tokens: finiteOr(found['tokens'], 0), bytes: finiteOr(found['bytes'], 0) };
  return Object.keys(channels).length === 0 ? null : { step, channels, retention: finiteOr(row['retention'], null) };
}

const ELSEWHERE: ErrorRecord = errorRecord(new StudioError('internal', 'failed', { detail: 'failed' }));

function eventOf(row: Row, step: number): LoggedEvent | null {
  const at = finiteOr(row['at'], null);
  const event = liftEvent({ ...row, step, at });
  switch (event?.type) {
    case 'paused':
    case 'resumed':
      return { type: event.type, step, at };
    case 'stopped':
      return { type: 'stopped', step, at, reason: STOP_REASONS.find((known) => known === event.reason) ?? 'person' };
    case 'failed': {
      const { code, values } = (isRow(event.error) ? event.error : {}) as Partial<ErrorRecord>;
      const known = code === 'loss-not-finite' || code === 'gradient-not-finite';
      const said = Object.entries(isRow(values) ? values : {}).filter(([, value]) => ['string', 'number'].includes(typeof value));
      return {
        type: 'failed',
        step,
        at,
        error: known ? { code, message: code, values: { loss: 'NaN', ...Object.fromEntries(said) } } : ELSEWHERE,
      };
    }
    default:
      return null;
  }
}

function changeOf(row: Row): ControlChange | null {
  const { step, at, settings, control } = row;
  if (!finite(step) || !isRow(settings)) return null;
  return { step, at: finiteOr(at, 0), settings, control: typeof control === 'string' ? control : null };
}

export const emptyLog = (): StudioLog => ({ rows: [], evaluations: [], events: [], changes: [], refusals: [] });

/** Adds lines to a log in their order. */
export function addLines(log: StudioLog, lines: readonly Row[]): void {
  for (const row of lines) {
    const step = row['step'];
    if (!finite(step) || step < 0) continue;
    if (row['kind'] === 'window') log.rows.push(windowOf(row, step));
    else if (row['kind'] === 'evaluation') {
      const evaluation = evaluationOf(row, step);
      if (evaluation) log.evaluations.push(evaluation);
    } else if (row['type'] === 'control') {
      const change = changeOf(row);
      if (change) log.changes.push(change);
    } else if (row['type'] === 'refused') log.refusals.push({ step, sentence: String(row['sentence']).slice(0, 500) });
    else {
      const event = eventOf(row, step);
      if (event) log.events.push(event);
    }
  }
}

/** Entries of changes.json. */
export function readChanges(value: unknown): ControlChange[] {
  return Array.isArray(value) ? value.filter(isRow).flatMap((row) => changeOf(row) ?? []) : [];
}

/** Changes that the log and changes.json tell of, each once, in the order of their steps. */
export function allChanges(log: StudioLog, beside: readonly ControlChange[]): ControlChange[] {
  const key = ({ step, at, control, settings }: ControlChange) => control ?? `${step} ${at} ${JSON.stringify(settings)}`;
  return [...new Map([...log.changes, ...beside].map((change) => [key(change), change])).values()].sort(
    (one, other) => one.step - other.step,
  );
}

/** What is said of settings by changes of a file; what the recipe could not have is left out. */
function checkedChanges(recipe: Recipe, changes: readonly ControlChange[]): LiveChange[] {
  const checked: LiveChange[] = [];
  for (const { step, at, settings } of changes)
    try {
      const now = settingsAt(recipe, checked, step);
      const next = checkChange(recipe, now, settings);
      if (Object.keys(next).length > 0) checked.push({ step, at, settings: next });
    } catch {
      // A script of another version; the run's losses are told all the same.
    }
  return checked;
}

/** How it stands by its last event: a log that was cut off within training says nothing. */
function stateOf({ events }: StudioLog): { state: RunState; stopReason: ImportedRun['record']['stopReason']; error: ErrorRecord | null } {
  const last = events.findLast(({ type }) => type === 'stopped' || type === 'failed' || type === 'resumed');
  if (last?.type === 'failed') return { state: 'failed', stopReason: 'error', error: last.error };
  if (last?.type === 'stopped') return { state: last.reason === 'budget' ? 'finished' : 'stopped', stopReason: last.reason, error: null };
  return { state: 'stopped', stopReason: null, error: null };
}

/** Of a step that was logged twice, as after a resume, the later says how it is. */
const byStep = <Of extends { step: number }>(rows: readonly Of[]): Of[] =>
  [...new Map(rows.map((row) => [row.step, row])).values()].sort((one, other) => one.step - other.step);

/** @param value what recipe.json holds; null where it is not there @returns null where it is no recipe of this log's channels */
export function logRecipe(log: StudioLog, value: unknown): Recipe | null {
  const named = new Set(log.evaluations.flatMap(({ channels }) => Object.keys(channels)));
  for (const { loss } of log.rows) for (const id of Object.keys(loss)) named.add(id);
  try {
    const { data } = recipeSchema.safeParse(liftRecipe(value));
    return data && [...named].every((id) => data.channels.some((channel) => channel.id === id)) ? data : null;
  } catch {
    return null;
  }
}

/**
 * @param recipe of `logRecipe`; null: channels, shares and rate as far as the log tells them
 * @returns null where the log has no loss yet
 */
export function studioRun(
  log: StudioLog,
  { recipe: given, changes }: { recipe: Recipe | null; changes: readonly ControlChange[] },
  { name, file, now }: { name: string; file: string; now: number },
): ImportedRun | null {
  const [rows, evaluations] = [byStep(log.rows), byStep(log.evaluations)];
  const recipe = given ?? guessed(rows, evaluations, { name, file, now });
  if (!recipe || (rows.length === 0 && evaluations.length === 0)) return null;
  const times = [...log.events, ...changes].flatMap(({ at }) => at || []);
  const last = Math.max(rows.at(-1)?.step ?? 0, evaluations.at(-1)?.step ?? 0, log.events.at(-1)?.step ?? 0);
  return {
    record: {
      ...{ name: (given?.name ?? name).slice(0, 120), createdAt: Math.min(now, ...times), updatedAt: Math.max(...times, 0) || now },
      ...stateOf(log),
      ...{ recipe, changes: checkedChanges(recipe, changes), step: last, tokens: rows.at(-1)?.tokens ?? 0, trainTokens: {}, device: '' },
      base: evaluations[0]?.step === 0 ? evaluations[0] : null,
      latest: evaluations.at(-1) ?? null,
      imported: { file, format: 'crossfade', others: [] },
    },
    ...{ rows, evaluations, events: log.events },
  };
}

function guessed(
  rows: readonly MetricRow[],
  evaluations: readonly EvaluationRow[],
  from: { name: string; file: string; now: number },
): Recipe | null {
  const ids = new Set([...rows.flatMap(({ loss }) => Object.keys(loss)), ...evaluations.flatMap(({ channels }) => Object.keys(channels))]);
  const channels = [...ids].map((id) => ({ id }));
  const series = trackedRun({ name: from.name, createdAt: 0, recipe: { channels } as Recipe }, rows, evaluations);
  return importedRun({ ...series, config: null }, { ...from, format: 'crossfade' })?.record.recipe ?? null;
}
