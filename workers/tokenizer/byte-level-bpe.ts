/** Byte-level BPE as in GPT-2: a pre-token's UTF-8 bytes become ids, which are then merged. With the byte alphabet. */
import { MergeTable } from './merge-table';
import type { PieceModel } from './unigram';
import type { BpeModel } from './tokenizer-json';

/** The 256 characters by which a byte-level BPE vocabulary writes bytes (GPT-2's `bytes_to_unicode`). */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  const printable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

const BYTES = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

/** Bytes that a vocabulary entry stands for; null when it is not written in the byte alphabet. */
export function tokenBytes(token: string): number[] | null {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = BYTES.get(character);
    if (byte === undefined) return null;
    bytes.push(byte);
  }
  return bytes;
}

/** Whether `ByteLevelBpe` supports all settings of the model. */
export function fitsByteLevelBpe(model: BpeModel): boolean {
  if (model.dropout || model.continuing_subword_prefix || model.end_of_word_suffix) return false;
  // With all bytes there nothing is ever unknown.
  return (!model.byte_fallback && model.unk_token == null) || BYTE_CHARACTERS.every((character) => model.vocab.has(character));
}

export class ByteLevelBpe implements PieceModel {
  symbols = new Int32Array(1024);
  /** Id by byte; −1 for a byte that the vocabulary lacks, which is skipped. */
  private readonly byteIds: Int32Array;
  private readonly lacksBytes: boolean;
  private readonly merges: MergeTable;
  private readonly whole: ReadonlyMap<string, number> | null;

  constructor(model: BpeModel) {
    this.byteIds = Int32Array.from(BYTE_CHARACTERS, (character) => model.vocab.get(character) ?? -1);
    this.lacksBytes = this.byteIds.includes(-1);
    this.merges = MergeTable.of(model.vocab, model.merges);
    this.whole = model.ignore_merges ? model.vocab : null;
  }

  encode(text: string, start: number, end: number): number {
    if (this.symbols.length < (end - start) * 3) this.symbols = new Int32Array((end - start) * 3);
    if (this.whole) {
      const bytes = new TextEncoder().encode(text.slice(start, end));
      const id = this.whole.get(Array.from(bytes, (byte) => BYTE_CHARACTERS[byte]).join(''));
      if (id !== undefined) {
        this.symbols[0] = id;
        return 1;
      }
    }
    let length = this.spell(text, start, end);
    if (this.lacksBytes) {
      const known = this.symbols.subarray(0, length).filter((id) => id >= 0);
      this.symbols.set(known);
      length = known.length;
    }
    return this.merges.apply(this.symbols, length);
  }

  /** UTF-8 of the text, each byte as the id of its character; a lone surrogate is U+FFFD. */
  private spell(text: string, start: number, end: number): number {
    const { symbols, byteIds } = this;
    let length = 0;
    for (let at = start; at < end; at++) {
      let point = text.charCodeAt(at);
      if (point < 0x80) {
        symbols[length++] = byteIds[point]!;
        continue;
      }
      if (point < 0x800) {
        symbols[length++] = byteIds[0xc0 | (point >> 6)]!;
      } else {
        if (point >= 0xd800 && point < 0xe000) {
          point = text.codePointAt(at)!;
          if (point > 0xffff) at++;
          else point = 0xfffd;
        }
        if (point > 0xffff) {
          symbols[length++] = byteIds[0xf0 | (point >> 18)]!;
          symbols[length++] = byteIds[0x80 | ((point >> 12) & 0x3f)]!;
        } else {
          symbols[length++] = byteIds[0xe0 | (point >> 12)]!;
        }
        symbols[length++] = byteIds[0x80 | ((point >> 6) & 0x3f)]!;
      }
      symbols[length++] = byteIds[0x80 | (point & 0x3f)]!;
    }
    return length;
  }
}
