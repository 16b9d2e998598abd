/** The rows behind a count or a bar: pages of a list that is read where it is looked at, and one row with its decision. */
import { create } from 'zustand';
import type { PreparedRow } from '../../contract/corpus';
import type { RowQuery } from '../../core/corpus/filter-log';
import { errorRecord, type ErrorRecord } from '../../core/errors';
import { lab } from '../../lab/lab';

export const PAGE_ROWS = 100;

export interface RowsState {
  /** Null: the drawer is shut. */
  preparation: string | null;
  /** What was clicked on, in words. */
  title: string;
  query: RowQuery;
  total: number | null;
  pages: Readonly<Record<number, readonly PreparedRow[]>>;
  row: PreparedRow | null;
  error: ErrorRecord | null;

  open(preparation: string, query: RowQuery, title: string): void;
  /** Reads the pages that hold these rows of the list. */
  need(first: number, last: number): void;
  /** @param row number of the raw row */
  showRow(row: number): Promise<void>;
  endRow(): void;
  close(): void;
}

const CLOSED = { preparation: null, title: '', query: {}, total: null, pages: {}, row: null, error: null };

export const useRows = create<RowsState>()((set, get) => {
  const asked = new Set<number>();
  async function read(page: number): Promise<void> {
    const { preparation, query } = get();
    if (preparation === null || asked.has(page)) return;
    asked.add(page);
    try {
      const { total, rows } = await lab.corpus.preparedRows(preparation, query, page * PAGE_ROWS, PAGE_ROWS);
      if (get().query === query) set({ total, pages: { ...get().pages, [page]: rows } });
    } catch (error) {
      if (get().query === query) set({ error: errorRecord(error) });
    }
  }
  return {
    ...CLOSED,
    open(preparation, query, title) {
      asked.clear();
      // A new object each time: an answer to a former question is told apart by it.
      set({ ...CLOSED, preparation, query: { ...query }, title });
      void read(0);
    },
    need(first, last) {
      for (let page = Math.floor(first / PAGE_ROWS); page <= Math.floor(last / PAGE_ROWS); page++) void read(page);
    },
    async showRow(row) {
      const { preparation, query } = get();
      if (preparation === null) return;
      try {
        const found = await lab.corpus.preparedRow(preparation, row);
        if (get().query === query) set({ row: found });
      } catch (error) {
        if (get().query === query) set({ error: errorRecord(error) });
      }
    },
    endRow: () => set({ row: null }),
    close() {
      asked.clear();
      set(CLOSED);
    },
  };
});
