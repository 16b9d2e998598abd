/** Tokenizes corpora with a model's tokenizer into token shards (shards.ts), unless shards of the same text exist. */
import type { OnProgress } from '../../src/contract/progress';
import type { ChannelText, TokenizedCorpus } from '../../src/contract/tokenizer';
import type { SpecialTokens } from '../../src/core/recipe/schema';
import type { RecordKind } from '../../src/core/corpus/records';
import { chatTemplateOf, encodeMarked, renderRecord, type ChatTemplate } from './chat';
import { findCorpus, readDocuments, type Split, type StoredCorpus } from '../storage/corpora';
import { exclusively } from '../storage/locks';
import { EncodePool } from './encode-pool';
import { utf8Length } from './encode-documents';
import { loadTokenizer, openTokenizer, tokenizerFiles, type LoadedTokenizer } from './open';
import { readShardMeta, readTokens, SPLITS, TokenBuffer, writeShards, type EncodedSplit, type ShardMeta } from './shards';
import { Turns } from './turns';

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
    for (const { corpus: id, specialTokens = 'plain' } of texts) {
      const corpus = await findCorpus(id);
      const records = corpus.kind ? await recordsBy(model, corpus.kind, loaded) : null;
      prepared.push(await prepareCorpus({ corpus, special: specialTokens, loaded, pool, records }, onProgress, signal));
    }
  } finally {
    await pool.close();
  }
  return prepared;
}

/** How the documents of a corpus that are records become tokens. */
interface RecordReading {
  kind: RecordKind;
  template: ChatTemplate;
  encode: (text: NonNullable<ReturnType<typeof renderRecord>>) => ReturnType<typeof encodeMarked>;
}

async function recordsBy(model: string, kind: RecordKind, { tokenizer }: LoadedTokenizer): Promise<RecordReading> {
  const { vocabulary } = await openTokenizer({ kind: 'model', model });
  // What a person labels is text; what a template writes has tokens of its own.
  const special = kind === 'labelled' ? 'plain' : 'tokens';
  return { kind, template: await chatTemplateOf(model, tokenizer), encode: (text) => encodeMarked(tokenizer, vocabulary, text, special) };
}

/** The key of the chat template by which a corpus of records is read with a model's tokenizer; undefined of texts. */
export async function templateKeyOf(model: string, corpus: StoredCorpus): Promise<string | undefined> {
  return corpus.kind ? (await chatTemplateOf(model, (await loadTokenizer(model)).tokenizer)).key : undefined;
}

interface Preparing {
  corpus: StoredCorpus;
  special: SpecialTokens;
  loaded: LoadedTokenizer;
  pool: EncodePool;
  records: RecordReading | null;
}

/** Makes the shards of one corpus unless they are current. The lock holds across tabs. */
async function prepareCorpus(preparing: Preparing, onProgress: OnProgress, signal?: AbortSignal): Promise<TokenizedCorpus> {
  const { corpus, special, loaded, records } = preparing;
  const template = records?.template.key;
  return exclusively(`tokens:${corpus.id}:${loaded.hash}:${special}${template ? `:${template}` : ''}`, async () => {
    signal?.throwIfAborted();
    const known = await readShardMeta({ corpus: corpus.id, tokenizer: loaded.hash, special, template });
    const meta =
      known && SPLITS.every((split) => known.text[split] === corpus.sha256[split]) ? known : await make(preparing, onProgress, signal);
    const prepared = { corpus: corpus.id, tokens: meta.tokens, bytes: meta.bytes };
    if (!records) return prepared;
    const { ids, offsets } = await readTokens({ corpus: corpus.id, tokenizer: loaded.hash, special, template }, 'train');
    const lengths = offsets.map((start, at) => (offsets[at + 1] ?? ids.length) - start - 1);
    return { ...prepared, records: { lengths, refused: meta.refused ?? 0 } };
  });
}

async function make(
  { corpus, special, loaded: { tokenizer, hash }, pool, records }: Preparing,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<ShardMeta> {
  const total = corpus.bytes.train + corpus.bytes.heldOut;
  onProgress({ phase: 'tokenize', item: corpus.id, done: 0, total });
  let before = 0;
  let refused = 0;
  const encoded: Partial<Record<Split, EncodedSplit>> = {};
  for (const split of SPLITS) {
    const documents = await readDocuments(corpus, split, undefined, signal);
    const onBytes = (bytes: number): void =>
      onProgress({ phase: 'tokenize', item: corpus.id, done: Math.min(total, before + bytes), total });
    const found = records ? await encodeRecords(records, tokenizer, documents, { onBytes, signal }) : null;
    refused += found?.refused ?? 0;
    encoded[split] = found ?? (await pool.encode(documents, { special, onBytes, signal }));
    before += encoded[split].bytes;
  }
  const splits = { train: encoded.train!, heldOut: encoded.heldOut! };
  const meta: ShardMeta = {
    version: 2,
    tokenizer: hash,
    special,
    ...(records && { template: records.template.key, refused }),
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

/** As `encodeDocuments`, of records: each as its template writes it. One that it refuses is an empty document. */
async function encodeRecords(
  { kind, template, encode }: RecordReading,
  tokenizer: LoadedTokenizer['tokenizer'],
  documents: readonly string[],
  { onBytes, signal }: { onBytes: (bytes: number) => void; signal: AbortSignal | undefined },
): Promise<EncodedSplit & { refused: number }> {
  const ids = new TokenBuffer();
  const marks = new TokenBuffer();
  const offsets = new Uint32Array(documents.length);
  const documentBytes = new Uint32Array(documents.length);
  const turns = new Turns(signal);
  let bytes = 0;
  let read = 0;
  let refused = 0;
  for (const [index, json] of documents.entries()) {
    offsets[index] = ids.length;
    const text = renderRecord(template, kind, json);
    if (text) {
      const encoded = encode(text);
      ids.append(encoded.ids);
      marks.append(encoded.marks);
      bytes += documentBytes[index] = utf8Length(text.text);
    } else refused++;
    ids.push(tokenizer.endOfText);
    marks.push(0);
    read += json.length;
    if (!turns.due()) continue;
    onBytes(read);
    await turns.take();
  }
  const narrow = tokenizer.size <= 0x10000 ? Uint16Array.from(ids.view()) : ids.view().slice();
  return { ids: narrow, marks: Uint8Array.from(marks.view()), offsets, documentBytes, bytes, refused };
}
