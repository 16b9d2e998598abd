import { describe, expect, it } from 'vitest';
import type { Probe } from '../probes/probe';
import type { ProbeScore } from '../probes/score';
import { measureProbes } from './probe-measure';

const pairs = (group: string, count: number): Probe[] =>
  Array.from({ length: count }, (_, at) => ({ kind: 'pair', good: `g${at}`, bad: `b${at}`, group }));
const answers = (right: number, count: number): ProbeScore[] =>
  Array.from({ length: count }, (_, at) => ({ kind: 'pair', good: 0, bad: 0, right: at < right }));

describe('measureProbes', () => {
  // Grammar: 18 of 20, then 9 of 20. Logic: the base guesses.
  const probes = [...pairs('grammar', 20), ...pairs('logic', 20)];
  const base = [...answers(18, 20), ...answers(11, 20)];
  const tuned = [...answers(9, 20), ...answers(4, 20)];
  const measure = measureProbes(probes, [base, tuned], 1);
  const [grammar, logic] = measure.groups;

  it('sets accuracy beside chance', () => {
    expect(grammar).toMatchObject({ group: 'grammar', items: 20, chance: 0.5, informative: true });
    expect(grammar!.accuracy!.map(({ value }) => value)).toEqual([0.9, 0.45]);
    // P(X ≥ 18), X ~ Binomial(20, 1/2) = (190 + 20 + 1) / 2^20
    expect(grammar!.pValue![0]).toBeCloseTo(211 / 2 ** 20, 12);
    expect(grammar!.retention).toEqual([null, 0.5]);
    expect(logic).toMatchObject({ informative: false, retention: [null, null] });
  });

  it('tells the risk from informative groups alone', () => {
    expect(measure.risk).toHaveLength(1);
    expect(measure.risk![0]).toMatchObject({ value: 0.5, level: 'high' });
    expect(measure.risk![0]!.parts).toEqual([
      { group: 'grammar', weight: 1, score: 0.5 },
      { group: 'logic', weight: null, score: null },
    ]);
    const { low, high } = measure.risk![0]!.interval!;
    expect(low).toBeGreaterThan(0.2);
    expect(high).toBeLessThan(0.8);
    expect(measureProbes(probes.slice(20), [base.slice(20), tuned.slice(20)], 1).risk).toBeNull();
  });

  it('takes reference answers by their likelihood, and leaves out what is too long', () => {
    const questions: Probe[] = ['a', 'b', 'c'].map((prompt) => ({ kind: 'reference', prompt, reference: 'r', group: 'domain' }));
    const reference = (normalised: number): ProbeScore => ({ kind: 'reference', likelihood: normalised * 4, normalised });
    const long: ProbeScore = { kind: 'too-long', tokens: 300, limit: 256 };
    const { groups, tooLong, risk } = measureProbes(
      questions,
      [
        [reference(-2), reference(-1), long],
        [reference(-1), reference(-1.5), long],
      ],
      1,
    );
    expect(tooLong).toBe(1);
    expect(risk).toBeNull();
    expect(groups[0]).toMatchObject({ items: 2, chance: 0, accuracy: null, pValue: null, informative: false });
    // Gains 1 and −0.5.
    expect(groups[0]!.knowledge).toEqual([
      null,
      { questions: 2, mean: 0.25, deviation: expect.closeTo(Math.sqrt(1.125), 12) as number, improved: 0.5 },
    ]);
  });
});
