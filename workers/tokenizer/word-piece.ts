/** WordPiece as in BERT: greedy longest match from left to right; a word with no such segmentation is one unknown token. */
import { StudioError } from '../../src/core/errors';
import type { PieceModel } from './unigram';
import type { WordPieceModel } from './tokenizer-json';

export class WordPiece implements PieceModel {
  symbols = new Int32Array(128);
  private readonly vocabulary: ReadonlyMap<string, number>;
  private readonly unknown: number;
  private readonly prefix: string;
  private readonly longestWord: number;
  private readonly longestPiece: number;

  constructor({ vocab, unk_token: unknown, continuing_subword_prefix: prefix, max_input_chars_per_word: longest }: WordPieceModel) {
    this.vocabulary = vocab;
    this.prefix = prefix ?? '##';
    this.longestWord = longest ?? 100;
    this.longestPiece = [...vocab.keys()].reduce((most, piece) => Math.max(most, piece.length), 0);
    const id = vocab.get(unknown ?? '[UNK]');
    if (id === undefined) {
      const detail = `unk_token "${unknown}" is not in the vocabulary`;
      throw new StudioError('tokenizer-invalid', `tokenizer.json: ${detail}`, { file: 'tokenizer.json', detail });
    }
    this.unknown = id;
  }

  encode(text: string, start: number, end: number): number {
    if (characters(text, start, end) > this.longestWord) return this.one(this.unknown);
    if (this.symbols.length < end - start) this.symbols = new Int32Array(end - start);
    let length = 0;
    for (let from = start; from < end;) {
      const prefix = from > start ? this.prefix : '';
      let to = Math.min(end, from + this.longestPiece);
      let id: number | undefined;
      for (; to > from && id === undefined; to--) id = this.vocabulary.get(prefix + text.slice(from, to));
      if (id === undefined) return this.one(this.unknown);
      this.symbols[length++] = id;
      from = to + 1;
    }
    return length;
  }

  private one(id: number): number {
    this.symbols[0] = id;
    return 1;
  }
}

function characters(text: string, start: number, end: number): number {
  let count = end - start;
  for (let at = start + 1; at < end; at++) if (text.codePointAt(at - 1)! > 0xffff) count--;
  return count;
}
