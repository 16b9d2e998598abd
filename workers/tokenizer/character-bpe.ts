/**
 * BPE over characters with byte fallback, as in Llama 2 and Mistral. These tokenizers have no pre-tokens, so a cache could not be used.
 * But between two characters that no merge ever joins the text can be split without changing any id, since merges on one side do not
 * depend on the other. The resulting parts are words and short runs of ideographs, most of which repeat and are found in the cache.
 */
import { MergeTable } from './merge-table';
import type { PieceModel } from './unigram';
import type { BpeModel } from './tokenizer-json';

export function fitsCharacterBpe(model: BpeModel): boolean {
  if (model.dropout || model.continuing_subword_prefix || model.end_of_word_suffix) return false;
  return model.unk_token == null || model.vocab.has(model.unk_token);
}

export class CharacterBpe implements PieceModel {
  symbols = new Int32Array(1024);
  readonly cut?: (text: string, start: number) => number;
  private readonly vocabulary: ReadonlyMap<string, number>;
  /** Id of the one-unit piece, by UTF-16 unit; −1 for none. */
  private readonly units = new Int32Array(0x10000).fill(-1);
  private readonly merges: MergeTable;
  /** Ids of <0x00> … <0xFF>; null without byte fallback. */
  private readonly bytes: Int32Array | null;
  private readonly unknown: number;

  constructor(private readonly model: BpeModel) {
    this.vocabulary = model.vocab;
    for (const [piece, id] of this.vocabulary) if (piece.length === 1) this.units[piece.charCodeAt(0)] = id;
    this.merges = MergeTable.of(model.vocab, model.merges);
    this.bytes = model.byte_fallback
      ? Int32Array.from({ length: 256 }, (_, byte) => this.vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`) ?? -1)
      : null;
    this.unknown = model.unk_token == null ? -1 : (this.vocabulary.get(model.unk_token) ?? -1);
    const joined = model.ignore_merges ? null : joinedCharacters(model);
    // When the vocabulary lacks a byte, neighbouring unknown characters may become one token, which a split would separate.
    if (joined && this.bytes !== null && !this.bytes.includes(-1)) this.cut = (text, start) => cutEnd(joined, text, start);
  }

  encode(text: string, start: number, end: number): number {
    if (this.symbols.length < (end - start) * 3) this.symbols = new Int32Array((end - start) * 3);
    if (this.model.ignore_merges) {
      const id = this.vocabulary.get(text.slice(start, end));
      if (id !== undefined) {
        this.symbols[0] = id;
        return 1;
      }
    }
    return this.merges.apply(this.symbols, this.spell(text, start, end));
  }

  private spell(text: string, start: number, end: number): number {
    const { symbols } = this;
    let length = 0;
    /** An unknown token waits for the next character that the vocabulary has; bytes pass it by. */
    let waiting = false;
    for (let at = start; at < end; at++) {
      const character = text.codePointAt(at)!;
      const pair = character > 0xffff;
      const id = pair ? (this.vocabulary.get(text.slice(at, at + 2)) ?? -1) : this.units[character]!;
      if (pair) at++;
      if (id >= 0) {
        if (waiting) symbols[length++] = this.unknown;
        waiting = false;
        symbols[length++] = id;
        continue;
      }
      const bytes = this.bytes ? utf8.encode(String.fromCodePoint(character)) : [];
      if (bytes.length > 0 && bytes.every((byte) => this.bytes![byte]! >= 0)) {
        for (const byte of bytes) symbols[length++] = this.bytes![byte]!;
      } else if (this.unknown >= 0) {
        if (waiting && !this.model.fuse_unk) symbols[length++] = this.unknown;
        waiting = true;
      }
    }
    if (waiting) symbols[length++] = this.unknown;
    return length;
  }
}

/** Pairs of code points that some merge joins, as left · 0x200000 + right; null when splitting could change ids. */
function joinedCharacters({ merges }: BpeModel): ReadonlySet<number> | null {
  const joined = new Set<number>();
  for (const merge of merges) {
    const [left, right] = merge;
    if (BYTE.test(left) || BYTE.test(right)) return null;
    const last = left.codePointAt(left.length - (isLowSurrogate(left, left.length - 1) ? 2 : 1))!;
    joined.add(last * 0x200000 + right.codePointAt(0)!);
  }
  return joined;
}

const utf8 = new TextEncoder();
const BYTE = /^<0x[0-9A-F]{2}>$/;

function cutEnd(joined: ReadonlySet<number>, text: string, start: number): number {
  let left = text.codePointAt(start)!;
  let at = start + (left > 0xffff ? 2 : 1);
  while (at < text.length) {
    const right = text.codePointAt(at)!;
    if (!joined.has(left * 0x200000 + right)) return at;
    at += right > 0xffff ? 2 : 1;
    left = right;
  }
  return at;
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit < 0xe000;
}
