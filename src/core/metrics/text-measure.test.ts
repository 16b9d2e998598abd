import { describe, expect, it } from 'vitest';
import { measureMemorisation, measureMixture, memorises, type DocumentSums, type MeasuredDocuments } from './text-measure';

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
