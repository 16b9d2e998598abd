/** Files of tokenizers in other forms than the studio keeps: the two of GPT-2's first days, and the configuration that goes with an export. */
import { invalid, parseJson } from './tokenizer-json';

const END_OF_TEXT = '<|endoftext|>';
const byteLevel = (settings: object): object => ({ type: 'ByteLevel', trim_offsets: true, ...settings });

/**
 * tokenizer.json of byte-level BPE from vocab.json and merges.txt, as `GPT2TokenizerFast(vocab, merges)` of transformers makes it.
 * @throws StudioError `tokenizer-invalid`
 */
export function fromVocabAndMerges(vocabText: string, mergesText: string): string {
  const vocab = parseJson(vocabText, 'vocab.json');
  if (vocab === null || typeof vocab !== 'object' || Array.isArray(vocab))
    throw invalid('vocab.json', 'not an object of pieces with their ids');
  const lines = mergesText.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  const wrong = lines.find((line) => line.split(' ').length !== 2);
  if (wrong !== undefined) throw invalid('merges.txt', `"${wrong}" is not two pieces with one blank between them`);
  const id = Object.getOwnPropertyDescriptor(vocab, END_OF_TEXT)?.value as unknown;
  const token = { content: END_OF_TEXT, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: typeof id === 'number' ? [{ id, ...token }] : [],
    normalizer: null,
    pre_tokenizer: byteLevel({ add_prefix_space: false, use_regex: true }),
    post_processor: null,
    decoder: byteLevel({ add_prefix_space: true, use_regex: true }),
    model: { type: 'BPE', vocab, merges: lines.map((line) => line.split(' ')) },
  });
}

/**
 * tokenizer_config.json for an export. transformers builds a tokenizer anew by the class that stands there, and whatever differs in its
 * tokenizer.json is lost (a Llama file under Qwen's class gets Qwen's pre-tokens): the general class takes the file as it is.
 * @returns the class that was named before, where that was another
 */
export function exportedConfig(config: string | null): { config: string; replaced: string | null } {
  const known = (config === null ? {} : parseJson(config, 'tokenizer_config.json')) as Record<string, unknown>;
  const named = known['tokenizer_class'];
  const { auto_map: _, ...kept } = known;
  return {
    config: JSON.stringify({ ...kept, tokenizer_class: GENERAL }, null, 2),
    replaced: typeof named === 'string' && named !== GENERAL && named !== 'TokenizersBackend' ? named : null,
  };
}

/** transformers 4 knows it, and 5 reads it as its own TokenizersBackend. */
const GENERAL = 'PreTrainedTokenizerFast';
