/** Tokenizes corpora with a model's tokenizer into token shards (shards.ts), unless shards of the same text exist. */
import type { OnProgress } from '../../src/contract/progress';
import type { ChannelText, TokenizedCorpus } from '../../src/contract/tokenizer';
import type { SpecialTokens } from '../../src/core/recipe/schema';
import { findCorpus, readDocuments, type Split, type StoredCorpus } from '../storage/corpora';
import { exclusively } from '../storage/locks';
import { EncodePool } from './encode-pool';
import { loadTokenizer, tokenizerFiles, type LoadedTokenizer } from './open';
import { readShardMeta, SPLITS, writeShards, type EncodedSplit, type ShardMeta } from './shards';

/**
 * A lock per corpus, tokenizer and reading of special tokens makes a second call for the same wait and then use the shards of the first.
 * @param model model id
 * @throws StudioError `cancelled`, `file-missing`, `text-empty`, `quota`, `fetch-failed`
 */
export async function prepareCorpora(
  model: string,
  texts: readonly ChannelText[],
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<TokenizedCorpus[]> {
  const loaded = await loadTokenizer(model);
  const pool = new EncodePool(loaded.tokenizer, () => tokenizerFiles(model));
  const prepared: TokenizedCorpus[] = [];
  try {
    for (const { corpus, specialTokens = 'plain' } of texts)
      prepared.push(await prepareCorpus(await findCorpus(corpus), specialTokens, loaded, pool, onProgress, signal));
  } finally {
    await pool.close();
  }
  return prepared;
}

/** Makes the shards of one corpus unless they are current. The lock holds across tabs. */
async function prepareCorpus(
  corpus: StoredCorpus,
  special: SpecialTokens,
  loaded: LoadedTokenizer,
  pool: EncodePool,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<TokenizedCorpus> {
  return exclusively(`tokens:${corpus.id}:${loaded.hash}:${special}`, async () => {
    signal?.throwIfAborted();
    const known = await readShardMeta({ corpus: corpus.id, tokenizer: loaded.hash, special });
    const meta =
      known && SPLITS.every((split) => known.text[split] === corpus.sha256[split])
        ? known
        : await make(corpus, special, loaded, pool, onProgress, signal);
    return { corpus: corpus.id, tokens: meta.tokens, bytes: meta.bytes };
  });
}

async function make(
  corpus: StoredCorpus,
  special: SpecialTokens,
  { tokenizer, hash }: LoadedTokenizer,
  pool: EncodePool,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<ShardMeta> {
  const total = corpus.bytes.train + corpus.bytes.heldOut;
  onProgress({ phase: 'tokenize', item: corpus.id, done: 0, total });
  let before = 0;
  const encoded: Partial<Record<Split, EncodedSplit>> = {};
  for (const split of SPLITS) {
    const documents = await readDocuments(corpus, split, undefined, signal);
    const onBytes = (bytes: number): void =>
      onProgress({ phase: 'tokenize', item: corpus.id, done: Math.min(total, before + bytes), total });
    encoded[split] = await pool.encode(documents, { special, onBytes, signal });
    before += encoded[split].bytes;
  }
  const splits = { train: encoded.train!, heldOut: encoded.heldOut! };
  const meta: ShardMeta = {
    version: 2,
    tokenizer: hash,
    special,
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
