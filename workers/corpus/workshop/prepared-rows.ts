/** Rows of a preparation with their verdicts, by what a person clicked on. */
import { rowsOf, verdictOf, type RowQuery } from '../../../src/core/corpus/ledger';
import { StudioError } from '../../../src/core/errors';
import type { PreparationRecord, PreparedRow, SourceRow } from '../../../src/contract/corpus';
import { records } from '../../storage/records';
import { findPreparation, type StoredPreparation } from '../../storage/workshop';
import { shorten } from '../intake/row-batch';
import { readSourceRows } from './channels';
import { readLedger } from './ledger-file';
import { preparationRecord } from './prepare';

/** UTF-16 units of a row in a list. */
const SHOWN = 2000;
/** Rows of a page at most. */
const MOST = 500;

/** Newest last. */
export async function listPreparations(): Promise<PreparationRecord[]> {
  const all = await (await records()).getAll('preparations');
  return all.sort((a, b) => a.createdAt - b.createdAt).map(preparationRecord);
}

export async function preparedRows(
  id: string,
  query: RowQuery,
  start: number,
  count: number,
): Promise<{ total: number; rows: PreparedRow[] }> {
  const preparation = await findPreparation(id);
  const ledger = await readLedger(id);
  const { total, rows } = rowsOf(ledger, query, start, Math.min(count, MOST));
  const texts = await textsOf(preparation, rows);
  return {
    total,
    rows: rows.map((row, at) => {
      const { text, ...place } = texts[at]!;
      return { verdict: verdictOf(ledger, row), text: text === null ? null : shorten(text, SHOWN), ...place };
    }),
  };
}

/** Throws `workshop-missing` for a row that is not there. */
export async function preparedRow(id: string, row: number): Promise<PreparedRow> {
  const preparation = await findPreparation(id);
  const ledger = await readLedger(id);
  if (!(row >= 0 && row < ledger.rows)) throw new StudioError('workshop-missing', `No row ${row}`, { wanted: `${row}` });
  const [found] = await textsOf(preparation, [row]);
  return { verdict: verdictOf(ledger, row), ...found! };
}

/** In the order of `rows`; a source that was removed since leaves no text. */
async function textsOf(preparation: StoredPreparation, rows: readonly number[]): Promise<Pick<PreparedRow, 'text' | 'source' | 'line'>[]> {
  const found = new Map<number, SourceRow>();
  for (const { source: id, firstRow, rows: count } of preparation.parts) {
    const here = rows.filter((row) => row >= firstRow && row < firstRow + count);
    const source = here.length > 0 ? await (await records()).get('sources', id) : undefined;
    if (!source) continue;
    const read = await readSourceRows(
      source,
      here.map((row) => row - firstRow),
    );
    here.forEach((row, at) => read[at] && found.set(row, read[at]));
  }
  return rows.map((row) => {
    const { text, path, line } = found.get(row) ?? { text: null, path: '', line: 0 };
    return { text, source: path, line };
  });
}
