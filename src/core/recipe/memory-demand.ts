/** What a recipe asks of memory, and the recipe that asks for less. */
import type { MemoryDemand } from '../model/memory';
import type { Recipe } from './schema';

export function memoryDemand({ batch, context, activationCheckpointing, precision }: Recipe): MemoryDemand {
  return { rows: batch.rows, context, checkpointing: activationCheckpointing, precision: precision === 'f16' ? 'f16' : 'f32' };
}

/** Rows that go are made up for by accumulation, so that a step sees at least as much text. */
export function withDemand(recipe: Recipe, { rows, context, checkpointing }: MemoryDemand): Recipe {
  const { batch } = recipe;
  return {
    ...recipe,
    context,
    activationCheckpointing: checkpointing,
    batch: rows === batch.rows ? batch : { ...batch, rows, accumulation: Math.ceil((batch.rows * batch.accumulation) / rows) },
  };
}
