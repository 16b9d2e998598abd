/** Parquet by hyparquet, loaded when first needed: row group by row group, and of them the columns that are wanted. A cursor is a row group. */
import type { ColumnChunk, FileMetaData, RowGroup } from 'hyparquet';
import { StudioError } from '../../../src/core/errors';
import type { ByteSource } from './byte-source';
import { BudgetSpent } from './dataset-bytes';
import { addRecord, emptyBatch, rootColumns, type RowReader } from './row-reader';

/** Rows decoded at once of a group that has more; a group's text is held while its rows are given out. */
const ROWS = 20_000;

const library = async () => {
  const [hyparquet, { compressors }] = await Promise.all([import('hyparquet'), import('hyparquet-compressors')]);
  return { ...hyparquet, compressors };
};

function asyncBuffer({ size, slice }: ByteSource) {
  return { byteLength: size, slice: (start: number, end = size) => slice!(start, end) };
}

function invalid(path: string, error: unknown): unknown {
  if (error instanceof StudioError || error instanceof BudgetSpent) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new StudioError('parquet-invalid', `${path} is no readable parquet file: ${detail}`, { file: path, detail });
}

/** Footers that were read: one at a hub is not fetched again to read the rows. */
const footers = new WeakMap<ByteSource, FileMetaData>();

/** Footer of the file. Throws `parquet-invalid`. */
export async function parquetMetadata(source: ByteSource): Promise<FileMetaData> {
  const known = footers.get(source);
  if (known) return known;
  const { parquetMetadataAsync } = await library();
  try {
    const read = await parquetMetadataAsync(asyncBuffer(source), source.remote ? { initialFetchSize: FOOTER } : {});
    footers.set(source, read);
    return read;
  } catch (error) {
    throw invalid(source.path, error);
  }
}

/** Values of the first rows, by column. */
export async function parquetHead(source: ByteSource, metadata: FileMetaData, rows: number): Promise<Record<string, unknown>[]> {
  const { parquetReadObjects, compressors } = await library();
  try {
    return await parquetReadObjects({ file: asyncBuffer(source), metadata, rowStart: 0, rowEnd: rows, compressors });
  } catch (error) {
    throw invalid(source.path, error);
  }
}

/** Names of the columns themselves, not of what lists and structs hold. */
export function parquetColumns({ schema }: FileMetaData): string[] {
  const names: string[] = [];
  const over = (at: number): number => {
    let next = at + 1;
    for (let left = schema[at]!.num_children ?? 0; left > 0; left--) next = over(next);
    return next;
  };
  for (let at = 1; at < schema.length; at = over(at)) names.push(schema[at]!.name);
  return names;
}

const MIB = 2 ** 20;
/** Bytes of the end that are fetched for the footer, more only where it is larger; those of a column that are fetched for a look, and those for one that cannot be fetched in parts. */
const FOOTER = 16 * 1024;
const SHOWN = 2 * MIB;
const SHOWN_WHOLE = 8 * MIB;
const SHOWN_COLUMNS = 32;

const chunksOf = ({ columns }: RowGroup, names: readonly string[]): ColumnChunk[] =>
  columns.filter(({ meta_data }) => meta_data && names.includes(meta_data.path_in_schema[0]!));
const bytesOf = (group: RowGroup, names: readonly string[]): number =>
  chunksOf(group, names).reduce((sum, { meta_data }) => sum + Number(meta_data!.total_compressed_size), 0);
const isIndexed = ({ offset_index_offset, offset_index_length }: ColumnChunk): boolean => !!offset_index_offset && !!offset_index_length;
const isFlat = ({ meta_data }: ColumnChunk): boolean => meta_data!.path_in_schema.length === 1;

/** The footer as if the file had this one group, and columns of it no more bytes than these. */
function cutMetadata(metadata: FileMetaData, group: RowGroup, bytes: (chunk: ColumnChunk) => number): FileMetaData {
  const columns = group.columns.map((chunk) => {
    const all = Number(chunk.meta_data!.total_compressed_size);
    return {
      ...chunk,
      meta_data: { ...chunk.meta_data!, total_compressed_size: BigInt(Math.min(all, Math.max(1, Math.floor(bytes(chunk))))) },
    };
  });
  return { ...metadata, num_rows: group.num_rows, row_groups: [{ ...group, columns }] };
}

/**
 * Values of the first rows of a file at a hub, of which little is fetched: small columns whole, of others the first pages.
 * @param wanted columns, where they are known @returns rows with all columns; values that would cost too much are left out
 */
