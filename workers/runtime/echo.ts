/**
 * Echo channels: text that a model writes, many documents side by side, stored as a corpus with all that it was made by. A document is known
 * by its number: it has its own random numbers, and the same settings, weights and backend give the same text. The text is what is stored;
 * a tokenizer may cut it in other tokens than the model chose (`GeneratedText.exact` says how often it does not).
 */
import type { GeneratedText } from '../../src/contract/corpus';
import type { OnProgress } from '../../src/contract/progress';
import { StudioError } from '../../src/core/errors';
import { echoCorpusId, type Echo, type Recipe } from '../../src/core/recipe/schema';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import { CachedDecoder, sampleToken } from '../engine';
import { corpusFolder, listCorpora, preparedFolder, type Split, type StoredCorpus } from '../storage/corpora';
import { files as storage } from '../storage/files';
import { sha256 } from '../storage/hash';
import { exclusively } from '../storage/locks';
import { findModel, weightHashes, weightSources } from '../storage/models';
import { isQuotaError, quotaError } from '../storage/quota';
import { putRecord } from '../storage/records';
import { RowWriter } from '../storage/row-files';
import { StreamDecoder } from '../tokenizer/decoder';
import type { TextTokenizer } from '../tokenizer/text-tokenizer';
import { readChannelTokens } from './channel-tokens';
import type { EngineWork } from './engine-session';
import { assemble, type LoadedWeights } from './weights';

/** Documents that are written side by side at most: a token costs nearly the same for few as for many, and a cancel loses those that are being written. */
const ROWS = 96;
/** Bytes that their keys and values may take. */
const CACHE = 64 * 2 ** 20;
/** One document of so many is held out. */
const HELD_OUT = 10;

export interface EchoTools {
  work: EngineWork;
  backend: string;
  onProgress: OnProgress;
}

export interface EchoDocument {
  /** With the prompt, without the tokens around it. */
  ids: number[];
  /** Not by an end-of-text token but at the most tokens that a document may have. */
  cut: boolean;
}

/** What document number `at` goes on from. */
type Prompts = (at: number) => readonly number[];

/**
 * Documents without end, in the order of their numbers and as many at a time as are written side by side.
 * @throws StudioError `cancelled`
 */
export async function* writeDocuments(
  { model, tokenizer: { tokenizer } }: LoadedWeights,
  { seed, length, temperature, topP }: Echo,
  prompts: Prompts,
  work: EngineWork,
): AsyncGenerator<EchoDocument[]> {
  const { config } = model;
  const rowBytes = config.layers * 2 * config.kvHeads * config.headSize * 4 * Math.min(length, config.context);
  const rows = Math.max(1, Math.min(ROWS, Math.floor(CACHE / rowBytes)));
  const stop = new Set([tokenizer.endOfText, ...config.endOfText]);
  for (let first = 0; ; first += rows) {
    const texts = Array.from({ length: rows }, (_, row) => ({
      prompt: prompts(first + row).slice(0, length),
      random: new Rng(deriveSeed(seed, 'echo', first + row)),
      ids: [] as number[],
      cut: true,
    }));
    const decoder = new CachedDecoder(model, rows);
    try {
      // What all prompts are long enough for is read at once; a row whose prompt is longer gets its tokens one by one while others write.
      const shared = Math.min(...texts.map(({ prompt }) => prompt.length));
      for (const text of texts) text.ids = text.prompt.slice(0, shared);
      let writing = texts;
      let pending = texts.map(({ ids }) => [tokenizer.startOfText, ...ids]);
      while (writing.length > 0) {
        await work.yield();
        work.signal.throwIfAborted();
        const logits = await work.lock.run(() => decoder.append(pending));
        const vocabulary = logits.length / writing.length;
        const going: number[] = [];
        pending = [];
        for (const [row, text] of writing.entries()) {
          const given = text.prompt[text.ids.length];
          // A vocabulary may be padded beyond the tokenizer's last id; those rows mean nothing.
          const own = logits.subarray(row * vocabulary, row * vocabulary + Math.min(vocabulary, tokenizer.size));
          const id = given ?? sampleToken(own, { temperature, topP, topK: 0 }, text.random.uniform());
          if (given === undefined && stop.has(id)) {
            text.cut = false;
            continue;
          }
          text.ids.push(id);
          if (text.ids.length >= length) continue;
          going.push(row);
          pending.push([id]);
        }
        if (going.length < writing.length && going.length > 0) decoder.keep(going);
        writing = going.map((row) => writing[row]!);
      }
    } finally {
      decoder.dispose();
    }
    yield texts.map(({ ids, cut }) => ({ ids, cut }));
  }
}

