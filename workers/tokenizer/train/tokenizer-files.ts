/** tokenizer.json and tokenizer_config.json of a trained tokenizer, in the form that `tokenizers` and transformers write. */
import type { LearnedBpe } from './learn-byte-bpe';
import { CONTINUATION, type Pipeline } from './pipeline';
import type { TrainOptions, WordPieceOptions } from '../../../src/contract/tokenizer';

export function bpeModel({ pieces, merges }: LearnedBpe): object {
  return {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: vocabulary(pieces),
    merges: merges.map(([left, right]) => [pieces[left], pieces[right]]),
  };
}

export function wordPieceModel({ unknownToken }: WordPieceOptions, pieces: readonly string[]): object {
  return {
    type: 'WordPiece',
    unk_token: unknownToken,
    continuing_subword_prefix: CONTINUATION,
    max_input_chars_per_word: 100,
    vocab: vocabulary(pieces),
  };
}

/** @param vocab piece and score in the order of ids */
export function unigramModel(unknown: number, vocab: readonly (readonly [string, number])[]): object {
  return { type: 'Unigram', unk_id: unknown, vocab, byte_fallback: false };
}

function vocabulary(pieces: readonly string[]): Record<string, number> {
  return Object.fromEntries(pieces.map((piece, id) => [piece, id]));
}

/** @param specialTokens their ids are their places in the row */
export function tokenizerJson(specialTokens: readonly string[], { normalizer, pre_tokenizer, decoder }: Pipeline, model: object): string {
  const added = specialTokens.map((content, id) => ({
    id,
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

export function tokenizerConfig(options: TrainOptions): string {
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: options.endOfText,
    eos_token: options.endOfText,
    unk_token: options.kind === 'byte-bpe' ? null : options.unknownToken,
    clean_up_tokenization_spaces: false,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
