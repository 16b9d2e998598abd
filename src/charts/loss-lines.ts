/**
 * Pure part of the loss chart: what of a run it draws, in which figure, over which axis, smoothed or not; bounds, and where the labels at
 * the ends of lines stand.
 */
import { channelColour } from '../channels/channel';
import { RETENTION_LINE } from '../core/metrics/loss';
import { MAX_POINTS, type Series } from '../core/metrics/series';
import { inSight, interpolated, smoothed, type DrawnPoint, type Smoothing } from '../core/metrics/smoothing';
import { TOTAL, type RunView, type Windows } from '../core/run/view';
import { textWidth } from './labels';
import { decadeTicks, outerTicks, roundTicks } from './ticks';

/** delta: loss less the base's; bits: per byte of text; retention: base's perplexity by the present one, of general channels. */
export const CHART_FIGURES = ['loss', 'delta', 'bits', 'perplexity', 'retention'] as const;
export type ChartFigure = (typeof CHART_FIGURES)[number];
export const CHART_AXES = ['step', 'tokens', 'time'] as const;
export type ChartAxis = (typeof CHART_AXES)[number];

/** How a chart is looked at. */
export interface ChartLook {
  figure: ChartFigure;
  axis: ChartAxis;
  smoothing: Smoothing;
  log: boolean;
}

/** Part of the axis in sight, in its units: steps, tokens or seconds. */
export interface Sight {
  from: number;
  to: number;
}

export interface LossLine {
  /** Channel id, or `total`. */
  id: string;
  colour: string;
  /** Smoothed where that is asked for. */
  train: ChartPoint[];
  /** Behind a smoothed line; else empty. */
  raw: ChartPoint[];
  heldOut: ChartPoint[];
  base: number | null;
  /** Where a training loss was no finite number, at the height of the last one that was. */
  broken: { x: number; y: number }[];
}

export type ChartPoint = DrawnPoint;

/** nats per token: a window of few rows strays from the held-out mean by about as much. */
const BELOW_BASE = 0.5;
const ABOVE_BASE = 0.2;
/** Font size of the labels at the ends of lines, and the width of the widest: pixels. */
const LABEL_SIZE = 11.5;
const MOST_LABEL = 150;

/** Loss to the figure that is drawn; null for a line that the figure does not have. */
function figureOf(figure: ChartFigure, id: string, base: number | null, run: Shown): ((loss: number) => number) | null {
  switch (figure) {
    case 'loss':
      return (loss) => loss;
    case 'perplexity':
      return Math.exp;
    case 'delta':
      return base === null ? null : (loss) => loss - base;
    case 'bits': {
      const bytes = run.bytesPerToken[id];
      return bytes === undefined ? null : (loss) => loss / (bytes * Math.LN2);
    }
    case 'retention': {
      const general = run.recipe.channels.some((channel) => channel.id === id && channel.role === 'general');
      return general && base !== null ? (loss) => Math.exp(base - loss) : null;
    }
  }
}

const placesOf = (axis: ChartAxis, { step, tokens, seconds }: Windows) => ({ step, tokens, time: seconds })[axis];

/** Step → place on the axis. Between two windows it is in proportion; before the first, from 0. */
export function placeOnAxis(axis: ChartAxis, windows: Windows): (at: number) => number {
  if (axis === 'step') return (at) => at;
  const places = { x: windows.step, y: placesOf(axis, windows) };
  return (at) => interpolated(places, at, { x: 0, y: 0 });
}

type Shown = Pick<RunView, 'recipe' | 'base' | 'train' | 'heldOut' | 'windows' | 'bytesPerToken' | 'steps'>;

/** The whole axis. Tokens and time go as far as the run has come, for a run's pace is not known before. */
export function wholeAxis({ windows, steps }: Pick<RunView, 'windows' | 'steps'>, axis: ChartAxis): Sight {
  if (axis === 'step') return { from: 0, to: Math.max(1, steps) };
  return { from: 0, to: placesOf(axis, windows).at(-1) || 1 };
}

