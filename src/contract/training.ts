import type { EvaluationApi, WeightsRef, Comparison, TokenLoss } from './evaluation';
import type { BackendName, DeviceInfo } from './device';
import type { OnProgress } from './progress';
import type { RunControls } from './run';
export interface GenerateOptions {
  prompt: string;
  seed: number;
  temperature: number;
  topP: number;
  topK: number;
  maxTokens: number;
}

export interface TrainerApi extends RunControls, EvaluationApi {
  open(options: { backend: BackendName | null; threads: number | null; requireHardware: boolean }): Promise<DeviceInfo>;
  /** Held-out evaluation of two sets of weights on the same rows; works while a run trains. */
  compare(
    a: WeightsRef,
    b: WeightsRef,
    corpora: { id: string; corpus: string; role: 'general' | 'domain' }[],
    rowsPerChannel: number,
    onProgress: OnProgress,
  ): Promise<Comparison>;
  /** Streams text pieces; resolves with the whole continuation. */
  generate(weights: WeightsRef, options: GenerateOptions, onPiece: (piece: string) => void): Promise<string>;
  tokenLosses(a: WeightsRef, b: WeightsRef, text: string): Promise<TokenLoss[]>;
  /** Cancels compare, generate and tokenLosses in progress. */
  cancel(): Promise<void>;
  /** For tests and the memory read-out. */
  memory(): Promise<{ tensors: number; bytes: number }>;
}
