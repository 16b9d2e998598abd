/**
 * Token shards in OPFS, `tokens/<corpus>/<tokenizer>/`, with `-special` behind where special tokens written out in the text are tokens: per
 * split the ids of all documents in a row, with end-of-text after each (`.bin`, little-endian Uint16 or Uint32), the index at which each
 * document starts (`.offsets.bin`, Uint32), and the UTF-8 bytes of each document's own text (`.bytes.bin`, Uint32); of conversations also
 * which tokens are an answer's (`.marks.bin`, Uint8), in a folder of its own for each chat template. `meta.json` is written
 * last and records the SHA-256 of the tokenizer and the text. Without it, or when either hash has changed, the shards are made again.
 */
import { StudioError } from '../../src/core/errors';
import type { SpecialTokens } from '../../src/core/recipe/schema';
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
  /** UTF-8 bytes of each document's own text, whatever its tokens stand for. */
  documentBytes: Uint32Array<ArrayBuffer>;
  /** UTF-8 bytes of the documents' text. */
  bytes: number;
  /** Of records: 1 for each token of an answer. */
  marks?: Uint8Array<ArrayBuffer>;
}

/** What shards are made of: the same key, the same ids. */
export interface ShardKey {
  corpus: string;
  /** SHA-256 of tokenizer.json. */
  tokenizer: string;
  special: SpecialTokens;
  /** Key of the chat template by which records are rendered. */
  template?: string | undefined;
}

export interface ShardMeta {
  /** Version 1 had no bytes of documents, and other ids for some tokenizers. */
  version: 2;
  tokenizer: string;
  special: SpecialTokens;
  template?: string | undefined;
  /** Records that the template refuses; their documents are empty. */
  refused?: number;
  /** SHA-256 of the text files. */
  text: Record<Split, string>;
  idBytes: 2 | 4;
  endOfText: number;
  tokens: Record<Split, number>;
  documents: Record<Split, number>;
  /** UTF-8 bytes of the documents' text. */
  bytes: Record<Split, number>;
}

export const SPLITS = ['train', 'heldOut'] as const satisfies readonly Split[];

const folderOf = ({ corpus, tokenizer, special, template }: ShardKey): string =>
  `tokens/${corpus}/${tokenizer.slice(0, 16)}${special === 'tokens' ? '-special' : ''}${template === undefined ? '' : `-${template}`}`;
const nameOf = (split: Split): string => (split === 'train' ? 'train' : 'held-out');

/** `meta.json` of shards; null when there are no complete ones. */
export async function readShardMeta(key: ShardKey, store: FileStore = files): Promise<ShardMeta | null> {
  const path = `${folderOf(key)}/meta.json`;
  if (!(await store.exists(path))) return null;
  try {
    const meta = JSON.parse(await store.readText(path)) as ShardMeta;
    return meta.version === 2 && meta.tokenizer === key.tokenizer && meta.special === key.special && meta.template === key.template
      ? meta
      : null;
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
  const { tokenizer, special, template } = meta;
  const folder = folderOf({ corpus, tokenizer, special, template });
  try {
    await store.remove(`${folder}/meta.json`);
    for (const split of SPLITS) {
      await store.write(`${folder}/${nameOf(split)}.bin`, bytesOf(splits[split].ids));
      await store.write(`${folder}/${nameOf(split)}.offsets.bin`, bytesOf(splits[split].offsets));
      await store.write(`${folder}/${nameOf(split)}.bytes.bin`, bytesOf(splits[split].documentBytes));
      const { marks } = splits[split];
      if (marks) await store.write(`${folder}/${nameOf(split)}.marks.bin`, marks);
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
 */
export async function readTokens(key: ShardKey, split: Split, store: FileStore = files): Promise<EncodedSplit> {
  const { corpus } = key;
  const meta = await readShardMeta(key, store);
  const path = `${folderOf(key)}/${nameOf(split)}`;
  if (!meta) throw new StudioError('file-missing', `Corpus "${corpus}" is not tokenized`, { file: corpus, wanted: `${nameOf(split)}.bin` });
  const [ids, offsets, documentBytes] = await Promise.all(['bin', 'offsets.bin', 'bytes.bin'].map((end) => store.read(`${path}.${end}`)));
  const marks = key.template === undefined ? undefined : await store.read(`${path}.marks.bin`);
  const perDocument = meta.documents[split] * 4;
  if (
    ids!.byteLength !== meta.tokens[split] * meta.idBytes ||
    offsets!.byteLength !== perDocument ||
    documentBytes!.byteLength !== perDocument ||
    (marks !== undefined && marks.byteLength !== meta.tokens[split])
  ) {
    await store.remove(folderOf(key));
    throw new StudioError('file-missing', `The token shards of corpus "${corpus}" are damaged`, {
      file: corpus,
      wanted: `${nameOf(split)}.bin`,
    });
  }
  return {
    ids: meta.idBytes === 2 ? new Uint16Array(ids!.buffer) : new Uint32Array(ids!.buffer),
    offsets: new Uint32Array(offsets!.buffer),
    documentBytes: new Uint32Array(documentBytes!.buffer),
    bytes: meta.bytes[split],
    ...(marks && { marks: new Uint8Array(marks.buffer) }),
  };
}

/** Removes all shards of a corpus, under every tokenizer. */
export async function removeShards(corpus: string, store: FileStore = files): Promise<void> {
  await store.remove(`tokens/${corpus}`);
}

function bytesOf(array: TokenIds): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
