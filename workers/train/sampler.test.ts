import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StudioError } from '../../src/core/errors';
import { normaliseShares } from '../../src/core/mixture/mixture';
import type { RecipeInput } from '../../src/core/recipe/schema';
import { recipeWith } from '../../src/core/run/example-run';
import { ChannelStream, Permutation } from '../runtime/channel-stream';
import type { TokenBatch } from '../runtime/trainable-model';
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
  const options = { context: 8, seed: 7, rules: 2 } as const;

  it('sorts rows from a place on, by blocks, leaves no window out, and goes on alike from a cursor', () => {
    const difficulty = Float64Array.from({ length: 50 }, (_, window) => (window * 37) % 50);
    const made = (cursor?: ReturnType<ChannelStream['cursor']>) =>
      new ChannelStream('a', stream(0, 401), { ...options, difficulty, cursor });
    const channel = made();
    const take = (from: ChannelStream, count: number) => Array.from({ length: count }, () => difficulty[from.next().start / 8]!);
    const shuffled = take(channel, 10);
    channel.sort(12);
    const first = take(channel, 12);
    const begun = take(channel, 5);
    const resumed = take(made(channel.cursor()), 20);
    // What is left of a block that was begun comes first, then shuffled rows again.
    channel.sort(null);
    const rest = take(channel, 23);
    const sorted = (values: number[]) => [...values].sort((a, b) => a - b);
    expect(first).toEqual(sorted(first));
    expect([...begun, ...rest.slice(0, 7)]).toEqual(sorted([...begun, ...rest.slice(0, 7)]));
    expect(resumed.slice(0, 7)).toEqual(rest.slice(0, 7));
    expect(rest.slice(7)).not.toEqual(sorted(rest.slice(7)));
    expect(sorted([...shuffled, ...first, ...begun, ...rest])).toEqual(Array.from({ length: 50 }, (_, at) => at));
    const plain = new ChannelStream('a', stream(0, 401), options);
    expect(shuffled).toEqual(take(plain, 10));
    expect(channel.cursor().epoch).toBe(0);
  });

  it('sees every window once an epoch and counts epochs exactly', () => {
    const channel = new ChannelStream('a', stream(0, 41), options);
    for (let epoch = 1; epoch <= 3; epoch++) {
      const starts = Array.from({ length: 5 }, () => channel.next().start);
      expect([...starts].sort((a, b) => a - b)).toEqual([0, 8, 16, 24, 32]);
      expect(channel.epochs()).toBe(epoch);
    }
  });

  it('orders each epoch anew', () => {
    const channel = new ChannelStream('a', stream(0, 401), options);
    const epoch = () => Array.from({ length: 50 }, () => channel.next().start).join();
    expect(epoch()).not.toBe(epoch());
  });

  it('refuses a text shorter than one row, with its numbers', () => {
    expect(() => new ChannelStream('zh', stream(0, 8), options)).toThrow(
      expect.objectContaining({ code: 'channel-empty', values: { channel: 'zh', tokens: 8, needed: 9 } }) as StudioError,
    );
  });
});

const channels = [
  { id: 'zh', tokens: stream(0, 201) },
  { id: 'en', tokens: stream(1, 121) },
  { id: 'domain', tokens: stream(2, 57) },
];

/** Tokens that a batch predicts. */
const predicted = (batch: TokenBatch) => [...batch.targets].filter((target) => target >= 0);

