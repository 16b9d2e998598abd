import { describe, expect, it } from 'vitest';
import { kindsOf, labelColumns, parseRecord } from './record-forms';
import { faultOf, mapTexts, readRecord, wordsOf, writeRecord, type RecordKind } from './records';

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });
const system = (content: string) => ({ role: 'system', content });
const fault = (kind: RecordKind, row: Record<string, unknown>) => {
  const parsed = parseRecord(kind, row);
  return 'fault' in parsed ? parsed.fault : null;
};

describe('conversations', () => {
  const messages = [user('What is anaemia?'), assistant('Too little haemoglobin.')];
  it.each<[string, Record<string, unknown>, unknown]>([
    ['OpenAI messages', { messages }, messages],
    [
      'OpenAI parts',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }, assistant('Yes')] },
      [user('Hi'), assistant('Yes')],
    ],
    ['developer prompts', { messages: [{ role: 'developer', content: 'Short.' }, ...messages] }, [system('Short.'), ...messages]],
    [
      'ShareGPT',
      {
        conversations: [
          { from: 'human', value: 'What is anaemia?' },
          { from: 'gpt', value: 'Too little haemoglobin.' },
        ],
        system: 'You are a doctor.',
      },
      [system('You are a doctor.'), ...messages],
    ],
    ['Alpaca', { instruction: 'Translate', input: 'disease', output: '病' }, [user('Translate\n\ndisease'), assistant('病')]],
    ['Alpaca without input', { instruction: 'Translate 病', input: '', output: 'disease' }, [user('Translate 病'), assistant('disease')]],
    [
      'Alpaca with a history',
      { instruction: 'And 热?', input: '', output: 'fever', history: [['What is 病?', 'disease']] },
      [user('What is 病?'), assistant('disease'), user('And 热?'), assistant('fever')],
    ],
    ['prompt and completion', { prompt: 'The sky is', completion: ' blue.' }, [user('The sky is'), assistant(' blue.')]],
    ['prompt and completion of messages', { prompt: [user('Hi')], completion: [assistant('Hello')] }, [user('Hi'), assistant('Hello')]],
    ['messages as JSON in a cell', { messages: JSON.stringify(messages) }, messages],
    ['Chinese columns', { 问题: '何为贫血？', 回答: '血红蛋白过少。' }, [user('何为贫血？'), assistant('血红蛋白过少。')]],
    ['the better of a pair', { prompt: 'Hi', chosen: 'Hello', rejected: 'What' }, [user('Hi'), assistant('Hello')]],
  ])('reads %s', (_, row, expected) => {
    expect(parseRecord('conversations', row)).toEqual({ record: { messages: expected } });
  });

  it('names what is wrong', () => {
    expect(fault('conversations', { messages: [user('Anybody?')] })).toBe('no-answer');
    expect(fault('conversations', { messages: [user('Hi'), assistant(' \n')] })).toBe('empty-turn');
    expect(fault('conversations', { messages: [assistant('Hello'), user('Hi'), assistant('Yes')] })).toBe('roles');
    expect(fault('conversations', { messages: [user('Hi'), user('Hi?'), assistant('Yes')] })).toBe('roles');
    expect(fault('conversations', { messages: [user('Hi'), assistant('Yes'), system('Late')] })).toBe('roles');
    expect(fault('conversations', { messages: [user('Hi'), { role: 'narrator', content: 'Silence.' }] })).toBe('roles');
    expect(fault('conversations', { text: 'Plain.' })).toBe('form');
    expect(parseRecord('conversations', { messages: [user('Hi'), { role: 'narrator', content: 'Silence.' }] })).toEqual({
      fault: 'roles',
      detail: 'user → narrator',
    });
  });

  it('keeps what tools say between an assistant and its answer', () => {
    const turns = [user('Weather?'), assistant('I look.'), { role: 'tool', content: '21 °C' }, assistant('21 °C.')];
    expect(parseRecord('conversations', { messages: turns })).toEqual({ record: { messages: turns } });
  });
});

// What trl 1.x's `extract_prompt` and `maybe_extract_prompt` make of the same rows (documentation of its data set formats).
describe('preferences', () => {
  const sky = user('What color is the sky?');
  it.each<[string, Record<string, unknown>, unknown]>([
    [
      'strings, explicit prompt',
      { prompt: 'The sky is', chosen: ' blue.', rejected: ' green.' },
      { prompt: [user('The sky is')], chosen: [assistant(' blue.')], rejected: [assistant(' green.')] },
    ],
    [
      'strings, implicit prompt',
      { chosen: 'The sky is blue.', rejected: 'The sky is green.' },
      { prompt: [user('The sky is')], chosen: [assistant(' blue.')], rejected: [assistant(' green.')] },
    ],
    [
      'messages, explicit prompt',
      { prompt: [sky], chosen: [assistant('It is blue.')], rejected: [assistant('It is green.')], margin: 0.5 },
      { prompt: [sky], chosen: [assistant('It is blue.')], rejected: [assistant('It is green.')], margin: 0.5 },
    ],
    [
      'messages, implicit prompt',
      { chosen: [sky, assistant('It is blue.')], rejected: [sky, assistant('It is green.')] },
      { prompt: [sky], chosen: [assistant('It is blue.')], rejected: [assistant('It is green.')] },
    ],
    [
      'messages with the prompt as a string beside them',
      { prompt: sky.content, chosen: [sky, assistant('It is blue.')], rejected: [sky, assistant('It is green.')] },
      { prompt: [sky], chosen: [assistant('It is blue.')], rejected: [assistant('It is green.')] },
    ],
    [
      'dialogues of hh-rlhf',
      { chosen: '\n\nHuman: Hi\n\nAssistant: Hello', rejected: '\n\nHuman: Hi\n\nAssistant: What?' },
      { prompt: [user('Hi')], chosen: [assistant('Hello')], rejected: [assistant('What?')] },
    ],
  ])('reads %s', (_, row, record) => {
    expect(parseRecord('preferences', row)).toEqual({ record });
  });

  it('names what is wrong', () => {
    expect(fault('preferences', { prompt: 'Hi', chosen: 'Yes', rejected: 'Yes' })).toBe('equal-pair');
    expect(fault('preferences', { chosen: [sky, assistant('Blue')], rejected: [sky, assistant('Blue')] })).toBe('equal-pair');
    expect(fault('preferences', { chosen: 'Yes', rejected: 'No' })).toBe('no-prompt');
    expect(fault('preferences', { prompt: 'Hi', chosen: 'Yes', rejected: ' ' })).toBe('empty-turn');
    expect(fault('preferences', { prompt: 'Hi', chosen: 'Yes' })).toBe('form');
    expect(fault('preferences', { chosen: [sky, assistant('Blue')], rejected: [sky, user('Blue?')] })).toBe('roles');
  });
});

