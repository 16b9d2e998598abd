/**
 * Records of structured texts: conversations, labelled texts, preference pairs, prompts. A row of such a corpus holds one record as canonical
 * JSON (`writeRecord`), so that everything comes back exactly. What is no sound record has a fault, which is counted and named by line.
 */
import type { Message } from './row';

export const RECORD_KINDS = ['conversations', 'labelled', 'preferences', 'prompts'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

interface Conversation {
  messages: Message[];
}

interface LabelledText {
  text: string;
  label: string;
}

/** Two answers to a prompt, each one message or several. */
export interface PreferencePair {
  prompt: Message[];
  chosen: Message[];
  rejected: Message[];
  /** By how much the chosen answer is better, on the scale of the data. */
  margin?: number;
}

export interface Prompt {
  prompt: Message[];
  /** What a right answer holds, where the data tell it. */
  answer?: string;
}

export interface Records {
  conversations: Conversation;
  labelled: LabelledText;
  preferences: PreferencePair;
  prompts: Prompt;
}

/**
 * `form`: nothing of the kind stands there; `no-prompt`: nobody asks; `no-answer`: nobody answers; `empty-turn`: a message without words; `roles`: a role that
 * is not known or out of order; `no-label`: no label, or no text to it; `equal-pair`: both answers are the same.
 */
export type RecordFault = 'form' | 'no-prompt' | 'no-answer' | 'empty-turn' | 'roles' | 'no-label' | 'equal-pair';

export const sameMessage = (a: Message | undefined, b: Message | undefined): boolean => a?.role === b?.role && a?.content === b?.content;

/** What is wrong with a record; null where it is sound. */
export function faultOf<Kind extends RecordKind>(kind: Kind, record: Records[Kind]): { fault: RecordFault; detail: string } | null {
  const fault = (name: RecordFault, detail = '') => ({ fault: name, detail: detail.slice(0, 120) });
  if (kind === 'labelled') {
    const { text, label } = record as LabelledText;
    return label === '' || !/\S/.test(text) ? fault('no-label', text) : null;
  }
  if (kind === 'conversations') {
    const { messages } = record as Conversation;
    const wrong = turnsFault(messages);
    if (wrong) return wrong;
    return messages.some(({ role }) => role === 'assistant') ? null : fault('no-answer', messages.at(-1)?.content);
  }
  const { prompt } = record as Prompt;
  if (!prompt.some(({ role }) => role === 'user')) return fault('no-prompt', prompt[0]?.content);
  if (kind === 'prompts')
    return turnsFault(prompt) ?? (prompt.at(-1)!.role === 'assistant' ? fault('no-prompt', prompt.at(-1)!.content) : null);
  const { chosen, rejected } = record as PreferencePair;
  for (const answer of [chosen, rejected]) {
    const wrong = turnsFault([...prompt, ...answer]);
    if (wrong) return wrong;
    if (answer.at(-1)?.role !== 'assistant') return fault('no-answer', prompt.at(-1)!.content);
  }
  const equal = chosen.length === rejected.length && chosen.every((message, at) => sameMessage(message, rejected[at]));
  return equal ? fault('equal-pair', chosen.at(-1)!.content) : null;
}

/** After system prompts come user and assistant by turns; what a tool says follows an assistant and is answered by one. */
function turnsFault(messages: readonly Message[]): { fault: RecordFault; detail: string } | null {
  let before = 'system';
  const after: Record<string, readonly string[]> = {
    system: ['system'],
    user: ['system', 'assistant'],
    assistant: ['user', 'tool'],
    tool: ['assistant', 'tool'],
  };
  for (const [at, { role, content }] of messages.entries()) {
    const follows = after[role]?.includes(before) === true && !(role === 'system' && at > 0);
    if (!follows) return { fault: 'roles', detail: `${at === 0 ? '' : `${before} → `}${role}` };
    if (!/\S/.test(content)) return { fault: 'empty-turn', detail: `${at + 1}: ${role}` };
    before = role;
  }
  return null;
}

/** Canonical JSON: keys in the order of the interfaces above, nothing else. */
export function writeRecord(kind: RecordKind, record: Records[RecordKind]): string {
  const turns = (messages: readonly Message[]) => messages.map(({ role, content }) => ({ role, content }));
  switch (kind) {
    case 'conversations':
      return JSON.stringify({ messages: turns((record as Conversation).messages) });
    case 'labelled': {
      const { text, label } = record as LabelledText;
      return JSON.stringify({ text, label });
    }
    case 'preferences': {
      const { prompt, chosen, rejected, margin } = record as PreferencePair;
      return JSON.stringify({ prompt: turns(prompt), chosen: turns(chosen), rejected: turns(rejected), margin });
    }
    case 'prompts': {
      const { prompt, answer } = record as Prompt;
      return JSON.stringify({ prompt: turns(prompt), answer });
    }
  }
}

/** What `writeRecord` wrote. @throws SyntaxError, RangeError for anything else */
export function readRecord<Kind extends RecordKind>(kind: Kind, json: string): Records[Kind] {
  const value = JSON.parse(json) as Readonly<Record<string, unknown>> | null;
  const turns = (key: string) => Array.isArray(value?.[key]);
  const words = (key: string) => typeof value?.[key] === 'string';
  const sound: Record<RecordKind, () => boolean> = {
    conversations: () => turns('messages'),
    labelled: () => words('text') && words('label'),
    preferences: () => turns('prompt') && turns('chosen') && turns('rejected'),
    prompts: () => turns('prompt'),
  };
  if (!sound[kind]()) throw new RangeError(`No record of kind ${kind}: ${json.slice(0, 80)}`);
  return value as never;
}

/** A record with each of its texts changed; labels and roles stay. */
export function mapTexts<Kind extends RecordKind>(kind: Kind, record: Records[Kind], change: (text: string) => string): Records[Kind] {
  if (kind === 'labelled') return { ...record, text: change((record as LabelledText).text) };
  const changed = Object.entries(record).map(([key, value]) => [
    key,
    Array.isArray(value) ? (value as Message[]).map(({ role, content }) => ({ role, content: change(content) })) : (value as unknown),
  ]);
  const written: unknown = Object.fromEntries(changed);
  return written as Records[Kind];
}

/** A record as a person reads it, and as a text that is trained on whole: a line for each message, the label below its text. */
export function shownRecord<Kind extends RecordKind>(kind: Kind, record: Records[Kind]): string {
  if (kind === 'labelled') return `${(record as LabelledText).text}\n→ ${(record as LabelledText).label}`;
  const lines = (messages: readonly Message[], mark = '') => messages.map(({ role, content }) => `${mark}${role}: ${content}`);
  if (kind === 'conversations') return lines((record as Conversation).messages).join('\n');
  const { prompt } = record as Prompt;
  if (kind === 'prompts') return lines(prompt).join('\n');
  const { chosen, rejected } = record as PreferencePair;
  return [...lines(prompt), ...lines(chosen, '+ '), ...lines(rejected, '− ')].join('\n');
}

/** The words of a record, its label last, parted by blank lines: what lengths, duplicates and languages are told by. */
export function wordsOf<Kind extends RecordKind>(kind: Kind, record: Records[Kind]): string {
  const texts: string[] = [];
  mapTexts(kind, record, (text) => {
    texts.push(text);
    return text;
  });
  if (kind === 'labelled') texts.push((record as LabelledText).label);
  return texts.join('\n\n');
}
