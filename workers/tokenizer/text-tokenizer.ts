/**
 * A tokenizer read from Hugging Face's files. Common pipelines are encoded by `FastEncoder`, others by the Rust crate itself. Both give the
 * ids of Hugging Face's `tokenizers`, which is tested against fixtures made with it.
 */
import { NOTICE_NAMES, type TokenizerNotice } from '../../src/core/model/notices';
import type { SpecialTokens } from '../../src/core/recipe/schema';
import { AddedTokens, isNormalized } from './added-tokens';
import { tokenBytes } from './byte-level-bpe';
import { crateDecoder, crateEncoder, type CrateEncoder } from './crate/crate-encoder';
import { tokenDecoder, writtenBytes, type TokenDecoder } from './decoder';
import { FastEncoder } from './fast-encoder';
import { TokenBuffer } from './shards';
import {
  endOfText,
  maskToken,
  modelPieces,
  parseJson,
  parseTokenizerJson,
  sequenceEnds,
  startOfText,
  tokenNotices,
  vocabularySize,
  withinRows,
  type TokenizerJson,
} from './tokenizer-json';

export interface TokenizerFiles {
  /** tokenizer.json */
  tokenizer: string;
  /** tokenizer_config.json, where there is one. */
  config: string | null;
  /** config.json of the model, for its `eos_token_id` and the rows of its table. */
  model: string | null;
}

/** Special tokens that are tried as plain text. Some vocabularies have thousands of reserved ones. */
const SPECIAL_TRIED = 64;

export class TextTokenizer {
  /** Ids are 0 … size − 1. */
  readonly size: number;
  /** Id of the token that follows every document. */
  readonly endOfText: number;
  /** Id of the token that a text starts after where it is measured: BOS where the tokenizer has one, else the end of text. */
  readonly startOfText: number;
  /** What the import of the tokenizer tells. */
  readonly notices: readonly TokenizerNotice[];
  /** Of the model's table; no end where that is not known. */
  private readonly rows: number;
  /** tokenizer_config.json */
  private readonly config: unknown;
  private tokens: string[] | null = null;
  private bytesById: readonly (Uint8Array | null)[] | null = null;

  private constructor(
    private readonly json: TokenizerJson,
    files: TokenizerFiles,
    notices: readonly TokenizerNotice[],
    private readonly parts: FastEncoder | CrateEncoder,
    private readonly added: AddedTokens,
    private readonly decoder: TokenDecoder | ((ids: readonly number[]) => string),
    private readonly decodesIds: boolean,
  ) {
    const config: unknown = files.config === null ? {} : parseJson(files.config, 'tokenizer_config.json');
    this.config = config;
    this.size = vocabularySize(json);
    this.rows = rowsOf(files.model);
    this.endOfText = endOfText(json, config, files.model === null ? {} : parseJson(files.model, 'config.json'));
    this.startOfText = startOfText(json, config) ?? this.endOfText;
    this.notices = notices;
  }

  /** @throws StudioError `tokenizer-invalid` with file and detail */
  static async open(files: TokenizerFiles): Promise<TextTokenizer> {
    const written = parseTokenizerJson(files.tokenizer);
    const rows = rowsOf(files.model);
    const { tokenizer: json, unreachable } = withinRows(written, rows);
    const fast = FastEncoder.of(json);
    const apart = json.added_tokens.some(isNormalized);
    const crate = fast ? null : await crateEncoder(json, apart);
    const added = new AddedTokens(json.added_tokens, fast?.normalize ?? crate!.normalize);
    const own = tokenDecoder(json.decoder);
    const decoder = own ?? (await crateDecoder(json, (id) => added.contentOf(id)));
    const notices = tokenNotices(written, unreachable, rows);
    const tokenizer = new TextTokenizer(json, files, notices, fast ?? crate!, added, decoder, own === null);
    const pieces = tokenizer.specialPieces();
    if (pieces.length > 0) notices.push({ kind: 'special-pieces', count: pieces.length, names: pieces.slice(0, NOTICE_NAMES) });
    return tokenizer;
  }

  /** Special tokens whose text gives them also where it is read as plain text; the unknown token, which stands for whatever is unknown, is none. */
  private specialPieces(): string[] {
    const { added_tokens, model } = this.json;
    const unknown = model.type === 'Unigram' ? model.unk_id : model.unk_token == null ? null : model.vocab.get(model.unk_token);
    return added_tokens
      .filter(({ special, id }) => special && id !== unknown)
      .slice(0, SPECIAL_TRIED)
      .flatMap(({ id, content }) => (this.encode(content, 'plain').includes(id) ? [content] : []));
  }