describe('labelled texts and prompts', () => {
  it('reads a label column by its name or as it is told', () => {
    expect(parseRecord('labelled', { text: 'Good.', label: 1 })).toEqual({ record: { text: 'Good.', label: '1' } });
    expect(parseRecord('labelled', { text: 'Good.', label: 1, label_text: 'positive' })).toEqual({
      record: { text: 'Good.', label: 'positive' },
    });
    expect(parseRecord('labelled', { q: '头痛', kind: '内科' }, { text: 'q', label: 'kind' })).toEqual({
      record: { text: '头痛', label: '内科' },
    });
    expect(fault('labelled', { text: 'Good.', label: ' ' })).toBe('no-label');
    expect(fault('labelled', { text: '', label: 'a' })).toBe('no-label');
    expect(fault('labelled', { words: 'Good.' })).toBe('form');
    expect(labelColumns(['id', 'Sentence', 'Label'])).toEqual({ text: 'Sentence', label: 'Label' });
  });

  it('reads prompts, also of conversations and pairs', () => {
    expect(parseRecord('prompts', { prompt: 'Hi' })).toEqual({ record: { prompt: [user('Hi')] } });
    expect(parseRecord('prompts', { problem: '1 + 1', solution: '2' })).toEqual({ record: { prompt: [user('1 + 1')], answer: '2' } });
    expect(parseRecord('prompts', { messages: [user('Hi'), assistant('Yes')] })).toEqual({ record: { prompt: [user('Hi')] } });
    expect(parseRecord('prompts', { chosen: 'I am well', rejected: 'I am ill' })).toEqual({ record: { prompt: [user('I am')] } });
    expect(fault('prompts', { prompt: [system('Be kind.')] })).toBe('no-prompt');
  });
});

describe('what rows can be read as', () => {
  it('is told by their form, sound or not', () => {
    expect(kindsOf([{ messages: [user('Hi')] }])[0]).toBe('conversations');
    expect(kindsOf([{ prompt: 'Hi', chosen: 'a', rejected: 'a' }])).toEqual(['preferences', 'conversations', 'prompts']);
    expect(kindsOf([{ text: 'a', label: 0 }])).toEqual(['labelled']);
    expect(kindsOf([{ prompt: 'Hi' }])).toEqual(['prompts']);
    expect(kindsOf([{ text: 'a' }, { text: 'b' }])).toEqual([]);
    expect(kindsOf([])).toEqual([]);
  });
});

describe('canonical JSON', () => {
  const records = {
    conversations: { messages: [system('S'), user('"quoted"\n'), assistant('病')] },
    labelled: { text: 'Line\none', label: 'a' },
    preferences: { prompt: [user('p')], chosen: [assistant('c')], rejected: [assistant('r')], margin: 2 },
    prompts: { prompt: [user('p')], answer: '4' },
  };
  it.each(Object.keys(records) as RecordKind[])('comes back exactly: %s', (kind) => {
    const json = writeRecord(kind, records[kind]);
    expect(JSON.parse(json)).toEqual(records[kind]);
    expect(readRecord(kind, json)).toEqual(records[kind]);
    expect(faultOf(kind, records[kind])).toBeNull();
    expect(json).not.toContain('\n');
  });
  it('has the keys in one order, whatever theirs was', () => {
    expect(writeRecord('labelled', { label: 'a', text: 'b' })).toBe('{"text":"b","label":"a"}');
  });
  it('refuses what is none', () => {
    expect(() => readRecord('conversations', '{"text":"a"}')).toThrow(RangeError);
    expect(() => readRecord('labelled', 'a')).toThrow(SyntaxError);
  });
  it('changes texts and leaves labels and roles', () => {
    expect(mapTexts('labelled', records.labelled, (text) => text.toUpperCase())).toEqual({ text: 'LINE\nONE', label: 'a' });
    expect(mapTexts('preferences', records.preferences, (text) => `${text}!`)).toEqual({
      prompt: [user('p!')],
      chosen: [assistant('c!')],
      rejected: [assistant('r!')],
      margin: 2,
    });
    expect(wordsOf('conversations', records.conversations)).toBe('S\n\n"quoted"\n\n\n病');
  });
});
