/** The trainer worker: an engine, the current run on it, and evaluation beside the run. */
import type { BackendName, DeviceInfo } from './device';
import type { EvaluationApi } from './evaluation';
import type { RunControls } from './run';
import type { SweepControls } from './sweep';

export interface EngineApi {
  /** Opens a backend, or the best there is. Throws `run-locked` while a run trains on another one. */
  open(options: { backend: BackendName | null; threads: number | null; requireHardware: boolean }): Promise<DeviceInfo>;
  /** Cancels all evaluation in progress. */
  cancel(): Promise<void>;
  /** Tensors on the engine; and the most bytes that it has taken for them, with its own, since it was opened: null where the backend does not tell. */
  memory(): Promise<{ tensors: number; bytes: number; peak: number | null }>;
}

export interface TrainerApi extends EngineApi, RunControls, SweepControls, EvaluationApi {}
