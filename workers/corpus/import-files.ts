/** The short way from files to a corpus, without a workshop: plain text and JSON Lines, exact duplicates left out, a tenth held out. */
import { StudioError } from '../../src/core/errors';
import type { BadRow, IntakeProgress } from '../../src/contract/ingest';
import type { CorpusRecord } from '../../src/contract/corpus';
import { corpusFolder, corpusTextPath, type StoredCorpus } from '../storage/corpora';
import { files as storage } from '../storage/files';
import { putRecord } from '../storage/records';
import { blobSource } from './intake/byte-source';
import { inspectSource } from './intake/inspect';
import { BEGINNING, readRows } from './intake/read-rows';
import { cutDocument, packDocuments, separatorFor, splitHeldOut } from './split';

/** All documents are in memory at once here; larger text goes through the workshop. */
const LARGEST_IMPORT = 512 * 2 ** 20;
/** Bad lines kept by name; the rest is counted. */
const EXAMPLES = 20;

export interface ImportOptions {
  name: string;
  role: CorpusRecord['role'];
}

/** @throws StudioError of the first file that cannot be used; then nothing is kept */
export async function importFiles(
  files: readonly File[],
  { name, role }: ImportOptions,
  onProgress: (progress: Pick<IntakeProgress, 'path' | 'done' | 'total'>) => void,
  signal: AbortSignal,
): Promise<StoredCorpus> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total > LARGEST_IMPORT)
    throw new StudioError('file-too-large', `${total} bytes are more than ${LARGEST_IMPORT}`, {
      file: name,
      bytes: total,
      limit: LARGEST_IMPORT,
    });
  const documents: string[] = [];
  const bad: BadRow[] = [];
  let before = 0;
  for (const file of files) {
    onProgress({ path: file.name, done: before, total });
    for (const document of await documentsOf(file, bad, signal)) documents.push(document);
    before += file.size;
  }
  onProgress({ path: name, done: total, total });
  return store(documents, bad, { name, role }, signal);
}

async function documentsOf(file: File, bad: BadRow[], signal: AbortSignal): Promise<string[]> {
  const source = blobSource(file.name, file);
  const choice = { parting: 'blank-lines' } as const;
  const { plan, problem } = await inspectSource(source, choice);
  if (!plan) throw problem ?? textEmpty(file.name);
  const documents: string[] = [];
  for await (const batch of readRows(source, plan, choice, BEGINNING)) {
    stopIf(signal);
    for (const { text } of batch.rows) documents.push(text.replaceAll('\r\n', '\n').replace(/^\n+|\n+$/g, ''));
    for (const row of batch.bad) bad.push({ path: batch.path, ...row });
  }
  if (documents.length === 0) throw textEmpty(file.name);
  return documents;
}

/** Writes the text, then the record that makes it exist; leaves nothing behind when that fails. */
async function store(documents: string[], bad: BadRow[], { name, role }: ImportOptions, signal: AbortSignal): Promise<StoredCorpus> {
  const { train, heldOut, duplicates } = documents.length === 1 ? cutDocument(documents[0]!) : splitHeldOut(documents);
  // One line of text cannot be split: there would be nothing to measure, or nothing to train on.
  if (train.length === 0 || heldOut.length === 0) throw textEmpty(name);
  const separator = separatorFor([...train, ...heldOut]);
  const packed = { train: await packDocuments(train, separator), heldOut: await packDocuments(heldOut, separator) };
  const id = `c-${crypto.randomUUID()}`;
  const corpus: StoredCorpus = {
    id,
    name,
    bundled: false,
    role,
    documents: { train: train.length, heldOut: heldOut.length },
    bytes: { train: packed.train.bytes.byteLength, heldOut: packed.heldOut.bytes.byteLength },
    licence: '',
    attribution: [],
    createdAt: Date.now(),
    intake: {
      duplicates,
      badLines: bad.length,
      examples: bad
        .slice(0, EXAMPLES)
        .map(({ path, line, reason, detail }) => ({ file: path, line, detail: detail === '' ? reason : detail })),
    },
    separator,
    sha256: { train: packed.train.sha256, heldOut: packed.heldOut.sha256 },
  };
  try {
    for (const split of ['train', 'heldOut'] as const) {
      stopIf(signal);
      await storage.write(corpusTextPath(id, split), packed[split].bytes);
    }
    stopIf(signal);
    await putRecord('corpora', corpus);
  } catch (error) {
    await storage.remove(corpusFolder(id));
    throw error;
  }
  return corpus;
}

function textEmpty(name: string): StudioError {
  return new StudioError('text-empty', `${name} holds no text`, { file: name });
}

function stopIf(signal: AbortSignal): void {
  if (signal.aborted) throw new StudioError('cancelled', 'Cancelled');
}
