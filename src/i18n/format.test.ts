import { describe, expect, it } from 'vitest';
import { createFormat } from './format';

describe('createFormat', () => {
  const en = createFormat('en');
  const zh = createFormat('zh');

  it('gives losses three digits and a dash for none', () => {
    expect(en.loss(3.97)).toBe('3.970');
    expect(en.loss(null)).toBe('—');
    expect(en.loss(Number.NaN)).toBe('—');
  });

  it('signs differences with a real minus and shows nothing as ±', () => {
    expect(en.delta(-0.4123)).toBe('−0.412');
    expect(en.delta(0.03)).toBe('+0.030');
    expect(en.delta(-0.0002)).toBe('±0.000');
  });

  it('gives intervals a real minus and no sign to zero', () => {
    expect(en.interval({ low: -0.45, high: -0.3714 })).toBe('[−0.450, −0.371]');
    expect(en.interval({ low: -0.0002, high: 1.25 }, 2)).toBe('[0.00, 1.25]');
  });

  it('gives fewer digits to larger perplexities', () => {
    expect([5.2345, 28.94, 110.4].map((value) => en.perplexity(value))).toEqual(['5.23', '28.9', '110']);
  });

  it('formats shares, rates and sizes', () => {
    expect(en.percent(1 / 6)).toBe('16.7 %');
    expect(en.lr(0.0003)).toBe('3.0e-4');
    expect(en.lr(0)).toBe('0');
    expect(en.bytes(2_313_645)).toBe('2.3 MB');
    expect(en.bytes(0)).toBe('0 B');
  });

  it('speaks durations in the language', () => {
    expect(en.duration(130)).toBe('2 min 10 s');
    expect(zh.duration(130)).toBe('2 分 10 秒');
    expect(en.duration(3840)).toBe('1 h 4 min');
  });
});
