/**
 * An adversarial set: texts in which more and more words are replaced by near ones that a model finds hard, as TextFooler does it for classifiers
 * (Jin et al. 2020, arXiv 1907.11932). The words whose loss costs most come first; each is replaced by that neighbour in the model's own
 * embeddings, above a least similarity, which raises the text's loss per byte most. Nothing is drawn: the same model and texts give the same set.
 */
import { tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { DecoderModel } from '../engine';
import { StudioError } from '../../src/core/errors';
import { ADVERSARIAL_LEVELS, WORD } from '../../src/core/text/perturb';
import { sequenceModel } from './engine-model';
import { sequenceLosses, type SequenceModel, type SequenceOptions } from './sequences';
import { utf8Length } from '../tokenizer/encode-documents';

/** Words at a text's beginning that are read; what follows is cut off. */
const READ_WORDS = 24;
/** Nearest words that are tried, and the least cosine of their embeddings once the mean of all words' is taken off. */
const NEIGHBOURS = 3;
const LEAST_SIMILARITY = 0.4;
/** Words among which neighbours are sought, the most frequent of the texts. */
const KNOWN_WORDS = 3000;
/** Ids whose embeddings are read at once. */
const IDS_AT_ONCE = 4096;

interface Tokens {
  startOfText: number;
  encode(text: string): ArrayLike<number>;
}

/** [level][text], by `ADVERSARIAL_LEVELS`. */
export type AdversarialTexts = string[][];

/** A run's weights on a set that was made against its base: the same texts each time. */
export interface AdversarialSample {
  /** Bits per byte at each level. @param between called before each batch; false ends it, and null is returned */
  curve(between: () => Promise<boolean>, exclusively: <T>(work: () => Promise<T>) => Promise<T>): Promise<number[] | null>;
}

export function adversarialSample(model: SequenceModel, tokens: Tokens, set: AdversarialTexts): AdversarialSample {
  const levels = set.map((texts) => ({
    sequences: texts.map((text) => [tokens.startOfText, ...Array.from(tokens.encode(text))]),
    bytes: texts.reduce((sum, text) => sum + utf8Length(text), 0),
  }));
  return {
    async curve(goesOn, exclusively) {
      const bits: number[] = [];
      let stopped = false;
      const between = async () => {
        stopped = !(await goesOn());
        if (stopped) throw new StudioError('cancelled', 'The run was stopped during an evaluation');
      };
      try {
        for (const { sequences, bytes } of levels) {
          const losses = await sequenceLosses(model, sequences, { exclusively, between });
          const nll = losses.reduce((total, own) => own.reduce((sum, loss) => sum + loss, total), 0);
          bits.push(nll / (Math.max(1, bytes) * Math.LN2));
        }
      } catch (error) {
        if (stopped) return null;
        throw error;
      }
      return bits;
    },
  };
}

/** A word of a text as it stands there. */
interface Place {
  word: string;
  from: number;
}

/** @throws StudioError `cancelled` by `options.between` */
export async function adversarialTexts(
  model: DecoderModel,
  tokens: Tokens,
  whole: readonly string[],
  options: SequenceOptions,
): Promise<AdversarialTexts> {
  const scorer = sequenceModel(model);
  /** nats per byte */
  const lossesOf = async (texts: readonly string[]): Promise<number[]> => {
    const sequences = texts.map((text) => [tokens.startOfText, ...Array.from(tokens.encode(text))]);
    const losses = await sequenceLosses(scorer, sequences, options);
    return losses.map((own, at) => own.reduce((sum, loss) => sum + loss, 0) / Math.max(1, utf8Length(texts[at]!)));
  };
  const texts = whole.map(beginning);
  const places = texts.map(placesIn);
  const neighbours = await nearWords(model, tokens, texts, options);

  // A word weighs what the loss of the rest rises by without it.
  const without = texts.flatMap((text, at) => places[at]!.map(({ word, from }) => text.slice(0, from) + text.slice(from + word.length)));
  const [clean, left] = [await lossesOf(texts), await lossesOf(without)];
  let next = 0;
  const orders = texts.map((_, at) => {
    const rises = places[at]!.map(() => left[next++]! - clean[at]!);
    return rises
      .map((_, place) => place)
      .filter((place) => (neighbours.get(keyOf(places[at]![place]!.word)) ?? []).length > 0)
      .sort((one, other) => rises[other]! - rises[one]! || one - other);
  });

  const replaced = texts.map(() => new Map<number, string>());
  const present = [...clean];
  const levels: AdversarialTexts = [texts];
  const written = (at: number, change?: [number, string]) => withWords(texts[at]!, places[at]!, replaced[at]!, change);
  for (const level of ADVERSARIAL_LEVELS.slice(1)) {
    const wanted = places.map(({ length }) => Math.round(level * length));
    for (;;) {
      // One word of each text at a time, all texts together.
      const turns = texts.flatMap((_, at) => {
        const place = replaced[at]!.size < wanted[at]! ? orders[at]!.shift() : undefined;
        if (place === undefined) return [];
        const { word } = places[at]![place]!;
        return (neighbours.get(keyOf(word)) ?? []).map((other) => ({ at, place, word: inCase(word, other) }));
      });
      if (turns.length === 0) break;
      const losses = await lossesOf(turns.map(({ at, place, word }) => written(at, [place, word])));
      turns.forEach(({ at, place, word }, turn) => {
        if (losses[turn]! <= present[at]!) return;
        present[at] = losses[turn]!;
        replaced[at]!.set(place, word);
      });
    }
    levels.push(texts.map((_, at) => written(at)));
  }
  return levels;
}

/** Up to the end of the last word that is read. */
function beginning(text: string): string {
  let words = 0;
  for (const match of text.matchAll(WORD)) if ((words += 1) === READ_WORDS) return text.slice(0, match.index + match[0].length);
  return text;
}

/** Words of letters; numbers and signs stay. */
const placesIn = (text: string): Place[] =>
  [...text.matchAll(WORD)].flatMap(({ 0: word, index }) => (/^\p{L}[\p{L}\p{M}']*$/u.test(word) ? [{ word, from: index }] : []));

const keyOf = (word: string): string => word.toLowerCase();

/** As the word that it replaces begins. */
const inCase = (word: string, other: string): string => (/^\p{Lu}/u.test(word) ? other.slice(0, 1).toUpperCase() + other.slice(1) : other);

function withWords(text: string, places: readonly Place[], replaced: ReadonlyMap<number, string>, change?: [number, string]): string {
  let result = '';
  let done = 0;
  places.forEach(({ word, from }, place) => {
    const other = change?.[0] === place ? change[1] : replaced.get(place);
    if (other === undefined) return;
    result += text.slice(done, from) + other;
    done = from + word.length;
  });
  return result + text.slice(done);
}

const isHan = (word: string): boolean => /\p{sc=Han}/u.test(word);

/** Of each word of the texts those nearest to it, the nearest first: words of the texts themselves, of the same kind of script. */
async function nearWords(
  model: DecoderModel,
  tokens: Tokens,
  texts: readonly string[],
  { exclusively, between }: SequenceOptions,
): Promise<ReadonlyMap<string, string[]>> {
  const counts = new Map<string, number>();
  for (const text of texts) for (const { word } of placesIn(text)) counts.set(keyOf(word), (counts.get(keyOf(word)) ?? 0) + 1);
  const words = [...counts.keys()]
    .sort((one, other) => counts.get(other)! - counts.get(one)! || (one < other ? -1 : 1))
    .slice(0, KNOWN_WORDS);
  // As the word stands in running text: behind a blank, where its script has them.
  const ids = words.map((word) => Array.from(tokens.encode(isHan(word) ? word : ` ${word}`)));
  const known = [...new Set(ids.flat())];
  const rows = new Map<number, Float32Array>();
  for (let at = 0; at < known.length; at += IDS_AT_ONCE) {
    await between(0, 1);
    const part = known.slice(at, at + IDS_AT_ONCE);
    const values = await exclusively(async () => {
      const found = tidy(() => model.embeddings(tensor1d(part, 'int32')));
      const read = await found.data<'float32'>();
      found.dispose();
      return read;
    });
    const width = values.length / part.length;
    part.forEach((id, row) => rows.set(id, values.slice(row * width, (row + 1) * width)));
  }
  const vectors = ids.map((own) => meanOf(own.map((id) => rows.get(id)!)));
  if (vectors.length === 0) return new Map();
  const centre = meanOf(vectors);
  for (const vector of vectors) {
    vector.forEach((value, at) => (vector[at] = value - centre[at]!));
    const length = Math.hypot(...vector) || 1;
    vector.forEach((value, at) => (vector[at] = value / length));
  }
  return new Map(
    words.map((word, at) => {
      const near = vectors.flatMap((vector, other) => {
        if (other === at || isHan(words[other]!) !== isHan(word)) return [];
        const similarity = vector.reduce((sum, value, k) => sum + value * vectors[at]![k]!, 0);
        return similarity >= LEAST_SIMILARITY ? [{ other, similarity }] : [];
      });
      near.sort((one, two) => two.similarity - one.similarity);
      return [word, near.slice(0, NEIGHBOURS).map(({ other }) => words[other]!)];
    }),
  );
}

function meanOf(vectors: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(vectors[0]!.length);
  for (const vector of vectors) for (let at = 0; at < mean.length; at++) mean[at]! += vector[at]! / vectors.length;
  return mean;
}
