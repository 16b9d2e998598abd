import { describe, expect, it } from 'vitest';
import type { Comparison } from '../../workers/api';
import { summarise, type ComparedChannel } from './summary';

const channels: ComparedChannel[] = [
  { id: 'zh', corpus: 'zh', role: 'general' },
  { id: 'en', corpus: 'en', role: 'general' },
  { id: 'medicine', corpus: 'domain', role: 'domain' },
  { id: 'law', corpus: 'domain-legal', role: 'domain' },
];
const side = (zh: number, en: number, medicine: number, law: number): Comparison['a'] => ({
  step: 0,
  retention: null,
  channels: {
    zh: { loss: zh, tokens: 100, bytes: 200 },
    en: { loss: en, tokens: 100, bytes: 400 },
    medicine: { loss: medicine, tokens: 300, bytes: 900 },
    law: { loss: law, tokens: 100, bytes: 300 },
  },
});

describe('summarise', () => {
  const comparison = { a: side(4, 3, 4, 2), b: side(4.1, 2.9, 3, 2) };

  it('gives the worked figures of a channel', () => {
    const { rows } = summarise(comparison, channels, true);
    const zh = rows[0]!;
    expect(zh.delta).toBeCloseTo(0.1, 12);
    expect(zh.perplexityA).toBeCloseTo(54.598150033, 8); // e⁴
    expect(zh.bitsA).toBeCloseTo(2.885390082, 8); // 4 · 100 / (200 · ln 2)
    expect(zh.retention).toBeCloseTo(0.904837418, 8); // e^−0.1
    expect(rows[2]!.retention).toBeNull();
  });

  it('pools domain channels by their tokens', () => {
    const { domain } = summarise(comparison, channels, true);
    expect(domain!.delta).toBeCloseTo(-0.75, 12); // (4·300 + 2·100)/400 = 3.5 → (3·300 + 2·100)/400 = 2.75
    expect(domain!.perplexityA).toBeCloseTo(33.115451959, 8); // e^3.5
  });

  it('means retention over general channels and names those below 0.95', () => {
    const summary = summarise(comparison, channels, true);
    expect(summary.retention).toBeCloseTo((0.904837418 + 1.105170918) / 2, 8);
    expect(summary.below.map((channel) => channel.id)).toEqual(['zh']);
    expect(summary.generalChannels).toBe(2);
  });

  it('withholds Δ and retention when tokens differ, and keeps bits per byte', () => {
    const other = side(4.1, 2.9, 3, 2);
    other.channels['zh'] = { loss: 4.1, tokens: 90, bytes: 200 };
    for (const summary of [summarise({ a: comparison.a, b: other }, channels, true), summarise(comparison, channels, false)]) {
      expect(summary.comparable).toBe(false);
      expect(summary.retention).toBeNull();
      expect(summary.domain!.delta).toBeNull();
      expect(summary.rows.every((row) => row.delta === null && Number.isFinite(row.deltaBits))).toBe(true);
    }
  });

  it('leaves out channels that one side lacks', () => {
    const lacking = { a: comparison.a, b: { ...comparison.b, channels: { zh: comparison.b.channels['zh']! } } };
    const summary = summarise(lacking, channels, true);
    expect(summary.rows.map((row) => row.channel.id)).toEqual(['zh']);
    expect(summary.domain).toBeNull();
  });
});
