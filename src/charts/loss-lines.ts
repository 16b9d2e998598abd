/** Pure part of the loss chart: the lines of a run, their bounds, and where the labels at their ends stand. */
import { channelColour } from '../channels/channel';
import type { Series } from '../core/metrics/series';
import { TOTAL, type RunView } from '../core/run/view';
import { textWidth } from './labels';
import { outerTicks } from './ticks';

export interface LossLine {
  /** Channel id, or `total`. */
  id: string;
  colour: string;
  train: ChartPoint[];
  heldOut: ChartPoint[];
  base: number | null;
  /** Where a training loss was no finite number, at the height of the last one that was. */
  broken: { x: number; y: number }[];
}

export interface ChartPoint {
  x: number;
  /** Null is a gap. */
  y: number | null;
}

/** nats per token: a window of few rows strays from the held-out mean by about as much. */
const BELOW_BASE = 0.5;
const ABOVE_BASE = 0.2;
/** Font size of the labels at the ends of lines, and the width of the widest: pixels. */
const LABEL_SIZE = 11.5;
const MOST_LABEL = 150;

function chartPoints(series: Series | undefined): ChartPoint[] {
  if (!series) return [];
  return series.x.map((x, at) => ({ x, y: Number.isFinite(series.y[at]) ? series.y[at]! : null }));
}

/** Marks where nothing finite was logged before stand at the first finite value, else at the base's. */
function brokenMarks(series: Series | undefined, base: number | null): LossLine['broken'] {
  const points = chartPoints(series).filter(({ y }) => y !== null);
  return (series?.broken ?? []).flatMap((x) => {
    const y = (points.findLast((point) => point.x < x) ?? points[0])?.y ?? base;
    return y === null || y === undefined ? [] : [{ x, y }];
  });
}

/** Lines of all channels and the total, in the recipe's order. */
export function lossLines({ recipe, base, train, heldOut }: Pick<RunView, 'recipe' | 'base' | 'train' | 'heldOut'>): LossLine[] {
  const line = (id: string, corpus: string) => ({
    id,
    colour: channelColour(corpus),
    train: chartPoints(train[id]),
    heldOut: chartPoints(heldOut[id]),
  });
  const withMarks = (drawn: Omit<LossLine, 'broken'>): LossLine => ({ ...drawn, broken: brokenMarks(train[drawn.id], drawn.base) });
  const total = line(TOTAL, TOTAL);
  return [
    ...recipe.channels.map(({ id, corpus }) => withMarks({ ...line(id, corpus), base: base[id] ?? null })),
    withMarks({ ...total, base: total.heldOut[0]?.y ?? null }),
  ];
}

/** Pixels that the label at the end of a line takes: its name, a loss of four figures, and the air around them. */
export function labelRoom(names: readonly string[]): number {
  const longest = Math.max(...names.map((name) => textWidth(name, LABEL_SIZE, 'regular')));
  return Math.min(MOST_LABEL, Math.ceil(44 + longest));
}

/** Bounds of the losses, widened to round ticks. Room beside the base keeps the axis still when the first windows stray from it. */
export function lossDomain(lines: readonly LossLine[]): { min: number; max: number; ticks: number[]; digits: number } {
  let low = Infinity;
  let high = -Infinity;
  const see = (y: number | null) => {
    if (y === null) return;
    low = Math.min(low, y);
    high = Math.max(high, y);
  };
  for (const { train, heldOut, base } of lines) {
    train.forEach(({ y }) => see(y));
    heldOut.forEach(({ y }) => see(y));
    if (base !== null) [base - BELOW_BASE, base + ABOVE_BASE].forEach(see);
  }
  if (!Number.isFinite(low)) return { min: 2, max: 5, ticks: [2, 3, 4, 5], digits: 1 };
  const margin = (high - low || 1) * 0.03;
  const { low: min, high: max, ticks, digits } = outerTicks(Math.max(0, low - margin), high + margin, 5);
  return { min, max, ticks, digits: Math.max(1, digits) };
}

/** The last measured point of a line: held-out where there is any beyond the base, else train. */
export function lineEnd({ train, heldOut }: LossLine): { x: number; y: number; split: 'train' | 'heldOut' } | null {
  const lastOf = (points: readonly ChartPoint[]) => points.findLast(({ y }) => y !== null);
  const trained = lastOf(train);
  const held = lastOf(heldOut);
  if (held && (heldOut.length > 1 || !trained)) return { x: Math.max(held.x, trained?.x ?? 0), y: held.y!, split: 'heldOut' };
  return trained ? { x: trained.x, y: trained.y!, split: 'train' } : null;
}

/** Value of the nearest point at or before x, else the first after it. */
export function valueAt(points: readonly ChartPoint[], x: number): ChartPoint | null {
  let low = 0;
  let high = points.length - 1;
  if (high < 0) return null;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (points[middle]!.x <= x) low = middle;
    else high = middle - 1;
  }
  const before = points[low]!;
  const after = points[low + 1];
  return after && Math.abs(after.x - x) < Math.abs(before.x - x) ? after : before;
}
