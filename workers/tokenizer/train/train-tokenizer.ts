/** Trains a tokenizer on weighted text and gives it back in Hugging Face's files. */
import { StudioError } from '../../../src/core/errors';
import { Turns } from '../turns';
import { byteBpeSplitter, learnByteBpe } from './byte-bpe';
import { countWords, WEIGHT_UNIT, type Splitter } from './count-words';
import { byteBpeJson, tokenizerConfig } from './tokenizer-files';
import type { ByteBpeOptions, TrainedTokenizer, TrainHooks, TrainingSource, TrainOptions, TrainReport } from './types';

/**
 * The same text, options and weights give the same tokenizer. Special tokens inside the text are text.
 * @throws StudioError `cancelled`; `tokenizer-options` with the field that cannot be, its value and what is accepted
 */
export async function trainTokenizer(
  sources: readonly TrainingSource[],
  options: TrainOptions,
  { onProgress = () => undefined, signal }: TrainHooks = {},
): Promise<TrainedTokenizer> {
  const began = performance.now();
  checkOptions(sources, options);
  const turns = new Turns(signal);
  const { counts, bytes } = await countWords(sources, splitterOf(options), turns, (done) => onProgress({ phase: 'count', done, total: 0 }));
  if (counts.size === 0) throw refused('texts', 'no text', 'at least one source with text and a weight above 0');
  const learned = await learn(counts, options, turns, (done, total) => onProgress({ phase: 'learn', done, total }));
  const report: TrainReport = {
    kind: options.kind,
    vocabulary: learned.vocabulary,
    alphabet: learned.alphabet,
    merges: learned.merges,
    bytes,
    words: counts.size,
    milliseconds: performance.now() - began,
  };
  return { tokenizer: learned.json, config: tokenizerConfig(options, null), report };
}

interface Learned {
  json: string;
  vocabulary: number;
  alphabet: number;
  merges: number;
}
type OnSteps = (done: number, total: number) => void;

function splitterOf(options: TrainOptions): Splitter {
  switch (options.kind) {
    case 'byte-bpe':
      return byteBpeSplitter(options);
    default:
      throw refused('kind', options.kind, 'byte-bpe');
  }
}

async function learn(counts: Map<string, number>, options: TrainOptions, turns: Turns, onSteps: OnSteps): Promise<Learned> {
  switch (options.kind) {
    case 'byte-bpe':
      return learnBytes(counts, options, turns, onSteps);
    default:
      throw refused('kind', options.kind, 'byte-bpe');
  }
}

async function learnBytes(counts: Map<string, number>, options: ByteBpeOptions, turns: Turns, onSteps: OnSteps): Promise<Learned> {
  const total = Math.max(0, options.vocabularySize - new Set(options.specialTokens).size - 1);
  const learned = await learnByteBpe(counts, options, options.minFrequency * WEIGHT_UNIT, turns, (merges) => onSteps(merges, total));
  return {
    json: byteBpeJson(options, learned),
    vocabulary: learned.pieces.length,
    alphabet: learned.alphabet,
    merges: learned.merges.length,
  };
}

function checkOptions(sources: readonly TrainingSource[], options: TrainOptions): void {
  const { vocabularySize, specialTokens, endOfText } = options;
  if (!Number.isInteger(vocabularySize) || vocabularySize < 1 || vocabularySize > LARGEST_VOCABULARY)
    throw refused('vocabularySize', vocabularySize, `a whole number, 1 … ${LARGEST_VOCABULARY}`);
  if (specialTokens.includes('')) throw refused('specialTokens', '""', 'tokens of at least one character');
  if (!specialTokens.includes(endOfText)) throw refused('endOfText', endOfText, `one of ${specialTokens.join(', ')}`);
  for (const { weight } of sources) if (!(weight >= 0 && weight <= 1024)) throw refused('weight', weight, '0 … 1024');
}

const LARGEST_VOCABULARY = 2 ** 20;

function refused(field: string, value: string | number, accepted: string): StudioError {
  return new StudioError('tokenizer-options', `${field} is ${value}; accepted: ${accepted}`, { field, value, accepted });
}
