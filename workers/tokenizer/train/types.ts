import type { TrainProgress, TrainReport } from '../../../src/contract/tokenizer';
/** What a person chooses to train a tokenizer, and what comes back: types only, shared with pages through workers/api.ts. */

/** Text to learn from. `weight` multiplies its word counts; 1 counts them as they are, 0 leaves the source out. Resolution 1/1024. */
export interface TrainingSource {
  texts: Iterable<string> | AsyncIterable<string>;
  weight: number;
}

export interface TrainHooks {
  onProgress?: (progress: TrainProgress) => void;
  /** Ends the training with StudioError `cancelled`, at its next turn, mostly within 50 ms. */
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
