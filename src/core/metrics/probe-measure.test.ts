import { describe, expect, it } from 'vitest';
import type { Probe } from '../probes/probe';
import type { ProbeScore } from '../probes/probe-score';
import { domainKnowledge, measureProbes } from './probe-measure';

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
    // Wilson's interval of 18 / 20.
    expect(grammar!.accuracy![0]!.interval!.low).toBeCloseTo(0.699, 3);
    expect(grammar!.accuracy![0]!.interval!.high).toBeCloseTo(0.972, 3);
    // P(X ≥ 18), X ~ Binomial(20, 1/2) = (190 + 20 + 1) / 2^20
    expect(grammar!.pValue![0]).toBeCloseTo(211 / 2 ** 20, 12);
    expect(grammar!.retention).toEqual([null, 0.5]);
    // BCa by NumPy with 100,000 resamples: [0.263, 0.733].
    const kept = grammar!.retentionInterval![1]!;
    expect(Math.abs(kept.low - 0.263158)).toBeLessThan(0.04);
    expect(Math.abs(kept.high - 0.733333)).toBeLessThan(0.04);
    expect(grammar!.retentionInterval![0]).toBeNull();
    expect(logic).toMatchObject({ informative: false, retention: [null, null], retentionInterval: [null, null] });
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
    const reference = (perByte: number): ProbeScore => ({ kind: 'reference', likelihood: perByte * 4, perByte });
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

  it('keeps the other intervals where a group has a single item', () => {
    const alone = measureProbes(
      [...probes, ...pairs('own', 1)],
      [
        [...base, ...answers(1, 1)],
        [...tuned, ...answers(0, 1)],
      ],
      1,
    );
    expect(alone.risk![0]!.interval).not.toBeNull();
    expect(alone.groups[0]).toEqual(grammar);
    // One answer says next to nothing.
    expect(alone.groups[2]!.accuracy!.map(({ interval }) => interval!.high - interval!.low)).toEqual([
      expect.closeTo(0.793, 3),
      expect.closeTo(0.793, 3),
    ]);
  });

  it('keeps reference answers of a group apart, with the means of what was written', () => {
    const questions: Probe[] = [
      { kind: 'reference', prompt: 'p', reference: 'r', group: 'facts' },
      { kind: 'pair', good: 'g', bad: 'b', group: 'facts' },
      { kind: 'reference', prompt: 'q', reference: 's', group: 'facts' },
    ];
    const reference = (rougeL: number, bleu: number): ProbeScore => ({
      kind: 'reference',
      likelihood: -4,
      perByte: -1,
      written: { text: 'the same words', rougeL, bleu, more: { meteor: rougeL, chrf: bleu, exact: 0, f1: 0.5 } },
    });
    const pair: ProbeScore = { kind: 'pair', good: 0, bad: -1, right: true };
    const { groups } = measureProbes(
      questions,
      [
        [reference(0.2, 10), pair, reference(0, 0)],
        [reference(0.5, 30), pair, reference(0.1, 4)],
      ],
      1,
    );
    expect(groups.map(({ group, reference, items }) => [group, reference, items])).toEqual([
      ['facts', true, 2],
      ['facts', false, 1],
    ]);
    // Two equal answers of three words: 3 of 6 words and 2 of 4 pairs are different.
    const { written } = groups[0]!;
    expect(written).toMatchObject({
      distinct: [
        [0.5, 0.5],
        [0.5, 0.5],
      ],
      chrf: [{ value: 5 }, { value: 17 }],
      f1: [{ value: 0.5 }, { value: 0.5 }],
    });
    expect(written!.passed).toBeUndefined();
    expect(groups[0]!.likelihood!.map(({ value }) => value)).toEqual([-1, -1]);
    const { rougeL, bleu, knowledge } = groups[0]!.written!;
    expect(rougeL.map(({ value }) => value)).toEqual([0.1, expect.closeTo(0.3, 12)]);
    expect(bleu.map(({ value }) => value)).toEqual([5, 17]);
    expect(knowledge[1]).toMatchObject({ questions: 2, mean: expect.closeTo(0.2, 12) as number, improved: 1 });
    expect(groups[1]).toMatchObject({ written: null, chance: 0.5 });
  });
});

describe('domain knowledge', () => {
  it('tells mean, spread and rate of improvement', () => {
    // Gains 1, 0, −1, 2: mean 0.5, squares 0.25 + 0.25 + 2.25 + 2.25 = 5, over n − 1 = 3.
    const scores = [
      { base: 0, tuned: 1 },
      { base: 1, tuned: 1 },
      { base: 1, tuned: 0 },
      { base: -3, tuned: -1 },
    ];
    expect(domainKnowledge(scores)).toEqual({ questions: 4, mean: 0.5, deviation: Math.sqrt(5 / 3), improved: 0.5 });
    expect(domainKnowledge([])).toBeNull();
  });
});
