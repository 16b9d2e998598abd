import { describe, expect, it } from 'vitest';
import { Rollouts, ruleReward } from './rollouts';

describe('ruleReward', () => {
  it('counts a word up to the most, without overlaps', () => {
    const rule = { kind: 'keyword' as const, word: '病病', most: 2 };
    expect(['', '病', '病病病', '病病，病病', '病病病病病病'].map((text) => ruleReward(rule, text, 9))).toEqual([0, 0, 1, 2, 2]);
  });

  it('is 1 at the length, 0 at none and at twice as many tokens', () => {
    const rule = { kind: 'length' as const, tokens: 8 };
    expect([0, 4, 8, 16, 24].map((tokens) => ruleReward(rule, '', tokens))).toEqual([0, 0.5, 1, 0, -1]);
  });

  it('matches by Unicode', () => {
    const rule = { kind: 'regex' as const, pattern: '^.{3}。$' };
    expect(['三个字。', '三个字', '𠀀𠀁𠀂。'].map((text) => ruleReward(rule, text, 1))).toEqual([1, 0, 1]);
  });
});

describe('Rollouts', () => {
  const settings = {
    kind: 'grpo' as const,
    reward: { kind: 'length' as const, tokens: 4 },
    ...{ answerTokens: 8, temperature: 1, generations: 4, loss: 'dapo' as const, scale: 'group' as const },
    ...{ beta: 0, clipLow: 0.2, clipHigh: 0.2, updates: 2 },
  };
  const tokenizer = { decode: () => '', size: 4, endOfText: 0 };

  it('has a row for each answer in training, and one for each prompt of held-out text', () => {
    const of = { settings, tokenizer, channel: 'a' };
    expect([new Rollouts([[1], [2]], of).rowsEach, new Rollouts([[1], [2]], { ...of, measured: true }).rowsEach]).toEqual([4, 1]);
  });

  it('takes back a state of its own alone', () => {
    const rollouts = new Rollouts([[1]], { settings, tokenizer, channel: 'a' });
    const answer = { ids: [1, 2, 0], prompt: 1, old: [-0.5, -1], reference: [-0.6, -1.2], advantages: [1, 1] };
    const state = { klWeight: 0.25, sampled: { step: 6, groups: [[answer]] } };
    rollouts.restore(JSON.parse(JSON.stringify(state)));
    expect(rollouts.state()).toEqual(state);
    expect(() => rollouts.restore({ sampled: null })).toThrow();
  });
});
