/** Lines as the public sets on the Hugging Face Hub have them; prompts as lm-evaluation-harness's tasks build them. */
import { describe, expect, it } from 'vitest';
import { parseProbes } from './probe';

const hellaswag = {
  ind: 24,
  activity_label: 'Roof shingle removal',
  ctx_a: 'A man is sitting on a roof.',
  ctx_b: 'he',
  ctx: 'A man is sitting on a roof. he',
  endings: [
    'is using wrap to wrap a pair of skis.',
    'is ripping level tiles off.',
    "is holding a rubik's cube.",
    'starts pulling up roofing on a roof.',
  ],
  label: '3',
};
const cases = [
  [
    'hellaswag',
    hellaswag,
    {
      kind: 'choice',
      prompt: 'Roof shingle removal: A man is sitting on a roof. He',
      choices: hellaswag.endings.map((ending) => ` ${ending}`),
      answer: 3,
      group: 'Roof shingle removal',
    },
  ],
  [
    'arc',
    { id: 'x', question: 'Which is a gas?', choices: { text: ['iron', 'helium', 'salt'], label: ['A', 'B', 'C'] }, answerKey: 'B' },
    { kind: 'choice', prompt: 'Question: Which is a gas?\nAnswer:', choices: [' iron', ' helium', ' salt'], answer: 1, group: 'probe' },
  ],
  [
    'arc',
    { question: 'Which is a gas?', choices: { text: ['iron', 'helium'], label: ['1', '2'] }, answerKey: '2' },
    { kind: 'choice', prompt: 'Question: Which is a gas?\nAnswer:', choices: [' iron', ' helium'], answer: 1, group: 'probe' },
  ],
  [
    'mmlu',
    { question: 'What is 2 + 2?', subject: 'arithmetic', choices: ['3', '4', '5', '6'], answer: 1 },
    { kind: 'choice', prompt: 'Question: What is 2 + 2?\nAnswer:', choices: [' 3', ' 4', ' 5', ' 6'], answer: 1, group: 'arithmetic' },
  ],
  [
    'mmlu',
    { prompt: 'The capital is', choices: ['Rome', 'Paris'], answer: 'B' },
    { kind: 'choice', prompt: 'The capital is', choices: [' Rome', ' Paris'], answer: 1, group: 'probe' },
  ],
  [
    'mmlu',
    { question: 'Capital?', options: ['Rome', 'Paris'], answer: '1' },
    { kind: 'choice', prompt: 'Question: Capital?\nAnswer:', choices: [' Rome', ' Paris'], answer: 1, group: 'probe' },
  ],
  [
    'ceval',
    { id: 0, question: '下列哪种是气体？', A: '铁', B: '氦', C: '盐', D: '木', answer: 'B' },
    { kind: 'choice', prompt: '问题：下列哪种是气体？\n答案：', choices: ['铁', '氦', '盐', '木'], answer: 1, group: 'probe' },
  ],
  [
    'piqa',
    { goal: 'Boil eggs', sol1: 'in a lamp', sol2: 'in water', label: 1 },
    { kind: 'choice', prompt: 'Question: Boil eggs\nAnswer:', choices: [' in a lamp', ' in water'], answer: 1, group: 'probe' },
  ],
  [
    'winogrande',
    { sentence: 'The cup fits not in the bag since the _ is small.', option1: 'cup', option2: 'bag', answer: '2' },
    {
      kind: 'pair',
      good: 'The cup fits not in the bag since the bag is small.',
      bad: 'The cup fits not in the bag since the cup is small.',
      group: 'probe',
    },
  ],
  [
    'boolq',
    { question: 'is ice cold', passage: 'Ice is frozen water.', answer: true },
    {
      kind: 'choice',
      prompt: 'Ice is frozen water.\nQuestion: is ice cold?\nAnswer:',
      choices: [' no', ' yes'],
      answer: 1,
      group: 'probe',
    },
  ],
  [
    'sciq',
    {
      question: 'What boils at 100 °C?',
      distractor1: 'iron',
      distractor2: 'salt',
      distractor3: 'oil',
      correct_answer: 'water',
      support: '',
    },
    {
      kind: 'choice',
      prompt: 'Question: What boils at 100 °C?\nAnswer:',
      choices: [' iron', ' salt', ' oil', ' water'],
      answer: 3,
      group: 'probe',
    },
  ],
  [
    'blimp',
    { sentence_good: 'Dogs bark.', sentence_bad: 'Dogs barks.', linguistics_term: 'agreement' },
    { kind: 'pair', good: 'Dogs bark.', bad: 'Dogs barks.', group: 'agreement' },
  ],
  [
    'repeated',
    { prompt: 'p', choices: [' a', ' b', ' a'], answer: 2 },
    { kind: 'choice', prompt: 'p', choices: [' a', ' b'], answer: 0, group: 'probe' },
  ],
  [
    'question-answer',
    { question: 'Who wrote it?', answer: 'Nobody knows' },
    { kind: 'reference', prompt: 'Question: Who wrote it?\nAnswer:', reference: ' Nobody knows', group: 'probe' },
  ],
] as const;