  /** The Rust crate encodes, with a copy of the vocabulary in its own memory. */
  get usesCrate(): boolean {
    return !(this.parts instanceof FastEncoder);
  }

  /**
   * Tokens that stand for something. Of a vocabulary without a mask: a row of the table behind the last token, else the token of a byte that
   * no UTF-8 text has, else the unknown token, else the end of text.
   */
  get marks(): { mask: number; start: number; end: number } {
    const spare = this.rows > this.size && this.rows < Infinity ? this.size : undefined;
    const mask = maskToken(this.json, this.config) ?? spare ?? unusedToken(this.json) ?? this.endOfText;
    return { mask, start: this.startOfText, end: this.endOfText };
  }

  /** Does the tokenizer itself put marks before a text and behind it, as an encoder's does? */
  get frames(): boolean {
    const { before, after } = sequenceEnds(this.json);
    return before.length > 0 && after.length > 0;
  }

  /** Number of the word that each token belongs to, or begins in, rising: by Intl.Segmenter, which knows Chinese words too. */
  words(ids: ArrayLike<number>): Int32Array {
    const prefix = this.json.model.continuing_subword_prefix ?? '##';
    const spaced = this.json.model.type === 'WordPiece';
    const bytes: number[] = [];
    const firsts = Array.from(ids, (id) => {
      const own = this.bytesOf(id) ?? new Uint8Array();
      // WordPiece keeps no spaces; between characters of three bytes or more (Chinese) there were none.
      if (spaced && !this.tokenOf(id)?.startsWith(prefix) && !((own[0] ?? 0) >= 0xe0 && (bytes.at(-1) ?? 0) >= 0x80)) bytes.push(0x20);
      const begin = own.findIndex((byte) => byte !== 0x20);
      const first = bytes.length + Math.max(0, begin);
      bytes.push(...own);
      return first;
    });
    return wordsAt(Uint8Array.from(bytes), firsts);
  }

  /** Whether the vocabulary is written in the byte alphabet, so that the bytes of each id are known. */
  get byteLevel(): boolean {
    return hasByteDecoder(this.json);
  }

  /** Adds the ids of `text`, without any special token before or after. @param special those that are written out in it */
  encodeInto(text: string, into: TokenBuffer, special: SpecialTokens = 'tokens'): void {
    const encoder = this.parts;
    if (encoder instanceof FastEncoder)
      return this.added.split(
        text,
        special,
        (part, first) => encoder.encode(part, first, into),
        (id) => into.push(id),
      );
    const parts: string[] = [];
    // Ids of added tokens, and −1 for each part between them.
    const order: number[] = [];
    let begins = false;
    this.added.split(
      text,
      special,
      (part, first) => {
        begins ||= first;
        parts.push(part);
        order.push(-1);
      },
      (id) => order.push(id),
    );
    const rows = encoder.encode(parts, begins);
    let part = 0;
    for (const id of order)
      if (id >= 0) into.push(id);
      else for (const ids of rows[part++]!) into.append(ids);
  }

  encode(text: string, special: SpecialTokens = 'tokens'): number[] {
    const ids = new TokenBuffer(64);
    this.encodeInto(text, ids, special);
    return Array.from(ids.view());
  }

  /** As transformers' `tokenizer(text)`: with the tokens that the post-processor puts before and after. */
  encodeWhole(text: string): number[] {
    const { before, after } = sequenceEnds(this.json);
    return [...before, ...this.encode(text), ...after];
  }

  /** How often each special token stands written out in a text; by id. */
  specialIn(text: string): Map<number, number> {
    return this.added.specialIn(text);
  }

  /** Invalid UTF-8 becomes U+FFFD; special tokens are included in the text. */
  decode(ids: readonly number[]): string {
    this.check(ids);
    if (this.decodesIds) return (this.decoder as (ids: readonly number[]) => string)(ids);
    return (this.decoder as TokenDecoder)(ids.map((id) => this.tokenOf(id)).filter((token) => token !== undefined));
  }

  /** Bytes that an id stands for; null for ids that are in no vocabulary. */
  bytesOf(id: number): Uint8Array | null {
    this.bytesById ??= bytesById(this.json, this.size);
    return this.bytesById[id] ?? null;
  }

  /** In a byte-level vocabulary, the bytes that an id adds to decoded text. */
  decodedBytesOf(id: number): Uint8Array {
    const token = this.tokenOf(id);
    return Uint8Array.from(token === undefined ? [] : writtenBytes(token));
  }

