/** What a recipe asks of memory, and the recipe that asks for less. */
import type { MemoryDemand } from '../model/memory';
import type { Recipe } from './schema';

export function memoryDemand({ batchSize, sequenceLength, activationCheckpointing, precision }: Recipe): MemoryDemand {
  return {
    rows: batchSize,
    context: sequenceLength,
    checkpointing: activationCheckpointing,
    precision: precision === 'f16' ? 'f16' : 'f32',
  };
}

/** Rows that go are made up for by accumulation, so that a step sees at least as much text. */
export function withDemand(recipe: Recipe, { rows, context, checkpointing }: MemoryDemand): Recipe {
  const { batchSize, gradientAccumulationSteps } = recipe;
  return {
    ...recipe,
    sequenceLength: context,
    activationCheckpointing: checkpointing,
    batchSize: rows,
    gradientAccumulationSteps: rows === batchSize ? gradientAccumulationSteps : Math.ceil((batchSize * gradientAccumulationSteps) / rows),
  };
}
