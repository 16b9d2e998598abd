/** Rows of .json and .jsonl files, read piece by piece. */
import { LEVELS, nameOf, splitRow, trimmedLine } from './json-layout';
import { JsonValues, type JsonValue } from './json-values';
import { isObject, recordOf, type Row } from './record';
import { parseRelaxed } from './relaxed-json';
import { addRecord, emptyBatch, rootColumns, shorten, type FilePlan, type RowBatch, type RowReader } from './row-reader';
import type { ByteSource } from './byte-source';
import { textBlocks, lineBlocks } from './text-stream';

/** JSON Lines: a value a line. A line that is none is named, and the rest is used. A cursor is byte and line. */
export const readJsonLines: RowReader = async function* (source, plan, from) {
  for await (const { text, line: first, end, tooLong, undecodable, nuls } of lineBlocks(source, plan, from)) {
    const batch = { ...emptyBatch(source.path, end), undecodable, nuls };
    for (const line of tooLong) batch.bad.push({ line, reason: 'too-long', detail: '' });
    let line = first;
    for (let start = 0; start < text.length; line++) {
      const found = text.indexOf('\n', start);
      const stop = found < 0 ? text.length : found;
      const json = text.slice(start, stop);
      start = stop + 1;
      let value: unknown;
      try {
        value = JSON.parse(json);
      } catch {
        const trimmed = trimmedLine(json);
        // Blank lines are no rows; asking here keeps the question off every sound line.
        if (trimmed === '') continue;
        const parsed = parsedValue(trimmed);
        if ('bad' in parsed) {
          batch.bad.push({ line, reason: 'json', detail: parsed.bad });
          continue;
        }
        ({ value } = parsed);
      }
      addValue(batch, plan, value, line);
    }
    batch.cursor = { offset: end, line };
    yield batch;
  }
};

/**
 * JSON in any other layout (`JsonLayout`). Rows are counted as they stand; those of a sequence have lines. There are no cursors: without
 * the structure before it no row can be read.
 */
export const readJson: RowReader = async function* (source, plan) {
  if (plan.layout === 'lines') throw new Error('Lines have a reader of their own');
  const values = new JsonValues(LEVELS[plan.layout]);
  const rows = new JsonRows(plan, await otherColumns(source, plan));
  for await (const { text, done, undecodable, nuls } of textBlocks(source, plan)) {
    const batch = { ...emptyBatch(source.path, done), undecodable, nuls };
    for (const value of values.push(text)) rows.add(batch, value);
    yield batch;
  }
  const last = emptyBatch(source.path, source.size);
  for (const value of values.end()) rows.add(last, value);
  if (!values.complete) last.bad.push({ line: rows.count + 1, reason: 'json', detail: '…' });
  else if (plan.layout === 'rows' && !values.sawArray && values.scalars.size > 0) addRecord(last, plan, record(values.scalars), 1);
  else if (rows.count === 0 && values.scalars.size > 0) addRecord(last, plan, record(values.scalars), 1);
  yield last;
};

/** Columns of a file that has them one after the other, by the row's index or key. */
type Columns = Map<string, Map<string | number, unknown>>;

class JsonRows {
  count = 0;
  /** Names of the columns, of pandas' `split`. */
  private readonly names: string[] = [];

  constructor(
    private readonly plan: FilePlan,
    private readonly others: Columns | null,
  ) {}

  add(batch: RowBatch, found: JsonValue): void {
    const { plan } = this;
    const { key, member, index, json } = found;
    const main = rootColumns(plan)[0]!;
    // Where columns stand one after the other, the values of the others are no rows.
    const cells = plan.layout === 'by-column' || (plan.layout === 'rows' && key !== null && !json?.startsWith('{'));
    if (cells && key !== main) return;
    if (plan.layout === 'split' && key !== 'data') {
      if (key === 'columns' && json !== null) this.names.push(nameOf(json));
      return;
    }
    this.count++;
    const line = plan.layout === 'sequence' ? found.line : this.count;
    const parsed = json === null ? null : parsedValue(json);
    if (parsed === null) batch.bad.push({ line, reason: 'too-long', detail: '' });
    else if ('bad' in parsed) batch.bad.push({ line, reason: 'json', detail: parsed.bad });
    else if (cells) {
      const others = [...(this.others ?? [])].map(([name, values]) => [name, values.get(member ?? index)] as const);
      addRecord(batch, plan, { ...Object.fromEntries(others), [main]: parsed.value }, line);
    } else addValue(batch, plan, plan.layout === 'split' ? splitRow(this.names, parsed.value) : parsed.value, line);
  }
}

function addValue(batch: RowBatch, plan: FilePlan, value: unknown, line: number): void {
  const rows = recordOf(value);
  for (const row of rows) addRecord(batch, plan, row, line);
  if (rows.length === 0 && !Array.isArray(value)) addRecord(batch, plan, {}, line);
}

/** Columns besides that of the text, where the file has columns and no rows. They are held: such files come from tables in memory. */
async function otherColumns(source: ByteSource, plan: FilePlan): Promise<Columns | null> {
  const wanted = rootColumns(plan).slice(1);
  if (wanted.length === 0 || (plan.layout !== 'rows' && plan.layout !== 'by-column')) return null;
  const values = new JsonValues(LEVELS[plan.layout]);
  const columns: Columns = new Map(wanted.map((name) => [name, new Map<string | number, unknown>()]));
  for await (const { text } of textBlocks(source, plan))
    for (const { key, member, index, json } of values.push(text)) {
      // Objects in an array carry all their columns themselves.
      if (plan.layout === 'rows' && (key === null || json?.startsWith('{'))) return null;
      const parsed = json === null ? null : parsedValue(json);
      if (parsed && 'value' in parsed) columns.get(key!)?.set(member ?? index, parsed.value);
    }
  return columns;
}

function record(scalars: ReadonlyMap<string, string>): Row {
  const entries = [...scalars].flatMap(([name, json]) => {
    const parsed = parsedValue(json);
    return 'value' in parsed ? [[name, parsed.value] as const] : [];
  });
  const row: unknown = Object.fromEntries(entries);
  return isObject(row) ? row : {};
}

function parsedValue(json: string): { value: unknown } | { bad: string } {
  try {
    return { value: parseRelaxed(json) };
  } catch (error) {
    return { bad: shorten(error instanceof Error ? error.message : json) };
  }
}
