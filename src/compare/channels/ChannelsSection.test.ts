import { describe, expect, it } from 'vitest';
import { deltaScale } from './ChannelsSection';

const plain = (value: number) => ({ value, interval: null });

describe('deltaScale', () => {
  it('holds every whisker, with round ticks and zero among them', () => {
    const { low, high, ticks } = deltaScale([
      { value: -0.61, interval: { low: -0.64, high: -0.58 } },
      { value: 0.05, interval: { low: 0.01, high: 0.09 } },
    ]);
    // 0.64 to the left, at least a fifth of it to the right: 0.77 in five steps of 0.2.
    expect([low, high]).toEqual([-0.8, 0.2]);
    expect(ticks.map((tick) => Number(tick.toFixed(9)))).toEqual([-0.8, -0.6, -0.4, -0.2, 0, 0.2]);
  });

  it('places zero where it belongs', () => {
    const scale = deltaScale([plain(-0.61), plain(0.05)]);
    expect(scale.share(0)).toBeCloseTo(0.8, 12);
    expect(scale.share(scale.low)).toBe(0);
    expect(scale.share(scale.high)).toBe(1);
  });

  it('does not blow nothing up', () => {
    const { low, high, share } = deltaScale([plain(0), plain(0.0001)]);
    expect([low, high]).toEqual([-0.01, 0.01]);
    expect(share(0)).toBe(0.5);
  });

  it('has a middle without any figure', () => {
    expect(deltaScale([]).share(0)).toBe(0.5);
  });
});
