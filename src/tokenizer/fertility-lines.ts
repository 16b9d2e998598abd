/** Lines of the chart of vocabulary size against fertility: one a channel and tokenizer, sizes on a logarithmic scale. */
import type { FertilityPoint } from '../contract/tokenizer';
import type { Side } from './store';

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
  const { yTicks, top } = roundTicks(Math.max(...points.map(({ y }) => y)));
  const edge = (high - low) * 0.03;
  const step = Math.max(1, Math.ceil((high - low) / (narrow ? 3 : 7)));
  const first = Math.ceil(low - 1e-9);
  const xTicks = Array.from({ length: Math.max(0, Math.floor((high - first) / step + 1e-9) + 1) }, (_, at) => first + at * step);
  return { x: [low - edge, high + edge], y: [0, top], xTicks, yTicks };
}

/** Four to eight steps of 1, 2 or 5 times a power of ten, up to the first that lies above `most`. */
function roundTicks(most: number): { yTicks: number[]; top: number } {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => most / size <= 8) ?? most;
  const count = Math.ceil((most * 1.02) / step);
  return { yTicks: Array.from({ length: count + 1 }, (_, at) => at * step), top: count * step };
}
