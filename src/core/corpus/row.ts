/**
 * What the pipeline reads and writes: rows of text, each with its channel and the file and line it came from; and who speaks where in a row that
 * is a conversation.
 */

import { faultOf, mapTexts, readRecord, wordsOf, writeRecord, type RecordKind } from './records';

export interface PipelineChannel {
  id: string;
  role: 'general' | 'domain';
  /** Language that its rows should have: ISO 639-1, or `code`; null where any will do. */
  language: string | null;
}

/** A raw row. Its number is its index in the whole stream. */
export interface Row {
  text: string;
  /** Id of a channel. */
  channel: string;
  /** File with its path. */
  source: string;
  /** Record in the file, from 1; 0 where there is none. */
  line: number;
  /** Evaluation text given by the person: never trained on, judged by no rule, and its channel draws no held-out rows of its own. */
  heldOut?: boolean;
  /** A model gave it to its channel, not a person: never held out. */
  pseudo?: boolean;
  /** Of a conversation: who speaks where in the text. */
  turns?: readonly Turn[] | undefined;
  /** The text is a record of this kind, as canonical JSON; absent: a text. */
  kind?: RecordKind | undefined;
}

/** What a row is judged by: its text, or the words of its record. */
export function judgedText({ text, kind }: Pick<Row, 'text' | 'kind'>): string {
  return kind ? wordsOf(kind, readRecord(kind, text)) : text;
}

/** A row with its text changed, or each text of its record; a record that would be none any more stays as it is. */
export function changedText({ text, kind }: Pick<Row, 'text' | 'kind'>, change: (text: string) => string): string {
  if (!kind) return change(text);
  const record = mapTexts(kind, readRecord(kind, text), change);
  return faultOf(kind, record) ? text : writeRecord(kind, record);
}

export type Split = 'train' | 'heldOut';

/** How a copy was changed (Wei & Zou 2019 for the first four). */
export type Augmentation = 'deletion' | 'swap' | 'insertion' | 'synonym' | 'noise';

/** A row that the pipeline kept. */
export interface KeptRow {
  /** Number of the raw row. */
  row: number;
  split: Split;
  /** Normalised, masked where the person so chose. */
  text: string;
  channel: string;
  source: string;
  line: number;
  /** Quality score from 0 to 1. */
  score: number;
  /** Index in the order of its channel and split. Rows arrive in the order of the stream; augmented copies come last. */
  position: number;
  /** Null on a row as it came. */
  augmented: Augmentation | null;
  /** A model gave it to its channel. */
  pseudo: boolean;
  /** Of a conversation, where its words all stand in the text still. */
  turns?: readonly Turn[] | undefined;
  kind?: RecordKind | undefined;
}

// A conversation is the text that is trained on, and beside it the places of its messages, so that they can be had again for fine-tuning. The words
// stand in the text already; a text that was changed keeps its turns where all of their words still stand in it, and loses them otherwise.

export interface Message {
  role: string;
  content: string;
}

/** A message in a text, in UTF-16 units. */
export interface Turn {
  role: string;
  start: number;
  end: number;
}

/**
 * Where messages stand in a text that was made of them; undefined where one does not stand there as it is. The search goes from the last to the
 * first: templates write the role before the words, and a word may be a role's name.
 */
export function locateTurns(text: string, messages: readonly Message[]): Turn[] | undefined {
  const turns: Turn[] = [];
  let before = text.length;
  for (const { role, content } of [...messages].reverse()) {
    const start = content === '' || content.length > before ? -1 : text.lastIndexOf(content, before - content.length);
    if (start < 0) return undefined;
    turns.push({ role, start, end: start + content.length });
    before = start;
  }
  return turns.length > 0 ? turns.reverse() : undefined;
}

export function messagesIn(text: string, turns: readonly Turn[]): Message[] {
  return turns.map(({ role, start, end }) => ({ role, content: text.slice(start, end) }));
}

/** The turns of a text in another that was made of it. @param change what was done to every part of it */
export function movedTurns(
  turns: readonly Turn[] | undefined,
  from: string,
  to: string,
  change: (content: string) => string,
): Turn[] | undefined {
  if (!turns) return undefined;
  if (from === to) return [...turns];
  return locateTurns(
    to,
    messagesIn(from, turns).map(({ role, content }) => ({ role, content: change(content) })),
  );
}

/** Compactly, for storage: role, start and end of each turn in one list. */
export function writeTurns(turns: readonly Turn[]): string {
  return JSON.stringify(turns.flatMap(({ role, start, end }) => [role, start, end]));
}

/** @throws SyntaxError for what `writeTurns` did not write */
export function readTurns(written: string): Turn[] {
  const list = JSON.parse(written) as (string | number)[];
  return Array.from({ length: list.length / 3 }, (_, at) => ({
    role: String(list[3 * at]),
    start: Number(list[3 * at + 1]),
    end: Number(list[3 * at + 2]),
  }));
}