describe('BatchSampler', () => {
  it('cuts rows of consecutive tokens with targets one ahead, marked with their channel', () => {
    const [batch] = new BatchSampler({ channels, context: 8, seed: 3, rules: 2 }).next(0, { zh: 0.5, en: 0.25, domain: 0.25 }, 8, 1);
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
        const sampler = new BatchSampler({ channels, context: 8, seed: 5, rules: 2 });
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
    const whole = new BatchSampler({ channels, context: 8, seed: 5, rules: 2 });
    const parts = new BatchSampler({ channels, context: 8, seed: 5, rules: 2 });
    for (let step = 0; step < 5; step++) {
      const [large] = whole.next(step, shares, 6, 1);
      const small = parts.next(step, shares, 2, 3);
      expect(small.flatMap((batch) => [...batch.ids])).toEqual([...large!.ids]);
      expect(small.flatMap((batch) => [...batch.channels])).toEqual([...large!.channels]);
    }
  });

  it('draws examples of a channel with an objective into micro-batches of their own, each once an epoch, and goes on alike', () => {
    const pairs = {
      count: 5,
      rowsEach: 2,
      fill: (batch: TokenBatch, row: number, index: number, seed: number) => {
        batch.ids[row * batch.context] = index;
        batch.ids[(row + 1) * batch.context] = seed;
      },
      bytes: () => 0,
      objective: (examples: readonly number[]) => ({ losses: () => never(), examples }),
    };
    const never = (): never => {
      throw new Error('not computed here');
    };
    const mixed = [channels[0]!, { ...channels[2]!, examples: pairs }];
    const options = { channels: mixed, context: 8, seed: 5, rules: 2 } as const;
    const shares = { zh: 0.5, domain: 0.5 };
    const sampler = new BatchSampler(options);
    const seen: number[] = [];
    for (let step = 0; step < 2; step++) {
      // Ten rows: five of text in micro-batches of 5, five pairs, two to a micro-batch.
      const batches = sampler.next(step, shares, 5, 2);
      expect(batches.map(({ rows, objective }) => [rows, objective !== undefined])).toEqual([
        [5, false],
        [4, true],
        [4, true],
        [2, true],
      ]);
      for (const { ids, objective } of batches.slice(1)) {
        const own = [...ids].filter((_, at) => at % 16 === 0);
        expect((objective as unknown as { examples: number[] }).examples).toEqual(own);
        seen.push(...own);
      }
    }
    expect(seen.slice(0, 5).sort()).toEqual([0, 1, 2, 3, 4]);
    expect(seen.slice(5).sort()).toEqual([0, 1, 2, 3, 4]);
    const whole = new BatchSampler(options);
    whole.next(0, shares, 5, 2);
    const resumed = new BatchSampler(options, structuredClone(whole.state()));
    const ids = (batches: readonly TokenBatch[]) => batches.map((batch) => [...batch.ids]);
    expect(ids(resumed.next(1, shares, 5, 2))).toEqual(ids(whole.next(1, shares, 5, 2)));
  });

  it("deals a federated run's micro-batches to its clients, each of its own text; any other step is as it was", () => {
    const shares = { zh: 0.5, en: 0.3, domain: 0.2 };
    const recipe = (federated: RecipeInput['federated']) =>
      recipeWith({ batchSize: 2, gradientAccumulationSteps: 7, ...(federated ? { federated } : {}) });
    const options = { channels, context: 8, seed: 5, rules: 2 } as const;
    const { batches, round } = new BatchSampler(options).step(recipe({}), 0, shares);
    expect(round!.map(({ updates }) => updates)).toEqual([3, 2, 2]);
    expect(round!.map(({ weight }) => weight)).toEqual([0.5, 0.3, 0.2]);
    expect(batches.map((batch) => [...batch.channels])).toEqual([
      ...Array(3).fill([0, 0]),
      ...Array(2).fill([1, 1]),
      ...Array(2).fill([2, 2]),
    ]);
    const plain = new BatchSampler(options).step(recipe(undefined), 0, shares);
    expect(plain).toEqual({ batches: new BatchSampler(options).next(0, shares, 2, 7) });
  });

  it('goes on identically from a stored state, across an epoch', () => {
    const shares = { zh: 0.31, en: 0.42, domain: 0.27 };
    const first = new BatchSampler({ channels, context: 8, seed: 11, rules: 2 });
    for (let step = 0; step < 9; step++) first.next(step, shares, 3, 2);
    const second = new BatchSampler(
      { channels, context: 8, seed: 11, rules: 2 },
      JSON.parse(JSON.stringify(first.state())) as ReturnType<typeof first.state>,
    );
    for (let step = 9; step < 40; step++) expect(second.next(step, shares, 3, 2)).toEqual(first.next(step, shares, 3, 2));
    expect(second.epochs()).toEqual(first.epochs());
    expect(second.epochs()['domain']).toBeGreaterThan(1);
  });

  it('needs no text of a channel at share 0, and names an empty one that has a share', () => {
    const withEmpty = [...channels, { id: 'code', tokens: stream(3, 5) }];
    const sampler = new BatchSampler({ channels: withEmpty, context: 8, seed: 1, rules: 2 });
    expect(sampler.next(0, { zh: 1, en: 0, domain: 0, code: 0 }, 4, 1)).toHaveLength(1);
    expect(() => sampler.next(1, { zh: 0.5, en: 0, domain: 0, code: 0.5 }, 4, 1)).toThrow(/"code" has 5 training tokens/);
  });

  it.each([
    [127, 64],
    [130, 64],
    [41, 8],
    [42, 8],
    [9, 8],
  ])('predicts each of %i tokens but the first once an epoch, in rows of %i', (length, context) => {
    const sampler = new BatchSampler({ channels: [{ id: 'a', tokens: stream(0, length) }], context, seed: 3, rules: 2 });
    const rows = Math.ceil((length - 1) / context);
    for (let epoch = 1; epoch <= 2; epoch++) {
      const seen = Array.from({ length: rows }, (_, step) => predicted(sampler.next(step, { a: 1 }, 1, 1)[0]!)).flat();
      expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: length - 1 }, (_, at) => at + 1));
      expect(sampler.epochs()).toEqual({ a: epoch });
    }
  });

  it('leaves the tail of a run of the first rules where it was, and draws its rows in the order it had', () => {
    const tokens = stream(0, 127);
    const order = (length: number, rules: 1 | 2) => {
      const sampler = new BatchSampler({ channels: [{ id: 'a', tokens: tokens.subarray(0, length) }], context: 16, seed: 3, rules });
      return Array.from({ length: 14 }, (_, step) => sampler.next(step, { a: 1 }, 1, 1)[0]!.ids[0]);
    };
    // Seven whole rows, and a tail of 14 tokens that the first rules drop: the order is that of a text without it.
    expect(order(127, 1)).toEqual(order(113, 2));
    expect(new Set(order(127, 2))).toContain(127 - 17);
  });

  it('keeps documents apart where they are packed separately', () => {
    // Documents of 5, 3 and 12 tokens; rows of 8.
    const apart = Uint32Array.of(0, 5, 8);
    const sampler = new BatchSampler({ channels: [{ id: 'a', tokens: stream(0, 20), apart }], context: 8, seed: 3, rules: 2 });
    const rows = Array.from({ length: 3 }, (_, step) => sampler.next(step, { a: 1 }, 1, 1)[0]!);
    const byStart = new Map(rows.map((row) => [row.ids[0]!, row]));
    expect([...byStart.keys()].sort((a, b) => a - b)).toEqual([0, 8, 11]);
    expect([...byStart.get(0)!.documents!]).toEqual([0, 0, 0, 0, 0, 1, 1, 1]);
    expect([...byStart.get(0)!.targets]).toEqual([1, 2, 3, 4, -1, 6, 7, -1]);
    expect([...byStart.get(11)!.targets]).toEqual([-1, -1, -1, -1, -1, 17, 18, 19]);
    // Over an epoch each document predicts its tokens but the first.
    expect(rows.flatMap(predicted)).toHaveLength(20 - 3);
  });

  it('draws a small channel again and again: each row once an epoch, in another order each time', () => {
    // Three rows at half of 8 rows: 400 rows in 100 steps.
    const small = { id: 'small', tokens: stream(4, 25) };
    const sampler = new BatchSampler({ channels: [channels[0]!, small], context: 8, seed: 7, rules: 2 });
    const drawn: number[] = [];
    for (let step = 0; step < 100; step++)
      for (const batch of sampler.next(step, { zh: 0.5, small: 0.5 }, 8, 1))
        for (let row = 0; row < 8; row++) if (batch.channels[row] === 1) drawn.push(batch.ids[row * 8]!);
    expect(drawn).toHaveLength(400);
    expect(sampler.epochs()['small']).toBeCloseTo(400 / 3, 10);
    // Rows of one step are shuffled: an epoch's rows are counted over the whole run.
    const stream3 = new ChannelStream('small', small.tokens, { context: 8, seed: 7, rules: 2 });
    const epochs = Array.from({ length: 133 }, () => [0, 1, 2].map(() => stream3.next().start).join());
    expect(epochs.every((order) => order.split(',').sort().join() === '0,16,8')).toBe(true);
    expect(new Set(epochs).size).toBe(6);
  });

  it('gives channels their rows by share, and draws none of one at share 0', () => {
    const sampler = new BatchSampler({ channels, context: 8, seed: 2, rules: 2 });
    const rows = [0, 0, 0];
    for (let step = 0; step < 100; step++)
      for (const batch of sampler.next(step, { zh: 0.98, en: 0.02, domain: 0 }, 4, 1))
        for (const channel of batch.channels) rows[channel]! += 1;
    expect(Math.abs(rows[1]! - 8)).toBeLessThanOrEqual(1);
    expect(rows[2]).toBe(0);
    expect(Object.keys(sampler.state().cursors)).toEqual(['zh', 'en']);
  });
});
