/**
 * Rows of files as records (records.ts): OpenAI's messages, ShareGPT, Alpaca (instruction, input, output), hh-rlhf's dialogues, and TRL's forms
 * (https://huggingface.co/docs/trl/dataset_formats): prompt and completion, and preferences with the prompt explicit or implicit, as messages
 * or as strings.
 */
import { faultOf, sameMessage, type PreferencePair, type Prompt, type RecordFault, type RecordKind, type Records } from './records';
import type { Message } from './row';

export type ParsedRecord<Kind extends RecordKind = RecordKind> = { record: Records[Kind] } | { fault: RecordFault; detail: string };

type Row = Readonly<Record<string, unknown>>;

/** Columns of labelled texts. */
export interface LabelColumns {
  text: string;
  label: string;
}

/** Names of keys and columns, as data sets have them. */
export const ROLE_KEYS = ['role', 'from', 'speaker', 'author'];
export const CONTENT_KEYS = ['content', 'value', 'text', 'utterance', 'message'];
export const TURN_LISTS = ['messages', 'conversations', 'conversation', 'dialogue', 'dialog', 'chat', 'turns'];
/** Columns that may hold a system prompt beside the messages. */
export const SYSTEM_COLUMNS: readonly string[] = ['system', 'system_prompt', 'system_message'];
export const ASKED = ['instruction', 'prompt', 'question', 'query', 'problem', 'human', 'user', 'input', '指令', '问题', '提问'];
export const BESIDES = ['input', 'context', '输入'];
export const ANSWERED = ['output', 'response', 'completion', 'answer', 'solution', 'assistant', 'target', '输出', '回答', '答案'];
const REFERENCES = ['answer', 'solution', 'ground_truth', 'reference', '答案'];
const PAIR_COLUMNS = ['chosen', 'rejected', 'margin', 'history'];
const LABELLED_TEXTS = [
  'text',
  'sentence',
  'content',
  'review',
  'comment',
  'document',
  'body',
  'title',
  '文本',
  '内容',
  '正文',
  '句子',
  '评论',
];
const LABELS = ['label_text', 'label_name', 'label', 'labels', 'class', 'sentiment', 'intent', 'topic', '标签', '类别', '情感', '意图'];

/** Names that ShareGPT and others have for the roles of OpenAI's format. */
const ROLE_NAMES: Record<string, string> = {
  human: 'user',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bard: 'assistant',
  bot: 'assistant',
  model: 'assistant',
  developer: 'system',
  observation: 'tool',
  function_response: 'tool',
};

/** As OpenAI's format names it. */
export const roleOf = (role: string): string => ROLE_NAMES[role.toLowerCase()] ?? role;

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);
export const keyOf = (entry: Row, names: readonly string[]): string | null => names.find((name) => Object.hasOwn(entry, name)) ?? null;

/** A message's text: a string, or the parts of one, as OpenAI's format has them beside pictures. */
export function contentOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content))
    return content.map((part) => (typeof part === 'string' ? part : isRow(part) ? contentOf(part['text']) : '')).join('');
  return isRow(content) ? contentOf(content['parts'] ?? content['text'] ?? content['value']) : '';
}

/** Whether a value is a list of messages. */
export function isTurns(value: unknown): value is Row[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (entry) => isRow(entry) && keyOf(entry, ROLE_KEYS) !== null && (keyOf(entry, CONTENT_KEYS) !== null || 'tool_calls' in entry),
    )
  );
}

