/** tokenizer.json and tokenizer_config.json of a trained tokenizer, in the form that `tokenizers` and transformers write. */
import { PATTERNS } from '../pre-token-patterns';
import type { LearnedBpe } from './byte-bpe';
import type { ByteBpeOptions, TrainOptions } from './types';

const byteLevel = (useRegex: boolean) => ({ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: useRegex });

export function byteBpeJson(options: ByteBpeOptions, { pieces, merges }: LearnedBpe): string {
  return tokenizerJson(options, pieces, {
    normalizer: options.normalizer === 'nfc' ? { type: 'NFC' } : null,
    pre_tokenizer:
      options.preTokens === 'gpt2'
        ? byteLevel(true)
        : {
            type: 'Sequence',
            pretokenizers: [
              { type: 'Split', pattern: { Regex: PATTERNS[options.preTokens] }, behavior: 'Isolated', invert: false },
              byteLevel(false),
            ],
          },
    decoder: byteLevel(true),
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges: merges.map(([left, right]) => [pieces[left], pieces[right]]),
    },
  });
}

interface Pipeline {
  normalizer: object | null;
  pre_tokenizer: object;
  decoder: object;
  model: object;
}

/** @param pieces string of every id: where the special tokens stand */
export function tokenizerJson({ specialTokens }: TrainOptions, pieces: readonly string[], pipeline: Pipeline): string {
  const { normalizer, pre_tokenizer, decoder, model } = pipeline;
  const added = [...new Set(specialTokens)].map((content) => ({
    id: pieces.indexOf(content),
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  return `${JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer,
    pre_tokenizer,
    post_processor: null,
    decoder,
    model,
  })}\n`;
}

export function tokenizerConfig({ endOfText }: TrainOptions, unknownToken: string | null): string {
  return `${JSON.stringify(
    {
      tokenizer_class: 'PreTrainedTokenizerFast',
      bos_token: endOfText,
      eos_token: endOfText,
      unk_token: unknownToken,
      clean_up_tokenization_spaces: false,
    },
    null,
    2,
  )}\n`;
}
