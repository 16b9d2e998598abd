/** Space that a run's checkpoints take in the browser's storage, before it starts. */
import type { Recipe } from '../recipe/schema';

/** Weights, the two AdamW moments and the average of the weights where the recipe keeps one, each in float32. */
const BYTES_PER_PARAMETER = 4;

export interface CheckpointDemand {
  /** Bytes of one checkpoint; its state (random numbers, positions in the texts) is a few kilobytes more. */
  each: number;
  /** Checkpoints that lie on the disk at once: periodic ones that are kept, and the one being written, which is the last at the end. */
  count: number;
  /** Bytes of them all, and of the Fisher information that a run with EWC keeps beside them. */
  total: number;
}

/** @param parameters that a checkpoint holds @param held that EWC holds, which an adapter changes without having them */
export function checkpointDemand(
  parameters: number,
  { saving, budget, average, regularisation }: Pick<Recipe, 'saving' | 'budget' | 'average' | 'regularisation'>,
  held = parameters,
): CheckpointDemand {
  const each = BYTES_PER_PARAMETER * (average ? 4 : 3) * parameters;
  const periodic = Math.floor((budget.steps - 1) / saving.everySteps);
  const count = Math.min(periodic, saving.keep) + 1;
  return { each, count, total: each * count + (regularisation?.ewc ? 4 * held : 0) };
}

/** Periodic checkpoints that may be kept so that all fit into `free` bytes: at least 1, null where not even that fits. */
export function keepThatFits({ each, count, total }: CheckpointDemand, free: number): number | null {
  const beside = total - each * count;
  const keep = Math.min(Math.floor((free - beside) / each), count) - 1;
  return keep >= 1 ? keep : null;
}