describe('lines of public sets', () => {
  it.each(cases)('%s: %j is named with its mapping, and taken in by it', (shape, line, probe) => {
    const text = JSON.stringify(line);
    const plain = parseProbes(text);
    expect(plain.probes).toEqual([]);
    expect(plain.bad).toHaveLength(1);
    expect(plain.offers.shapes).toEqual({ [shape]: 1 });
    expect(parseProbes(text, { map: true })).toMatchObject({ probes: [probe], bad: [], offers: { shapes: {} } });
  });

  it('of no known shape, or without a right answer, stay at fault', () => {
    const lines = [
      { question: 'q' },
      { question: 'q', choices: ['a', 'b'], answer: 'E' },
      { ...hellaswag, label: '' },
      { prompt: 'p', choices: ['a', 'a'], answer: 0 },
    ];
    const { probes, bad, offers } = parseProbes(lines.map((line) => JSON.stringify(line)).join('\n'), { map: true });
    expect([probes, offers.shapes]).toEqual([[], {}]);
    expect(bad.map(({ line }) => line)).toEqual([1, 2, 3, 4]);
  });

  it('may stand in one JSON array', () => {
    const { probes } = parseProbes(JSON.stringify([cases[3][1], { good: 'a', bad: 'b' }], null, 2), { map: true });
    expect(probes.map(({ kind }) => kind)).toEqual(['choice', 'pair']);
  });
});

describe('a missing blank', () => {
  const item = (prompt: string, choices: string[]) => JSON.stringify({ prompt, choices, answer: 0 });
  it('is found where prompt and answer would be one word, and added on request', () => {
    const text = [item('The capital is', ['Paris', 'Rome']), item('Answer:', ['Paris', ' Rome']), item('首都是', ['巴黎', '罗马'])].join(
      '\n',
    );
    const set = parseProbes(text);
    expect(set.offers.blanks).toBe(2);
    expect(set.probes).toHaveLength(3);
    const added = parseProbes(text, { blanks: true });
    expect(added.offers.blanks).toBe(0);
    expect(added.probes.map((probe) => probe.kind === 'choice' && probe.choices)).toEqual([
      [' Paris', ' Rome'],
      [' Paris', ' Rome'],
      ['巴黎', '罗马'],
    ]);
  });

  it('is none where a blank stands, an answer begins otherwise, or the script parts no words', () => {
    const fine = [
      item('The capital is ', ['Paris', 'Rome']),
      item('is', [' Paris', ' Rome']),
      item('2 + 2 =', ['4', '5']),
      item('f(', ['x', 'y']),
    ];
    expect(parseProbes(fine.join('\n')).offers.blanks).toBe(0);
  });
});
