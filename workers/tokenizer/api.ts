/** The tokenizer worker: token shards for the trainer, and text to ids and back for the pages. */
import { StudioError } from '../../src/core/errors';
import type { OnProgress } from '../../src/contract/progress';
import type { TokenizedCorpus, TokenizerApi } from '../../src/contract/tokenizer';
import { findCorpus, readDocuments, type Split, type StoredCorpus } from '../storage/corpora';
import { exclusively } from '../storage/locks';
import { listTokenizers, removeTokenizer, renameTokenizer } from '../storage/tokenizers';
import { exportTokenizer, importTokenizer } from './collection';
import { EncodePool } from './encode-pool';
import { loadTokenizer, tokenizerFiles, type LoadedTokenizer } from './load';
import { extendVocabulary, planVocabulary } from './extend-vocabulary';
import { heldOutSamples } from './held-out-samples';
import { openTokenizer, readTokenizerTexts } from './open';
import { readShardMeta, SPLITS, writeShards, type EncodedSplit, type ShardMeta } from './shards';
import { channelFertility, fertilityCurve, termTokens } from './statistics';
import { tokenizeText } from './tokenize';
import { trainAndKeep } from './train-and-keep';
import { Turns } from './turns';

/** Ends all work of a kind in this worker. Two calls that prepare the same corpus share its lock: the second finds it done. */
const cancelling = { prepare: new AbortController(), train: new AbortController() };
/** Statistics take about a second and come one after the other: nobody cancels them. */
const never = new AbortController().signal;

export const tokenizerApi: TokenizerApi = {
  async prepare(model, corpora, onProgress) {
    const { signal } = cancelling.prepare;
    const loaded = await loadTokenizer(model);
    const pool = new EncodePool(loaded.tokenizer, () => tokenizerFiles(model));
    const prepared: TokenizedCorpus[] = [];
    try {
      for (const id of corpora) prepared.push(await prepareCorpus(await findCorpus(id), loaded, pool, onProgress, signal));
    } finally {
      await pool.close();
    }
    return prepared;
  },

  async cancel(work = 'prepare') {
    cancelling[work].abort();
    cancelling[work] = new AbortController();
  },

  async encode(model, text) {
    const { tokenizer } = await loadTokenizer(model);
    const ids = tokenizer.encode(text);
    return { ids, tokens: ids.map((id) => tokenizer.decode([id])) };
  },

  async decode(model, ids) {
    return (await loadTokenizer(model)).tokenizer.decode(ids);
  },

  list: listTokenizers,
  importTokenizer,
  rename: renameTokenizer,
  remove: (id) => removeTokenizer(id),
  exportTokenizer,
  train: (name, channels, options, onProgress) => trainAndKeep(name, channels, options, onProgress, cancelling.train.signal),

  async tokenize(ref, text, most) {
    return tokenizeText(await openTokenizer(ref), text, most);
  },

  async fertility(ref, corpora, terms, sampleBytes) {
    const open = await openTokenizer(ref);
    const turns = new Turns(never);
    const channels = [];
    for (const sample of await heldOutSamples(corpora, sampleBytes, never)) channels.push(await channelFertility(open, sample, turns));
    return { channels, terms: terms.map((term) => ({ term, tokens: termTokens(open.tokenizer, term) })) };
  },

  planVocabulary: (model, source, onProgress) => planVocabulary(model, source, onProgress, cancelling.train.signal),
  extendVocabulary: (model, source, name, onProgress) => extendVocabulary(model, source, name, onProgress, cancelling.train.signal),

  async fertilityCurve(ref, corpora, sampleBytes) {
    const [texts, { tokenizer }] = await Promise.all([readTokenizerTexts(ref), openTokenizer(ref)]);
    return fertilityCurve(texts, tokenizer, await heldOutSamples(corpora, sampleBytes, never), new Turns(never));
  },
};

/** The shards of one corpus, made unless they are there already. One tab at a time makes them. */
async function prepareCorpus(
  corpus: StoredCorpus,
  loaded: LoadedTokenizer,
  pool: EncodePool,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<TokenizedCorpus> {
  return exclusively(`tokens:${corpus.id}:${loaded.hash}`, async () => {
    if (signal.aborted) throw new StudioError('cancelled', 'Cancelled');
    const known = await readShardMeta(corpus.id, loaded.hash);
    const meta =
      known && SPLITS.every((split) => known.text[split] === corpus.sha256[split])
        ? known
        : await make(corpus, loaded, pool, onProgress, signal);
    return { corpus: corpus.id, tokens: meta.tokens, bytes: meta.bytes };
  });
}

async function make(
  corpus: StoredCorpus,
  { tokenizer, hash }: LoadedTokenizer,
  pool: EncodePool,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ShardMeta> {
  const total = corpus.bytes.train + corpus.bytes.heldOut;
  onProgress({ phase: 'tokenize', item: corpus.id, done: 0, total });
  let before = 0;
  const encoded: Partial<Record<Split, EncodedSplit>> = {};
  for (const split of SPLITS) {
    const documents = await readDocuments(corpus, split, undefined, signal);
    const report = (bytes: number) => onProgress({ phase: 'tokenize', item: corpus.id, done: Math.min(total, before + bytes), total });
    encoded[split] = await pool.encode(documents, report, signal);
    before += encoded[split].bytes;
  }
  const splits = { train: encoded.train!, heldOut: encoded.heldOut! };
  const meta: ShardMeta = {
    version: 1,
    tokenizer: hash,
    text: corpus.sha256,
    idBytes: tokenizer.size <= 0x10000 ? 2 : 4,
    endOfText: tokenizer.endOfText,
    tokens: { train: splits.train.ids.length, heldOut: splits.heldOut.ids.length },
    documents: { train: splits.train.offsets.length, heldOut: splits.heldOut.offsets.length },
    bytes: { train: splits.train.bytes, heldOut: splits.heldOut.bytes },
  };
  await writeShards(corpus.id, meta, splits);
  onProgress({ phase: 'tokenize', item: corpus.id, done: total, total });
  return meta;
}
