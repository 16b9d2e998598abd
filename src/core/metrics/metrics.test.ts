import { describe, expect, it } from 'vitest';
import { bitsPerByte, meanRetention, perplexity, retention } from './loss';

describe('figures of a loss', () => {
  it('match hand calculations', () => {
    expect(perplexity(3.97)).toBeCloseTo(52.985, 2);
    expect(bitsPerByte(Math.LN2, 100, 50)).toBeCloseTo(2, 12);
    expect(retention(3, 3)).toBe(1);
    expect(retention(3, 3.1)).toBeCloseTo(0.904837, 6);
  });

  it('averages retention over general channels only', () => {
    const at = (loss: number) => ({ loss, tokens: 1, bytes: 1 });
    const base = { step: 0, retention: null, channels: { zh: at(4), en: at(3), domain: at(5) } };
    const now = { step: 9, retention: null, channels: { zh: at(4), en: at(3 + Math.LN2), domain: at(1) } };
    const roles = [
      { id: 'zh', role: 'general' as const },
      { id: 'en', role: 'general' as const },
      { id: 'domain', role: 'domain' as const },
    ];
    expect(meanRetention(base, now, roles)).toBeCloseTo(0.75, 12);
    expect(meanRetention(base, now, [{ id: 'domain', role: 'domain' }])).toBeNull();
  });
});

it('takes the mean retention over general text that people wrote, and over what a model wrote where there is no other', () => {
  const of = (zh: number, echo: number) => ({ channels: { zh: { loss: zh }, echo: { loss: echo } } });
  const [zh, echo] = [
    { id: 'zh', role: 'general' as const },
    { id: 'echo', role: 'general' as const, generated: {} },
  ];
  expect(meanRetention(of(4, 3), of(4.1, 3.5), [zh, echo])).toBeCloseTo(Math.exp(-0.1), 12);
  expect(meanRetention(of(4, 3), of(4.1, 3.5), [echo])).toBeCloseTo(Math.exp(-0.5), 12);
});
