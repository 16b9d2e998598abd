/**
 * Texts joined of several strings of a row: conversations, instructions with their answers, questions on a paragraph. For continued
 * pretraining a conversation is one text, by a template with names in braces: `{role}: {text}` for each message, or the columns' names.
 * A line of the template whose names are all empty in a row is left out of its text. A chat template of a model (Jinja) may stand in its
 * place; it gets the whole conversation as `messages`, as in transformers' apply_chat_template.
 */
import type { Message } from '../../../src/core/corpus/row';
import type { TextJoin } from '../../../src/contract/ingest';
import {
  ANSWERED,
  ASKED,
  BESIDES,
  CONTENT_KEYS,
  contentOf,
  isTurns,
  keyOf,
  ROLE_KEYS,
  roleOf,
  SYSTEM_COLUMNS,
  TURN_LISTS,
} from '../../../src/core/corpus/record-forms';
import { StudioError } from '../../../src/core/errors';
import { isObject, valueAt, type Row } from './record';

const TURNS_TEMPLATE = '{role}: {text}';
const QUESTIONS_TEMPLATE = 'question: {question}\nanswer: {answer}';

const TURN_ANSWERS = [...ANSWERED, 'answers.text[]', 'chosen'];

interface Turn {
  role: string;
  text: string;
}

/** The messages of a row that is joined, for those who want them apart again; of other rows none. */
export function messagesOf(row: Row, join: TextJoin): Message[] {
  return join.of === 'turns' ? (allTurns(row, join.fields) ?? []).map(({ role, text }) => ({ role, content: text })) : [];
}

/** The ways in which the text of such rows can be joined, the likeliest first. */
export function offeredJoins(rows: readonly Row[]): (TextJoin & { template: string })[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const named = (wanted: readonly string[], is: (value: unknown) => boolean): string | null => {
    const path = wanted.find((name) => {
      const found = names.find((candidate) => candidate.toLowerCase() === name) ?? name;
      const values = rows.map((row) => valueAt(row, found)).filter((value) => value !== undefined && value !== null);
      return values.length > 0 && values.every(is);
    });
    return path === undefined ? null : (names.find((candidate) => candidate.toLowerCase() === path) ?? path);
  };
  const joins: (TextJoin & { template: string })[] = [];
  const turns = (field: string) => ({ of: 'turns' as const, fields: [field], template: TURNS_TEMPLATE });
  const known = named(TURN_LISTS, isTurns);
  if (known) joins.push(turns(known));
  const [asked, answered] = [named(ASKED, isTurns), named(TURN_ANSWERS, isTurns)];
  if (asked && answered) joins.push({ ...turns(asked), fields: [asked, answered] });
  else if (answered && !known) joins.push(turns(answered));
  for (const name of names)
    if (name !== known && !TURN_ANSWERS.includes(name) && !ASKED.includes(name) && named([name], isTurns)) joins.push(turns(name));

  const paragraphs = named(
    ['paragraphs'],
    (value) => Array.isArray(value) && value.every((entry) => isObject(entry) && 'context' in entry && Array.isArray(entry['qas'])),
  );
  if (paragraphs) joins.push({ of: 'questions', fields: [paragraphs], template: QUESTIONS_TEMPLATE });

  const question = named(ASKED, isWords);
  const answer = named(TURN_ANSWERS, (value) => isWords(value) || (Array.isArray(value) && value.every(isWords)));
  if (question && answer) {
    const system = named(SYSTEM_COLUMNS, isWords);
    const besides = BESIDES.map((name) => named([name], isWords)).filter((name) => name !== null && name !== question);
    const fields = [system, question, ...besides, answer].filter((name) => name !== null);
    const before = besides.filter((name) => name!.toLowerCase() === 'context');
    const after = besides.filter((name) => name!.toLowerCase() !== 'context');
    const lines = [
      ...(system ? [`system: {${system}}`] : []),
      `user: ${[...before, question, ...after].map((name) => `{${name}}`).join('\n')}`,
      `assistant: {${answer}}`,
    ];
    joins.push({ of: 'columns', fields, template: lines.join('\n') });
  }
  return joins;
}

/** A row's text; undefined where it has none of what is to be joined. */
export type RowText = (row: Row) => string | undefined;

