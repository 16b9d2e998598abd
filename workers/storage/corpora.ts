/** Corpora, bundled and imported: their records, and their text by split. */
import { StudioError } from '../../src/core/errors';
import { RECORD_KINDS } from '../../src/core/corpus/records';
import { splitDocuments } from '../../src/core/text/documents';
import { z } from '../../src/core/zod';
import type { CorpusRecord, LeftOut } from '../../src/contract/corpus';
import { files, type FileStore } from './files';
import { fetchBytes, fetchManifest } from './public-files';
import { records } from './records';
import { readRowFiles, type RowFile, type StoredRow } from './row-files';

export type Split = 'train' | 'heldOut';

/** A corpus record with where its text is stored. */
export interface StoredCorpus extends CorpusRecord {
  /** String between two documents in the text files (src/core/text/documents). */
  separator: string;
  /** SHA-256 of the text, lower-case hex. */
  sha256: Record<Split, string>;
  /** Only of corpora that the workshop prepared: their documents are rows (row-files.ts) in `corpora/<id>/<version>/`. */
  prepared?: { version: string; rowFiles: Record<Split, RowFile[]> };
}

const perSplit = <T extends z.ZodType>(value: T) => z.object({ train: value, heldOut: value });
const manifestSchema = z.object({
  corpora: z.array(
    z.object({
      id: z.string(),
      role: z.enum(['general', 'domain']),
      kind: z.enum(RECORD_KINDS).optional(),
      labels: z.array(z.string()).optional(),
      train: z.string(),
      heldOut: z.string(),
      separator: z.string().regex(/^\n{2,}$/),
      documents: perSplit(z.number().int()),
      bytes: perSplit(z.number().int()),
      sha256: perSplit(z.string()),
      licence: z.string(),
      attribution: z.array(z.object({ text: z.string(), package: z.string(), licence: z.string() })),
    }),
  ),
});

const manifest = async () => manifestSchema.parse(await fetchManifest('corpora/manifest.json')).corpora;

export const corpusFolder = (corpus: string): string => `corpora/${corpus}`;
export const corpusTextPath = (corpus: string, split: Split): string =>
  `${corpusFolder(corpus)}/${split === 'train' ? 'train' : 'held-out'}.txt`;

/** Bundled corpora in the manifest's order, then imported ones, newest last. */
export async function listCorpora(): Promise<StoredCorpus[]> {
  const bundled = (await manifest()).map(({ train: _train, heldOut: _heldOut, kind, labels, ...corpus }): StoredCorpus => ({
    ...corpus,
    ...(kind && { kind }),
    ...(labels && { labels }),
    name: corpus.id,
    bundled: true,
    createdAt: 0,
  }));
  const imported = (await (await records()).getAll('corpora')).map(liftCorpus);
  return [...bundled, ...imported.sort((a, b) => a.createdAt - b.createdAt)];
}

/** Earlier versions stored `leftOut` as `intake`. */
function liftCorpus(stored: StoredCorpus & { intake?: LeftOut }): StoredCorpus {
  const { intake, ...corpus } = stored;
  return intake === undefined ? corpus : { leftOut: intake, ...corpus };
}

/** What pages know of a corpus. */
export function corpusRecord({ separator: _separator, sha256: _sha256, prepared: _prepared, ...record }: StoredCorpus): CorpusRecord {
  return record;
}

/** Throws `file-missing` when there is no such corpus. */
export async function findCorpus(id: string): Promise<StoredCorpus> {
  const corpus = (await listCorpora()).find((candidate) => candidate.id === id);
  if (!corpus) throw new StudioError('file-missing', `There is no corpus "${id}"`, { file: id, wanted: 'train.txt' });
  return corpus;
}

/** Folder of the row files of a prepared split. */
export const preparedFolder = (corpus: string, version: string, split: Split): string =>
  `corpora/${corpus}/${version}/${split === 'train' ? 'train' : 'held-out'}`;

/** All documents of a split, in stored order and with their exact text. */
export async function readDocuments(corpus: StoredCorpus, split: Split, store: FileStore = files, signal?: AbortSignal): Promise<string[]> {
  const documents: string[] = [];
  for await (const batch of documentBatches(corpus, split, store, signal)) for (const { text } of batch) documents.push(text);
  return documents;
}

/** Documents of a split with path and preparation facts, in batches. A batch of a prepared corpus is one row file, so memory stays flat. */
export async function* documentBatches(
  corpus: StoredCorpus,
  split: Split,
  store: FileStore = files,
  signal?: AbortSignal,
): AsyncGenerator<Pick<StoredRow, 'text' | 'path' | 'prepared' | 'turns'>[]> {
  if (!corpus.prepared) {
    const documents = splitDocuments(await readCorpusText(corpus, split, store, signal), corpus.separator);
    yield documents.map((text) => ({ text, path: corpus.name, prepared: null }));
    return;
  }
  const { version, rowFiles } = corpus.prepared;
  for await (const rows of readRowFiles(preparedFolder(corpus.id, version, split), rowFiles[split], store)) {
    signal?.throwIfAborted();
    yield rows;
  }
}

/** The text of a split, as UTF-8. */
async function readCorpusText(corpus: StoredCorpus, split: Split, store: FileStore, signal?: AbortSignal): Promise<string> {
  if (!corpus.bundled) return store.readText(corpusTextPath(corpus.id, split));
  const source = (await manifest()).find(({ id }) => id === corpus.id);
  return new TextDecoder().decode(await fetchBytes(`corpora/${source![split]}`, signal));
}
