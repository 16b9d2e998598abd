/**
 * Reads a table of runs that were measured elsewhere — shares of a mixture and losses per channel, at wish with learning rate, warmup,
 * tokens, model size and seed — as people write such tables: CSV with any delimiter, a table out of Markdown or a print-out, JSON of
 * records or of columns, rows and columns exchanged, percent or fractions, decimal commas, perplexities. What cannot be read is refused
 * by row and column. Losses are nats per token.
 */
import Papa from 'papaparse';
import { StudioError } from '../errors';
import { columnOf, type Column } from './measured-columns';

export interface MeasuredRun {
  name: string | null;
  /** Channel → share, summing to 1. */
  shares: Record<string, number>;
  /** Channel → loss; Infinity where the run broke. A channel that was not measured is absent. */
  losses: Record<string, number>;
  lr: number | null;
  /** As a ratio of all steps. */
  warmup: number | null;
  tokens: number | null;
  /** Parameters of the model. */
  size: number | null;
  epochs: number | null;
  seed: number | null;
  /** Kept back from fitting, to hold a prediction against. */
  heldOut: boolean;
}

export interface MeasuredTable {
  /** Channels with a share, in the table's order. */
  channels: string[];
  /** Channels with a loss. */
  targets: string[];
  runs: MeasuredRun[];
  /** Losses before training; null where the table does not say. */
  base: Record<string, number> | null;
  /** Columns that were not understood or are not needed. */
  ignored: string[];
}

/** A table of text; the first row names the columns. */
type Cells = string[][];

const MOST_RUNS = 20_000;
/** How far shares that were rounded may sum from 1. */
const ROUNDING = 0.011;
const BASE_NAMES = /^(base|baseline|base model|step ?0|before|initial|基座|基线|基座模型|训练前)$/i;
const HELD_OUT = /^(1|true|yes|y|x|test|held[ _-]?out|val|validation|是|留出|测试)$/i;
const BLANK = /^(-+|–|—|n\/?a|null|none|\.)?$/i;
const MAGNITUDES: Record<string, number> = { k: 1e3, m: 1e6, b: 1e9, g: 1e9, t: 1e12, 万: 1e4, 亿: 1e8 };