/** @throws StudioError `template-invalid` for a Jinja template that cannot be read */
export async function joiner(join: TextJoin, template: string): Promise<RowText> {
  if (!/\{[{%]/.test(template)) return (row) => joinedText(row, join, template);
  const { Template } = await import('@huggingface/jinja');
  let jinja: InstanceType<typeof Template>;
  try {
    jinja = new Template(template);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new StudioError('template-invalid', `The template cannot be read: ${detail}`, { detail });
  }
  const rendered = (values: Record<string, unknown>) => {
    try {
      const text = jinja.render({ add_generation_prompt: false, bos_token: '', eos_token: '', ...values });
      return text === '' ? undefined : text;
    } catch {
      // Many a template refuses conversations of another kind: the row has no text then.
      return undefined;
    }
  };
  if (join.of !== 'turns') return (row) => rendered({ ...row });
  return (row) => {
    const turns = allTurns(row, join.fields);
    return turns && rendered({ messages: turns.map(({ role, text }) => ({ role, content: text })) });
  };
}

/** The messages of a row, its system prompt first; undefined where nobody says anything. */
function allTurns(row: Row, fields: readonly string[]): Turn[] | undefined {
  const turns = [...systemTurn(row), ...fields.flatMap((field) => turnsOf(valueAt(row, field)))];
  return turns.some(({ role }) => role !== 'system') ? turns : undefined;
}

function joinedText(row: Row, { of, fields }: TextJoin, template: string): string | undefined {
  if (of === 'turns')
    return allTurns(row, fields)
      ?.map((turn) => filled(template, (name) => turnValue(turn, name)))
      .join('\n');
  if (of === 'questions') return questionsText(valueAt(row, fields[0]!), template);
  if (fields.every((field) => wordsOf(valueAt(row, field)) === '')) return undefined;
  return filled(template, (name) => (fields.includes(name) || valueAt(row, name) !== undefined ? wordsOf(valueAt(row, name)) : null));
}

const turnValue = ({ role, text }: Turn, name: string): string | null =>
  name === 'role' ? role : name === 'text' || name === 'content' ? text : null;

/** The template with the names in braces replaced; braces around anything that is no name stay. */
function filled(template: string, value: (name: string) => string | null): string {
  return template
    .split('\n')
    .flatMap((line) => {
      let names = 0;
      let empty = 0;
      const text = line.replace(/\{([^{}]+)\}/g, (whole, name: string) => {
        const found = value(name);
        if (found === null) return whole;
        names++;
        if (found === '') empty++;
        return found;
      });
      return names > 0 && names === empty ? [] : [text];
    })
    .join('\n');
}

/** SQuAD (https://arxiv.org/abs/1606.05250): each paragraph, then its questions with the first of their answers. */
function questionsText(paragraphs: unknown, template: string): string | undefined {
  if (!Array.isArray(paragraphs)) return undefined;
  const texts = paragraphs.filter(isObject).map(({ context, qas }) => {
    const pairs = (Array.isArray(qas) ? (qas as unknown[]) : []).filter(isObject).map((pair) => {
      const answers = wordsOf(valueAt(pair, 'answers[].text')) || wordsOf(pair['answer']);
      return filled(template, (name) => (name === 'question' ? wordsOf(pair['question']) : name === 'answer' ? answers : null));
    });
    return [wordsOf(context), ...pairs].filter((text) => text !== '').join('\n');
  });
  return texts.length > 0 ? texts.join('\n\n') : undefined;
}

/** A system prompt in a column of its own comes first. */
function systemTurn(row: Row): Turn[] {
  const name = SYSTEM_COLUMNS.find((candidate) => typeof row[candidate] === 'string' && row[candidate] !== '');
  return name === undefined ? [] : [{ role: 'system', text: row[name] as string }];
}

/** Messages with text; those that only call a tool or show a picture have none. */
function turnsOf(value: unknown): Turn[] {
  if (typeof value === 'string') return value === '' ? [] : [{ role: 'assistant', text: value }];
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).flatMap((entry) => {
    const role = wordsOf(entry[keyOf(entry, ROLE_KEYS) ?? '']);
    const text = contentOf(entry[keyOf(entry, CONTENT_KEYS) ?? '']);
    return text === '' ? [] : [{ role: roleOf(role), text }];
  });
}

const isWords = (value: unknown): boolean => typeof value === 'string';

/** A string, or the first of a list: of several answers to a question one is enough. */
function wordsOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? wordsOf(value[0]) : '';
}
