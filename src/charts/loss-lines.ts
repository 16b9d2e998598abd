/** Pure part of the loss chart: the lines of a snapshot, their bounds, and where the labels at their ends stand. */
import type { Marker, RunSnapshot, Series } from '../core/run/types';
import { channelColour } from '../channels/channel-colour';
import { roundStep } from './round-ticks';

export interface LossLine {
  /** Channel id, or `total`. */
  id: string;
  colour: string;
  train: ChartPoint[];
  heldOut: ChartPoint[];
  base: number | null;
}

export interface ChartPoint {
  x: number;
  /** Null is a gap. */
  y: number | null;
}

export interface LossChart {
  lines: LossLine[];
  steps: number;
  markers: readonly Marker[];
}

const TOTAL = 'total';

/** nats per token: a window of few rows strays from the held-out mean by about as much. */
const BELOW_BASE = 0.5;
const ABOVE_BASE = 0.2;
/** Pixels of a character at the labels' size, and the widest label. */
const CHARACTER = 6.6;
const MOST_LABEL = 150;

export function chartPoints(series: Series | undefined): ChartPoint[] {
  if (!series) return [];
  return series.x.map((x, at) => ({ x, y: Number.isFinite(series.y[at]) ? series.y[at]! : null }));
}

/** Lines of all channels and the total, in the recipe's order. */
export function lossLines(snapshot: RunSnapshot): LossLine[] {
  const corpora = new Map(snapshot.recipe.channels.map(({ id, corpus }) => [id, corpus]));
  const channels = snapshot.channels.map(({ id, baseLoss }) => ({
    id,
    colour: channelColour(corpora.get(id) ?? id),
    train: chartPoints(snapshot.train[id]),
    heldOut: chartPoints(snapshot.heldOut[id]),
    base: baseLoss,
  }));
  const total = {
    id: TOTAL,
    colour: channelColour(TOTAL),
    train: chartPoints(snapshot.train[TOTAL]),
    heldOut: chartPoints(snapshot.heldOut[TOTAL]),
  };
  return [...channels, { ...total, base: total.heldOut[0]?.y ?? null }];
}

/** Tells whether a snapshot brings other points than the one before, without comparing them all. */
export function linesKey({ runId, channels, train, heldOut }: RunSnapshot): string {
  const end = (series: Series | undefined) => `${series?.x.length ?? 0},${series?.x.at(-1) ?? ''},${series?.y.at(-1) ?? ''}`;
  const parts = [...channels.map(({ id, baseLoss }) => ({ id, baseLoss })), { id: TOTAL, baseLoss: null }];
  return `${runId};${parts.map(({ id, baseLoss }) => `${id}:${end(train[id])}:${end(heldOut[id])}:${baseLoss ?? ''}`).join(';')}`;
}

/** Pixels that the label at the end of a line takes: its name, a loss of four figures, and the air around them. */
export function labelRoom(lines: readonly LossLine[]): number {
  const longest = Math.max(TOTAL.length, ...lines.map(({ id }) => id.length));
  return Math.min(MOST_LABEL, Math.ceil(44 + longest * CHARACTER));
}

/** Bounds of the losses, widened to round ticks. Room beside the base keeps the axis still when the first windows stray from it. */
export function lossDomain(lines: readonly LossLine[]): { min: number; max: number; ticks: number[] } {
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
  if (!Number.isFinite(low)) return { min: 2, max: 5, ticks: [2, 3, 4, 5] };
  const step = roundStep((high - low || 1) / 5);
  const min = Math.max(0, Math.floor((low - step * 0.15) / step) * step);
  const max = Math.ceil((high + step * 0.15) / step) * step;
  const count = Math.round((max - min) / step);
  return { min, max, ticks: Array.from({ length: count + 1 }, (_, at) => Number((min + at * step).toPrecision(10))) };
}

/** Whole-number ticks from 0 to `steps`. */
export function stepTicks(steps: number, count = 6): number[] {
  const step = Math.max(1, roundStep(steps / count));
  const ticks: number[] = [];
  for (let tick = 0; tick <= steps; tick += step) ticks.push(tick);
  return ticks;
}

/** The last measured point of a line: held-out where there is any beyond the base, else train. */
export function lineEnd({ train, heldOut }: LossLine): { x: number; y: number; split: 'train' | 'heldOut' } | null {
  const lastOf = (points: readonly ChartPoint[]) => points.findLast(({ y }) => y !== null);
  const trained = lastOf(train);
  const held = lastOf(heldOut);
  if (held && (heldOut.length > 1 || !trained)) return { x: Math.max(held.x, trained?.x ?? 0), y: held.y!, split: 'heldOut' };
  return trained ? { x: trained.x, y: trained.y!, split: 'train' } : null;
}

/** Moves wanted positions apart so that no two are nearer than `gap`, within [low, high]; keeps their order. */
export function spreadLabels(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, at) => at).sort((a, b) => wanted[a]! - wanted[b]!);
  const placed = order.map((at) => wanted[at]!);
  for (let at = 0; at < placed.length; at++) placed[at] = Math.max(at === 0 ? low : placed[at - 1]! + gap, placed[at]!);
  for (let at = placed.length - 1; at >= 0; at--)
    placed[at] = Math.min(at === placed.length - 1 ? high : placed[at + 1]! - gap, placed[at]!);
  const result = new Array<number>(wanted.length);
  order.forEach((original, at) => (result[original] = placed[at]!));
  return result;
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
