/**
 * done and total in bytes of text unless said otherwise; steps for `train`, sequences for `fisher` and tokens for `write`, which can be
 * cancelled as an evaluation can.
 */
export interface Progress {
  phase:
    | 'fetch'
    | 'tokenize'
    | 'load'
    | 'compile'
    | 'evaluate'
    | 'export'
    | 'import'
    | 'count'
    | 'learn'
    | 'fisher'
    | 'change'
    | 'train'
    | 'write';
  /** What is being worked on: a channel, a file. */
  item: string;
  done: number;
  total: number;
}

export type OnProgress = (progress: Progress) => void;
