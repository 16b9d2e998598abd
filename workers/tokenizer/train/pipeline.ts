/** What stands around the model in a trained tokenizer.json, and the pre-tokens that it gives. */
import { normalizerOf } from '../normalizer';
import { PATTERNS, preTokenizerOf } from '../pre-tokenizer';
import type { PipelineStep } from '../tokenizer-json';
import type { Splitter } from './count-words';
import { CONTINUATION } from './learn-word-piece';
import type { TrainOptions } from '../../../src/contract/tokenizer';

export interface Pipeline {
  normalizer: PipelineStep | null;
  pre_tokenizer: PipelineStep;
  decoder: PipelineStep & Record<string, unknown>;
}

export function pipelineOf(options: TrainOptions): Pipeline {
  switch (options.kind) {
    case 'byte-bpe':
      return {
        normalizer: options.normalizer === 'nfc' ? { type: 'NFC' } : null,
        pre_tokenizer: options.preTokens === 'gpt2' ? byteLevel(true) : splitThenBytes(PATTERNS[options.preTokens]),
        decoder: byteLevel(true),
      };
    case 'wordpiece': {
      const { lowercase } = options;
      return {
        normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: lowercase, lowercase },
        pre_tokenizer: { type: 'BertPreTokenizer' },
        decoder: { type: 'WordPiece', prefix: CONTINUATION, cleanup: true },
      };
    }
    case 'unigram': {
      const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
      return { normalizer: { type: 'NFKC' }, pre_tokenizer: metaspace, decoder: metaspace };
    }
  }
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
