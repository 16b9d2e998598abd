import { describe, expect, it } from 'vitest';
import type { Interval } from './statistics';
import {
  measureMemorisation,
  measureMixture,
  memorises,
  noiseIntervals,
  overallTermLoss,
  termLoss,
  type DocumentSums,
  type MeasuredDocuments,
} from './text-measure';

/** Documents of ten tokens and forty bytes with these losses. */
const documents = (...losses: number[]): DocumentSums => ({
  nll: losses.map((loss) => loss * 10),
  tokens: losses.map(() => 10),
  bytes: losses.map(() => 40),
});
const channels: MeasuredDocuments[] = [
  { id: 'zh', role: 'general', models: [documents(4, 4.2, 3.8), documents(4.1, 4.3, 3.9)] },
  { id: 'en', role: 'general', models: [documents(3, 3, 3), documents(2.8, 2.8, 2.8)] },
  { id: 'domain', role: 'domain', models: [documents(5, 4.6, 5.4), documents(4, 3.6, 4.4)] },
];

describe('measureMixture', () => {
  const measure = measureMixture(channels, { seed: 3, sameTokens: [true, true] });
  const [zh, en, domain] = measure.channels;

  it('gives losses, differences and retention by hand', () => {
    expect(zh!.loss.map(({ value }) => value)).toEqual([expect.closeTo(4, 12), expect.closeTo(4.1, 12)]);
    expect(zh!.delta[1]!.value).toBeCloseTo(0.1, 12);
    expect(zh!.retention[1]!.value).toBeCloseTo(Math.exp(-0.1), 12);
    expect(zh!.delta[0]).toBeNull();
    // 10 tokens · 4 nats / (40 bytes · ln 2)
    expect(zh!.bitsPerByte[0]!.value).toBeCloseTo(1 / Math.LN2, 12);
    expect(domain!.deltaBits[1]!.value).toBeCloseTo(-0.25 / Math.LN2, 12);
    expect(measure.domainGain[1]!.value).toBeCloseTo(0.25 / Math.LN2, 12);
    expect(measure.meanRetention[1]!.value).toBeCloseTo((Math.exp(-0.1) + Math.exp(0.2)) / 2, 12);
    expect(measure.domainGain[0]).toBeNull();
  });

  it('holds each value inside its interval, and a difference that never varies has none to speak of', () => {
    const interval = zh!.loss[0]!.interval!;
    expect(interval.low).toBeLessThan(4);
    expect(interval.high).toBeGreaterThan(4);
    expect(zh!.delta[1]!.interval!.high - zh!.delta[1]!.interval!.low).toBeLessThan(1e-9);
    expect(en!.loss[1]!.interval).toEqual({ low: expect.closeTo(2.8, 9), high: expect.closeTo(2.8, 9) });
  });

  it('compares other tokens by bits per byte only', () => {
    const other = measureMixture(channels, { seed: 3, sameTokens: [true, false] });
    expect(other.channels[0]!.delta).toEqual([null, null]);
    expect(other.meanRetention).toEqual([null, null]);
    expect(other.domainGain[1]!.value).toBeCloseTo(0.25 / Math.LN2, 12);
  });

  it('has no interval for a single document', () => {
    const one = measureMixture([{ id: 'zh', role: 'general', models: [documents(4), documents(5)] }], {
      seed: 1,
      sameTokens: [true, true],
    });
    expect(one.channels[0]!.loss[0]).toEqual({ value: 4, interval: null });
    expect(one.domainGain).toEqual([null, null]);
  });
});

const rows = (...losses: number[]): DocumentSums => ({
  nll: losses.map((loss) => loss * 8),
  tokens: losses.map(() => 8),
  bytes: losses.map(() => 20),
});

it('takes the gap of the texts themselves from the gap of the tuned model', () => {
  // Base: 4.0 on seen, 4.2 on unseen text. Tuned: 3.0 and 3.9: a gap of 0.9, of which 0.7 is memorising.
  const measure = measureMemorisation([rows(3.8, 4.2), rows(2.9, 3.1)], [rows(4.1, 4.3), rows(3.8, 4)], 7);
  expect(measure.rows).toEqual({ seen: 2, unseen: 2 });
  expect(measure.gap.map(({ value }) => value)).toEqual([expect.closeTo(0.2, 12), expect.closeTo(0.9, 12)]);
  expect(measure.memorised[0]).toBeNull();
  expect(measure.memorised[1]!.value).toBeCloseTo(0.7, 12);
  expect(measure.memorised[1]!.interval!.low).toBeLessThanOrEqual(0.7);
  expect(measure.memorised[1]!.interval!.high).toBeGreaterThanOrEqual(0.7);
});

