/**
 * The filter log of a preparation, stored and read, and the rows of a preparation by what a person clicked on. The file: Uint32 bytes
 * of the header, the header in JSON (what is no column, and each column's type and length), padded to 8 bytes, then the columns, each
 * at a multiple of 8. Little-endian, as typed arrays are where browsers run.
 */
import { files as storage, type FileStore } from '../../storage/files';
import { preparationFolder, findPreparation, listPreparations, type StoredPreparation } from '../../storage/workshop';
import { rowsOf, decisionOf, type FilterLog, type RowQuery } from '../../../src/core/corpus/filter-log';
import { StudioError } from '../../../src/core/errors';
import type { PreparationRecord, PreparedRow, SourceRow } from '../../../src/contract/corpus';
import { records } from '../../storage/records';
import { shorten } from '../ingest/row-reader';
import { readSourceRows } from './channels';
import { preparationRecord } from './prepare';

const TYPES = { Uint8Array, Uint16Array, Uint32Array, Float32Array } as const;
type TypeName = keyof typeof TYPES;
type Column = InstanceType<(typeof TYPES)[TypeName]>;

interface Header {
  values: Record<string, unknown>;
  columns: { name: string; type: TypeName; length: number }[];
}

const pathOf = (preparation: string): string => `${preparationFolder(preparation)}/filter-log.bin`;
/** A former version's file, whose column `pii` is called `personal`. */
const formerPathOf = (preparation: string): string => `${preparationFolder(preparation)}/ledger.bin`;
const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

export async function writeFilterLog(preparation: string, filterLog: FilterLog, store: FileStore = storage): Promise<void> {
  const header: Header = { values: {}, columns: [] };
  const columns: Column[] = [];
  for (const [name, value] of Object.entries(filterLog) as [string, unknown][]) {
    if (!ArrayBuffer.isView(value)) header.values[name] = value;
    else {
      const column = value as Column;
      header.columns.push({ name, type: column.constructor.name as TypeName, length: column.length });
      columns.push(column);
    }
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(padded(4 + json.length)).fill(32);
  new DataView(head.buffer).setUint32(0, json.length, true);
  head.set(json, 4);
  await store.write(
    pathOf(preparation),
    (function* () {
      yield head;
      for (const column of columns) {
        yield new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
        yield new Uint8Array(padded(column.byteLength) - column.byteLength);
      }
    })(),
  );
}

/** The last one read: a page asks for many pages of rows of the same. */
let last: { preparation: string; filterLog: FilterLog } | null = null;

/** Throws `file-missing`. */
async function readFilterLog(preparation: string, store: FileStore = storage): Promise<FilterLog> {
  if (last?.preparation === preparation) return last.filterLog;
  const former = (await store.exists(formerPathOf(preparation))) && !(await store.exists(pathOf(preparation)));
  const bytes = await store.read(former ? formerPathOf(preparation) : pathOf(preparation));
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const { values, columns } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as Header;
  const filterLog: Record<string, unknown> = { ...values };
  let at = padded(4 + length);
  for (const { name, type, length: count } of columns) {
    const column = new TYPES[type](bytes.buffer, at, count);
    filterLog[former && name === 'personal' ? 'pii' : name] = column;
    at += padded(column.byteLength);
  }
  last = { preparation, filterLog: filterLog as unknown as FilterLog };
  return last.filterLog;
}

/** UTF-16 units of a row in a list. */
const SHOWN = 2000;
/** Rows of a page at most. */
const MOST = 500;

/** Newest last. */
export async function preparations(): Promise<PreparationRecord[]> {
  return (await listPreparations()).map(preparationRecord);
}

export async function preparedRows(
  id: string,
  query: RowQuery,
  start: number,
  count: number,
): Promise<{ total: number; rows: PreparedRow[] }> {
  const preparation = await findPreparation(id);
  const filterLog = await readFilterLog(id);
  const { total, rows } = rowsOf(filterLog, query, start, Math.min(count, MOST));
  const texts = await textsOf(preparation, rows);
  return {
    total,
    rows: rows.map((row, at) => {
      const { text, ...origin } = texts[at]!;
      return { decision: decisionOf(filterLog, row), text: text === null ? null : shorten(text, SHOWN), ...origin };
    }),
  };
}

/** Throws `workshop-missing` for a row that is not there. */
export async function preparedRow(id: string, row: number): Promise<PreparedRow> {
  const preparation = await findPreparation(id);
  const filterLog = await readFilterLog(id);
  if (!(row >= 0 && row < filterLog.rows)) throw new StudioError('workshop-missing', `No row ${row}`, { wanted: `${row}` });
  const [found] = await textsOf(preparation, [row]);
  return { decision: decisionOf(filterLog, row), ...found! };
}

/** In the order of `rows`; a source that was removed since leaves no text. */
async function textsOf(preparation: StoredPreparation, rows: readonly number[]): Promise<Omit<PreparedRow, 'decision'>[]> {
  const found = new Map<number, SourceRow>();
  const pseudo = new Set<number>();
  for (const { source: id, firstRow, rows: count } of preparation.parts) {
    const here = rows.filter((row) => row >= firstRow && row < firstRow + count);
    const source = here.length > 0 ? await (await records()).get('sources', id) : undefined;
    if (!source) continue;
    const read = await readSourceRows(
      source,
      here.map((row) => row - firstRow),
    );
    here.forEach((row, at) => {
      if (read[at]) found.set(row, read[at]);
      if (source.pseudo) pseudo.add(row);
    });
  }
  return rows.map((row) => {
    const { text, path, line } = found.get(row) ?? { text: null, path: '', line: 0 };
    return { text, source: path, line, pseudo: pseudo.has(row) };
  });
}
