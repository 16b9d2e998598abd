/**
 * Stored runs: a record in IndexedDB and the metrics in `runs/<id>/metrics.jsonl`, one line per logging window, evaluation or event in
 * order of time. Lines are appended, so a crash can cut the last one short; readers skip such a line. The trainer writes under the
 * run's lock: a run that is recorded as running but has no lock is shown as interrupted.
 */
import { liftEvent, type LoggedEvent } from '../../src/core/run/events';
import type { EvaluationRow, MetricRow, RunMarks, RunRecord, RunRules, RunState } from '../../src/core/run/types';
import type { ImportedRun } from '../../src/core/trackers/imported-run';
import { files, type FileStore } from './files';
import { StudioError } from '../../src/core/errors';
import { liftRecipe, recipeSchema, type Recipe } from '../../src/core/recipe/schema';
import { sha256 } from './hash';
import { lockedRuns, lockRun } from './locks';
import { putRecord, records } from './records';

export type MetricLine = ({ kind: 'window' } & MetricRow) | ({ kind: 'evaluation' } & EvaluationRow) | ({ kind: 'event' } & LoggedEvent);

export interface RunMetrics {
  rows: MetricRow[];
  evaluations: EvaluationRow[];
  events: LoggedEvent[];
}

export const metricsPath = (runId: string): string => `runs/${runId}/metrics.jsonl`;