/** @throws StudioError `measured-table` with row (1 is the header), column, value and what is accepted; `measured-header` of a table without names */
export function readMeasuredRuns(text: string): MeasuredTable {
  const cells = upright(tableOf(text.replace(/^\uFEFF/, '').trim()));
  const named = cells[0]!.map((header) => columnOf(header));
  const measuredIds = new Set(named.flatMap(({ kind, channel }) => (kind === 'loss' ? [channel.toLowerCase()] : [])));
  // A column that bears the bare name of a channel with a loss, and is not empty, has its share.
  const bare = ({ kind, channel }: Column, at: number) =>
    kind === 'other' &&
    channel !== '' &&
    measuredIds.has(channel.toLowerCase()) &&
    cells.some((row, line) => line > 0 && !BLANK.test((row[at] ?? '').trim()));
  const columns = named.map((column, at): Column => (bare(column, at) ? { ...column, kind: 'share' } : column));
  const shareAt = columns.flatMap((column, at) => (column.kind === 'share' ? [at] : []));
  const lossAt = columns.flatMap((column, at) => (column.kind === 'loss' ? [at] : []));
  const headers = cells[0]!.join(', ');
  if (lossAt.length === 0 && isMeasured(cells[0]!)) refuseNameless(cells);
  if (shareAt.length === 0) refuse(1, 'share', headers, 'share_<channel>, <channel> share, <channel> %, 占比');
  if (lossAt.length === 0) refuse(1, 'loss', headers, 'loss_<channel>, <channel> loss, ppl_<channel>, 损失');
  if (cells.length - 1 > MOST_RUNS) refuse(cells.length, '', String(cells.length - 1), `≤ ${MOST_RUNS}`);
  const spelled = spellings(columns);
  // A lone "share" beside losses of a domain channel is the domain's.
  const lone = shareAt.length === 1 ? (spelled.get('domain') ?? '') : '';
  const nameOf = (at: number) => spelled.get(columns[at]!.channel.toLowerCase()) || (columns[at]!.kind === 'share' ? lone : '');
  const twice = (of: number[]) => of.find((at, index) => of.slice(0, index).some((other) => nameOf(other) === nameOf(at)));
  const repeated = twice(shareAt) ?? twice(lossAt);
  if (repeated !== undefined) refuse(1, cells[0]![repeated]!, nameOf(repeated), '1 × channel');
  for (const at of shareAt) if (nameOf(at) === '') refuse(1, cells[0]![at]!, cells[0]![at]!, 'share_<channel>');

  const targets = lossAt.map(nameOf).filter((id) => id !== '' && !/^(total|all|overall|总)$/i.test(id));
  const rows = cells.slice(1).map((row, at) => ({ row, line: at + 2 }));
  const at = (kind: Column['kind']) => columns.findIndex((column) => column.kind === kind);
  const read = (row: string[], line: number, column: number): number | null =>
    column < 0 ? null : numberOf(row[column] ?? '', columns[column]!, () => ({ row: line, column: cells[0]![column]! }));

  const isBase = (row: string[]) =>
    [at('name'), ...shareAt].some((column) => BASE_NAMES.test((row[column] ?? '').trim())) ||
    shareAt.every((column) => BLANK.test((row[column] ?? '').trim()));
  const lossesOf = (row: string[], line: number, places: number[]): Record<string, number> =>
    Object.fromEntries(
      places.flatMap((column) => {
        const value = read(row, line, column);
        const id = nameOf(column);
        return value === null || !targets.includes(id) ? [] : [[id, value] as const];
      }),
    );
  const baseRow = rows.find(({ row }) => isBase(row));
  const baseAt = columns.flatMap((column, index) => (column.kind === 'base' ? [index] : []));
  const measured = rows.filter(({ row }) => !isBase(row));
  if (measured.length === 0) refuse(2, cells[0]![shareAt[0]!]!, '', '≥ 1');
  const base = baseRow
    ? lossesOf(baseRow.row, baseRow.line, lossAt)
    : baseAt.length > 0
      ? lossesOf(measured[0]!.row, measured[0]!.line, baseAt)
      : null;

  const given = measured.map(({ row, line }) => ({ line, values: shareAt.map((column) => read(row, line, column) ?? 0) }));
  const { channels, shares } = mixtures(given, shareAt.map(nameOf), targets, {
    percent: shareAt.some((column) => columns[column]!.percent),
    header: (index) => cells[0]![shareAt[index]!]!,
  });
  const runs = measured.map(({ row, line }, index): MeasuredRun => {
    const losses = lossesOf(row, line, lossAt);
    const warmup = read(row, line, at('warmup'));
    return {
      name: (row[at('name')] ?? '').trim() || null,
      shares: shares[index]!,
      losses,
      lr: read(row, line, at('lr')),
      warmup: warmup !== null && warmup > 1 ? warmup / 100 : warmup,
      tokens: read(row, line, at('tokens')),
      size: read(row, line, at('size')),
      epochs: read(row, line, at('epochs')),
      seed: read(row, line, at('seed')),
      heldOut: HELD_OUT.test((row[at('heldOut')] ?? '').trim()),
    };
  });
  const ignored = cells[0]!.filter(
    (_, index) => columns[index]!.kind === 'other' || (columns[index]!.kind === 'loss' && !targets.includes(nameOf(index))),
  );
  return { channels, targets, runs, base, ignored };
}

/** A row of figures, which names nothing: most of its cells that are not blank are numbers. */
function isMeasured(row: readonly string[]): boolean {
  const written = row.filter((cell) => !BLANK.test(cell));
  const numbers = written.filter((cell) => /^[-+]?\d[\d.,]*(e[-+]?\d+)?\s*[%kmbgt]?$/i.test(cell));
  return numbers.length > 0 && 2 * numbers.length >= written.length;
}

/** Says which names the table's columns may be: those side by side that sum to 1 or 100 in each row are shares, as many behind them losses. */
function refuseNameless(cells: Cells): never {
  const width = cells[0]!.length;
  const numbers = cells.map((row) => row.map((cell) => Number.parseFloat(cell.replace(',', '.'))));
  const whole = (from: number, to: number) =>
    [1, 100].some((all) =>
      numbers.every((row) => Math.abs(row.slice(from, to).reduce((sum, value) => sum + value, 0) / all - 1) <= ROUNDING),
    );
  const stretches = numbers[0]!.flatMap((_, from) =>
    Array.from({ length: width - from - 1 }, (__, more) => [from, from + more + 2] as const).filter(([first, end]) => whole(first, end)),
  );
  const [from, to] = stretches.sort((one, other) => other[1] - other[0] - (one[1] - one[0]))[0] ?? [0, Math.ceil(width / 2)];
  const channel = (at: number) => String.fromCharCode(97 + (at % 26));
  const names = cells[0]!.map((cell, at) => {
    if (at >= from && at < to) return `share_${channel(at - from)}`;
    if (at >= to && at < to + (to - from)) return `loss_${channel(at - to)}`;
    return at < from && Number.isNaN(Number.parseFloat(cell)) ? 'run' : '?';
  });
  const values = { value: cells[0]!.slice(0, 8).join(', '), count: width, example: names.join(',') };
  throw new StudioError(
    'measured-header',
    `The first row of the table names no column: "${values.value}"; accepted: a row of ${width} names above it, such as ${values.example}`,
    values,
  );
}

