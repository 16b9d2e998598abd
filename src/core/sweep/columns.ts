/**
 * A sweep as a table in columns, a value a run: what was varied, where the recipes differ, what the runs gave. Charts, table, groups and
 * exports read the same columns. Runs that were measured elsewhere have no recipe; what their table said of them stands under the same fields.
 */
import { domainGain, meanRetention, retainedChannels, retention } from '../metrics/loss';
import { mean } from '../metrics/statistics';
import { recipeLeaves } from '../recipe/diff';
import type { Recipe } from '../recipe/schema';
import type { SweepCurve, SweepRecord, SweepRun } from './record';

/** A run as a table has it: one of a sweep, or one of the library, whose base is its own. */
export interface ColumnRun extends Pick<SweepRun, 'recipe' | 'setting' | 'seed' | 'result' | 'measured'> {
  state: string;
  /** Channel → held-out loss before training; absent: the table's. */
  base?: Readonly<Record<string, number>>;
}

export type Cell = number | string | null;
/** What the numbers of a column are in, and so how they are written. */
type Unit = 'nats' | 'ratio' | 'share' | 'rate' | 'count' | 'seconds' | 'date' | 'plain';
/** Of a loss's curve: its end, its least, its greatest, or its value at a step. */
type Reading = 'last' | 'min' | 'max' | 'at';

/** `setting`: an axis of the plan or a field in which the recipes differ. `channel` is null of what is over channels. */
type Subject =
  | { kind: 'setting'; path: string; axis: boolean }
  | { kind: 'seed' | 'state' | 'steps' | 'tokens' | 'seconds' | 'size' | 'epochs' | 'heldOut' | 'began' | 'tags' }
  | { kind: 'loss' | 'retention'; channel: string; reading: Reading }
  | { kind: 'meanRetention' | 'gain'; reading: 'last' | 'at' }
  | { kind: 'gap'; channel: string };

export interface Column {
  /** Stable, and the column's name in files: "loss_zh_min". */
  id: string;
  subject: Subject;
  type: 'number' | 'category';
  unit: Unit;
  /** In the order of the sweep's runs; null where a run has none. */
  values: readonly Cell[];
  /** Do the runs differ in it? Columns that are the same everywhere are offered, and not shown at first. */
  differs: boolean;
}

const RATE = /(^|\.)peakLr$/;
const SHARE = /^(domainShare|channels\..+\.(share|weight)|schedule\.warmup\.value|.*[rR]atio)$/;

function unitOf(path: string, warmupRatio: boolean): Unit {
  if (RATE.test(path)) return 'rate';
  if (path === 'tokens') return 'count';
  if (path === 'schedule.warmup.value' && !warmupRatio) return 'count';
  return SHARE.test(path) ? 'share' : 'plain';
}

/** The parts of a recipe in which runs differ: the rest need not be laid out field by field. */
function differingParts(runs: readonly ColumnRun[]): readonly string[] {
  const recipes = runs.flatMap(({ recipe }) => (recipe ? [recipe as unknown as Record<string, unknown>] : []));
  const [first = {}] = recipes;
  const written = new Map(Object.entries(first).map(([key, value]) => [key, JSON.stringify(value)]));
  const keys = new Set(recipes.flatMap((recipe) => Object.keys(recipe)));
  return [...keys].filter((key) => recipes.some((recipe) => JSON.stringify(recipe[key]) !== written.get(key)));
}

/** Paths under which a setting stands, for a run with a recipe and one of a table alike. */
function settingsOf(run: ColumnRun, parts: readonly string[]): Map<string, Cell> {
  const out = new Map<string, Cell>();
  if (run.measured) {
    const { shares, lr, warmup } = run.measured;
    for (const [id, share] of Object.entries(shares)) out.set(`channels.${id}.share`, share);
    out.set('schedule.peakLr', lr);
    out.set('schedule.warmup.value', warmup);
  }
  const { recipe } = run;
  if (recipe)
    for (const [path, { value }] of recipeLeaves(
      Object.fromEntries(parts.flatMap((key) => (key in recipe ? [[key, recipe[key as keyof Recipe]]] : []))),
    ))
      out.set(path, typeof value === 'boolean' ? String(value) : value);
  // A whole mixture is read share by share.
  for (const [path, value] of Object.entries(run.setting))
    if (value === null || typeof value !== 'object') out.set(path, typeof value === 'boolean' ? String(value) : value);
  return out;
}

/** The last measurement at or before a step; null before the first and after the run's end. */
function atStep({ x, y }: SweepCurve, step: number): number | null {
  if (x.length === 0 || step > x.at(-1)!) return null;
  let found: number | null = null;
  for (let index = 0; index < x.length && x[index]! <= step; index++) found = y[index] ?? null;
  return found;
}

const finite = (value: number | null | undefined): number | null => (value != null && Number.isFinite(value) ? value : null);

