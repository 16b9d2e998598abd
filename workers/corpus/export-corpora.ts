/**
 * Corpora as files for other tools: rows of `text`, `channel`, `source`, `score`, as ms-swift's channel loss and a plain `datasets`
 * script read them. Written piece by piece into OPFS; the Blob that is handed out reads from there.
 */
import { plainFileName } from '../../src/core/text/file-name';
import { readRecord, type RecordKind, type Records } from '../../src/core/corpus/records';
import { messagesIn, type Message } from '../../src/core/corpus/row';
import type { ExportedFile, ExportRequest } from '../../src/contract/corpus';
import type { OnProgress } from '../../src/contract/progress';
import { documentBatches, findCorpus, type Split, type StoredCorpus } from '../storage/corpora';
import { files as storage, type FileStore, type PendingFile } from '../storage/files';
import type { StoredRow } from '../storage/row-files';

/** UTF-16 units of text in a row group, and its rows at most. */
const GROUP_UNITS = 8 * 2 ** 20;
const GROUP_ROWS = 50_000;

/** By hyparquet-writer, loaded when first needed: row groups of bounded size, Snappy, each written as it is complete. */
async function parquetWriter(file: PendingFile): Promise<ExportWriter> {
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

/** Exports are made again at will; what is older than this is nobody's download any more. */
const KEPT_FOR = 60 * 60 * 1000;

interface ExportRow {
  /** What stands in its place in JSON Lines where the text is a record. */
  record?: Records[RecordKind];
  text: string;
  channel: string;
  source: string;
  /** Null where no score is known. */
  score: number | null;
  /** Of a conversation; JSON Lines have them, parquet has not. */
  messages?: Message[];
}

/** A copy that augmentation made says so in its source, and a row that a model labelled: `a.txt#swap`, `a.txt#pseudo`. */
function exportRow(
  { text, path, prepared, turns }: Pick<StoredRow, 'text' | 'path' | 'prepared' | 'turns'>,
  { name: channel, kind }: StoredCorpus,
): ExportRow {
  const source = [path, ...(prepared?.augmented ? [prepared.augmented] : []), ...(prepared?.pseudo ? ['pseudo'] : [])].join('#');
  return {
    text,
    channel,
    source,
    score: prepared?.score ?? null,
    ...(turns && { messages: messagesIn(text, turns) }),
    ...(kind && { record: readRecord(kind, text) }),
  };
}

interface Part {
  name: string;
  contents: { corpus: StoredCorpus; split: Split }[];
}

/** @throws StudioError `file-missing` for a corpus that is not there, `quota`, `cancelled`; then nothing of it is kept */
export async function exportCorpora(
  request: ExportRequest,
  onProgress: OnProgress,
  signal: AbortSignal,
  store: FileStore = storage,
): Promise<ExportedFile[]> {
  await removeOld(store);
  const corpora: StoredCorpus[] = [];
  for (const id of request.corpora) corpora.push(await findCorpus(id));
  const total = corpora.reduce((sum, { bytes }) => sum + request.splits.reduce((of, split) => of + bytes[split], 0), 0);
  const folder = `exports/${Date.now()}-${crypto.randomUUID().slice(0, 8)}`;
  const exported: ExportedFile[] = [];
  let done = 0;
  try {
    for (const { name, contents } of partsOf(request, corpora)) {
      const path = `${folder}/${name}`;
      const file = await store.begin(path);
      let rows = 0;
      try {
        const writer: ExportWriter = request.format === 'jsonl' ? jsonLinesWriter(file) : await parquetWriter(file);
        for (const { corpus, split } of contents)
          for await (const batch of documentBatches(corpus, split, store, signal)) {
            signal.throwIfAborted();
            await writer.write(batch.map((row) => exportRow(row, corpus)));
            rows += batch.length;
            done += batch.reduce((sum, { text }) => sum + text.length, 0);
            onProgress({ phase: 'export', item: name, done: Math.min(done, total), total });
          }
        await writer.finish();
      } catch (error) {
        await file.discard();
        throw error;
      }
      await file.commit();
      exported.push({ name, blob: await store.blob(path), rows });
    }
  } catch (error) {
    await store.remove(folder);
    throw error;
  }
  onProgress({ phase: 'export', item: '', done: total, total });
  return exported;
}

function partsOf({ format, splits, parts }: ExportRequest, corpora: readonly StoredCorpus[]): Part[] {
  const named = (name: string, split: Split) => `${name}.${split === 'train' ? 'train' : 'held-out'}.${format}`;
  if (parts === 'one')
    return splits.map((split) => ({ name: named('crossfade', split), contents: corpora.map((corpus) => ({ corpus, split })) }));
  const used = new Set<string>();
  return corpora.flatMap((corpus) => {
    const name = unused(plainFileName(corpus.name, 'channel').slice(0, 60), used);
    return splits.map((split) => ({ name: named(name, split), contents: [{ corpus, split }] }));
  });
}

function unused(name: string, used: Set<string>): string {
  let free = name;
  for (let count = 2; used.has(free.toLowerCase()); count++) free = `${name}-${count}`;
  used.add(free.toLowerCase());
  return free;
}

async function removeOld(store: FileStore): Promise<void> {
  for (const { name } of await store.list('exports'))
    if (Date.now() - Number(name.split('-')[0]) > KEPT_FOR) await store.remove(`exports/${name}`);
}

interface ExportWriter {
  write(rows: readonly ExportRow[]): Promise<void>;
  /** Writes what must come last; the file is committed by who began it. */
  finish(): Promise<void>;
}

/** UTF-16 units put together before they are written. */
const PIECE = 2 ** 20;

/** One object per line, in UTF-8. */
function jsonLinesWriter(file: PendingFile): ExportWriter {
  const encoder = new TextEncoder();
  return {
    async write(rows) {
      let piece = '';
      for (const { text, channel, source, score, messages, record } of rows) {
        const told = { channel, source, score: rounded(score) };
        piece += `${JSON.stringify(record ? { ...record, ...told } : { text, ...told, messages })}\n`;
        if (piece.length < PIECE) continue;
        await file.write(encoder.encode(piece));
        piece = '';
      }
      if (piece !== '') await file.write(encoder.encode(piece));
    },
    finish: () => Promise.resolve(),
  };
}

/** Scores are stored as Float32: more digits than these would be noise. */
function rounded(score: number | null): number | null {
  return score === null || Number.isNaN(score) ? null : Number(score.toFixed(4));
}
