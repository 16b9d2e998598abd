/** Bars of a histogram, and the frame that recharts and the buttons over the bars share. */
import type { Histogram } from '../../core/corpus/report';

/** Where the bars stand inside a histogram, in pixels; shared by recharts and by the buttons that lie over it. */
export const FRAME = { left: 40, right: 6, top: 6, height: 132, axisHeight: 24 } as const;

/** Bars of a histogram: a name and a count each; empty ones at the ends go. */
export interface Bin {
  /** Place in the histogram. */
  bin: number;
  label: string;
  rows: number;
}

/** @param count writes a number, @param language names one */
export function binsOf(histogram: Histogram, count: (value: number) => string, language: (code: string) => string): Bin[] {
  if (histogram.name === 'language')
    return histogram.languages.map((code, bin) => ({ bin, label: language(code), rows: histogram.rows[bin]! }));
  const { edges, rows, name } = histogram;
  const whole = name === 'duplicates';
  const all = rows.map((filled, bin) => ({ bin, label: label(edges[bin]!, edges[bin + 1]!, bin === rows.length - 1), rows: filled }));
  const first = all.findIndex((bin) => bin.rows > 0);
  return first < 0 ? [] : all.slice(first, all.findLastIndex((bin) => bin.rows > 0) + 1);

  function label(from: number, to: number, last: boolean): string {
    if (whole && to - from === 1) return count(from);
    if (last && name !== 'score') return `≥ ${count(from)}`;
    if (name === 'score') return `${from.toFixed(2)} – ${to.toFixed(2)}`;
    return `${count(from)} – ${count(to - 1)}`;
  }
}
