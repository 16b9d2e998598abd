/** Fertility of the chosen tokenizers: its state, the lines of the chart, and the domain terms that are counted. */
import type { FertilityPoint, FertilityReport } from '../contract/tokenizer';
import type { Side } from './store';
import { outerTicks } from '../charts/ticks';
import { create } from 'zustand';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { lab } from '../lab/lab';
import type { TokenizerChoice } from './refs';

/** Domain terms at first, in both languages (METHOD 4). */
export const DEFAULT_TERMS = [
  ...['patient', 'diagnosis', 'treatment', 'symptom', 'disease', 'medication', 'therapy', 'clinical', 'medical', 'health'],
  ...['病人', '诊断', '治疗', '症状', '疾病', '药物', '临床', '医疗'],
];

/** Terms of a list, one a line or parted by commas: without doubles, in the order given. */
export function parseTerms(text: string): string[] {
  const terms = text.split(/[\n,，、;；]+/).map((term) => term.trim());
  return [...new Set(terms.filter((term) => term !== ''))];
}

/** Lines of the chart of vocabulary size against fertility: one a channel and tokenizer, sizes on a logarithmic scale. */
export interface FertilityLine {
  key: string;
  side: Side;
  corpus: string;
  /** x: log2 of the vocabulary's size; y: tokens per character. */
  points: { x: number; y: number }[];
}

export interface FertilityScale {
  x: [number, number];
  y: [number, number];
  /** log2 of the sizes that are named. */
  xTicks: number[];
  yTicks: number[];
}

export function fertilityLines(
  sides: readonly { side: Side; curve: FertilityPoint[] | null }[],
  corpora: readonly string[],
): FertilityLine[] {
  return sides.flatMap(({ side, curve }) =>
    corpora.flatMap((corpus) => {
      const points = (curve ?? []).flatMap(({ vocabulary, tokensPerCharacter }) => {
        const y = tokensPerCharacter[corpus];
        return y === undefined || !Number.isFinite(y) ? [] : [{ x: Math.log2(vocabulary), y }];
      });
      return points.length === 0 ? [] : [{ key: `${side}-${corpus}`, side, corpus, points }];
    }),
  );
}

/** From zero, so that a line half as high is half as many tokens. Null without a point. */
export function fertilityScale(lines: readonly FertilityLine[], narrow: boolean): FertilityScale | null {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return null;
  const xs = points.map(({ x }) => x);
  let [low, high] = [Math.min(...xs), Math.max(...xs)];
  if (high - low < 1) [low, high] = [low - 0.5, high + 0.5];
  // A little above the highest point: its dot is not cut.
  const { ticks: yTicks, high: top } = outerTicks(0, Math.max(...points.map(({ y }) => y)) * 1.02, 5);
  const edge = (high - low) * 0.03;
  const step = Math.max(1, Math.ceil((high - low) / (narrow ? 3 : 7)));
  const first = Math.ceil(low - 1e-9);
  const xTicks = Array.from({ length: Math.max(0, Math.floor((high - first) / step + 1e-9) + 1) }, (_, at) => first + at * step);
  return { x: [low - edge, high + edge], y: [0, top], xTicks, yTicks };
}

/** Held-out text that is measured of each channel. */
export const SAMPLE_BYTES = 100_000;

export interface MeasuredSide {
  key: string;
  name: string;
  report: FertilityReport | null;
  curve: FertilityPoint[] | null;
  error: ErrorRecord | null;
}

interface FertilityState {
  /** As typed. */
  terms: string;
  sides: Record<Side, MeasuredSide | null>;
  setTerms(terms: string): void;
  /** Measures one side; null empties it. */
  measure(side: Side, choice: TokenizerChoice | null, corpora: string[]): Promise<void>;
}

export const useFertility = create<FertilityState>()((set, get) => {
  const latest: Record<Side, number> = { a: 0, b: 0 };
  return {
    terms: DEFAULT_TERMS.join('\n'),
    sides: { a: null, b: null },
    setTerms: (terms) => set({ terms }),

    async measure(side, choice, corpora) {
      const asked = (latest[side] += 1);
      const write = (value: MeasuredSide | null) => {
        if (latest[side] === asked) set({ sides: { ...get().sides, [side]: value } });
      };
      if (choice === null) return write(null);
      const { key, ref, name } = choice;
      const before = get().sides[side];
      const known = before?.key === key ? before : null;
      let measured: MeasuredSide = { key, name, report: known?.report ?? null, curve: known?.curve ?? null, error: null };
      write(measured);
      try {
        measured = { ...measured, report: await lab.tokenizer.fertility(ref, corpora, parseTerms(get().terms), SAMPLE_BYTES) };
        write(measured);
        if (latest[side] !== asked) return;
        write({ ...measured, curve: await lab.tokenizer.fertilityCurve(ref, corpora, SAMPLE_BYTES) });
      } catch (error) {
        write({ ...measured, error: errorRecord(error) });
      }
    },
  };
});