/** Lines of all channels and the total, in the recipe's order; without those that the figure does not have. */
export function lossLines(run: Shown, { figure, axis, smoothing }: ChartLook, sight: Sight): LossLine[] {
  const place = placeOnAxis(axis, run.windows);
  const x = placesOf(axis, run.windows);
  const line = (id: string, corpus: string, base: number | null): LossLine[] => {
    const shown = figureOf(figure, id, base, run);
    if (!shown) return [];
    const drawn = (point: ChartPoint): ChartPoint => ({ x: point.x, y: point.y === null ? null : shown(point.y) });
    const y = run.windows.loss[id] ?? [];
    const of = (values: ArrayLike<number>) => inSight({ x, y: values }, sight.from, sight.to, MAX_POINTS).map(drawn);
    const smooth = smoothing.weight > 0;
    const raw = figure === 'retention' ? [] : of(y);
    const heldOut = pointsOf(run.heldOut[id]).map((point) => drawn({ x: place(point.x), y: point.y }));
    return [
      {
        id,
        colour: channelColour(corpus),
        train: smooth && figure !== 'retention' ? of(smoothed({ x, y }, smoothing)) : raw,
        raw: smooth ? raw : [],
        heldOut,
        base: base === null ? null : shown(base),
        broken: brokenMarks(run.train[id], base).map((mark) => ({ x: place(mark.x), y: shown(mark.y) })),
      },
    ];
  };
  const total = pointsOf(run.heldOut[TOTAL]).find(({ y }) => y !== null)?.y ?? null;
  return [...run.recipe.channels.flatMap(({ id, corpus }) => line(id, corpus, run.base[id] ?? null)), ...line(TOTAL, TOTAL, total)];
}

function pointsOf(series: Series | undefined): ChartPoint[] {
  if (!series) return [];
  return series.x.map((x, at) => ({ x, y: Number.isFinite(series.y[at]) ? series.y[at]! : null }));
}

/** Marks where nothing finite was logged before stand at the first finite value, else at the base's. */
function brokenMarks(series: Series | undefined, base: number | null): LossLine['broken'] {
  const points = pointsOf(series).filter(({ y }) => y !== null);
  return (series?.broken ?? []).flatMap((x) => {
    const y = (points.findLast((point) => point.x < x) ?? points[0])?.y ?? base;
    return y === null || y === undefined ? [] : [{ x, y }];
  });
}

/** A level that the figure is read against: where 0.95 of a general channel's ability is left. */
export function retentionLevel(figure: ChartFigure): number | null {
  if (figure === 'retention') return RETENTION_LINE;
  return figure === 'delta' ? -Math.log(RETENTION_LINE) : null;
}

/** Pixels that the label at the end of a line takes: its name, a loss of four figures (with a sign: five), and the air around them. */
export function labelRoom(names: readonly string[], signed: boolean): number {
  const longest = Math.max(...names.map((name) => textWidth(name, LABEL_SIZE, 'regular')));
  return Math.min(MOST_LABEL, Math.ceil((signed ? 58 : 44) + longest));
}

export interface Bounds {
  min: number;
  max: number;
  ticks: number[];
  digits: number;
}

/**
 * Bounds of what is in sight, widened to round ticks. Room beside the base keeps the axis still when the first windows of a run stray from it;
 * a figure that is read against a level has it in sight.
 */
export function lossBounds(lines: readonly LossLine[], { figure, log }: Pick<ChartLook, 'figure' | 'log'>, sight: Sight): Bounds {
  let low = Infinity;
  let high = -Infinity;
  const see = (y: number | null) => {
    if (y === null || !Number.isFinite(y)) return;
    low = Math.min(low, y);
    high = Math.max(high, y);
  };
  for (const { train, heldOut, base } of lines) {
    // Of a loss against the base it is what was learnt and lost that counts, not the noise of single batches.
    const noisy = figure === 'delta' && heldOut.length > 1 ? [] : train;
    for (const points of [noisy, heldOut]) for (const { x, y } of points) if (x >= sight.from && x <= sight.to) see(y);
    if (base === null) continue;
    if (figure === 'loss') [base - BELOW_BASE, base + ABOVE_BASE].forEach(see);
    else see(base);
  }
  see(retentionLevel(figure));
  if (!Number.isFinite(low)) return { min: 2, max: 5, ticks: [2, 3, 4, 5], digits: 1 };
  if (log) return logBounds(Math.max(low, 1e-6), high);
  const margin = (high - low || 1) * 0.03;
  const floor = figure === 'delta' ? -Infinity : 0;
  const { low: min, high: max, ticks, digits } = outerTicks(Math.max(floor, low - margin), high + margin, 5);
  return { min, max, ticks, digits: Math.max(figure === 'perplexity' ? 0 : 1, digits) };
}

/** Evenly apart where the values span too little for three round ones. */
function logBounds(low: number, high: number): Bounds {
  const [min, max] = [low / 1.03, high * 1.03];
  const ticks = decadeTicks(min, max);
  if (ticks.length < 3) return { min, max, ...roundTicks(min, max, 5) };
  return { min, max, ticks, digits: Math.max(0, -Math.floor(Math.log10(ticks[0]!))) };
}

/** The last measured point of a line: held-out where there is any beyond the base, else train. */
export function lineEnd({ train, heldOut }: LossLine, to = Infinity): { x: number; y: number; split: 'train' | 'heldOut' } | null {
  const lastOf = (points: readonly ChartPoint[]) => points.findLast(({ x, y }) => y !== null && x <= to);
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