export async function parquetBeginning(
  source: ByteSource,
  metadata: FileMetaData,
  rows: number,
  wanted: readonly string[] | null,
): Promise<Record<string, unknown>[]> {
  const { parquetReadObjects, compressors } = await library();
  const names = parquetColumns(metadata);
  const group = metadata.row_groups.find(({ num_rows }) => num_rows > 0);
  if (!group) return [];
  const count = Math.min(rows, Number(group.num_rows));
  const found: Record<string, unknown>[] = Array.from({ length: wanted?.length === 0 ? 1 : count }, () =>
    Object.fromEntries(names.map((name) => [name, null])),
  );
  const read = names.filter(
    (name) => wanted === null || wanted.some((path) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`)),
  );
  for (const name of read.slice(0, SHOWN_COLUMNS)) {
    const chunks = chunksOf(group, [name]);
    const parts = chunks.every(isIndexed) || (chunks.length === 1 && isFlat(chunks[0]!));
    if (!parts && bytesOf(group, [name]) > SHOWN_WHOLE) continue;
    const cut = cutMetadata(metadata, group, (chunk) => (chunks.every(isIndexed) || !isFlat(chunk) ? Infinity : SHOWN));
    try {
      const file = asyncBuffer(source);
      const values = await parquetReadObjects({ file, metadata: cut, columns: [name], rowEnd: count, compressors, useOffsetIndex: true });
      for (const [at, row] of values.entries()) found[at]![name] = row[name] as unknown;
    } catch (error) {
      // A first page larger than what is fetched shows nothing; the column can be chosen all the same.
      if (error instanceof StudioError) throw error;
    }
  }
  return found;
}

/**
 * The first rows of a group that is larger than what may still be fetched: by the index of its pages where the file has one, else those of
 * the pages that are whole. Of columns that hold lists neither can be told. @throws StudioError `dataset-budget`
 */
async function partOfGroup(
  source: ByteSource,
  metadata: FileMetaData,
  at: number,
  before: number,
  names: string[],
): Promise<Record<string, unknown>[]> {
  const { parquetReadObjects, compressors } = await library();
  const group = metadata.row_groups[at]!;
  const chunks = chunksOf(group, names);
  const all = bytesOf(group, names);
  const { left } = source.remote!;
  const file = asyncBuffer(source);
  if (chunks.every(isIndexed)) {
    const one = cutMetadata(metadata, group, () => Infinity);
    for (let share = (0.95 * left) / all; share * Number(group.num_rows) >= 1 && share > 0.05 * (left / all); share *= 0.7)
      try {
        const rowEnd = Math.floor(share * Number(group.num_rows));
        return await parquetReadObjects({ file, metadata: one, columns: names, rowEnd, compressors, useOffsetIndex: true });
      } catch (error) {
        if (!(error instanceof BudgetSpent)) throw invalid(source.path, error);
      }
  } else if (chunks.every(isFlat)) {
    const share = left / all;
    const cut = cutMetadata(metadata, group, ({ meta_data }) => share * Number(meta_data!.total_compressed_size));
    const begins = await Promise.all(
      chunksOf(cut.row_groups[0]!, names).map(async ({ meta_data }) => {
        const { dictionary_page_offset, data_page_offset, total_compressed_size } = meta_data!;
        const start = Number(dictionary_page_offset || data_page_offset);
        return { start, bytes: await source.slice!(start, start + Number(total_compressed_size)) };
      }),
    );
    const fetched = {
      byteLength: source.size,
      slice(from: number, to = source.size) {
        const { start, bytes } = begins.find((one) => one.start <= from && to <= one.start + one.bytes.byteLength)!;
        return bytes.slice(from - start, to - start);
      },
    };
    // In which row the bytes end is not known: fewer are tried until all their pages are whole.
    for (let rowEnd = Math.floor(Math.min(1, 1.1 * share) * Number(group.num_rows)); rowEnd > 0; rowEnd = Math.floor(0.93 * rowEnd)) {
      const rows = await Promise.all(
        names.map((name) => parquetReadObjects({ file: fetched, metadata: cut, columns: [name], rowEnd, compressors }).catch(() => null)),
      );
      if (rows.every((column) => column?.length === rowEnd))
        return rows[0]!.map(
          (row, place) => Object.assign({}, row, ...rows.slice(1).map((column) => column![place])) as Record<string, unknown>,
        );
    }
  }
  // Rows that were read before are enough.
  if (before > 0) return [];
  throw new StudioError('dataset-budget', `The first rows of ${source.path} take ${all} bytes; ${left} may be fetched`, {
    file: source.path,
    bytes: all,
    limit: left,
  });
}

export const readParquet: RowReader = async function* (source, plan, from) {
  const { parquetReadObjects, compressors } = await library();
  const metadata = await parquetMetadata(source);
  const columns = rootColumns(plan, parquetColumns(metadata));
  const file = asyncBuffer(source);
  let groupStart = 0;
  for (const [group, { num_rows }] of metadata.row_groups.entries()) {
    const groupEnd = groupStart + Number(num_rows);
    if (source.remote && group >= from.offset && bytesOf(metadata.row_groups[group]!, columns) > source.remote.left) {
      const rows = await partOfGroup(source, metadata, group, groupStart, columns);
      const batch = emptyBatch(source.path, source.size);
      rows.forEach((row, index) => addRecord(batch, plan, row, groupStart + index + 1));
      source.remote.state.spent = true;
      yield batch;
      return;
    }
    for (let start = groupStart; group >= from.offset && start < groupEnd; start += ROWS) {
      const end = Math.min(groupEnd, start + ROWS);
      const batch = emptyBatch(source.path, Math.floor((source.size * end) / Math.max(1, Number(metadata.num_rows))));
      let rows: Record<string, unknown>[];
      try {
        rows = await parquetReadObjects({ file, metadata, columns, rowStart: start, rowEnd: end, compressors, useOffsetIndex: true });
      } catch (error) {
        throw invalid(source.path, error);
      }
      rows.forEach((row, index) => addRecord(batch, plan, row, start + index + 1));
      if (end === groupEnd) batch.cursor = { offset: group + 1, line: groupEnd + 1 };
      yield batch;
    }
    groupStart = groupEnd;
  }
};
