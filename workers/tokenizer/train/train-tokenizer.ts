/** Trains a tokenizer on weighted text and writes it as Hugging Face's files. */
import type { TrainProgress, TrainReport, TrainOptions } from '../../../src/contract/tokenizer';
import { StudioError } from '../../../src/core/errors';
import { Turns } from '../turns';
import { countWords, WEIGHT_UNIT, pipelineOf, splitterOf } from './pipeline';
import { learnByteBpe } from './learn-byte-bpe';
import { learnUnigram } from './learn-unigram';
import { learnWordPiece } from './learn-word-piece';
import { bpeModel, tokenizerConfig, tokenizerJson, unigramModel, wordPieceModel } from './tokenizer-files';

/** Text to learn from. `weight` multiplies its word counts; 1 counts them as they are, 0 leaves the source out. Resolution 1/1024. */
export interface TrainingSource {
  texts: Iterable<string> | AsyncIterable<string>;
  weight: number;
}

export interface TrainHooks {
  onProgress?: (progress: TrainProgress) => void;
  /** Aborting it ends the training with StudioError `cancelled`, usually within 50 ms. */
  signal?: AbortSignal;
}

/** An ordinary tokenizer in Hugging Face's files. */
export interface TrainedTokenizer {
  /** tokenizer.json */
  tokenizer: string;
  /** tokenizer_config.json */
  config: string;
  report: TrainReport;
}

/**
 * Deterministic: the same text, options and weights give the same tokenizer. Special tokens that occur in the text are treated as text.
 * @throws StudioError `cancelled`; `tokenizer-options` with the invalid field, its value and what is accepted
 */
export async function trainTokenizer(
  sources: readonly TrainingSource[],
  options: TrainOptions,
  { onProgress = () => undefined, signal }: TrainHooks = {},
): Promise<TrainedTokenizer> {
  const began = performance.now();
  checkOptions(sources, options);
  const turns = new Turns(signal);
  const pipeline = pipelineOf(options);
  const { counts, bytes } = await countWords(sources, splitterOf(pipeline), turns, (done) =>
    onProgress({ phase: 'count', done, total: 0 }),
  );
  if (counts.size === 0) throw refused('texts', 'none', 'at least one source with text and a weight above 0');
  const { model, ...sizes } = await learn(counts, options, turns, (done, total) => onProgress({ phase: 'learn', done, total }));
  return {
    tokenizer: tokenizerJson(options.specialTokens, pipeline, model),
    config: tokenizerConfig(options),
    report: { kind: options.kind, ...sizes, bytes, words: counts.size, milliseconds: performance.now() - began },
  };
}

interface Learned {
  model: object;
  vocabulary: number;
  alphabet: number;
  merges: number;
}

/** @param counts in units of 1/WEIGHT_UNIT */
async function learn(
  counts: ReadonlyMap<string, number>,
  options: TrainOptions,
  turns: Turns,
  onSteps: (done: number, total: number) => void,
): Promise<Learned> {
  const { specialTokens, vocabularySize } = options;
  if (options.kind === 'unigram') {
    const plain = new Map(Array.from(counts, ([word, count]) => [word, count / WEIGHT_UNIT]));
    const { pieces, alphabet } = await learnUnigram(plain, vocabularySize - specialTokens.length, options, turns, onSteps);
    const vocabulary = [...specialTokens.map((token) => [token, 0] as const), ...pieces];
    return {
      model: unigramModel(specialTokens.indexOf(options.unknownToken), vocabulary),
      vocabulary: vocabulary.length,
      alphabet,
      merges: 0,
    };
  }
  const onMerges = (merges: number): void => onSteps(merges, vocabularySize);
  const minFrequency = options.minFrequency * WEIGHT_UNIT;
  if (options.kind === 'wordpiece') {
    const learned = await learnWordPiece(counts, options, minFrequency, turns, onMerges);
    const { pieces, alphabet, merges } = learned;
    return { model: wordPieceModel(options, pieces), vocabulary: pieces.length, alphabet, merges };
  }
  const learned = await learnByteBpe(counts, options, minFrequency, turns, onMerges);
  return { model: bpeModel(learned), vocabulary: learned.pieces.length, alphabet: learned.alphabet, merges: learned.merges.length };
}

const LARGEST_VOCABULARY = 2 ** 20;

function checkOptions(sources: readonly TrainingSource[], options: TrainOptions): void {
  const { vocabularySize, specialTokens, endOfText } = options;
  if (!Number.isInteger(vocabularySize) || vocabularySize <= specialTokens.length || vocabularySize > LARGEST_VOCABULARY)
    throw refused('vocabularySize', vocabularySize, `${specialTokens.length + 1} … ${LARGEST_VOCABULARY}`);
  if (specialTokens.includes('')) throw refused('specialTokens', '""', 'tokens of at least one character');
  const twice = specialTokens.find((token, at) => specialTokens.indexOf(token) !== at);
  if (twice !== undefined) throw refused('specialTokens', twice, 'each token once');
  if (!specialTokens.includes(endOfText)) throw refused('endOfText', endOfText, `one of ${specialTokens.join(', ')}`);
  for (const { weight } of sources) if (!(weight >= 0 && weight <= 1024)) throw refused('weight', weight, '0 … 1024');
  if (options.kind === 'byte-bpe') return;
  if (!specialTokens.includes(options.unknownToken))
    throw refused('unknownToken', options.unknownToken, `one of ${specialTokens.join(', ')}`);
  if (options.kind === 'wordpiece') return;
  if (!(options.shrinkingFactor > 0 && options.shrinkingFactor < 1)) throw refused('shrinkingFactor', options.shrinkingFactor, '0 … 1');
  if (!(Number.isInteger(options.subIterations) && options.subIterations > 0))
    throw refused('subIterations', options.subIterations, 'a whole number from 1');
  if (!(Number.isInteger(options.maxPieceLength) && options.maxPieceLength > 0))
    throw refused('maxPieceLength', options.maxPieceLength, 'a whole number from 1');
}

function refused(field: string, value: string | number, accepted: string): StudioError {
  return new StudioError('tokenizer-options', `${field} is ${value}; accepted: ${accepted}`, { field, value, accepted });
}