  private tokenOf(id: number): string | undefined {
    if (!this.tokens) {
      this.tokens = [];
      for (const [piece, at] of modelPieces(this.json)) this.tokens[at] = piece;
      for (const { id: at, content } of this.json.added_tokens) this.tokens[at] = this.added.contentOf(at) ?? content;
    }
    return this.tokens[id];
  }

  isSpecial(id: number): boolean {
    return this.added.isSpecial(id);
  }

  /** UTF-8 bytes of text that each id stands for, shape [size]; 0 for special tokens. */
  byteLengths(): Uint16Array<ArrayBuffer> {
    return tokenByteLengths(this.json);
  }

  private check(ids: readonly number[]): void {
    const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= this.size);
    if (wrong !== undefined) throw new RangeError(`Token id ${wrong} is outside 0 … ${this.size - 1}`);
  }
}

/** Rows of the model's table; no end where the file names none. */
function rowsOf(model: string | null): number {
  const rows: unknown = model === null ? undefined : (parseJson(model, 'config.json') as { vocab_size?: unknown } | null)?.vocab_size;
  return typeof rows === 'number' ? rows : Infinity;
}

/**
 * UTF-8 bytes of text that each id stands for, for bits per byte; special tokens (end of text) count 0.
 * @returns one length per id, `vocabularySize(tokenizer)` in all
 */
function tokenByteLengths(tokenizer: TokenizerJson): Uint16Array<ArrayBuffer> {
  const lengths = new Uint16Array(vocabularySize(tokenizer));
  bytesById(tokenizer, lengths.length).forEach((bytes, id) => (lengths[id] = bytes?.length ?? 0));
  for (const { id, special } of tokenizer.added_tokens) if (special) lengths[id] = 0;
  return lengths;
}

function bytesById(tokenizer: TokenizerJson, size: number): (Uint8Array | null)[] {
  const utf8 = new TextEncoder();
  const bytes = new Array<Uint8Array | null>(size).fill(null);
  const byteLevel = hasByteDecoder(tokenizer);
  const { model } = tokenizer;
  const prefix = model.continuing_subword_prefix ?? (model.type === 'WordPiece' ? '##' : '');
  const suffix = model.end_of_word_suffix ?? '';
  for (const [token, id] of modelPieces(tokenizer)) {
    const raw = byteLevel ? tokenBytes(token) : sentencePieceByte(token);
    bytes[id] = raw ? Uint8Array.from(raw) : utf8.encode(byteLevel ? token : surface(token, prefix, suffix));
  }
  for (const { id, content } of tokenizer.added_tokens) bytes[id] = utf8.encode(content);
  return bytes;
}

function surface(token: string, prefix: string, suffix: string): string {
  let text = token.replaceAll('▁', ' ');
  if (prefix !== '' && text.startsWith(prefix)) text = text.slice(prefix.length);
  return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
}

/** `<0x0A>` of a byte-fallback vocabulary. */
function sentencePieceByte(token: string): number[] | null {
  const match = /^<0x([0-9A-F]{2})>$/.exec(token);
  return match ? [Number.parseInt(match[1]!, 16)] : null;
}

function hasByteDecoder({ decoder }: TokenizerJson): boolean {
  return decoder?.type === 'ByteLevel';
}

/** A token that no text has: of the byte 0xFF, in the byte alphabet or as a piece of byte fallback; else the unknown token. */
function unusedToken(tokenizer: TokenizerJson): number | undefined {
  const { model } = tokenizer;
  const ofByte = hasByteDecoder(tokenizer) ? 'ÿ' : '<0xFF>';
  const found = modelPieces(tokenizer).find(([piece]) => piece === ofByte)?.[1];
  if (found !== undefined) return found;
  if (model.type === 'Unigram') return model.unk_id ?? undefined;
  return model.unk_token == null ? undefined : model.vocab.get(model.unk_token);
}

let segmenter: Intl.Segmenter | null = null;

/** Number of the word in which each of these bytes of a text lies, rising. Half a character at the text's ends is of the word beside it. */
function wordsAt(bytes: Uint8Array, places: readonly number[]): Int32Array {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'word' });
  let from = 0;
  while (from < bytes.length && (bytes[from]! & 0xc0) === 0x80) from += 1;
  const ends: number[] = [];
  let end = from;
  for (const { segment } of segmenter.segment(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(from)))) {
    end += new TextEncoder().encode(segment).length;
    ends.push(end);
  }
  let word = 0;
  return Int32Array.from(places, (place) => {
    while (word < ends.length - 1 && ends[word]! <= place) word += 1;
    return word;
  });
}
