/**
 * Logs of trainers and trackers, read as runs: Hugging Face's trainer_state.json, LLaMA-Factory's trainer_log.jsonl, ms-swift's logging.jsonl,
 * W&B's history, JSON Lines and CSV of anybody, rows of Trackio's parquet file. A line that cannot be read is counted and named, the others are
 * kept; a log that is being written ends within a line.
 */
import Papa from 'papaparse';
import { StudioError } from '../errors';
import type { LogFormat, Point, TrackedRun } from './tracked-run';

export interface ReadLog {
  format: LogFormat;
  runs: TrackedRun[];
  /** Lines that are no record, from 1, at most the first hundred. */
  badLines: number[];
}

type Row = Readonly<Record<string, unknown>>;

/** Names of the step, most telling first. `train/global_step` is what the Trainer logs to trackers that count on their own. */
const STEP_KEYS = ['train/global_step', 'global_step', 'current_steps', 'global_step/max_steps', 'iteration', 'iter', 'step', '_step'];
const TIME_KEYS = ['_timestamp', 'timestamp', 'time', 'wall_time'];
/** Columns that say where a number belongs, and are no series. */
const PLACE_KEYS = new Set([
  ...STEP_KEYS,
  ...TIME_KEYS,
  ...[
    '_runtime',
    'total_steps',
    'max_steps',
    'percentage',
    'elapsed_time',
    'remaining_time',
    'id',
    'run_id',
    'run_name',
    'log_id',
    'space_id',
  ],
]);
const MOST_FAULTS = 100;

/** What JSON cannot say, as loggers write it. */
const NUMBERS: Readonly<Record<string, number>> = {
  nan: NaN,
  inf: Infinity,
  '+inf': Infinity,
  infinity: Infinity,
  '-inf': -Infinity,
  '-infinity': -Infinity,
};

function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return null;
  const text = value.trim();
  const known = NUMBERS[text.toLowerCase()];
  if (known !== undefined) return known;
  // "1.5e-4" and "20/300", the step of ms-swift.
  const number = Number(/^(\d+)\/\d+$/.exec(text)?.[1] ?? text);
  return Number.isNaN(number) ? null : number;
}

function timeOf(row: Row): number {
  for (const key of TIME_KEYS) {
    const value = row[key];
    // Seconds since 1970 are below this; milliseconds are not.
    if (typeof value === 'number' && value > 0) return value < 1e11 ? value * 1000 : value;
    if (typeof value === 'string' && !Number.isNaN(Date.parse(value))) return Date.parse(value);
  }
  return 0;
}

function stepOf(row: Row): number | null {
  for (const key of STEP_KEYS) {
    const step = numberOf(row[key]);
    if (step !== null && Number.isFinite(step)) return step;
  }
  return null;
}

/**
 * Rows of one run. A row without a step has that of the one before (HF's last row) or, where none has one, its own number.
 * A step that comes again replaces what it said before: a run that was resumed logs it anew, and everything after it is old.
 */
export function runOfRows(name: string, rows: readonly Row[], config: TrackedRun['config'] = null): TrackedRun {
  const series = new Map<string, Point[]>();
  const counted = rows.every((row) => stepOf(row) === null);
  let last = 0;
  rows.forEach((row, at) => {
    const step = counted ? at : (stepOf(row) ?? last);
    const time = timeOf(row);
    if (step < last) for (const points of series.values()) while ((points.at(-1)?.step ?? -1) >= step) points.pop();
    last = step;
    for (const [tag, raw] of Object.entries(row)) {
      const value = PLACE_KEYS.has(tag) ? null : numberOf(raw);
      if (value === null) continue;
      const points = series.get(tag) ?? [];
      if (points.at(-1)?.step === step) points.pop();
      points.push({ step, value, time });
      series.set(tag, points);
    }
  });
  const planned = plannedSteps(rows.at(-1) ?? config ?? {}) ?? plannedSteps(config ?? {});
  return { name, config, series, ...(planned === null ? {} : { steps: planned }) };
}

/** total_steps of LLaMA-Factory, max_steps of the Trainer's state, "20/300" of ms-swift. */
function plannedSteps(row: Row): number | null {
  const said = /^\d+\/(\d+)$/.exec(String(row['global_step/max_steps']))?.[1];
  const steps = numberOf(row['total_steps'] ?? said ?? row['max_steps']);
  return steps !== null && Number.isSafeInteger(steps) && steps > 0 ? steps : null;
}

/** JSON as Python writes it: NaN and Infinity stand bare. */
export function looseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.replace(/(?<=[[:,]\s*)(NaN|-?Infinity)(?=\s*[\],}])/g, '"$1"'));
  }
}

export const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);

