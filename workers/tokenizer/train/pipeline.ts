/** Text to counted words, the input of all trainers: normalizer, pre-tokenizer and decoder of the new tokenizer, word counts, alphabet. */
import { utf8Length } from '../encode-documents';
import type { Turns } from '../turns';
import type { TrainingSource } from './train-tokenizer';
import { normalizerOf } from '../normalizer';
import { PATTERNS, preTokenizerOf } from '../pre-tokenizer';
import type { PipelineStep } from '../tokenizer-json';
import type { Normalization, TrainOptions } from '../../../src/contract/tokenizer';

/**
 * Weighted counts are whole multiples of 1/WEIGHT_UNIT. Sums are then exact in any order and equal counts stay equal for any weights,
 * which matters because ties decide the order of merges.
 */
export const WEIGHT_UNIT = 1024;

/** Calls `visit` with each pre-token of a text. */
export type Splitter = (text: string, visit: (word: string) => void) => void;

/** @returns weighted counts in units of 1/WEIGHT_UNIT, in the order of first appearance, and UTF-8 bytes read by source */
export async function countWords(
  sources: readonly TrainingSource[],
  split: Splitter,
  turns: Turns,
  onBytes: (bytes: number) => void,
): Promise<{ counts: Map<string, number>; bytes: number[] }> {
  const counts = new Map<string, number>();
  const bytes: number[] = [];
  let total = 0;
  for (const { texts, weight } of sources) {
    const unit = Math.round(weight * WEIGHT_UNIT);
    let read = 0;
    const visit = (word: string): void => void counts.set(word, (counts.get(word) ?? 0) + unit);
    for await (const text of unit > 0 ? texts : []) {
      split(text, visit);
      read += utf8Length(text);
      if (!turns.due()) continue;
      onBytes(total + read);
      await turns.take();
    }
    bytes.push(read);
    total += read;
  }
  onBytes(total);
  return { counts, bytes };
}

/** Prefix of WordPiece pieces that continue a word. */
export const CONTINUATION = '##';

/** The parts of the trained tokenizer.json around its model. */
export interface Pipeline {
  normalizer: PipelineStep | null;
  pre_tokenizer: PipelineStep;
  decoder: PipelineStep & Record<string, unknown>;
}

export function pipelineOf(options: TrainOptions): Pipeline {
  switch (options.kind) {
    case 'byte-bpe':
      return {
        normalizer: normalForm(options.normalizer),
        pre_tokenizer: options.preTokens === 'gpt2' ? byteLevel(true) : splitThenBytes(PATTERNS[options.preTokens]),
        decoder: byteLevel(true),
      };
    case 'wordpiece': {
      const { lowercase } = options;
      const form = normalForm(options.normalizer ?? 'none');
      const bert = { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: lowercase, lowercase };
      return {
        normalizer: form ? { type: 'Sequence', normalizers: [form, bert] } : bert,
        pre_tokenizer: { type: 'BertPreTokenizer' },
        decoder: { type: 'WordPiece', prefix: CONTINUATION, cleanup: true },
      };
    }
    case 'unigram': {
      const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
      return { normalizer: normalForm(options.normalizer ?? 'nfkc'), pre_tokenizer: metaspace, decoder: metaspace };
    }
  }
}

function normalForm(normalizer: Normalization): PipelineStep | null {
  return normalizer === 'none' ? null : { type: normalizer === 'nfc' ? 'NFC' : 'NFKC' };
}

const byteLevel = (useRegex: boolean) => ({ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: useRegex });

const splitThenBytes = (expression: string): PipelineStep => ({
  type: 'Sequence',
  pretokenizers: [{ type: 'Split', pattern: { Regex: expression }, behavior: 'Isolated', invert: false }, byteLevel(false)],
});

export function splitterOf({ normalizer, pre_tokenizer: step }: Pipeline): Splitter {
  const normalize = normalizerOf(normalizer)!;
  const { prepare, end: endOf, dropsSpace } = preTokenizerOf(step)!;
  return (text, visit) => {
    const prepared = prepare(normalize(text), true);
    let end: number;
    for (let start = 0; start < prepared.length; start = end) {
      end = endOf ? endOf(prepared, start) : prepared.length;
      const word = prepared.slice(start, end);
      // A pre-token of white space is nothing else.
      if (!dropsSpace || word.trim() !== '') visit(word);
    }
  };
}

/**
 * Characters that training starts from, by code point; at most `limit`, the most frequent ones. Of equally frequent characters those with
 * the higher code point are kept (in `tokenizers` the order of a hash map decides).
 */
export function keptAlphabet(counts: ReadonlyMap<string, number>, limit: number | null): string[] {
  const byPoint = [...counts.keys()].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  if (limit === null || byPoint.length <= limit) return byPoint;
  const kept = new Set([...byPoint].sort((a, b) => counts.get(a)! - counts.get(b)!).slice(byPoint.length - limit));
  return byPoint.filter((character) => kept.has(character));
}
