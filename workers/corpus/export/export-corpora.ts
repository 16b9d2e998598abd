/**
 * Corpora as files for other tools: rows of `text`, `channel`, `source`, `score`, as ms-swift's channel loss and a plain `datasets`
 * script read them. Written piece by piece into OPFS; the Blob that is handed out reads from there.
 */
import { StudioError } from '../../../src/core/errors';
import type { ExportedFile, ExportRequest } from '../../../src/contract/corpus';
import type { OnProgress } from '../../../src/contract/progress';
import { documentBatches, findCorpus, type Split, type StoredCorpus } from '../../storage/corpora';
import { files as storage, type FileStore } from '../../storage/files';
import type { StoredRow } from '../../storage/row-files';
import { jsonLinesWriter, type ExportWriter } from './json-lines-writer';
import { parquetWriter } from './parquet-writer';

/** Exports are made again at will; what is older than this is nobody's download any more. */
const KEPT_FOR = 60 * 60 * 1000;

export interface ExportRow {
  text: string;
  channel: string;
  source: string;
  /** Null where no score is known. */
  score: number | null;
}

/** A copy that augmentation made says so in its source: `a.txt#swap`. */
function exportRow({ text, path, prepared }: Pick<StoredRow, 'text' | 'path' | 'prepared'>, channel: string): ExportRow {
  const source = prepared?.augmented ? `${path}#${prepared.augmented}` : path;
  return { text, channel, source, score: prepared?.score ?? null };
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
            if (signal.aborted) throw new StudioError('cancelled', 'Cancelled');
            await writer.write(batch.map((row) => exportRow(row, corpus.name)));
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
    const name = unused(fileName(corpus.name), used);
    return splits.map((split) => ({ name: named(name, split), contents: [{ corpus, split }] }));
  });
}

/** Letters and digits of any script; what file systems refuse becomes a dash. */
function fileName(name: string): string {
  const clean = name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+|[.-]+$/g, '');
  return clean === '' ? 'channel' : clean.slice(0, 60);
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
