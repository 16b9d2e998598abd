import { describe, expect, it } from 'vitest';
import { chanceOf, parseProbes, sampleProbes } from './probe';
import type { Probe } from './probe';

describe('parseProbes', () => {
  it('reads the three kinds and leaves other fields out', () => {
    const { probes, bad } = parseProbes(
      [
        '\uFEFF{"prompt":"2 + 2 =","choices":[" 4"," 5"," 6"],"answer":0,"group":"logic","source":"x"}',
        '',
        '{"good":"Dogs bark.","bad":"Dogs barks.","group":"grammar"}\r',
        '{"prompt":"Name it:","reference":"a spleen"}',
      ].join('\n'),
    );
    expect(bad).toEqual([]);
    expect(probes).toEqual([
      { kind: 'choice', prompt: '2 + 2 =', choices: [' 4', ' 5', ' 6'], answer: 0, group: 'logic' },
      { kind: 'pair', good: 'Dogs bark.', bad: 'Dogs barks.', group: 'grammar' },
      { kind: 'reference', prompt: 'Name it:', reference: 'a spleen', group: 'probe' },
    ]);
    expect(probes.map(chanceOf)).toEqual([1 / 3, 0.5, 0]);
  });

  it('takes a pattern, but none that could run without end', () => {
    const of = (pattern: string) => parseProbes(JSON.stringify({ prompt: 'p', reference: 'r', pattern }));
    for (const pattern of ['^\\s*(4|four)\\b', '(?:ab)+c', '[(+]+', '\\d{1,3}'])
      expect(of(pattern).probes, pattern).toEqual([{ kind: 'reference', prompt: 'p', reference: 'r', pattern, group: 'probe' }]);
    for (const pattern of ['(a+)+$', '(a|a)*b', '((a*)b)+', '(a'])
      expect(of(pattern).bad[0], pattern).toMatchObject({ fault: { kind: 'invalid', field: 'pattern' } });
    expect(of('(x+)*').bad[0]!.reason).toContain('a repeated group may hold no choice');
  });

  it.each([
    ['{"prompt":"p","choices":["a","b"],"answer":2}', 'answer is 2; accepted: 0 to 1'],
    ['{"prompt":"p","choices":["a","b"],"answer":-1}', 'answer is -1; accepted: 0 to 1'],
    ['{"prompt":"p","choices":["a",""],"answer":0}', 'choices.1 is empty'],
    ['{"prompt":"p","choices":["a","a"],"answer":0}', 'choices.1 is "a", which is there before; accepted: different choices'],
    ['{"prompt":"p","choices":["a"],"answer":0}', 'choices is ["a"]'],
    ['{"prompt":"p","choices":["a","b"]}', 'answer is missing'],
    ['{"choices":["a","b"],"answer":0}', 'prompt is missing'],
    ['{"good":"x","bad":"x"}', 'good and bad are the same'],
    ['{"good":"x"}', 'bad is missing'],
    ['{"prompt":"p"}', 'reference is missing'],
    ['[1]', 'not a JSON object'],
    ['{"prompt":', 'not JSON'],
  ])('names what is wrong with %s', (line, reason) => {
    const good = '{"good":"a","bad":"b"}';
    const { probes, bad } = parseProbes(`${good}\n\n${line}\n${good}`);
    expect(probes).toHaveLength(2);
    expect(bad).toMatchObject([{ line: 3, reason: expect.stringContaining(reason) as string }]);
  });

  it('tells the fault apart from its words, for a page in another language', () => {
    const { bad } = parseProbes('{"prompt":"p","choices":["a","b"],"answer":7}\n{"prompt":"p","choices":["a",""],"answer":0}\n{');
    expect(bad.map(({ fault }) => fault)).toEqual([
      { kind: 'range', field: 'answer', found: 7, highest: 1 },
      { kind: 'empty', field: 'choices.1' },
      { kind: 'json', detail: expect.any(String) as string },
    ]);
  });
});

const set = (group: string, name: string, count: number) => ({
  group,
  probes: Array.from({ length: count }, (_, at): Probe => ({ kind: 'pair', good: `${name}${at}`, bad: '', group })),
});
const names = (probes: readonly Probe[]) => probes.map((probe) => (probe.kind === 'pair' ? probe.good : ''));

it('spreads a group’s items evenly over each of its sets, and what is left over goes to the first', () => {
  const sets = [set('grammar', 'a', 10), set('grammar', 'b', 9), set('logic', 'c', 4)];
  expect(names(sampleProbes(sets, 5))).toEqual(['a0', 'a3', 'a6', 'b0', 'b4', 'c0', 'c1', 'c2', 'c3']);
});