/** A channel's held-out loss of one run. */
function lossOf(run: ColumnRun, channel: string, reading: Reading, step: number | null): number | null {
  const last = finite(run.measured ? run.measured.losses[channel] : run.result?.losses[channel]);
  const curve = run.result?.heldOut[channel];
  if (reading === 'last') return last;
  if (reading === 'at') return curve && step !== null ? atStep(curve, step) : null;
  let found = last;
  for (const value of curve?.y ?? [])
    if (finite(value) !== null && (found === null || (reading === 'min' ? value! < found : value! > found))) found = value;
  return found;
}

/** Losses of one run by channel, as src/core/metrics reads evaluations; tokens and bytes are not kept with a sweep, and nats need none. */
function evaluated(losses: ReadonlyMap<string, number | null>) {
  const known = [...losses].flatMap(([id, loss]) => (loss === null ? [] : [[id, { loss, tokens: 1, bytes: 1 }] as const]));
  return { channels: Object.fromEntries(known) };
}

/** How a column's id names a reading. */
const suffix = (reading: Reading) => (reading === 'last' ? '' : `_${reading}`);
/** To six digits: what differs less is rounding. */
const sameSix = (value: Cell) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);

function areDifferent(values: readonly Cell[]): boolean {
  const [first = null] = values;
  return values.some((value) => value !== first && sameSix(value) !== sameSix(first));
}

/**
 * All columns of a sweep: settings first, then what the runs are, then what they gave. A setting that no run differs in is left out unless
 * it is an axis of the plan.
 * @param step at which losses, retention and gain are read beside their end; null for none
 */
export function sweepColumns(
  sweep: Pick<SweepRecord, 'channels' | 'base'> & { runs: readonly ColumnRun[] },
  step: number | null,
): Column[] {
  const { runs, channels, base } = sweep;
  const baseOf = (at: number) => runs[at]?.base ?? base;
  const columns: Column[] = [];
  const add = (id: string, subject: Subject, unit: Unit, values: readonly Cell[]) => {
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return;
    const type = known.every((value) => typeof value === 'number') ? 'number' : 'category';
    const differs = areDifferent(values);
    columns.push({ id, subject, unit, type, differs, values: type === 'number' ? values : values.map((value) => value && String(value)) });
  };

  const parts = differingParts(runs);
  const settings = runs.map((run) => settingsOf(run, parts));
  const axes = new Set(runs.flatMap(({ setting }) => Object.keys(setting)));
  const paths = new Set(settings.flatMap((fields) => [...fields.keys()]));
  for (const own of ['seed', 'name', 'runnable']) paths.delete(own);
  const warmupRatio = runs.every(({ recipe }) => recipe === null || recipe.schedule.warmup.unit === 'ratio');
  const ordered = [...axes, ...[...paths].filter((path) => !axes.has(path))];
  for (const path of ordered) {
    const values = settings.map((fields) => fields.get(path) ?? null);
    if (axes.has(path) || areDifferent(values))
      add(path, { kind: 'setting', path, axis: axes.has(path) }, unitOf(path, warmupRatio), values);
  }
  const of = (value: (run: ColumnRun) => Cell) => runs.map(value);
  add(
    'seed',
    { kind: 'seed' },
    'plain',
    of((run) => run.measured?.seed ?? (run.recipe ? run.seed : null)),
  );
  add(
    'state',
    { kind: 'state' },
    'plain',
    of(({ state }) => state),
  );
  add(
    'steps',
    { kind: 'steps' },
    'count',
    of(({ measured, result }) => (measured ? null : (result?.steps ?? null))),
  );
  if (!paths.has('tokens'))
    add(
      'tokens',
      { kind: 'tokens' },
      'count',
      of(({ measured, result }) => measured?.tokens ?? result?.tokens ?? null),
    );
  add(
    'seconds',
    { kind: 'seconds' },
    'seconds',
    of(({ result }) => result?.seconds || null),
  );
  add(
    'size',
    { kind: 'size' },
    'count',
    of(({ measured }) => measured?.size ?? null),
  );
  add(
    'epochs',
    { kind: 'epochs' },
    'plain',
    of(({ measured }) => measured?.epochs ?? null),
  );
  if (runs.some(({ measured }) => measured?.heldOut))
    add(
      'held_out',
      { kind: 'heldOut' },
      'plain',
      of(({ measured }) => (measured ? String(measured.heldOut) : null)),
    );

  const readings: Reading[] = step === null ? ['last', 'min', 'max'] : ['last', 'min', 'max', 'at'];
  const losses = (reading: Reading) => runs.map((run) => new Map(channels.map(({ id }) => [id, lossOf(run, id, reading, step)])));
  const before = runs.map((_, at) => evaluated(new Map(channels.map(({ id }) => [id, finite(baseOf(at)[id])]))));
  const retained = retainedChannels(channels);
  for (const reading of readings) {
    const found = losses(reading);
    for (const { id } of channels)
      add(
        `loss_${id}${suffix(reading)}`,
        { kind: 'loss', channel: id, reading },
        'nats',
        found.map((of) => of.get(id)!),
      );
    if (reading === 'min' || reading === 'max') continue;
    for (const { id } of retained) {
      const kept = found.map((of, at) => {
        const [start, now] = [finite(baseOf(at)[id]), of.get(id) ?? null];
        return start === null || now === null ? null : retention(start, now);
      });
      add(`retention_${id}${suffix(reading)}`, { kind: 'retention', channel: id, reading }, 'ratio', kept);
    }
    const now = found.map(evaluated);
    // A run that broke has lost what it has no number for: a mean over the rest would flatter it.
    const whole = (ids: readonly { id: string }[], at: number) =>
      ids.every(({ id }) => found[at]!.get(id) !== null || finite(baseOf(at)[id]) === null);
    add(
      `retention${suffix(reading)}`,
      { kind: 'meanRetention', reading },
      'ratio',
      now.map((of, at) => (whole(retained, at) ? meanRetention(before[at]!, of, channels) : null)),
    );
    const domains = channels.filter(({ role }) => role === 'domain');
    add(
      `gain${suffix(reading)}`,
      { kind: 'gain', reading },
      'nats',
      now.map((of, at) => (whole(domains, at) ? (domainGain(before[at]!, of, channels)?.nats ?? null) : null)),
    );
  }
  for (const { id } of channels) {
    const gaps = runs.map(({ result }) => {
      const [train, heldOut] = [finite(result?.train[id]?.y.at(-1)), finite(result?.losses[id])];
      return train === null || heldOut === null ? null : heldOut - train;
    });
    add(`gap_${id}`, { kind: 'gap', channel: id }, 'nats', gaps);
  }
  return columns;
}

