/** A report as sections of blocks, in one language: what HTML and Markdown are both written from, so that their figures agree. */
import type { BarChart, LineChart } from '../charts/still-charts';

export type Tone = 'good' | 'bad' | 'warn' | 'plain';

export type Cell =
  | string
  | {
      text: string;
      /** "#rrggbb": of a channel or a set of weights. */
      colour?: string;
      tone?: Tone;
      /** Smaller, below the text. */
      note?: string;
    };

/** A big figure with its range and a sentence. */
export interface FigureBlock {
  title: string;
  value: string;
  unit: string;
  interval: string;
  tone: Tone;
}

export interface Table {
  caption: string;
  head: string[];
  rows: Cell[][];
  /** Columns of words from the left; the rest are figures, aligned to the right. */
  words: number;
}

export type Block =
  | { kind: 'text'; text: string; lead?: string }
  | { kind: 'figures'; figures: FigureBlock[] }
  | { kind: 'list'; items: { lead?: string; text: string }[] }
  | { kind: 'table'; table: Table }
  | { kind: 'lines'; chart: LineChart }
  | { kind: 'bars'; chart: BarChart }
  | { kind: 'code'; title: string; text: string }
  | { kind: 'finding'; title: string; rows: { name: string; text: string }[] };

export interface Section {
  id: string;
  title: string;
  blocks: Block[];
}

export interface ReportDocument {
  title: string;
  /** Below the title: date, version, device. */
  facts: string[];
  sections: Section[];
}
