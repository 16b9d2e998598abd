import type { EvaluationApi, WeightsRef, Comparison, TokenLoss } from './evaluation';
import type { BackendName, DeviceInfo } from './device';
import type { RunSnapshot, LiveSettings } from '../core/run/types';
import type { Recipe } from '../core/recipe/schema';
import type { OnProgress } from './progress';
export interface GenerateOptions {
  prompt: string;
  seed: number;
  temperature: number;
  topP: number;
  topK: number;
  maxTokens: number;
}

export interface TrainerApi extends EvaluationApi {
  open(options: { backend: BackendName | null; threads: number | null; requireHardware: boolean }): Promise<DeviceInfo>;
  /** Snapshots of the current run, at most 4 a second; one listener at a time. */
  listen(listener: (snapshot: RunSnapshot) => void): Promise<void>;
  /** Creates a run and trains; resolves when it is created. Throws `run-locked`, `channel-empty`, … before anything is written. */
  start(recipe: Recipe, name: string, onProgress: OnProgress): Promise<string>;
  /** Goes on from the last checkpoint of a stored run. */
  resume(run: string, onProgress: OnProgress): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  /** One step, then pause. */
  step(): Promise<void>;
  stop(): Promise<void>;
  /** Saves a checkpoint now. */
  save(): Promise<void>;
  change(settings: Partial<LiveSettings>): Promise<void>;
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
