import { describe, expect, it } from 'vitest';
import { exampleRecipe } from '../run/example-run';
import { memoryDemand, withDemand } from './memory-demand';

describe('a recipe that asks for less memory', () => {
  const recipe = { ...exampleRecipe, batchSize: 24, gradientAccumulationSteps: 2 };

  it('keeps the batch by accumulating', () => {
    const changed = withDemand(recipe, { ...memoryDemand(recipe), rows: 6 });
    expect(changed).toEqual({ ...recipe, batchSize: 6, gradientAccumulationSteps: 8 });
  });

  it('sees rather more text a step than less', () => {
    const { batchSize, gradientAccumulationSteps } = withDemand(recipe, { ...memoryDemand(recipe), rows: 5 });
    expect({ batchSize, gradientAccumulationSteps }).toEqual({ batchSize: 5, gradientAccumulationSteps: 10 });
  });

  it('takes over checkpointing and context, and nothing else', () => {
    const changed = withDemand(recipe, { ...memoryDemand(recipe), context: 64, checkpointing: true });
    expect(changed).toEqual({ ...recipe, sequenceLength: 64, activationCheckpointing: true });
    expect(withDemand(recipe, memoryDemand(recipe))).toEqual(recipe);
  });
});
