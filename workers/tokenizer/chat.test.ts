/** Conversations as transformers renders, encodes and masks them, and as TRL's SFTTrainer labels them: e2e/parity/make_sft_fixtures.py. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Message } from '../../src/core/corpus/row';
import { packConversations } from '../runtime/record-examples';
import { ChatTemplate, encodeMarked, renderRecord } from './chat';
import { TextTokenizer } from './text-tokenizer';
import { parseTokenizerJson } from './tokenizer-json';
import { Vocabulary } from './vocabulary';

interface Fixture {
  conversations: Message[][];
  maxLength: number;
  templates: Record<string, { template: string; cases: { text: string; ids: number[]; mask: string }[] }>;
  sft: { labels: number[][] };
}
const file = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const fixture = JSON.parse(file('e2e/parity/fixtures/sft.json')) as Fixture;
const tokens = { bos: '<|endoftext|>', eos: '<|endoftext|>' };

let tokenizer: TextTokenizer;
let vocabulary: Vocabulary;
beforeAll(async () => {
  const nano = file('public/models/nano/tokenizer.json');
  tokenizer = await TextTokenizer.open({
    tokenizer: nano,
    config: file('public/models/nano/tokenizer_config.json'),
    model: file('public/models/nano/config.json'),
  });
  vocabulary = new Vocabulary(parseTokenizerJson(nano));
});

describe('chat templates', () => {
  it.each(Object.entries(fixture.templates))('%s: text, ids and masks are those of transformers', async (name, { template, cases }) => {
    const chat = await ChatTemplate.open(name === 'plain' ? null : template, tokens);
    fixture.conversations.forEach((messages, at) => {
      const rendered = chat.conversation(messages)!;
      expect(rendered.text).toBe(cases[at]!.text);
      const { ids, marks } = encodeMarked(tokenizer, vocabulary, rendered);
      expect(ids).toEqual(cases[at]!.ids);
      expect(marks.join('')).toBe(cases[at]!.mask);
    });
  });

  it('marks all of an answer where the template does not say what it is', async () => {
    const chat = await ChatTemplate.open(fixture.templates['chatml']!.template.replace(/\{%- (?:end)?generation %\}/g, ''), tokens);
    fixture.conversations.forEach((messages, at) => {
      const { text, answers } = chat.conversation(messages)!;
      expect(text).toBe(fixture.templates['chatml']!.cases[at]!.text);
      const said = messages.filter(({ role }) => role === 'assistant').map(({ content }) => `${content}<|im_end|>\n`);
      expect(answers.map(([start, end]) => text.slice(start, end))).toEqual(said);
    });
  });

  it('gives no text of what it refuses, and the prompt before an answer', async () => {
    const refuses = await ChatTemplate.open(
      "{% if messages[0].role == 'system' %}{{ raise_exception('no system prompt') }}{% endif %}x",
      tokens,
    );
    expect(refuses.conversation(fixture.conversations[1]!)).toBeNull();
    const chat = await ChatTemplate.open(null, tokens);
    const prompt = JSON.stringify({ prompt: [{ role: 'user', content: '病？' }] });
    expect(renderRecord(chat, 'prompts', prompt)).toEqual({ text: 'user:\n病？\nassistant:\n', answers: [] });
    await expect(ChatTemplate.open('{% if %}', tokens)).rejects.toMatchObject({ code: 'template-invalid' });
  });
});

describe('packing', () => {
  it('has the labels of SFTTrainer, and never cuts what fits', async () => {
    const chat = await ChatTemplate.open(null, tokens);
    const ids: number[] = [];
    const marks: number[] = [];
    const documents = fixture.conversations.map((messages) => {
      const encoded = encodeMarked(tokenizer, vocabulary, chat.conversation(messages)!);
      const start = ids.length;
      ids.push(...encoded.ids);
      marks.push(...encoded.marks);
      return { start, end: ids.length };
    });
    const context = fixture.maxLength - 1;
    const packed = packConversations(documents, context, (token) => marks[token] === 1);
    const labels = packed.rows.flat().map(({ start, end }) => ids.slice(start, end).map((id, at) => (marks[start + at] ? id : -100)));
    const by = (one: number[], other: number[]) => other.length - one.length || one.join().localeCompare(other.join());
    expect(labels.sort(by)).toEqual([...fixture.sft.labels].sort(by));
    expect(packed.left + packed.rows.flat().length).toBe(documents.length);
    expect(packed.truncated).toBe(documents.filter(({ start, end }) => end - start > fixture.maxLength).length - packed.left);
    for (const row of packed.rows) expect(row.reduce((sum, { start, end }) => sum + end - start - 1, 0)).toBeLessThanOrEqual(context);
    expect(packed.rows.length).toBeLessThan(labels.length);
  });

  it('is the best fit of the longest first', () => {
    let start = 0;
    const documents = [5, 3, 8, 2, 4].map((places) => ({ start, end: (start += places + 1) }));
    const rows = packConversations(documents, 10, () => true).rows.map((row) => row.map(({ start: from, end }) => end - from - 1));
    expect(rows).toEqual([[8, 2], [5, 4], [3]]);
  });
});
