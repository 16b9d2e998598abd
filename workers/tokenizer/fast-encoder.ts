/** Encodes text with the studio's own pre-tokenizers and models, and a cache of the ids of pre-tokens. */
import type { TokenBuffer } from './shards';
import type { Normalize } from './added-tokens';
import { ByteLevelBpe, fitsByteLevelBpe } from './byte-level-bpe';
import { CharacterBpe, fitsCharacterBpe } from './character-bpe';
import { normalizerOf } from './normalizer';
import { preTokenizerOf, type PreTokenizer } from './pre-tokenizer';
import type { TokenizerJson } from './tokenizer-json';
import { SPACE, characterClasses } from './unicode/characters';
import { Unigram, type PieceModel } from './unigram';
import { WordPiece } from './word-piece';

/** Longest pre-token that is cached, in UTF-16 units; longer ones rarely repeat. */
const LONGEST = 64;
const ENTRIES = 1 << 18;
const SLOTS = ENTRIES * 2;
const POOL = 1 << 21;

/**
 * Ids of pre-tokens seen before, which are most pre-tokens of a text. A hash table that compares UTF-16 units in place, so that a look-up
 * allocates no string and the cache keeps none alive. It is emptied when full.
 */
class PieceCache {
  /** Hash slot to entry + 1; 0 for an empty slot. */
  private readonly slots = new Int32Array(SLOTS);
  private readonly hashes = new Int32Array(ENTRIES);
  /** Start of each entry in `units` and in `ids`; it ends where the next entry starts. */
  private readonly unitStarts = new Int32Array(ENTRIES + 1);
  private readonly idStarts = new Int32Array(ENTRIES + 1);
  private readonly units = new Uint16Array(POOL);
  private readonly ids = new Int32Array(POOL);
  private size = 0;

  /** Appends the ids of `text[start … end)` if cached. @returns whether they were */
  give(text: string, start: number, end: number, into: TokenBuffer): boolean {
    if (end - start > LONGEST) return false;
    const hash = hashOf(text, start, end);
    for (let slot = hash & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const entry = this.slots[slot]! - 1;
      if (entry < 0) return false;
      if (this.hashes[entry] !== hash || !this.equals(entry, text, start, end)) continue;
      into.appendRange(this.ids, this.idStarts[entry]!, this.idStarts[entry + 1]!);
      return true;
    }
  }

  /** Stores the first `length` of `ids` for `text[start … end)`, which must not be cached yet. */
  keep(text: string, start: number, end: number, ids: Int32Array, length: number): void {
    if (end - start > LONGEST || length > LONGEST * 4) return;
    let unit = this.unitStarts[this.size]!;
    let id = this.idStarts[this.size]!;
    if (this.size === ENTRIES || unit + LONGEST > POOL || id + LONGEST * 4 > POOL) {
      this.slots.fill(0);
      this.size = unit = id = 0;
    }
    const hash = hashOf(text, start, end);
    let slot = hash & (SLOTS - 1);
    while (this.slots[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    for (let at = start; at < end; at++) this.units[unit++] = text.charCodeAt(at);
    for (let at = 0; at < length; at++) this.ids[id++] = ids[at]!;
    this.hashes[this.size++] = hash;
    this.slots[slot] = this.size;
    this.unitStarts[this.size] = unit;
    this.idStarts[this.size] = id;
  }

  private equals(entry: number, text: string, start: number, end: number): boolean {
    let unit = this.unitStarts[entry]!;
    if (this.unitStarts[entry + 1]! - unit !== end - start) return false;
    for (let at = start; at < end; at++) if (this.units[unit++] !== text.charCodeAt(at)) return false;
    return true;
  }
}

function hashOf(text: string, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) ^ (hash >>> 15);
  return hash ^ (hash >>> 13);
}

/**
 * Encodes normalized text in these steps: split into pre-tokens, look each pre-token up in the cache or encode it with
 * the model. Several times faster than the crate, with the same ids (kinds.test.ts). Added tokens are cut out before.
 */
export class FastEncoder {
  private readonly cache = new PieceCache();

  private constructor(
    readonly normalize: Normalize,
    private readonly preTokenizer: PreTokenizer,
    private readonly model: PieceModel,
  ) {}

  /** @returns null for a pipeline that is left to the crate. @throws StudioError `tokenizer-invalid` */
  static of({ normalizer, pre_tokenizer, model }: TokenizerJson): FastEncoder | null {
    const normalize = normalizerOf(normalizer);
    const preTokenizer = preTokenizerOf(pre_tokenizer);
    if (!normalize || !preTokenizer) return null;
    const pieces = modelOf(model, preTokenizer.bytes);
    return pieces && new FastEncoder(normalize, preTokenizer, pieces);
  }

  /** Whether pieces are written in the byte alphabet (byte-level BPE). */
  get bytes(): boolean {
    return this.preTokenizer.bytes;
  }

  /** The normalized and prefixed form of a text at the start of a document; added tokens are treated as text. */
  prepare(text: string): string {
    return this.preTokenizer.prepare(this.normalize(text), true);
  }

  /** Pre-tokens of a prepared text, without those of white space where the pre-tokenizer drops them. */
  preTokens(prepared: string): string[] {
    const { end: endOf, dropsSpace } = this.preTokenizer;
    const pieces: string[] = [];
    let end: number;
    for (let start = 0; start < prepared.length; start = end) {
      end = endOf ? endOf(prepared, start) : prepared.length;
      const piece = prepared.slice(start, end);
      if (!dropsSpace || characterClasses()[piece.charCodeAt(0)] !== SPACE) pieces.push(piece);
    }
    return pieces;
  }

  /** Ids of one pre-token. */
  encodePreToken(piece: string): number[] {
    const length = piece === '' ? 0 : this.model.encode(piece, 0, piece.length);
    return Array.from(this.model.symbols.subarray(0, length));
  }

  /** Adds the ids of normalized text. @param first it begins the whole text */
  encode(normal: string, first: boolean, into: TokenBuffer): void {
    const { model, cache } = this;
    const { end: endOf = null, dropsSpace } = this.preTokenizer;
    const text = this.preTokenizer.prepare(normal, first);
    const classes = dropsSpace ? characterClasses() : null;
    const next = endOf ?? model.cut ?? null;
    let end: number;
    for (let start = 0; start < text.length; start = end) {
      end = next ? next(text, start) : text.length;
      if (classes && classes[text.charCodeAt(start)] === SPACE) continue;
      if (cache.give(text, start, end, into)) continue;
      const length = model.encode(text, start, end);
      cache.keep(text, start, end, model.symbols, length);
      into.appendRange(model.symbols, 0, length);
    }
  }
}

function modelOf(model: TokenizerJson['model'], bytes: boolean): PieceModel | null {
  switch (model.type) {
    case 'BPE':
      if (bytes) return fitsByteLevelBpe(model) ? new ByteLevelBpe(model) : null;
      return fitsCharacterBpe(model) ? new CharacterBpe(model) : null;
    case 'WordPiece':
      return bytes ? null : new WordPiece(model);
    case 'Unigram':
      return bytes ? null : new Unigram(model);
    case 'WordLevel':
      return null;
  }
}