export async function appendMetrics(runId: string, lines: readonly MetricLine[], store: FileStore = files): Promise<void> {
  if (lines.length > 0) await store.append(metricsPath(runId), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

export async function readMetrics(runId: string, store: FileStore = files): Promise<RunMetrics> {
  const path = metricsPath(runId);
  return parseMetrics((await store.exists(path)) ? await store.readText(path) : '');
}

/** Removes all lines after `step`: steps between the last checkpoint and a crash are computed and logged again. */
export async function truncateMetrics(runId: string, step: number, store: FileStore = files): Promise<void> {
  const path = metricsPath(runId);
  if (!(await store.exists(path))) return;
  const text = await store.readText(path);
  let kept = 0;
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', kept)) {
    const line = parseLine(text.slice(kept, end));
    if (!line || line.step > step) break;
    kept = end + 1;
  }
  if (kept < text.length) await store.truncate(path, new TextEncoder().encode(text.slice(0, kept)).byteLength);
}

/** Begins a run's history with what another one logged up to `step`, without what happened to that one. */
export async function copyMetrics(from: string, to: string, step: number, store: FileStore = files): Promise<void> {
  const { rows, evaluations, events } = await readMetrics(from, store);
  const lines: MetricLine[] = [
    ...rows.map((row): MetricLine => ({ kind: 'window', ...row })),
    ...evaluations.map((row): MetricLine => ({ kind: 'evaluation', ...row })),
    // Told again where it is at the very step.
    ...events.flatMap((event): MetricLine[] => (event.type === 'unfrozen' && event.step < step ? [{ kind: 'event', ...event }] : [])),
  ];
  await appendMetrics(
    to,
    lines.filter((line) => line.step <= step).sort((a, b) => a.step - b.step),
    store,
  );
}

/** Lines of a metrics.jsonl, sorted by kind. */
function parseMetrics(text: string): RunMetrics {
  const metrics: RunMetrics = { rows: [], evaluations: [], events: [] };
  for (const source of text.split('\n')) {
    const line = parseLine(source);
    if (!line) continue;
    if (line.kind === 'window') {
      const { kind: _, ...row } = line;
      metrics.rows.push(row);
    } else if (line.kind === 'evaluation') {
      const { kind: _, ...row } = line;
      metrics.evaluations.push(row);
    } else {
      const { kind: _, ...written } = line;
      const event = liftEvent(written);
      if (event) metrics.events.push(event);
    }
  }
  return metrics;
}

function parseLine(source: string): MetricLine | null {
  if (source === '') return null;
  try {
    return JSON.parse(source) as MetricLine;
  } catch {
    return null;
  }
}

export interface NewRun {
  recipe: Recipe;
  name: string;
  device: string;
  /** Channel id → tokens of its training text. */
  trainTokens: Record<string, number>;
  rules: RunRules;
  /** Where it belongs: to a chain, or to a sweep. */
  place?: Pick<RunRecord, 'chain' | 'sweep'>;
}

const ALIVE: ReadonlySet<RunState> = new Set(['preparing', 'running', 'paused']);

/** Stores a new run in state `preparing` and returns its record. */
export async function createRun({ recipe, name, device, trainTokens, rules, place }: NewRun): Promise<RunRecord> {
  const now = Date.now();
  const record: RunRecord = {
    id: crypto.randomUUID(),
    name,
    createdAt: now,
    updatedAt: now,
    state: 'preparing',
    stopReason: null,
    error: null,
    recipe,
    changes: [],
    step: 0,
    tokens: 0,
    trainTokens,
    rules,
    device,
    base: null,
    latest: null,
    ...place,
  };
  await putRecord('runs', record);
  return record;
}

/** Stores a run that was trained elsewhere. @param id where it is the same at every reading. Throws `quota`. */
export async function storeImportedRun(
  { record, rows, evaluations, events = [] }: ImportedRun,
  id: string = crypto.randomUUID(),
): Promise<RunRecord> {
  const run: RunRecord = { id, ...record };
  await appendMetrics(run.id, linesOf({ rows, evaluations, events }));
  await putRecord('runs', run);
  return run;
}

/** In the order of their steps. */
export function linesOf({ rows, evaluations, events }: Readonly<Record<keyof RunMetrics, readonly object[]>>): MetricLine[] {
  const lines = [
    ...rows.map((row) => ({ kind: 'window', ...row })),
    ...evaluations.map((row) => ({ kind: 'evaluation', ...row })),
    ...events.map((event) => ({ kind: 'event', ...event })),
  ] as MetricLine[];
  return lines.sort((one, other) => one.step - other.step);
}

/** The history of a run whose log was written anew. Throws `quota`. */
export async function replaceMetrics(runId: string, lines: readonly MetricLine[], store: FileStore = files): Promise<void> {
  await store.write(metricsPath(runId), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** The record; its state is `interrupted` when its writer is gone. Throws `run-missing`. */
export async function readRun(id: string): Promise<RunRecord> {
  return present(await stored(id), await lockedRuns());
}

/** All runs, newest first. */
export async function listRuns(): Promise<RunRecord[]> {
  const locked = await lockedRuns();
  const all = await (await records()).getAll('runs');
  return all.map((record) => present(record, locked)).sort((a, b) => b.createdAt - a.createdAt);
}

/** Id of the run that a sweep has trained, or begun, at an index; null when there is none. */
export async function runOfSweep(sweep: string, index: number): Promise<string | null> {
  const all = await (await records()).getAll('runs');
  return all.find((record) => record.sweep?.id === sweep && record.sweep.index === index)?.id ?? null;
}

/** Changes fields of a run's record. Throws `run-missing`. */
export async function updateRun(id: string, fields: Partial<Omit<RunRecord, 'id' | 'createdAt'>>): Promise<RunRecord> {
  const transaction = (await records()).transaction('runs', 'readwrite');
  const former = await transaction.store.get(id);
  if (!former) throw missing(id);
  const record = { ...former, updatedAt: Date.now(), ...fields };
  await transaction.store.put(record);
  await transaction.done;
  return record;
}

export async function renameRun(id: string, name: string): Promise<void> {
  await updateRun(id, { name });
}

/** Letters of a note and of a tag, and tags of a run. */
const MOST = { note: 4000, tag: 40, tags: 20 } as const;

/** Changes what a person put down about a run; the time of its last change stays. Throws `run-missing`. */
export async function markRun(id: string, { note, tags, ...flags }: RunMarks): Promise<RunRecord> {
  const { updatedAt } = await readRun(id);
  const plain = tags?.map((tag) => tag.trim().replace(/\s+/g, ' ').slice(0, MOST.tag)).filter((tag) => tag !== '');
  await updateRun(id, {
    updatedAt,
    ...flags,
    ...(note === undefined ? {} : { note: note.trim().slice(0, MOST.note) }),
    ...(plain === undefined ? {} : { tags: [...new Set(plain)].slice(0, MOST.tags) }),
  });
  return readRun(id);
}

/** Removes a run with its metrics and checkpoints. Throws `run-locked` while a tab trains it. */
/** Files of a run that hold what was measured of its weights, by a hash of the weights' names. */
const measuresPath = async (id: string, name: string): Promise<string> =>
  `runs/${id}/measures/${(await sha256(new TextEncoder().encode(name))).slice(0, 32)}.json`;

/** @throws StudioError `run-missing`, `quota` */
export async function keepMeasures(id: string, name: string, text: string, store: FileStore = files): Promise<void> {
  await readRun(id);
  await store.write(await measuresPath(id, name), text);
}

export async function keptMeasures(id: string, name: string, store: FileStore = files): Promise<string | null> {
  const path = await measuresPath(id, name);
  return (await store.exists(path)) ? store.readText(path) : null;
}

export async function removeRun(id: string, store: FileStore = files): Promise<void> {
  const lock = await lockRun(id);
  try {
    await removeStored(id, store);
  } finally {
    lock.release();
  }
}

/** For who holds the run's lock. */
export async function removeStored(id: string, store: FileStore = files): Promise<void> {
  const transaction = (await records()).transaction(['runs', 'checkpoints', 'follows'], 'readwrite');
  for (const key of await transaction.objectStore('checkpoints').index('runId').getAllKeys(id))
    await transaction.objectStore('checkpoints').delete(key);
  await transaction.objectStore('runs').delete(id);
  await transaction.objectStore('follows').delete(id);
  await transaction.done;
  await store.remove(`runs/${id}`);
}

/** The record with its present state and its recipe in the current version: older names lifted, newer fields at their defaults. */
function present(record: RunRecord, locked: ReadonlySet<string>): RunRecord {
  const lifted = liftRecipe(record.recipe);
  const { data: recipe = lifted as Recipe } = recipeSchema.safeParse(lifted);
  const state = ALIVE.has(record.state) && !locked.has(record.id) ? 'interrupted' : record.state;
  return { ...record, recipe, state };
}

async function stored(id: string): Promise<RunRecord> {
  const record = await (await records()).get('runs', id);
  if (!record) throw missing(id);
  return record;
}

function missing(id: string): StudioError {
  return new StudioError('run-missing', `There is no run "${id}"`, { run: id });
}
