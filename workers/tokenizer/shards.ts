/**
 * Token shards in OPFS, `tokens/<corpus>/<tokenizer>/`: per split the ids of all documents in a row, with end-of-text after each
 * (`.bin`, little-endian Uint16 or Uint32), and the index at which each document starts (`.offsets.bin`, Uint32). `meta.json` is written
 * last and records the SHA-256 of the tokenizer and the text. Without it, or when either hash has changed, the shards are made again.
 */
import { StudioError } from '../../src/core/errors';
import type { Split } from '../storage/corpora';
import { files, type FileStore } from '../storage/files';

/** A resizable array of token ids. */
export class TokenBuffer {
  private ids: Uint32Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 1 << 16) {
    this.ids = new Uint32Array(capacity);
  }

  push(id: number): void {
    if (this.length === this.ids.length) this.grow(this.length + 1);
    this.ids[this.length++] = id;
  }

  append(ids: ArrayLike<number>): void {
    this.appendRange(ids, 0, ids.length);
  }

  /** Appends `ids[from … to)`. */
  appendRange(ids: ArrayLike<number>, from: number, to: number): void {
    if (this.length + to - from > this.ids.length) this.grow(this.length + to - from);
    // Ranges are short, so that a loop is faster than `TypedArray.set`.
    for (let at = from; at < to; at++) this.ids[this.length++] = ids[at]!;
  }

  /** The ids so far. The view is invalid after the next push or append. */
  view(): Uint32Array<ArrayBuffer> {
    return this.ids.subarray(0, this.length);
  }

  private grow(needed: number): void {
    const larger = new Uint32Array(Math.max(needed, this.ids.length * 2));
    larger.set(this.view());
    this.ids = larger;
  }
}

export type TokenIds = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

export interface EncodedSplit {
  ids: TokenIds;
  /** Index in `ids` of each document's first token. */
  offsets: Uint32Array<ArrayBuffer>;
  /** UTF-8 bytes of the documents' text. */
  bytes: number;
}

export interface ShardMeta {
  version: 1;
  /** SHA-256 of tokenizer.json and of the text files. */
  tokenizer: string;
  text: Record<Split, string>;
  idBytes: 2 | 4;
  endOfText: number;
  tokens: Record<Split, number>;
  documents: Record<Split, number>;
  /** UTF-8 bytes of the documents' text. */
  bytes: Record<Split, number>;
}

export const SPLITS = ['train', 'heldOut'] as const satisfies readonly Split[];

const folderOf = (corpus: string, tokenizerHash: string): string => `tokens/${corpus}/${tokenizerHash.slice(0, 16)}`;
const nameOf = (split: Split): string => (split === 'train' ? 'train' : 'held-out');

/** `meta.json` of a corpus's shards for a tokenizer; null when there are no complete shards. */
export async function readShardMeta(corpus: string, tokenizerHash: string, store: FileStore = files): Promise<ShardMeta | null> {
  const path = `${folderOf(corpus, tokenizerHash)}/meta.json`;
  if (!(await store.exists(path))) return null;
  try {
    const meta = JSON.parse(await store.readText(path)) as ShardMeta;
    return meta.version === 1 && meta.tokenizer === tokenizerHash ? meta : null;
  } catch {
    return null;
  }
}

/** @throws StudioError `quota`; incomplete shards are removed */
export async function writeShards(
  corpus: string,
  meta: ShardMeta,
  splits: Record<Split, EncodedSplit>,
  store: FileStore = files,
): Promise<void> {
  const folder = folderOf(corpus, meta.tokenizer);
  try {
    await store.remove(`${folder}/meta.json`);
    for (const split of SPLITS) {
      await store.write(`${folder}/${nameOf(split)}.bin`, bytesOf(splits[split].ids));
      await store.write(`${folder}/${nameOf(split)}.offsets.bin`, bytesOf(splits[split].offsets));
    }
    await store.write(`${folder}/meta.json`, JSON.stringify(meta));
  } catch (error) {
    await store.remove(folder);
    throw error;
  }
}

/**
 * Ids and document starts of one split.
 * @throws StudioError `file-missing` when the corpus has no shards, or damaged ones (which are removed)
 * @param tokenizerHash SHA-256 of tokenizer.json (`loadTokenizer(model).hash`)
 */
export async function readTokens(corpus: string, tokenizerHash: string, split: Split, store: FileStore = files): Promise<EncodedSplit> {
  const meta = await readShardMeta(corpus, tokenizerHash, store);
  const path = `${folderOf(corpus, tokenizerHash)}/${nameOf(split)}`;
  if (!meta) throw new StudioError('file-missing', `Corpus "${corpus}" is not tokenized`, { file: corpus, wanted: `${nameOf(split)}.bin` });
  const [ids, offsets] = await Promise.all([store.read(`${path}.bin`), store.read(`${path}.offsets.bin`)]);
  if (ids.byteLength !== meta.tokens[split] * meta.idBytes || offsets.byteLength !== meta.documents[split] * 4) {
    await store.remove(folderOf(corpus, tokenizerHash));
    throw new StudioError('file-missing', `The token shards of corpus "${corpus}" are damaged`, {
      file: corpus,
      wanted: `${nameOf(split)}.bin`,
    });
  }
  return {
    ids: meta.idBytes === 2 ? new Uint16Array(ids.buffer) : new Uint32Array(ids.buffer),
    offsets: new Uint32Array(offsets.buffer),
    bytes: meta.bytes[split],
  };
}

/** Removes all shards of a corpus, under every tokenizer. */
export async function removeShards(corpus: string, store: FileStore = files): Promise<void> {
  await store.remove(`tokens/${corpus}`);
}

function bytesOf(array: TokenIds): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
