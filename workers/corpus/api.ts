/** The corpus worker: lists corpora, takes in a person's files, shows documents. */
import { StudioError } from '../../src/core/errors';
import type { CorpusApi, CorpusRecord } from '../api';
import { corpusTextPath, findCorpus, listCorpora, readDocuments, type StoredCorpus } from '../storage/corpora';
import { files as storage } from '../storage/files';
import { putRecord, records } from '../storage/records';
import { removeShards } from '../tokenizer/shards';
import { checkFile, LARGEST_IMPORT, parseFile, textEmpty, type BadLine } from './parse';
import { cutDocument, packDocuments, separatorFor, splitHeldOut } from './split';

/** Bad lines kept by name; the rest is counted. */
const EXAMPLES = 20;

let cancelling = new AbortController();

export const corpusApi = {
  async list() {
    return (await listCorpora()).map(toRecord);
  },

  async importFiles(files, { name, role }, onProgress) {
    const { signal } = cancelling;
    const total = files.reduce((sum, { size }) => sum + size, 0);
    for (const file of files) checkFile(file);
    if (total > LARGEST_IMPORT)
      throw new StudioError('file-too-large', `${total} bytes are more than ${LARGEST_IMPORT}`, {
        file: name,
        bytes: total,
        limit: LARGEST_IMPORT,
      });

    const documents: string[] = [];
    const badLines: BadLine[] = [];
    let done = 0;
    for (const file of files) {
      onProgress({ phase: 'import', item: file.name, done, total });
      const parsed = parseFile(file.name, new Uint8Array(await file.arrayBuffer()));
      stopIf(signal);
      for (const document of parsed.documents) documents.push(document);
      for (const line of parsed.badLines) badLines.push(line);
      done += file.size;
    }
    onProgress({ phase: 'import', item: name, done: total, total });
    const corpus = await store(documents, badLines, name, role, signal);
    return toRecord(corpus);
  },

  async sample(id, split, count) {
    const corpus = await findCorpus(id);
    return (await readDocuments(corpus, split)).slice(0, count);
  },

  async remove(id) {
    // The record first: without it the text is unreachable, and a torn removal shows nothing half.
    await (await records()).delete('corpora', id);
    await storage.remove(`corpora/${id}`);
    await removeShards(id);
  },

  async cancel() {
    cancelling.abort();
    cancelling = new AbortController();
  },
} satisfies Partial<CorpusApi>;

/** Writes the text, then the record that makes it exist; leaves nothing behind when that fails. */
async function store(
  documents: string[],
  badLines: BadLine[],
  name: string,
  role: CorpusRecord['role'],
  signal: AbortSignal,
): Promise<StoredCorpus> {
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
    intake: { duplicates, badLines: badLines.length, examples: badLines.slice(0, EXAMPLES) },
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
    await storage.remove(`corpora/${id}`);
    throw error;
  }
  return corpus;
}

function toRecord({ separator: _separator, sha256: _sha256, ...record }: StoredCorpus): CorpusRecord {
  return record;
}

function stopIf(signal: AbortSignal): void {
  if (signal.aborted) throw new StudioError('cancelled', 'Cancelled');
}
