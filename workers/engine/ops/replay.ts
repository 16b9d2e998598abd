/** Computations that a backend can do again without running their code. */
import { getBackend } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../src/contract/device';

export type Values = Int32Array | Float32Array;

/** What a computation did on the device. */
export interface Tape {
  /** Whether it did the same at another time, but for its inputs and what is live. */
  repeats(other: Tape): boolean;
  /** Whether the state's tensors are those of then, at the same places. */
  holds(state: readonly Tensor[]): boolean;
  /** Does it again with other inputs; the caller disposes the outputs. */
  replay(inputs: readonly Values[]): Tensor[];
  dispose(): void;
}

export interface Recorded {
  outputs: Tensor[];
  /** Null where it cannot be done again: it left something behind, touched what is no part of its state, or read something back. */
  tape: Tape | null;
}

/**
 * Runs a computation of inputs and state, a function of nothing else, and notes it down.
 * @param inputs values that the computation makes tensors of, from these very arrays
 * @param state every tensor that it reads or writes in place
 */
export type Record = (inputs: readonly Values[], state: readonly Tensor[], compute: () => Tensor[]) => Recorded;

const recorders = new Map<BackendName, Record>();

export function setReplay(backend: BackendName, record: Record): void {
  recorders.set(backend, record);
}

/** Of the current backend; undefined where it has none. */
export function recorder(): Record | undefined {
  return recorders.get(getBackend() as BackendName);
}
