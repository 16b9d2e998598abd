import { describe, expect, it } from 'vitest';
import { measureMixture, type DocumentSums, type MixtureMeasure } from '../core/metrics/text-measure';
import { gainVerdict, retentionVerdict, summarise, type ComparedChannel } from './figures';

const channels: ComparedChannel[] = [
  { id: 'zh', corpus: 'zh', role: 'general' },
  { id: 'en', corpus: 'en', role: 'general' },
  { id: 'medicine', corpus: 'domain', role: 'domain' },
  { id: 'law', corpus: 'domain-legal', role: 'domain' },
];

/** Two documents of ten tokens and twenty bytes each, at these losses. */
const documents = (...losses: number[]): DocumentSums => ({
  nll: losses.map((loss) => loss * 10),
  tokens: losses.map(() => 10),
  bytes: losses.map(() => 20),
});
const measure = (sameTokens: boolean[] = [true, true, true]): MixtureMeasure =>
  measureMixture(
    [
      { id: 'zh', role: 'general', models: [documents(4, 4), documents(4.1, 4.1), documents(4, 4)] },
      { id: 'en', role: 'general', models: [documents(3, 3), documents(2.9, 2.9), documents(3, 3)] },
      { id: 'medicine', role: 'domain', models: [documents(4, 4), documents(2.8, 3.2), documents(3.5, 3.5)] },
      { id: 'law', role: 'domain', models: [documents(2, 2), documents(2, 2), documents(2, 2)] },
    ],
    { seed: 1, sameTokens },
  );
const summary = (same?: boolean[]) => summarise({ measure: measure(same), channels, documents: 2 });

describe('summarise', () => {
  it('gives the worked figures of a channel, by model', () => {
    const { rows } = summary();
    expect(rows.map(({ channel }) => channel.id)).toEqual(['zh', 'en', 'medicine', 'law']);
    const [zh, , medicine] = rows;
    expect(zh!.delta[1]!.value).toBeCloseTo(0.1, 12);
    expect(zh!.perplexity[0]!.value).toBeCloseTo(54.598150033, 8); // e⁴
    expect(zh!.bitsPerByte[0]!.value).toBeCloseTo(2.885390082, 8); // 4 · 10 / (20 · ln 2)
    expect(zh!.retention[1]!.value).toBeCloseTo(0.904837418, 8); // e^−0.1
    // A perplexity’s interval is that of the loss under exp: the documents lie at 2.8 and 3.2.
    expect(medicine!.loss[1]!.interval!.low).toBeCloseTo(2.8, 12);
    expect(medicine!.perplexity[1]!.interval!.low).toBeCloseTo(16.444646771, 8); // e^2.8
    expect(medicine!.perplexity[1]!.interval!.high).toBeCloseTo(24.532530197, 8); // e^3.2
  });

  it('gives the domain’s gain in bits per byte, mean over its channels', () => {
    const { gain, domainBits, domainChannels } = summary();
    expect(gain[0]).toBeNull();
    expect(gain[1]!.value).toBeCloseTo(0.36067376, 8); // (1 nat · 10 / (20 · ln 2) + 0) / 2
    expect(gain[2]!.value).toBeCloseTo(0.18033688, 8);
    expect(domainBits).toBeCloseTo(2.164042561, 8); // (4 + 2) / 2 · 10 / (20 · ln 2)
    expect(domainChannels).toBe(2);
  });

  it('means retention over general channels and names those below 0.95', () => {
    const { retention, below, generalChannels } = summary();
    expect(retention[1]!.value).toBeCloseTo((0.904837418 + 1.105170918) / 2, 8);
    expect(below.map((found) => found.map(({ id }) => id))).toEqual([[], ['zh'], []]);
    expect(generalChannels).toBe(2);
  });

  it('withholds Δ and retention of a model with other tokens, and keeps bits per byte', () => {
    const { comparable, rows, retention, gain } = summary([true, false, true]);
    expect(comparable).toEqual([true, false, true]);
    expect(retention.map((found) => found === null)).toEqual([true, true, false]);
    expect(gain[1]!.value).toBeCloseTo(0.36067376, 8);
    expect(rows.every((row) => row.delta[1] === null && row.delta[2] !== null && row.deltaBits[1] !== null)).toBe(true);
  });

  it('leaves out channels that were not measured', () => {
    const { channels: measured, ...rest } = measure();
    const found = summarise({ measure: { ...rest, channels: measured.slice(0, 1) }, channels, documents: 2 });
    expect(found.rows.map((row) => row.channel.id)).toEqual(['zh']);
    expect([found.domainChannels, found.domainBits]).toEqual([0, null]);
  });
});

describe('verdicts', () => {
  const estimate = (value: number, low: number, high: number) => ({ value, interval: { low, high } });

  it('calls a gain learnt only when the interval leaves zero out', () => {
    expect(gainVerdict(estimate(0.3, 0.1, 0.5))).toBe('learnt');
    expect(gainVerdict(estimate(-0.3, -0.5, -0.1))).toBe('lost');
    expect(gainVerdict(estimate(0.3, -0.1, 0.5))).toBe('unclear');
    expect(gainVerdict(estimate(0, 0, 0))).toBe('same');
    expect(gainVerdict({ value: 0.3, interval: null })).toBe('learnt');
    expect(gainVerdict({ value: -0.0001, interval: null })).toBe('same');
  });

  it('calls ability kept or lost only when the whole interval lies on one side of the line', () => {
    expect(retentionVerdict(estimate(0.97, 0.951, 0.99))).toBe('kept');
    expect(retentionVerdict(estimate(0.97, 0.94, 0.99))).toBe('unclear');
    expect(retentionVerdict(estimate(0.93, 0.91, 0.949))).toBe('lost');
    expect(retentionVerdict({ value: 0.96, interval: null })).toBe('kept');
    expect(retentionVerdict({ value: 0.94, interval: null })).toBe('lost');
  });
});