function refuse(row: number, column: string, value: string, accepted: string): never {
  throw new StudioError('measured-table', `Row ${row}, column "${column}" is "${value}"; accepted: ${accepted}`, {
    row,
    column,
    value,
    accepted,
  });
}

/** One spelling a channel, the first; a share and a loss may differ in the case of letters. */
function spellings(columns: readonly Column[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { channel } of columns) if (!found.has(channel.toLowerCase())) found.set(channel.toLowerCase(), channel);
  return found;
}

/** Shares as fractions of 1, with the channel that was left to be the rest. */
function mixtures(
  given: readonly { line: number; values: number[] }[],
  ids: string[],
  targets: readonly string[],
  { percent, header }: { percent: boolean; header: (index: number) => string },
) {
  for (const { line, values } of given)
    values.forEach((value, index) => {
      if (!(value >= 0)) refuse(line, header(index), String(value), '0 … 1, 0 … 100 %');
    });
  const sums = given.map(({ values }) => values.reduce((sum, value) => sum + value, 0));
  const unit = percent || [...sums].sort((a, b) => a - b)[sums.length >> 1]! > 1.5 || (ids.length === 1 && Math.max(...sums) > 1) ? 100 : 1;
  const without = targets.filter((id) => !ids.includes(id));
  const whole = sums.every((sum) => Math.abs(sum / unit - 1) <= ROUNDING);
  // One column of shares, or all but one of the measured channels: the last has the rest.
  const rest = !whole && (ids.length === 1 || without.length === 1) ? (without.length === 1 ? without[0]! : 'rest') : null;
  const shares = given.map(({ line, values }, at) => {
    const sum = sums[at]! / unit;
    const fits = rest === null ? Math.abs(sum - 1) <= ROUNDING : sum <= 1 + ROUNDING;
    if (!fits) refuse(line, ids.join(' + '), String(Number(sums[at]!.toPrecision(6))), unit === 1 ? '1' : '100 %');
    const total = rest === null ? sum : Math.max(1, sum);
    const entries = ids.map((id, index) => [id, values[index]! / unit / total] as [string, number]);
    if (rest !== null) entries.push([rest, Math.max(0, 1 - sum / total)]);
    return Object.fromEntries(entries);
  });
  return { channels: rest === null ? ids : [...ids, rest], shares };
}