function jsonLines(text: string): { rows: Row[]; badLines: number[] } {
  const rows: Row[] = [];
  const badLines: number[] = [];
  const lines = text.split(/\r?\n/);
  lines.forEach((line, at) => {
    if (line.trim() === '') return;
    try {
      const value = looseJson(line);
      if (!isRow(value)) throw new SyntaxError('no object');
      rows.push(value);
    } catch {
      // The last line of a log that is being written.
      if (at < lines.length - 1 && badLines.length < MOST_FAULTS) badLines.push(at + 1);
    }
  });
  return { rows, badLines };
}

export function formatOf(rows: readonly Row[]): LogFormat {
  const has = (key: string) => rows.some((row) => key in row);
  if (has('current_steps') && has('total_steps')) return 'llama-factory';
  if (has('global_step/max_steps')) return 'ms-swift';
  return has('_step') || has('_timestamp') ? 'wandb' : 'jsonl';
}

const refuse = (name: string, found: string): never => {
  throw new StudioError('tracker-unknown', `${name}: ${found}`, { file: name });
};

/**
 * A text log. @param name of the file, which names the run where the log does not
 * @throws StudioError `tracker-unknown` where it holds no number over steps
 */
export function readTextLog(text: string, name: string): ReadLog {
  const plain = name.replace(/\.[^.]+$/, '');
  const body = text.replace(/^\uFEFF/, '').trim();
  const read = body.startsWith('{') || body.startsWith('[') ? jsonLog(body, plain) : csvLog(body, plain);
  if (read.runs.every(({ series }) => series.size === 0)) refuse(name, 'no series of numbers');
  return read;
}

function jsonLog(body: string, name: string): ReadLog {
  let whole: unknown = null;
  try {
    whole = looseJson(body);
  } catch {
    // Lines, then.
  }
  if (isRow(whole) && Array.isArray(whole['log_history'])) {
    const { log_history: rows, ...state } = whole as { log_history: unknown[] };
    return { format: 'trainer-state', runs: [runOfRows(name, rows.filter(isRow), scalarsOf(state))], badLines: [] };
  }
  if (Array.isArray(whole)) return { format: 'jsonl', runs: runsOfRows(name, whole.filter(isRow)), badLines: [] };
  const { rows, badLines } = jsonLines(body);
  return { format: formatOf(rows), runs: runsOfRows(name, rows), badLines };
}

const scalarsOf = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value === null || typeof value !== 'object'));

/** Rows of several runs, where they say which. */
export function runsOfRows(name: string, rows: readonly Row[], configs: ReadonlyMap<string, Row> = new Map()): TrackedRun[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const run = row['run_name'] ?? row['run'];
    const key = typeof run === 'string' && run !== '' ? run : name;
    const own = groups.get(key);
    if (own) own.push(row);
    else groups.set(key, [row]);
  }
  return [...groups].map(([run, own]) => runOfRows(run, own, configs.get(run) ?? null));
}

/** Long tables (`tag,step,value`, also TensorBoard's own download) become wide ones. */
function csvLog(body: string, name: string): ReadLog {
  const { data, errors } = Papa.parse<Record<string, string>>(body, { header: true, skipEmptyLines: true });
  const badLines = errors.flatMap(({ row }) => (row === undefined ? [] : [row + 2])).slice(0, MOST_FAULTS);
  const fields = Object.keys(data[0] ?? {});
  const lower = new Map(fields.map((field) => [field.trim().toLowerCase(), field]));
  const column = (...names: string[]) => names.map((one) => lower.get(one)).find((one) => one !== undefined);
  const [step, value, tag] = [column('step', ...STEP_KEYS), column('value'), column('tag', 'metric', 'key')];
  const [time, run] = [column('wall time'), column('run', 'run_name')];
  const rows: Row[] = data.map((row) => {
    const named = Object.fromEntries(Object.entries(row).map(([key, cell]) => [key.trim(), cell]));
    if (step === undefined || value === undefined) return named;
    const place = { step: row[step], ...(time ? { wall_time: Number(row[time]) } : {}), ...(run ? { run: row[run] } : {}) };
    return { ...place, [(tag && row[tag]) || name]: row[value] };
  });
  return { format: 'csv', runs: runsOfRows(name, rows), badLines };
}

/**
 * Rows of Trackio's metrics table, from its export (a column a tag) or its database's own columns (`metrics`, JSON).
 * @param rows as a parquet reader gives them
 */
export function readTrackioRows(name: string, rows: readonly Readonly<Record<string, unknown>>[]): ReadLog {
  const wide = rows.map((row) => {
    const { metrics, ...place } = row;
    const text = metrics instanceof Uint8Array ? new TextDecoder().decode(metrics) : metrics;
    const values: unknown = typeof text === 'string' ? JSON.parse(text) : (text ?? {});
    const all = { ...place, ...(values as Record<string, unknown>) };
    return Object.fromEntries(Object.entries(all).map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value]));
  });
  wide.sort((one, other) => Number(one['id'] ?? 0) - Number(other['id'] ?? 0));
  return { format: 'trackio', runs: runsOfRows(name, wide), badLines: [] };
}
