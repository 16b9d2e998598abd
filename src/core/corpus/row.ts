/** What the pipeline reads and writes: rows of text, each with its channel and the file and line it came from. */

import type { Turn } from './conversation';

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
}
