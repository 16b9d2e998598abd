/** done and total in bytes of text unless said otherwise. */
export interface Progress {
  phase: 'fetch' | 'tokenize' | 'load' | 'compile' | 'evaluate' | 'export' | 'import' | 'count' | 'learn';
  /** What is being worked on: a channel, a file. */
  item: string;
  done: number;
  total: number;
}

export type OnProgress = (progress: Progress) => void;
