import { describe, expect, it } from 'vitest';
import type { Probe } from '../../core/probes/probe';
import type { ProbeScore } from '../../core/probes/probe-score';
import { askedItems, chosenBy, outcomeOf } from './outcomes';

const pair = (good: number, bad: number): ProbeScore => ({ kind: 'pair', good, bad, right: good > bad });
const choice = (perCharacter: number[], answer: number): ProbeScore => {
  const right = perCharacter.every((value, at) => at === answer || value < perCharacter[answer]!);
  return { kind: 'choice', likelihoods: perCharacter, perCharacter, perByte: perCharacter, right, rightByBytes: right };
};
const long: ProbeScore = { kind: 'too-long', tokens: 300, limit: 256 };
const reference: ProbeScore = { kind: 'reference', likelihood: -4, perByte: -1 };

describe('outcomes', () => {
  it('tells forgotten from learnt, kept and wrong', () => {
    const [right, wrong] = [pair(-1, -2), pair(-2, -1)];
    expect(outcomeOf(right, right)).toBe('kept');
    expect(outcomeOf(right, wrong)).toBe('forgotten');
    expect(outcomeOf(wrong, right)).toBe('learnt');
    expect(outcomeOf(wrong, wrong)).toBe('wrong');
  });

  it('has no right or wrong for references, and none for what one of them could not read', () => {
    expect(outcomeOf(reference, reference)).toBe('reference');
    expect(outcomeOf(pair(-1, -2), long)).toBe('too-long');
  });

  it('holds the third against the base, not against B', () => {
    const probes: Probe[] = [{ kind: 'pair', good: 'g', bad: 'b', group: 'grammar' }];
    const scores = [[pair(-1, -2)], [pair(-2, -1)], [pair(-1, -3)]];
    expect([1, 2].map((model) => askedItems(probes, scores, model)[0]!.outcome)).toEqual(['forgotten', 'kept']);
  });
});

describe('chosenBy', () => {
  it('is the likeliest per byte', () => expect(chosenBy(choice([-2, -1, -3], 0))).toBe(1));
  it('is the likelier sentence', () => expect(chosenBy(pair(-5, -4))).toBe(1));
  it('is nothing where two are equally likely, nor without a choice', () => {
    expect(chosenBy(choice([-1, -1, -3], 0))).toBeNull();
    expect(chosenBy(choice([-2, -1, -1], 0))).toBeNull();
    expect(chosenBy(reference)).toBeNull();
    expect(chosenBy(long)).toBeNull();
  });
});
