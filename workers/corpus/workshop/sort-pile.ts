/**
 * A pile of rows sorted by a model: a score for each row by two n-gram models of text of the domain and general text, or by what the page
 * asks of its own models; and the rows that a threshold leaves as a source of a channel, marked as labelled by a model and not by a person.
 */
import { judgedText } from '../../../src/core/corpus/row';
import type { PileScores, PseudoLabel, SortingText } from '../../../src/contract/corpus';
import { ByteModel, domainScore, takenEvenly } from '../../../src/core/corpus/moore-lewis';
import { StudioError } from '../../../src/core/errors';
import { documentBatches, findCorpus } from '../../storage/corpora';
import { files as storage } from '../../storage/files';
import { isQuotaError, quotaError } from '../../storage/quota';
import { putRecord } from '../../storage/records';
import { RowWriter } from '../../storage/row-files';
import { findChannel, findSource, listSources, sourceFolder, type StoredSource } from '../../storage/workshop';
import { turn } from '../../tokenizer/turns';
import { rowsOfSource } from './prepare-inputs';

/** Bytes that each of the two models learns from at most; both learn from as many. */
const LEARNT = 512 * 1024;
/** Bytes of a row that are learnt from or scored: a book is known by its beginning. */
const OF_A_ROW = 64 * 1024;
/** Rows between two reports and turns. */
const BATCH = 64;

/** Scores of texts in bits per byte, by models that the corpus worker does not have. */
export type ScoreTexts = (texts: string[]) => Promise<number[]>;

export interface SortContext {
  signal: AbortSignal;
  onProgress(rows: number): void;
}

const utf8 = new TextEncoder();
const beginning = (text: string): Uint8Array => utf8.encode(text.slice(0, OF_A_ROW)).subarray(0, OF_A_ROW);

/** @throws StudioError `text-empty` where one of the two texts has no rows, `workshop-missing`, `file-missing`, `cancelled` */
export async function scorePile(
  pile: string,
  by: { domain: SortingText; general: SortingText } | ScoreTexts,
  { signal, onProgress }: SortContext,
): Promise<PileScores> {
  const source = await findSource(pile);
  const score = typeof by === 'function' ? by : await mooreLewis(by, pile, signal);
  const scores = new Float32Array(source.rows);
  let done = 0;
  for await (const rows of rowsOfSource(source, signal))
    for (let first = 0; first < rows.length; first += BATCH) {
      const texts = rows.slice(first, first + BATCH).map(({ text }) => text);
      scores.set(await score(texts), done);
      done += texts.length;
      onProgress(done);
      await turn();
      signal.throwIfAborted();
    }
  return { scores };
}

async function mooreLewis(
  { domain, general }: { domain: SortingText; general: SortingText },
  pile: string,
  signal: AbortSignal,
): Promise<ScoreTexts> {
  const texts = [await textOf(domain, pile, signal), await textOf(general, pile, signal)];
  for (const { name, bytes } of texts) if (bytes === 0) throw new StudioError('text-empty', `"${name}" has no rows`, { file: name });
  const wanted = Math.min(LEARNT, ...texts.map(({ bytes }) => bytes));
  const models: ByteModel[] = [];
  for (const { bytes, batches } of texts) {
    const model = new ByteModel();
    let row = 0;
    for await (const batch of batches()) for (const text of batch) if (takenEvenly(row++, wanted, bytes)) model.learn(beginning(text));
    models.push(model);
  }
  return (rows) => Promise.resolve(rows.map((text) => domainScore(beginning(text), models[0]!, models[1]!)));
}

interface LearntText {
  name: string;
  bytes: number;
  batches(): AsyncGenerator<string[]>;
}

/** The rows of a channel without the pile itself and without rows that a model labelled, or the documents of a corpus. */
async function textOf(text: SortingText, pile: string, signal: AbortSignal): Promise<LearntText> {
  if (text.kind === 'corpus') {
    const corpus = await findCorpus(text.id);
    return {
      name: corpus.name,
      bytes: corpus.bytes.train + corpus.bytes.heldOut,
      async *batches() {
        for (const split of ['train', 'heldOut'] as const)
          for await (const batch of documentBatches(corpus, split, undefined, signal))
            yield batch.map((document) => judgedText({ text: document.text, kind: corpus.kind }));
      },
    };
  }
  const channel = await findChannel(text.id);
  const sources = (await listSources()).filter((source) => source.channel === channel.id && source.id !== pile && !source.pseudo);
  return {
    name: channel.name,
    bytes: sources.reduce((sum, { bytes }) => sum + bytes, 0),
    async *batches() {
      for (const source of sources) for await (const batch of rowsOfSource(source, signal)) yield batch.map(judgedText);
    },
  };
}

/**
 * Rows of a pile as a source of a channel.
 * @param rows their numbers, rising
 * @throws StudioError `workshop-missing`, `quota`; then nothing is kept
 */
export async function takeSorted(pile: string, rows: Uint32Array, into: string, pseudo: PseudoLabel): Promise<StoredSource> {
  const [source, channel] = [await findSource(pile), await findChannel(into)];
  const id = crypto.randomUUID();
  const writer = new RowWriter(sourceFolder(id), 'raw');
  let number = 0;
  let next = 0;
  try {
    for await (const batch of rowsOfSource(source, new AbortController().signal))
      for (const { text, source: path, line, turns } of batch) {
        if (number++ !== rows[next]) continue;
        next++;
        writer.add({ text, path, line, prepared: null, turns });
        if (writer.full) await writer.flush();
      }
    await writer.flush();
    const made: StoredSource = {
      id,
      channel: channel.id,
      name: source.name,
      origin: { kind: 'files', files: source.origin.kind === 'files' ? source.origin.files : [] },
      ...(source.kind && { kind: source.kind }),
      use: 'split',
      ...writer.total,
      findings: { badRows: 0, badExamples: [], skipped: 0, skippedExamples: [], undecodable: 0 },
      createdAt: Date.now(),
      pseudo,
      rowFiles: writer.files,
    };
    await putRecord('sources', made);
    return made;
  } catch (error) {
    await storage.remove(sourceFolder(id));
    throw isQuotaError(error) ? await quotaError(0) : error;
  }
}