/** Numbers by size, words by their letters, what is missing last whichever way; equal ones keep their order. */
export function sortedRows(rows: readonly number[], column: Column, descending: boolean): number[] {
  const compare = (one: number, other: number) => {
    const [a, b] = [column.values[one] ?? null, column.values[other] ?? null];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
    return descending ? -order : order;
  };
  return [...rows].sort(compare);
}

/** Of the numbers of a group: mean, and its band: one standard deviation (n − 1) to both sides, or least to greatest. */
export interface GroupCell {
  mean: number;
  low: number;
  high: number;
  /** Runs with a number. */
  count: number;
}

export interface Group {
  /** Value of the field that they share. */
  key: Cell;
  rows: number[];
}

/** Runs by a field, in the field's order; what is missing is a group of its own, the last. */
export function groupedRows(rows: readonly number[], by: Column): Group[] {
  const groups = new Map<Cell, Group>();
  for (const row of sortedRows(rows, by, false)) {
    const key = sameSix(by.values[row] ?? null);
    const group = groups.get(key) ?? { key, rows: [] };
    groups.set(key, group);
    group.rows.push(row);
  }
  return [...groups.values()];
}

/** null where no run of the group has a number. Of a single run the band is the value itself. */
export function groupCell({ values }: Column, rows: readonly number[], band: 'deviation' | 'range'): GroupCell | null {
  const numbers = rows.flatMap((row) => (typeof values[row] === 'number' ? [values[row]] : []));
  if (numbers.length === 0) return null;
  const middle = mean(numbers);
  if (band === 'range') return { mean: middle, low: Math.min(...numbers), high: Math.max(...numbers), count: numbers.length };
  const variance = numbers.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, numbers.length - 1);
  return { mean: middle, low: middle - Math.sqrt(variance), high: middle + Math.sqrt(variance), count: numbers.length };
}

const COMPARED = /^(.+?)(<=|>=|<|>|=)(.+)$/;

/**
 * Rows that a person's filter lets through. Its words are all asked for: "gain>0.1" compares a column, named by its id, and anything else is
 * looked for in what the row shows.
 */
export function filteredRows(
  rows: readonly number[],
  columns: readonly Column[],
  filter: string,
  shown: (row: number) => string,
): number[] {
  const tests = filter
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const [, id, sign, value] = COMPARED.exec(word) ?? [];
      const column = columns.find((one) => one.id.toLowerCase() === id?.toLowerCase());
      if (!column) return (row: number) => shown(row).toLowerCase().includes(word.toLowerCase());
      const bound = value!.endsWith('%') ? Number(value!.slice(0, -1)) / 100 : Number(value);
      return (row: number) => {
        const own = column.values[row] ?? null;
        if (own === null) return false;
        if (typeof own === 'string') return sign === '=' && own.toLowerCase() === value!.toLowerCase();
        if (sign === '=') return Math.abs(own - bound) <= 1e-6 * Math.abs(bound);
        return sign === '<' ? own < bound : sign === '>' ? own > bound : sign === '<=' ? own <= bound : own >= bound;
      };
    });
  return rows.filter((row) => tests.every((test) => test(row)));
}

/** As pandas and RFC 4180 read a cell: nothing for what is missing, quotes where they are needed. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
/** A row of a table in CSV. */
export const csvLine = (cells: readonly unknown[]) => `${cells.map(cell).join(',')}\n`;

/** A table of these columns and rows as CSV, under the columns' ids. */
export function columnsCsv(columns: readonly Column[], rows: readonly number[], names: (row: number) => string): string {
  return [
    csvLine(['run', ...columns.map(({ id }) => id)]),
    ...rows.map((row) => csvLine([names(row), ...columns.map(({ values }) => values[row])])),
  ].join('');
}
