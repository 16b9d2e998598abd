/**
 * Training of WordPiece (Schuster & Nakajima 2012), BERT's kind, as Hugging Face's `WordPieceTrainer` does it: BPE's merges over characters
 * that carry ## where they continue a word. Pieces are then found from left to right, so that the order of merges is not kept.
 */
import type { Turns } from '../turns';
import { CONTINUATION, keptAlphabet } from './pipeline';
import { learnMerges, type CountedWords } from './learn-merges';
import type { WordPieceOptions } from '../../../src/contract/tokenizer';

export interface LearnedPieces {
  /** String of every id. */
  pieces: string[];
  alphabet: number;
  merges: number;
}

/**
 * `tokenizers` gives the ## characters their ids in the order of a hash map, which differs from run to run; here they stand by code
 * point. Ids break ties between equally frequent pairs, so that its vocabularies differ a little among themselves, and from this one.
 * @param minFrequency in the unit of the counts
 */
export async function learnWordPiece(
  counts: ReadonlyMap<string, number>,
  options: Pick<WordPieceOptions, 'vocabularySize' | 'specialTokens' | 'alphabetLimit'>,
  minFrequency: number,
  turns: Turns,
  onMerges: (merges: number) => void,
): Promise<LearnedPieces> {
  const seen = new Map<string, number>();
  for (const [word, count] of counts) for (const character of word) seen.set(character, (seen.get(character) ?? 0) + count);
  const alphabet = keptAlphabet(seen, options.alphabetLimit);
  const kept = new Set(alphabet);
  const continuing = new Set<string>();
  for (const word of counts.keys()) {
    let first = true;
    for (const character of word) {
      if (!first && kept.has(character)) continuing.add(character);
      first = false;
    }
  }
  const pieces = [
    ...new Set([...options.specialTokens, ...alphabet, ...alphabet.filter((c) => continuing.has(c)).map((c) => CONTINUATION + c)]),
  ];
  const ids = new Map(pieces.map((piece, id) => [piece, id]));

  const symbols: number[] = [];
  const offsets = new Int32Array(counts.size + 1);
  let index = 0;
  for (const word of counts.keys()) {
    let first = true;
    for (const character of word) {
      // A character outside a limited alphabet is left out of its word.
      if (kept.has(character)) symbols.push(ids.get(first ? character : CONTINUATION + character)!);
      first = false;
    }
    offsets[++index] = symbols.length;
  }
  const words: CountedWords = { symbols: Int32Array.from(symbols), offsets, counts: Float64Array.from(counts.values()) };
  const join = (left: string, right: string): string => left + (right.startsWith(CONTINUATION) ? right.slice(CONTINUATION.length) : right);
  const merges = await learnMerges(words, pieces, { vocabularySize: options.vocabularySize, minFrequency, join }, turns, onMerges);
  return { pieces, alphabet: alphabet.length, merges: merges.length };
}
