/**
 * A tokenizer read from Hugging Face's files. Common pipelines are encoded by `FastEncoder`, others by `@huggingface/tokenizers`. Both give
 * the same ids, which is tested against fixtures made with Hugging Face's `tokenizers`.
 */
import { Tokenizer } from '@huggingface/tokenizers';
import { StudioError } from '../../src/core/errors';
import { tokenBytes } from './byte-level-bpe';
import { FastEncoder } from './fast-encoder';
import { byteFallbackDecoder, type TokenDecoder } from './decoder';
import { TokenBuffer } from './shards';
import { endOfText, modelPieces, parseJson, parseTokenizerJson, vocabularySize, type TokenizerJson } from './tokenizer-json';

export interface TokenizerFiles {
  /** tokenizer.json */
  tokenizer: string;
  /** tokenizer_config.json, where there is one. */
  config: string | null;
  /** config.json of the model, for its `eos_token_id`. */
  model: string | null;
}

export class TextTokenizer {
  /** Ids are 0 … size − 1. */
  readonly size: number;
  /** Id of the token that follows every document. */
  readonly endOfText: number;
  /** Id of the token that a text starts after where it is measured. */
  readonly startOfText: number;
  private readonly json: TokenizerJson;
  private readonly config: unknown;
  private readonly fast: FastEncoder | null;
  private readonly ownDecode: TokenDecoder | null;
  /** Created on first use, because it doubles the memory that the vocabulary takes. */
  private library: Tokenizer | null = null;
  private tokens: string[] | null = null;
  private bytesById: readonly (Uint8Array | null)[] | null = null;

  /** @throws StudioError `tokenizer-invalid` with file and detail */
  constructor(files: TokenizerFiles) {
    this.json = parseTokenizerJson(files.tokenizer);
    this.config = files.config === null ? {} : parseJson(files.config, 'tokenizer_config.json');
    this.size = vocabularySize(this.json);
    this.endOfText = endOfText(this.json, this.config, files.model === null ? {} : parseJson(files.model, 'config.json'));
    this.startOfText = this.endOfText;
    this.fast = FastEncoder.of(this.json);
    this.ownDecode = byteFallbackDecoder(this.json.decoder);
    if (!this.fast || !(this.byteLevel || this.ownDecode)) this.general();
  }

  /** Whether the vocabulary is written in the byte alphabet, so that the bytes of each id are known. */
  get byteLevel(): boolean {
    return hasByteDecoder(this.json);
  }

  /** Appends the ids of `text`, without special tokens before or after. */
  encodeInto(text: string, into: TokenBuffer): void {
    if (this.fast) this.fast.encode(text, into);
    else into.append(this.encodeByLibrary(text));
  }

  encode(text: string): number[] {
    const ids = new TokenBuffer(64);
    this.encodeInto(text, ids);
    return Array.from(ids.view());
  }

  /** Ids from `@huggingface/tokenizers`, against which tests compare `encode`. */
  encodeByLibrary(text: string): number[] {
    return text === '' ? [] : this.general().encode(text, { add_special_tokens: false }).ids;
  }

  /** Invalid UTF-8 becomes U+FFFD; special tokens are included in the text. */
  decode(ids: readonly number[]): string {
    if (ids.length === 0) return '';
    this.check(ids);
    if (this.ownDecode) return this.ownDecode(ids.map((id) => this.tokenOf(id)));
    if (!this.byteLevel) return this.general().decode([...ids], { clean_up_tokenization_spaces: false });
    const parts = ids.map((id) => this.bytesOf(id) ?? new Uint8Array());
    const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  }

  /** Bytes that an id stands for; null for ids that are in no vocabulary. */
  bytesOf(id: number): Uint8Array | null {
    this.bytesById ??= bytesById(this.json, this.size);
    return this.bytesById[id] ?? null;
  }

  private tokenOf(id: number): string {
    if (!this.tokens) {
      this.tokens = new Array<string>(this.size).fill('');
      for (const [piece, at] of modelPieces(this.json)) this.tokens[at] = piece;
      for (const { id: at, content } of this.json.added_tokens) this.tokens[at] = content;
    }
    return this.tokens[id]!;
  }

  private general(): Tokenizer {
    try {
      return (this.library ??= new Tokenizer(this.json, this.config as object));
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw new StudioError('tokenizer-invalid', `tokenizer.json: ${detail}`, { file: 'tokenizer.json', detail });
    }
  }

  isSpecial(id: number): boolean {
    return this.json.added_tokens.some((token) => token.id === id && token.special);
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
  const continuation = tokenizer.model.type === 'WordPiece' ? (tokenizer.model.continuing_subword_prefix ?? '##') : '';
  for (const [token, id] of modelPieces(tokenizer)) {
    const raw = byteLevel ? tokenBytes(token) : sentencePieceByte(token);
    bytes[id] = raw ? Uint8Array.from(raw) : utf8.encode(byteLevel ? token : surface(token, continuation));
  }
  for (const { id, content } of tokenizer.added_tokens) bytes[id] = utf8.encode(content);
  return bytes;
}

function surface(token: string, continuation: string): string {
  const text = token.replaceAll('▁', ' ');
  return continuation !== '' && text.startsWith(continuation) ? text.slice(continuation.length) : text;
}

/** `<0x0A>` of a byte-fallback vocabulary. */
function sentencePieceByte(token: string): number[] | null {
  const match = /^<0x([0-9A-F]{2})>$/.exec(token);
  return match ? [Number.parseInt(match[1]!, 16)] : null;
}

function hasByteDecoder({ decoder }: TokenizerJson): boolean {
  return decoder?.type === 'ByteLevel';
}