/** A cell's number by what its column holds; null where nothing is written. */
function numberOf(cell: string, column: Column, place: () => { row: number; column: string }): number | null {
  const text = cell.trim().replace(/\s/g, '');
  const { kind, factor, perplexity } = column;
  if (BLANK.test(text)) return null;
  const wrong = (accepted: string): never => {
    const { row, column: name } = place();
    return refuse(row, name, cell.trim(), accepted);
  };
  const isLoss = kind === 'loss' || kind === 'base';
  if (isLoss && /^[+-]?(nan|inf|infinity)$/i.test(text)) return Infinity;
  const ratio = /^(\d+(?:\.\d+)?)([:/])(\d+(?:\.\d+)?)$/.exec(text);
  if (kind === 'share' && ratio) {
    const [one, other] = [Number(ratio[1]), Number(ratio[3])];
    const share = ratio[2] === ':' ? one / (one + other) : one / other;
    // Back to the unit of the column, which is divided by 100 later on.
    return column.percent ? share * 100 : share;
  }
  const parts = /^([+-]?[\d.,'_]+(?:e[+-]?\d+)?)([kmbgt万亿])?(%)?$/i.exec(text);
  if (!parts) return wrong(isLoss ? '> 0' : kind === 'share' ? '0 … 1, 0 … 100 %' : '0 …');
  const value = plainNumber(parts[1]!, kind === 'tokens' || kind === 'size') * (parts[2] ? MAGNITUDES[parts[2].toLowerCase()]! : 1);
  if (!Number.isFinite(value)) return wrong('0 …');
  if (kind === 'share') return parts[3] && !column.percent ? value / 100 : value;
  if (isLoss) {
    if (!(value > 0)) return wrong('> 0');
    return perplexity ? Math.log(value) : value;
  }
  if (value < 0) return wrong('≥ 0');
  return (parts[3] ? value / 100 : value) * (parts[2] ? 1 : factor);
}

/** "1,234.5", "1.234,5", "0,125", "1'000": of two signs the last is the decimal one; a lone comma is, unless the number is a count in threes. */
function plainNumber(text: string, count: boolean): number {
  const digits = text.replace(/['_]/g, '');
  const comma = digits.lastIndexOf(',');
  const dot = digits.lastIndexOf('.');
  const thousands = comma >= 0 && (digits.indexOf(',') !== comma || dot > comma || (count && /^[+-]?\d{1,3},\d{3}$/.test(digits)));
  if (thousands) return Number(digits.replace(/,/g, ''));
  if (comma >= 0) return Number(digits.replace(/\./g, '').replace(',', '.'));
  return Number(digits.indexOf('.') !== dot ? digits.replace(/\./g, '') : digits);
}

/** The table with its columns down, where more of the names stand down its side than along its top. */
function upright(cells: Cells): Cells {
  const named = (headers: readonly string[]) => headers.filter((header) => columnOf(header).kind !== 'other').length;
  const side = cells.map((row) => row[0] ?? '');
  if (named(side) <= named(cells[0]!)) return cells;
  // The corner of such a table is empty, or the first of the names.
  return cells[0]!.map((_, column) =>
    cells.map((row, at) => (column === 0 && at === 0 && columnOf(side[0]!).kind === 'other' ? 'run' : (row[column] ?? ''))),
  );
}

/** Cells of text in any of the ways; Excel's first line `sep=;` is no part of it. */
function tableOf(given: string): Cells {
  const text = given.replace(/^sep=.\r?\n/i, '');
  if (text === '') refuse(1, '', '', 'CSV, TSV, JSON');
  if (text.startsWith('{') || text.startsWith('[')) return jsonTable(text);
  const first = text.slice(0, text.search(/[\r\n]|$/));
  const markdown = first.trimStart().startsWith('|');
  const delimiter = ['\t', ';'].find((sign) => first.includes(sign)) ?? (markdown ? '|' : [',', '|'].find((sign) => first.includes(sign)));
  // A print-out: columns apart by spaces.
  const apart = delimiter ? text : text.replace(/[^\S\r\n]{2,}/g, '\t');
  const { data } = Papa.parse<string[]>(apart, { delimiter: delimiter ?? '\t', skipEmptyLines: 'greedy' });
  const rows = data.map((row) => (markdown ? row.slice(1, row.at(-1)?.trim() === '' ? -1 : undefined) : row).map((cell) => cell.trim()));
  return rows.filter((row) => !row.every((cell) => /^:?-{2,}:?$/.test(cell)));
}

/** Records, JSON Lines of them, or an object of columns; names inside names are joined. */
function jsonTable(text: string): Cells {
  const parsed = (part: string, line: number): unknown => {
    try {
      return JSON.parse(part.replace(/(?<=[:,[]\s*)-?(NaN|Infinity)(?=\s*[,}\]])/g, '"$1"'));
    } catch {
      return refuse(line, '', part.slice(0, 40), 'JSON');
    }
  };
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const whole =
    lines.length > 1 && lines.every((line) => /^\s*\{.*\}\s*,?\s*$/.test(line))
      ? lines.map((line, at) => parsed(line, at + 1))
      : parsed(text, 1);
  const holder = Array.isArray(whole)
    ? whole
    : whole !== null && typeof whole === 'object'
      ? ((whole as { runs?: unknown }).runs ?? whole)
      : whole;
  const records = Array.isArray(holder) ? holder.map(flatten) : recordsOfColumns(holder as Record<string, unknown>);
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return [names, ...records.map((record) => names.map((name) => record[name] ?? ''))];
}

function recordsOfColumns(columns: Record<string, unknown>): Record<string, string>[] {
  const flat = Object.entries(columns).map(
    ([name, values]) => [name, values !== null && typeof values === 'object' ? Object.values(values) : [values]] as const,
  );
  const length = Math.max(...flat.map(([, values]) => values.length));
  return Array.from({ length }, (_, at) => flatten(Object.fromEntries(flat.map(([name, values]) => [name, values[at]]))));
}

function flatten(record: unknown): Record<string, string> {
  const out: Record<string, string> = {};
  const walk = (value: unknown, path: string) => {
    if (value !== null && typeof value === 'object')
      for (const [key, inner] of Object.entries(value)) walk(inner, path ? `${path}/${key}` : key);
    else out[path] = typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  };
  walk(record, '');
  return out;
}
