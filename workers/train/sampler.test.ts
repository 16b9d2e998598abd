import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StudioError } from '../../src/core/errors';
import { normaliseShares } from '../../src/core/mixture/mixture';
import { ChannelStream, Permutation } from '../runtime/channel-stream';
import { BatchSampler } from './sampler';

/** A stream whose tokens tell where they stand: token t of channel c is 1000·c + t. */
const stream = (channel: number, length: number) => Uint16Array.from({ length }, (_, at) => 1000 * channel + at);

describe('Permutation', () => {
  it('visits every index once, for any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 0, max: 0xffffffff }), (size, seed) => {
        const order = new Permutation(size, seed);
        const seen = Array.from({ length: size }, (_, at) => order.at(at));
        expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, at) => at));
      }),
    );
  });

  it('is a different order for another seed, and not the identity', () => {
    const order = (seed: number) => Array.from({ length: 64 }, (_, at) => new Permutation(64, seed).at(at)).join();
    expect(order(1)).not.toBe(order(2));
    expect(order(1)).not.toBe(Array.from({ length: 64 }, (_, at) => at).join());
  });

  it('moves indices evenly: chi-square of where index 0 goes stays below the 0.1 % point', () => {
    const cells = new Array<number>(16).fill(0);
    for (let seed = 0; seed < 8000; seed++) cells[new Permutation(16, Math.imul(seed, 2654435761)).at(0)]! += 1;
    expect(cells.reduce((sum, n) => sum + (n - 500) ** 2 / 500, 0)).toBeLessThan(37.7);
  });
});

describe('ChannelStream', () => {
  it('sees every window once an epoch and counts epochs exactly', () => {
    const channel = new ChannelStream('a', stream(0, 41), 8, 7);
    expect(channel.windows).toBe(5);
    for (let epoch = 1; epoch <= 3; epoch++) {
      const starts = Array.from({ length: 5 }, () => channel.next());
      expect([...starts].sort((a, b) => a - b)).toEqual([0, 8, 16, 24, 32]);
      expect(channel.epochs()).toBe(epoch);
    }
  });

  it('orders each epoch anew', () => {
    const channel = new ChannelStream('a', stream(0, 401), 8, 7);
    const epoch = () => Array.from({ length: 50 }, () => channel.next()).join();
    expect(epoch()).not.toBe(epoch());
  });

  it('refuses a text shorter than one row, with its numbers', () => {
    expect(() => new ChannelStream('zh', stream(0, 8), 8, 1)).toThrow(
      expect.objectContaining({ code: 'channel-empty', values: { channel: 'zh', tokens: 8, needed: 9 } }) as StudioError,
    );
  });
});

const channels = [
  { id: 'zh', tokens: stream(0, 200) },
  { id: 'en', tokens: stream(1, 120) },
  { id: 'domain', tokens: stream(2, 60) },
];

describe('BatchSampler', () => {
  it('cuts rows of consecutive tokens with targets one ahead, marked with their channel', () => {
    const [batch] = new BatchSampler({ channels, context: 8, seed: 3 }).next(0, { zh: 0.5, en: 0.25, domain: 0.25 }, 8, 1);
    expect(batch!.channels).toHaveLength(8);
    for (let row = 0; row < 8; row++) {
      const first = batch!.ids[row * 8]!;
      expect(Math.floor(first / 1000)).toBe(batch!.channels[row]);
      expect((first % 1000) % 8).toBe(0);
      for (let at = 0; at < 8; at++) {
        expect(batch!.ids[row * 8 + at]).toBe(first + at);
        expect(batch!.targets[row * 8 + at]).toBe(first + at + 1);
      }
    }
  });

  it('never strays from shares · rows by more than one row per channel', () => {
    const weights = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 3 }), ([a, b, c], rows, accumulation) => {
        const shares = normaliseShares({ zh: a!, en: b!, domain: c! });
        const sampler = new BatchSampler({ channels, context: 8, seed: 5 });
        const seen = [0, 0, 0];
        for (let step = 0; step < 30; step++) {
          for (const batch of sampler.next(step, shares, rows, accumulation)) for (const channel of batch.channels) seen[channel]! += 1;
          channels.forEach(({ id }, at) =>
            expect(Math.abs(seen[at]! - shares[id]! * rows * accumulation * (step + 1))).toBeLessThanOrEqual(1 + 1e-6),
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it('draws the same rows whether accumulated or at once', () => {
    const shares = { zh: 0.4, en: 0.4, domain: 0.2 };
    const whole = new BatchSampler({ channels, context: 8, seed: 5 });
    const parts = new BatchSampler({ channels, context: 8, seed: 5 });
    for (let step = 0; step < 5; step++) {
      const [large] = whole.next(step, shares, 6, 1);
      const small = parts.next(step, shares, 2, 3);
      expect(small.flatMap((batch) => [...batch.ids])).toEqual([...large!.ids]);
      expect(small.flatMap((batch) => [...batch.channels])).toEqual([...large!.channels]);
    }
  });

  it('goes on identically from a stored state, across an epoch', () => {
    const shares = { zh: 0.31, en: 0.42, domain: 0.27 };
    const first = new BatchSampler({ channels, context: 8, seed: 11 });
    for (let step = 0; step < 9; step++) first.next(step, shares, 3, 2);
    const second = new BatchSampler(
      { channels, context: 8, seed: 11 },
      JSON.parse(JSON.stringify(first.state())) as ReturnType<typeof first.state>,
    );
    for (let step = 9; step < 40; step++) expect(second.next(step, shares, 3, 2)).toEqual(first.next(step, shares, 3, 2));
    expect(second.epochs()).toEqual(first.epochs());
    expect(second.epochs()['domain']).toBeGreaterThan(1);
  });

  it('needs no text of a channel at share 0, and names an empty one that has a share', () => {
    const withEmpty = [...channels, { id: 'code', tokens: stream(3, 5) }];
    const sampler = new BatchSampler({ channels: withEmpty, context: 8, seed: 1 });
    expect(sampler.next(0, { zh: 1, en: 0, domain: 0, code: 0 }, 4, 1)).toHaveLength(1);
    expect(() => sampler.next(1, { zh: 0.5, en: 0, domain: 0, code: 0.5 }, 4, 1)).toThrow(/"code" has 5 training tokens/);
  });
});
