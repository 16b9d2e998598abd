/** Parquet by hyparquet, loaded when first needed: row group by row group, and of them the columns that are wanted. A cursor is a row group. */
import type { FileMetaData } from 'hyparquet';
import { StudioError } from '../../../src/core/errors';
import type { ByteSource } from './byte-source';
import { addRecord, emptyBatch, rootColumns, type RowReader } from './row-reader';

/** Rows decoded at once of a group that has more; a group's text is held while its rows are given out. */
const ROWS = 20_000;

const library = async () => {
  const [hyparquet, { compressors }] = await Promise.all([import('hyparquet'), import('hyparquet-compressors')]);
  return { ...hyparquet, compressors };
};

function asyncBuffer(blob: Blob) {
  return { byteLength: blob.size, slice: (start: number, end?: number) => blob.slice(start, end).arrayBuffer() };
}

function invalid(path: string, error: unknown): StudioError {
  const detail = error instanceof Error ? error.message : String(error);
  return new StudioError('parquet-invalid', `${path} is no readable parquet file: ${detail}`, { file: path, detail });
}

/** Footer of the file. Throws `parquet-invalid`. */
export async function parquetMetadata(source: ByteSource): Promise<FileMetaData> {
  const { parquetMetadataAsync } = await library();
  try {
    return await parquetMetadataAsync(asyncBuffer(source.blob!));
  } catch (error) {
    throw invalid(source.path, error);
  }
}

/** Values of the first rows, by column. */
export async function parquetHead(source: ByteSource, metadata: FileMetaData, rows: number): Promise<Record<string, unknown>[]> {
  const { parquetReadObjects, compressors } = await library();
  try {
    return await parquetReadObjects({ file: asyncBuffer(source.blob!), metadata, rowStart: 0, rowEnd: rows, compressors });
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

export const readParquet: RowReader = async function* (source, plan, from) {
  const { parquetReadObjects, compressors } = await library();
  const metadata = await parquetMetadata(source);
  const columns = rootColumns(plan, parquetColumns(metadata));
  const file = asyncBuffer(source.blob!);
  let groupStart = 0;
  for (const [group, { num_rows }] of metadata.row_groups.entries()) {
    const groupEnd = groupStart + Number(num_rows);
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
