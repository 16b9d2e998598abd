/** Trains byte-level BPE; the result equals that of Hugging Face's `BpeTrainer` with a ByteLevel pre-tokenizer. */
import { BYTE_CHARACTERS } from '../byte-level-bpe';
import type { Turns } from '../turns';
import { keptAlphabet } from './pipeline';
import { learnMerges, type CountedWords, type Merge } from './learn-merges';
import type { ByteBpeOptions } from '../../../src/contract/tokenizer';

export interface LearnedBpe {
  /** String of every id. */
  pieces: string[];
  merges: Merge[];
  alphabet: number;
}

/**
 * @param counts weighted counts of pre-tokens
 * @param minFrequency in the unit of the counts
 */
export async function learnByteBpe(
  counts: ReadonlyMap<string, number>,
  options: Pick<ByteBpeOptions, 'vocabularySize' | 'specialTokens' | 'alphabet' | 'alphabetLimit'>,
  minFrequency: number,
  turns: Turns,
  onMerges: (merges: number) => void,
): Promise<LearnedBpe> {
  const utf8 = new TextEncoder();
  const words = Array.from(counts.keys(), (word) => utf8.encode(word));
  const weights = Float64Array.from(counts.values());

  const byByte = new Float64Array(256).fill(options.alphabet === 'bytes' ? Infinity : 0);
  words.forEach((bytes, word) => bytes.forEach((byte) => (byByte[byte]! += weights[word]!)));
  const seen = new Map(BYTE_CHARACTERS.flatMap((character, byte) => (byByte[byte]! > 0 ? [[character, byByte[byte]!]] : [])));
  const alphabet = keptAlphabet(seen, options.alphabetLimit);
  const pieces = [...new Set([...options.specialTokens, ...alphabet])];
  const ids = new Map(pieces.map((piece, id) => [piece, id]));
  const idOfByte = BYTE_CHARACTERS.map((character) => ids.get(character) ?? -1);

  const offsets = new Int32Array(words.length + 1);
  const symbols = new Int32Array(words.reduce((sum, { length }) => sum + length, 0));
  let length = 0;
  words.forEach((bytes, word) => {
    // Bytes outside a limited alphabet are removed from the word.
    for (const byte of bytes) if (idOfByte[byte]! >= 0) symbols[length++] = idOfByte[byte]!;
    offsets[word + 1] = length;
  });
  const counted: CountedWords = { symbols: symbols.subarray(0, length), offsets, counts: weights };
  const join = (left: string, right: string): string => left + right;
  const merges = await learnMerges(counted, pieces, { vocabularySize: options.vocabularySize, minFrequency, join }, turns, onMerges);
  return { pieces, merges, alphabet: alphabet.length };
}