/** The messages of a list, or of one that stands as JSON in a cell. Null where it is none. */
function messagesOf(value: unknown): Message[] | null {
  let list = value;
  if (typeof value === 'string' && /^\s*\[\s*\{/.test(value))
    try {
      list = JSON.parse(value) as unknown;
    } catch {
      return null;
    }
  if (!isTurns(list)) return null;
  return list.map((entry) => {
    const role = entry[keyOf(entry, ROLE_KEYS)!];
    return { role: roleOf(typeof role === 'string' ? role : ''), content: contentOf(entry[keyOf(entry, CONTENT_KEYS) ?? '']) };
  });
}

/** Messages of a value that may be a string said by one. */
function said(value: unknown, role: 'user' | 'assistant'): Message[] | null {
  const messages = messagesOf(value);
  if (messages) return messages;
  return typeof value === 'string' ? [{ role, content: value }] : null;
}

/** Dialogues that stand as one string, as in Anthropic's hh-rlhf. Null where it is none. */
function dialogueOf(text: unknown): Message[] | null {
  if (typeof text !== 'string' || !/^\s*Human: /.test(text)) return null;
  const parts = text.trim().split(/(?:^|\n\n)(Human|Assistant): ?/);
  return Array.from({ length: (parts.length - 1) / 2 }, (_, at) => ({
    role: parts[2 * at + 1] === 'Human' ? 'user' : 'assistant',
    content: parts[2 * at + 2]!,
  }));
}

/** The value of the first of these columns that the row has, whatever the case of its name. */
function cell(row: Row, names: readonly string[]): unknown {
  for (const name of names) {
    const key = Object.hasOwn(row, name) ? name : Object.keys(row).find((candidate) => candidate.toLowerCase() === name);
    const value = key === undefined ? null : row[key];
    if (value !== null && value !== undefined && value !== '') return value;
  }
  return undefined;
}

const stringOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function withSystem(row: Row, messages: Message[]): Message[] {
  const system = stringOf(cell(row, SYSTEM_COLUMNS));
  return system === null || messages[0]?.role === 'system' ? messages : [{ role: 'system', content: system }, ...messages];
}

/** What a row asks: messages, or an instruction with what it is about. Null where nothing is asked. */
function askedOf(row: Row): Message[] | null {
  const column = ASKED.find((name) => cell(row, [name]) !== undefined);
  if (column === undefined) return null;
  const value = cell(row, [column]);
  const messages = messagesOf(value);
  if (messages) return withSystem(row, messages);
  const question = stringOf(value);
  if (question === null) return null;
  const beside = BESIDES.filter((name) => name !== column).flatMap((name) => stringOf(cell(row, [name])) ?? []);
  // Alpaca's input stands below its instruction.
  return withSystem(row, [{ role: 'user', content: [question, ...beside].join('\n\n') }]);
}

function messagesOfRow(row: Row): Message[] | null {
  const list = TURN_LISTS.map((name) => messagesOf(cell(row, [name]))).find((found) => found !== null);
  if (list) return withSystem(row, list);
  const pair = pairOf(row);
  if (pair) return [...pair.prompt, ...pair.chosen];
  const asked = askedOf(row);
  const answer = cell(row, ANSWERED);
  const answered = said(Array.isArray(answer) && typeof answer[0] === 'string' ? answer[0] : answer, 'assistant');
  if (!asked || !answered) return null;
  const history = row['history'];
  // LLaMA-Factory's and BELLE's history: pairs of question and answer.
  const before = Array.isArray(history)
    ? history.flatMap((turn): Message[] =>
        Array.isArray(turn) && typeof turn[0] === 'string' && typeof turn[1] === 'string'
          ? [
              { role: 'user', content: turn[0] },
              { role: 'assistant', content: turn[1] },
            ]
          : [],
      )
    : [];
  const system = asked.filter(({ role }) => role === 'system');
  return [...system, ...before, ...asked.slice(system.length), ...answered];
}

/** A preference with its prompt apart, as TRL's `extract_prompt` takes an implicit one: what both answers begin with. */
function pairOf(row: Row): PreferencePair | null {
  const [left, right] = [cell(row, ['chosen']), cell(row, ['rejected'])];
  if (left === undefined || right === undefined) return null;
  const [given] = [askedOf(row)];
  const margin = row['margin'];
  const more = typeof margin === 'number' && Number.isFinite(margin) ? { margin } : {};
  const [chosen, rejected] = [messagesOf(left) ?? dialogueOf(left), messagesOf(right) ?? dialogueOf(right)];
  if (chosen && rejected) {
    let shared = 0;
    while (shared < Math.min(chosen.length, rejected.length) && sameMessage(chosen[shared], rejected[shared])) shared++;
    // Of equal pairs the last message is the answer.
    if (shared > 0 && shared === Math.min(chosen.length, rejected.length) && chosen.at(-1)?.role === 'assistant') shared--;
    const whole = chosen[0]?.role !== 'assistant';
    const prompt = whole ? withSystem(row, chosen.slice(0, shared)) : (given ?? []);
    return whole
      ? { prompt, chosen: chosen.slice(shared), rejected: rejected.slice(shared), ...more }
      : { prompt, chosen, rejected, ...more };
  }
  if (typeof left !== 'string' || typeof right !== 'string') return null;
  const answers = (from: number) => ({
    chosen: [{ role: 'assistant', content: left.slice(from) }],
    rejected: [{ role: 'assistant', content: right.slice(from) }],
  });
  if (given) return { prompt: given, ...answers(0), ...more };
  let shared = 0;
  while (shared < Math.min(left.length, right.length) && left[shared] === right[shared]) shared++;
  if (left !== right && left[shared - 1] === ' ') shared--;
  return {
    prompt: shared === 0 || left === right ? [] : [{ role: 'user', content: left.slice(0, shared) }],
    ...answers(left === right ? 0 : shared),
    ...more,
  };
}

/** Columns of labelled texts among those of a file; null where there are none. */
export function labelColumns(names: readonly string[]): LabelColumns | null {
  const find = (wanted: readonly string[]) => {
    for (const name of wanted) {
      const found = names.find((candidate) => candidate.toLowerCase() === name);
      if (found !== undefined) return found;
    }
    return null;
  };
  const [text, label] = [find(LABELLED_TEXTS), find(LABELS)];
  return text !== null && label !== null ? { text, label } : null;
}

/** Columns that a record of a kind is made of. @param names of the file's columns */
export function recordColumns(kind: RecordKind, names: readonly string[], columns: LabelColumns | null): string[] {
  if (kind === 'labelled') return columns ? [columns.text, columns.label] : [];
  const known = new Set([...TURN_LISTS, ...SYSTEM_COLUMNS, ...ASKED, ...BESIDES, ...ANSWERED, ...REFERENCES, ...PAIR_COLUMNS]);
  return names.filter((name) => known.has(name.toLowerCase()));
}

/** A row of a file as a record of a kind. @param columns of labelled texts; absent: by their names */
export function parseRecord<Kind extends RecordKind>(kind: Kind, row: Row, columns: LabelColumns | null = null): ParsedRecord<Kind> {
  const record = recordOfRow(kind, row, columns) as Records[Kind] | null;
  if (!record) return { fault: 'form', detail: Object.keys(row).join(', ') };
  return faultOf(kind, record) ?? { record };
}

function recordOfRow(kind: RecordKind, row: Row, columns: LabelColumns | null): Records[RecordKind] | null {
  if (kind === 'conversations') {
    const messages = messagesOfRow(row);
    return messages && { messages };
  }
  if (kind === 'preferences') return pairOf(row);
  if (kind === 'prompts') return promptOf(row);
  const named = columns ?? labelColumns(Object.keys(row));
  if (!named) return null;
  const [text, label] = [row[named.text], row[named.label]];
  const told = typeof label === 'bigint' || typeof label === 'number' || typeof label === 'boolean' ? String(label) : stringOf(label);
  return { text: stringOf(text) ?? '', label: (told ?? '').trim() };
}

function promptOf(row: Row): Prompt | null {
  const pair = pairOf(row);
  if (pair) return { prompt: pair.prompt };
  const list = TURN_LISTS.map((name) => messagesOf(cell(row, [name]))).find((found) => found !== null);
  const asked = list ? withSystem(row, list) : askedOf(row);
  if (!asked) return null;
  // Of a whole conversation the prompt is what stands before its last answer.
  const prompt = asked.at(-1)?.role === 'assistant' ? asked.slice(0, -1) : asked;
  const answer = stringOf(cell(row, REFERENCES));
  return answer === null ? { prompt } : { prompt, answer };
}

/** The kinds that rows can be read as, the likeliest first. At least half of the rows have its form. */
export function kindsOf(rows: readonly Row[]): RecordKind[] {
  const has = (kind: RecordKind) => rows.filter((row) => !isForeign(kind, row)).length;
  return (['preferences', 'conversations', 'labelled', 'prompts'] as const).filter((kind) => {
    const count = has(kind);
    return count > 0 && 2 * count >= rows.length;
  });
}

function isForeign(kind: RecordKind, row: Row): boolean {
  const parsed = parseRecord(kind, row);
  return 'fault' in parsed && (parsed.fault === 'form' || (kind === 'labelled' && parsed.fault === 'no-label'));
}