it('calls it memorising only where the whole interval lies above the line', () => {
  const verdict = (low: number, high: number) => memorises({ value: (low + high) / 2, interval: { low, high } });
  expect(verdict(0.06, 0.4)).toBe('yes');
  expect(verdict(-0.02, 0.04)).toBe('no');
  expect(verdict(0.01, 0.3)).toBe('unclear');
  expect(memorises({ value: 3, interval: null })).toBe('unclear');
});

// Ends of BCa intervals by NumPy with 100,000 resamples; a thousand of them are coarser.
const near = (interval: Interval | null | undefined, low: number, high: number, within: number) => {
  expect(Math.abs(interval!.low - low)).toBeLessThan(within);
  expect(Math.abs(interval!.high - high)).toBeLessThan(within);
};

describe('intervals of terms', () => {
  const nll = [
    [12, 20, 7, 31, 15, 9, 22, 18],
    [9, 15, 7.5, 20, 11, 8, 16, 13],
  ];
  const tokens = [4, 6, 3, 8, 5, 3, 7, 5];
  const bytes = [16, 25, 12, 30, 22, 11, 29, 19];
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const documents = new Map(
    tokens.map((count, at): [number, { nll: number[]; tokens: number[]; bytes: number }] => [
      at,
      { nll: [nll[0]![at]!, nll[1]![at]!], tokens: [count, count], bytes: bytes[at]! },
    ]),
  );
  const sums = { term: 'dose', count: 9, nll: nll.map(sum), tokens: [sum(tokens), sum(tokens)], bytes: sum(bytes), documents };

  it('draw documents, as NumPy does', () => {
    const { loss, intervals } = termLoss(sums);
    expect(loss[0]).toBeCloseTo(3.268292682926829, 12);
    near(intervals!.loss[0], 3.0, 3.607843, 0.04);
    near(intervals!.loss[1], 2.315217, 2.52381, 0.03);
    expect(intervals!.deltaBits[0]).toBeNull();
    near(intervals!.deltaBits[1], -0.418733, -0.212452, 0.02);
  });

  it('join the terms of one document, and are none of a single document', () => {
    const half = (part: number) => ({
      ...sums,
      nll: sums.nll.map((own) => own * part),
      tokens: sums.tokens.map((own) => own * part),
      bytes: sums.bytes * part,
      documents: new Map(
        [...documents].map(([at, own]) => [
          at,
          { nll: own.nll.map((value) => value * part), tokens: own.tokens.map((value) => value * part), bytes: own.bytes * part },
        ]),
      ),
    });
    expect(overallTermLoss([half(0.5), half(0.5)])!.intervals).toEqual(termLoss(sums).intervals);
    const single = termLoss({ ...sums, documents: new Map([[3, documents.get(3)!]]) });
    expect(single.intervals).toEqual({ loss: [null, null], deltaBits: [null, null] });
    const { documents: _, ...without } = sums;
    expect(termLoss(without).intervals).toBeUndefined();
  });
});

it('intervals of noise draw documents, as NumPy does', () => {
  const clean = { nll: [10, 14, 9, 20, 12, 8], bytes: [20, 30, 18, 41, 25, 16] };
  const noisy = { nll: [14, 19, 11, 30, 18, 12], bytes: [20, 31, 19, 41, 25, 17] };
  const { bitsPerByte, rise, riseAgainst } = noiseIntervals([
    [clean, noisy],
    [clean, clean],
  ]);
  near(bitsPerByte[0]![1], 0.904376, 1.039457, 0.02);
  near(rise[0], 0.205972, 0.334867, 0.02);
  expect(rise[1]).toEqual({ low: 0, high: 0 });
  expect(riseAgainst[0]).toBeNull();
  near(riseAgainst[1], -0.334867, -0.205972, 0.02);
});
