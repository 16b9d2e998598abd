import { describe, expect, it } from 'vitest';
import { forgettingRisk, informativeGroups, sampledRisk } from './forgetting-risk';

const half = (count: number) => Array<number>(count).fill(0.5);

describe('informativeGroups', () => {
  it('keeps groups that guessing would answer so well in at most one case of twenty', () => {
    // P(X ≥ 8 | 10, ½) = 56/1024 > 0.05, P(X ≥ 9 | 10, ½) = 11/1024 < 0.05.
    const chances = { grammar: half(10), commonsense: half(10), facts: half(3) };
    expect(informativeGroups({ grammar: '1111111110', commonsense: '1111111100', facts: '000' }, chances)).toEqual(['grammar']);
  });

  it('counts no item that the model could not read', () => {
    // P(5 of 5 | ½) = 1/32.
    expect(informativeGroups({ facts: '11-11-1-' }, { facts: half(8) })).toEqual(['facts']);
    expect(informativeGroups({ facts: '--------' }, { facts: half(8) })).toEqual([]);
  });
});

describe('sampledRisk', () => {
  it('weighs the informative groups by METHOD’s weights, scaled to sum 1', () => {
    // grammar: 10 → 8 of 10, score 0.8, weight 0.3/0.5; facts: 5 → 4 of 8, score 0.8; the third is left out.
    const base = { grammar: '1111111111', facts: '11111000', logic: '0101' };
    const { items, informative, risk, grain } = sampledRisk(base, { grammar: '1111111100', facts: '11110000' }, ['grammar', 'facts']);
    expect({ items, informative }).toEqual({ items: 22, informative: ['grammar', 'facts'] });
    expect(risk!.value).toBeCloseTo(0.6 * 0.2 + 0.4 * 0.2, 12);
    // One of five right answers, weighted 0.4; one of ten, weighted 0.6, moves it less.
    expect(grain).toBeCloseTo(0.4 / 5, 12);
    expect(risk!.interval!.low).toBeLessThan(risk!.value);
    expect(risk!.interval!.high).toBeGreaterThan(risk!.value);
  });

  it('reads no risk from a group that got better, and none from the base itself', () => {
    expect(sampledRisk({ grammar: '11110' }, { grammar: '11111' }, ['grammar']).risk!.value).toBe(0);
    expect(sampledRisk({ grammar: '11110' }, null, ['grammar']).risk).toEqual({ value: 0, interval: null });
  });

  it('leaves room for what so few items cannot show', () => {
    // Clopper and Pearson's upper end of 0 out of 4: 1 − 0.025^(1/4).
    const { interval } = sampledRisk({ grammar: '11110' }, { grammar: '11110' }, ['grammar']).risk!;
    expect(interval!.low).toBe(0);
    expect(interval!.high).toBeCloseTo(0.6023646, 6);
  });

  it('is no figure where nothing is informative', () => {
    expect(sampledRisk({ grammar: '0101' }, { grammar: '0000' }, [])).toEqual({ items: 4, informative: [], risk: null, grain: 0 });
  });
});

describe('forgetting risk', () => {
  const group = (name: 'grammar' | 'commonsense' | 'facts' | 'logic', base: number, tuned: number, informative = true) => ({
    group: name,
    base,
    tuned,
    informative,
  });

  it('weighs what each group lost', () => {
    // 0.3 · (1 − 0.9) + 0.3 · 0 + 0.2 · (1 − 0.5) + 0.2 · 0 (better than the base counts as 1) = 0.13
    const risk = forgettingRisk([
      group('grammar', 0.8, 0.72),
      group('commonsense', 0.6, 0.6),
      group('facts', 0.5, 0.25),
      group('logic', 0.6, 0.7),
    ])!;
    expect(risk.risk).toBeCloseTo(0.13, 12);
    expect(risk.level).toBe('medium');
  });

  it('leaves out groups on which the base is at chance and scales the rest', () => {
    // Grammar and facts are left: weights 0.6 and 0.4; 0.6 · 0.05 + 0.4 · 0.05 = 0.05, which is no longer low.
    const risk = forgettingRisk([
      group('grammar', 0.8, 0.76),
      group('commonsense', 0.27, 0.1, false),
      group('facts', 0.4, 0.38),
      group('logic', 0.3, 0.2, false),
    ])!;
    expect(risk.risk).toBeCloseTo(0.05, 12);
    expect(risk.parts[1]).toEqual({ group: 'commonsense', weight: null, score: null });
    expect(forgettingRisk([group('logic', 0.3, 0.2, false)])).toBeNull();
  });

  it('is high when grammar is lost', () => {
    expect(forgettingRisk([group('grammar', 0.9, 0.45), group('facts', 0.5, 0.5)])).toMatchObject({ level: 'high' });
  });
});
