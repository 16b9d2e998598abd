import { describe, expect, it } from 'vitest';
import { trainingMemory } from './memory';

const nano = {
  parameters: 1_300_000,
  layers: 4,
  width: 128,
  feedForward: 384,
  feedForwardStates: 3,
  heads: 4,
  keyValueHeads: 2,
  headWidth: 32,
  normedHeads: false,
  vocabulary: 4096,
};

describe('trainingMemory', () => {
  it('takes 16 bytes a parameter before activations', () => {
    const memory = trainingMemory(nano, 8, 128);
    expect(memory.weights + memory.gradients + memory.moments).toBe(16 * 1_300_000);
    expect(memory.total).toBe(memory.activations + 16 * 1_300_000);
  });

  it('counts the activations of the small model by hand', () => {
    // a layer: 4·128 + 2·128 + 2·64 + 3·384 + 4·128 = 2,560 floats a token; head: 2·128 + 4,096 = 4,352
    expect(trainingMemory(nano, 8, 128).activations).toBe(8 * 128 * (4 * 2560 + 4352) * 4);
  });

  it('grows with the square of the context in attention alone', () => {
    const short = trainingMemory(nano, 1, 128).activations;
    const long = trainingMemory(nano, 1, 256).activations;
    expect(long - 2 * short).toBe(256 * 4 * 4 * 128 * 4);
  });
});
