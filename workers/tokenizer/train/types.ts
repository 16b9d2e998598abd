/** What a person chooses to train a tokenizer, and what comes back: types only, shared with pages through workers/api.ts. */

/** Text to learn from. `weight` multiplies its word counts; 1 counts them as they are, 0 leaves the source out. Resolution 1/1024. */
export interface TrainingSource {
  texts: Iterable<string> | AsyncIterable<string>;
  weight: number;
}

interface Vocabulary {
  /** Special tokens, alphabet and learned pieces together. */
  vocabularySize: number;
  /** They get the first ids, in this order. */
  specialTokens: string[];
  /** Ends a document; one of `specialTokens`. */
  endOfText: string;
}

interface Alphabet {
  /** A pair (weighted count) below this is never merged. */
  minFrequency: number;
  /** At most so many characters of the text, the most frequent; null keeps all. */
  alphabetLimit: number | null;
}

/** Byte-level BPE, the kind of GPT-2, Llama 3 and Qwen. */
export interface ByteBpeOptions extends Vocabulary, Alphabet {
  kind: 'byte-bpe';
  /** All 256 bytes (any text can be written), or only those that the text has. */
  alphabet: 'bytes' | 'seen';
  /** Whose expression cuts the text into the pieces that no merge crosses. */
  preTokens: 'gpt2' | 'llama3' | 'qwen2';
  normalizer: 'none' | 'nfc';
}

/** BERT's kind. `specialTokens` must hold `unknownToken`. */
export interface WordPieceOptions extends Vocabulary, Alphabet {
  kind: 'wordpiece';
  unknownToken: string;
  lowercase: boolean;
}

/** T5's kind. `specialTokens` must hold `unknownToken`. */
export interface UnigramOptions extends Vocabulary {
  kind: 'unigram';
  unknownToken: string;
  /** Share of pieces that a round of pruning keeps: 0.75 in SentencePiece. */
  shrinkingFactor: number;
  /** Rounds of expectation and maximisation between two prunings: 2 in SentencePiece. */
  subIterations: number;
  /** Characters: 16 in SentencePiece. */
  maxPieceLength: number;
}

export type TrainOptions = ByteBpeOptions | WordPieceOptions | UnigramOptions;

export interface TrainProgress {
  /** `count`: bytes of text read (total 0: not known); `learn`: merges made, or rounds of pruning done. */
  phase: 'count' | 'learn';
  done: number;
  total: number;
}

export interface TrainHooks {
  onProgress?: (progress: TrainProgress) => void;
  /** Ends the training with StudioError `cancelled`, at its next turn, mostly within 50 ms. */
  signal?: AbortSignal;
}

export interface TrainReport {
  kind: TrainOptions['kind'];
  /** Ids in all; fewer than asked for when no pair reached `minFrequency`. */
  vocabulary: number;
  /** Characters or bytes it started from. */
  alphabet: number;
  /** Merges learned; 0 for Unigram. */
  merges: number;
  /** UTF-8 bytes of text read from each source, in their order; 0 for a source with weight 0. */
  bytes: number[];
  /** Distinct pre-tokens. */
  words: number;
  milliseconds: number;
}

/** An ordinary tokenizer in Hugging Face's files. */
export interface TrainedTokenizer {
  /** tokenizer.json */
  tokenizer: string;
  /** tokenizer_config.json */
  config: string;
  report: TrainReport;
}
