/** Rows as parquet by hyparquet-writer, loaded when first needed: row groups of bounded size, Snappy, each written as it is done. */
import type { PendingFile } from '../../storage/files';
import type { ExportRow } from './export-corpora';
import { rounded, type ExportWriter } from './json-lines-writer';

/** UTF-16 units of text in a row group, and its rows at most. */
const GROUP_UNITS = 8 * 2 ** 20;
const GROUP_ROWS = 50_000;

export async function parquetWriter(file: PendingFile): Promise<ExportWriter> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const bytes = new ByteWriter();
  /** `offset` counts on; the buffer begins anew. */
  const flush = async () => {
    await file.write(bytes.getBytes().slice());
    bytes.index = 0;
  };
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [
      { name: 'root', num_children: 4 },
      ...['text', 'channel', 'source'].map((name) => ({
        name,
        type: 'BYTE_ARRAY' as const,
        converted_type: 'UTF8' as const,
        logical_type: { type: 'STRING' as const },
        repetition_type: 'REQUIRED' as const,
      })),
      { name: 'score', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
    ],
  });
  let group: ExportRow[] = [];
  let units = 0;
  const writeGroup = async () => {
    if (group.length === 0) return;
    await writer.write({
      columnData: [
        ...(['text', 'channel', 'source'] as const).map((name) => ({ name, data: group.map((row) => row[name]) })),
        { name: 'score', data: group.map(({ score }) => rounded(score) ?? undefined) },
      ],
      rowGroupSize: group.length,
    });
    await flush();
    group = [];
    units = 0;
  };
  return {
    async write(rows) {
      for (const row of rows) {
        group.push(row);
        units += row.text.length;
        if (units >= GROUP_UNITS || group.length >= GROUP_ROWS) await writeGroup();
      }
    },
    async finish() {
      await writeGroup();
      await writer.finish();
      await flush();
    },
  };
}