/** @throws StudioError `text-empty` where a corpus has no document to begin with */
async function promptsOf(
  { base, tokenizer: { tokenizer, hash } }: LoadedWeights,
  settings: Echo,
  onProgress: OnProgress,
): Promise<Prompts> {
  const { prompts, seed } = settings;
  if (prompts.kind === 'none') return () => [];
  if (prompts.kind === 'own') {
    const lines = prompts.lines.map((line) => tokenizer.encode(line, 'plain'));
    return (at) => lines[at % lines.length]!;
  }
  const [text] = await readChannelTokens(base, hash, [{ id: prompts.corpus, corpus: prompts.corpus }], onProgress);
  const { train, trainDocuments } = text!;
  if (trainDocuments.length === 0) throw new StudioError('text-empty', `"${prompts.corpus}" has no document`, { file: prompts.corpus });
  const order = new Rng(deriveSeed(seed, 'prompts')).shuffle(Array.from(trainDocuments.keys()));
  return (at) => {
    const document = order[at % order.length]!;
    // Its last token is the end of text.
    const end = (trainDocuments[document + 1] ?? train.length) - 1;
    const from = trainDocuments[document]!;
    return Array.from(train.subarray(from, Math.min(end, from + prompts.tokens)));
  };
}

/**
 * Writes until there are as many tokens as the settings ask for, and stores the text as a corpus under the id of its settings.
 * @param keepPart what is there at a cancel becomes a corpus of its own, whose settings ask for as many tokens as it has
 * @throws StudioError `cancelled`, `text-empty`, `text-single`, `quota`
 */
async function writeEcho(loaded: LoadedWeights, settings: Echo, { work, backend, onProgress }: EchoTools, keepPart: boolean) {
  const { name } = await findModel(settings.model);
  const prompts = await promptsOf(loaded, settings, onProgress);
  const began = performance.now();
  const written: Written = { texts: [], tokens: 0, retokenized: 0, exact: 0, cut: 0, empty: 0 };
  const tell = () => onProgress({ phase: 'write', item: name, done: Math.min(written.tokens, settings.tokens), total: settings.tokens });
  tell();
  try {
    for await (const documents of writeDocuments(loaded, settings, prompts, work)) {
      for (const document of documents) if (written.tokens < settings.tokens) add(written, document, loaded.tokenizer.tokenizer);
      tell();
      if (written.tokens >= settings.tokens) break;
    }
  } catch (error) {
    if (!keepPart || !work.signal.aborted || written.texts.length < 2) throw error;
  }
  if (written.texts.length < 2)
    throw new StudioError('text-single', `${name} wrote ${written.texts.length} documents; two are needed, since one is held out`, {
      file: name,
      read: written.texts.length,
    });
  const { texts, ...counts } = written;
  const seconds = Math.round(performance.now() - began) / 1000;
  const made = { ...settings, tokens: Math.min(settings.tokens, counts.tokens) };
  return store(texts, { settings: made, weights: loaded.hash, backend, ...counts, seconds }, name);
}

interface Written extends Pick<GeneratedText, 'tokens' | 'retokenized' | 'exact' | 'cut' | 'empty'> {
  texts: string[];
}

