import { describe, expect, it } from 'vitest';
import { BatchSampler } from '../train/sampler';
import { seenRows } from './memorisation';

const options = { context: 8, seed: 4, rules: 2 } as const;
const tokens = Uint16Array.from({ length: 161 }, (_, at) => at);

describe('seenRows', () => {
  it('are the rows that the sampler drew', () => {
    const sampler = new BatchSampler({ channels: [{ id: 'domain', tokens }], ...options });
    const drawn = new Set<number>();
    for (let step = 0; step < 3; step++)
      for (const batch of sampler.next(step, { domain: 1 }, 4, 1)) for (let row = 0; row < 4; row++) drawn.add(batch.ids[row * 8]!);
    const cursor = sampler.state().cursors['domain'];
    const seen = seenRows('domain', tokens, { ...options, cursor }, 100);
    expect(new Set(seen)).toEqual(drawn);
    expect(seen).toHaveLength(12);
    expect(seenRows('domain', tokens, { ...options, cursor }, 5)).toHaveLength(5);
    expect(seenRows('domain', tokens, { ...options, cursor }, 5).every((start) => drawn.has(start))).toBe(true);
  });

  it('are all rows after an epoch, and none before the first', () => {
    expect(seenRows('domain', tokens, { ...options, cursor: { epoch: 2, position: 1 } }, 100)).toHaveLength(20);
    expect(seenRows('domain', tokens, options, 100)).toEqual([]);
  });
});
