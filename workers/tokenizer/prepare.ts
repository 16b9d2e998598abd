/** Tokenizes corpora with a model's tokenizer into token shards (shards.ts), unless shards of the same text exist. */
import type { OnProgress } from '../../src/contract/progress';
import type { TokenizedCorpus } from '../../src/contract/tokenizer';
import { findCorpus, readDocuments, type Split, type StoredCorpus } from '../storage/corpora';
import { exclusively } from '../storage/locks';
import { EncodePool } from './encode-pool';
import { loadTokenizer, tokenizerFiles, type LoadedTokenizer } from './open';
import { readShardMeta, SPLITS, writeShards, type EncodedSplit, type ShardMeta } from './shards';

/**
 * A lock per corpus and tokenizer makes a second call for the same corpus wait and then use the shards of the first.
 * @param model model id @param corpora corpus ids
 * @throws StudioError `cancelled`, `file-missing`, `text-empty`, `quota`, `fetch-failed`
 */
export async function prepareCorpora(
  model: string,
  corpora: readonly string[],
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<TokenizedCorpus[]> {
  const loaded = await loadTokenizer(model);
  const pool = new EncodePool(loaded.tokenizer, () => tokenizerFiles(model));
  const prepared: TokenizedCorpus[] = [];
  try {
    for (const id of corpora) prepared.push(await prepareCorpus(await findCorpus(id), loaded, pool, onProgress, signal));
  } finally {
    await pool.close();
  }
  return prepared;
}

/** Makes the shards of one corpus unless they are current. The lock holds across tabs. */
async function prepareCorpus(
  corpus: StoredCorpus,
  loaded: LoadedTokenizer,
  pool: EncodePool,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<TokenizedCorpus> {
  return exclusively(`tokens:${corpus.id}:${loaded.hash}`, async () => {
    signal?.throwIfAborted();
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
  signal?: AbortSignal,
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