function add(written: Written, { ids, cut }: EchoDocument, tokenizer: TextTokenizer): void {
  const decoder = new StreamDecoder(tokenizer);
  // Of a document that was cut off the bytes of a character that is not whole are left out.
  const text = ids.map((id) => decoder.push(id)).join('') + (cut ? '' : decoder.end());
  if (text.trim() === '') {
    written.empty++;
    return;
  }
  const again = tokenizer.encode(text, 'plain');
  written.texts.push(text);
  written.tokens += ids.length;
  written.retokenized += again.length;
  if (again.length === ids.length && again.every((id, at) => id === ids[at])) written.exact++;
  if (cut) written.cut++;
}

async function store(texts: readonly string[], generated: GeneratedText, model: string): Promise<StoredCorpus> {
  const id = echoCorpusId(generated.settings);
  const version = crypto.randomUUID();
  const heldOut = (at: number) => at % HELD_OUT === HELD_OUT - 1 || (texts.length < HELD_OUT && at === texts.length - 1);
  const split = async (name: Split) => {
    const own = texts.filter((_, at) => heldOut(at) === (name === 'heldOut'));
    const writer = new RowWriter(preparedFolder(id, version, name), 'prepared');
    for (const [position, text] of own.entries()) {
      const prepared = { position, score: NaN, augmented: null, pseudo: false };
      writer.add({ text, path: `${model}#generated`, line: 0, prepared });
      if (writer.full) await writer.flush();
    }
    await writer.flush();
    return { rowFiles: writer.files, ...writer.total, sha256: await sha256(JSON.stringify(own)) };
  };
  const former = (await listCorpora()).find((corpus) => corpus.id === id);
  try {
    const splits = { train: await split('train'), heldOut: await split('heldOut') };
    const both = <T>(value: (of: (typeof splits)['train']) => T): Record<Split, T> => ({
      train: value(splits.train),
      heldOut: value(splits.heldOut),
    });
    const { temperature, topP, prompts } = generated.settings;
    const marks = [temperature === 1 ? '' : `T ${temperature}`, topP === 1 ? '' : `p ${topP}`, prompts.kind === 'none' ? '' : prompts.kind];
    const corpus: StoredCorpus = {
      id,
      name: ['echo', model, ...marks.filter((mark) => mark !== '')].join(' · '),
      bundled: false,
      role: 'general',
      documents: both(({ rows }) => rows),
      bytes: both(({ bytes }) => bytes),
      licence: '',
      attribution: [],
      createdAt: Date.now(),
      generated,
      separator: '\n\n',
      sha256: both((of) => of.sha256),
      prepared: { version, rowFiles: both(({ rowFiles }) => rowFiles) },
    };
    await putRecord('corpora', corpus);
    if (former?.prepared) await storage.remove(`${corpusFolder(id)}/${former.prepared.version}`);
    return corpus;
  } catch (error) {
    await storage.remove(`${corpusFolder(id)}/${version}`);
    throw isQuotaError(error) ? await quotaError(0) : error;
  }
}

/** Writes those texts of a recipe's channels that models write and that are not there, or are of other weights than the model has now. */
export async function writeMissingEchoes({ channels }: Recipe, tools: EchoTools): Promise<void> {
  for (const { generated } of channels) if (generated) await ensureEcho(generated, tools, false);
}

/** The corpus of these settings: the stored one, or one that is written now. */
export async function ensureEcho(settings: Echo, tools: EchoTools, keepPart: boolean): Promise<StoredCorpus> {
  const id = echoCorpusId(settings);
  return exclusively(`echo:${id}`, async () => {
    const known = (await listCorpora()).find((corpus) => corpus.id === id);
    const listing = await findModel(settings.model);
    // A model that was imported keeps its weights; a bundled one may have others in another version of the studio.
    if (known?.generated) {
      const hash = listing.bundled ? (await weightHashes(await weightSources(listing, null))).join() : known.generated.weights;
      if (hash === known.generated.weights) return known;
    }
    const loaded = await assemble(settings.model, null);
    try {
      return await writeEcho(loaded, settings, tools, keepPart);
    } finally {
      loaded.model.dispose();
    }
  });
}
