/**
 * Pure part of the loss chart: what of a run it draws, in which figure, over which axis, smoothed or not; bounds, and where the labels at
 * the ends of lines stand.
 */
import { channelColour } from '../channels/channel';
import { RETENTION_LINE } from '../core/metrics/loss';
import { MAX_POINTS, type Series } from '../core/metrics/series';
import { inSight, interpolated, smoothed, type DrawnPoint, type Smoothing } from '../core/metrics/smoothing';
import { quantile } from '../core/metrics/statistics';
import { TOTAL, type RunView, type Windows } from '../core/run/view';
import { textWidth } from './labels';
import { decadeTicks, outerTicks, roundTicks } from './ticks';

/** delta: loss less the base's; bits: per byte of text; retention: base's perplexity by the present one, of general channels. */
export const CHART_FIGURES = ['loss', 'delta', 'bits', 'perplexity', 'retention'] as const;
export type ChartFigure = (typeof CHART_FIGURES)[number];
/** epochs: times that the domain's training text has been seen. */
export const CHART_AXES = ['step', 'tokens', 'time', 'epochs'] as const;
export type ChartAxis = (typeof CHART_AXES)[number];

/** How a chart is looked at. */
export interface ChartLook {
  figure: ChartFigure;
  axis: ChartAxis;
  smoothing: Smoothing;
  log: boolean;
  /** Bounds leave out the values that stand far from the rest. */
  inliers: boolean;
}

/** Part of the axis in sight, in its units: steps, tokens or seconds. */
export interface Sight {
  from: number;
  to: number;
}

export interface LossLine {
  /** Channel id, or `total`; of several runs, that of a run and a channel. */
  id: string;
  /** Where it is not the channel's. */
  name?: string;
  colour: string;
  /** As stroke-dasharray. */
  dash?: string;
  /** SVG path within a circle of radius 1, for the points of held-out losses in place of dots. */
  shape?: string;
  /** Around the mean of several runs. */
  band?: BandPoint[];
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

export interface BandPoint {
  x: number;
  low: number;
  high: number;
}

/** nats per token: a window of few rows strays from the held-out mean by about as much. */
const BELOW_BASE = 0.5;
const ABOVE_BASE = 0.2;
/** Font size of the labels at the ends of lines, and the width of the widest: pixels. */
const LABEL_SIZE = 11.5;
const MOST_LABEL = 240;
const LEAST_LABEL = 130;

/** Loss to the figure that is drawn; null for a line that the figure does not have. */
export function figureOf(figure: ChartFigure, id: string, base: number | null, run: Shown): ((loss: number) => number) | null {
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

/** Tokens of one epoch of all domain channels; null where their text has not been counted or was not seen. */
export function domainEpoch(channels: RunView['channels']): number | null {
  const seen = channels.filter(({ role, tokens, epochs }) => role === 'domain' && tokens > 0 && epochs > 0);
  return seen.length === 0 ? null : Math.round(seen.reduce((sum, { tokens, epochs }) => sum + tokens / epochs, 0));
}

const epochPlaces = new WeakMap<Float64Array, { epoch: number; places: Float64Array }>();

/** Places of the windows on an axis. @param epoch tokens of one epoch of the domain, for the axis of epochs */
export function placesOf(axis: ChartAxis, { step, tokens, seconds, domainTokens }: Windows, epoch: number | null): Float64Array {
  if (axis !== 'epochs') return { step, tokens, time: seconds }[axis];
  if (epoch === null) return step;
  const known = epochPlaces.get(domainTokens);
  if (known?.epoch === epoch) return known.places;
  const places = domainTokens.map((seen) => seen / epoch);
  epochPlaces.set(domainTokens, { epoch, places });
  return places;
}

/** Step → place on the axis. Between two windows it is in proportion; before the first, from 0. */
export function placeOnAxis(axis: ChartAxis, windows: Windows, epoch: number | null = null): (at: number) => number {
  if (axis === 'step') return (at) => at;
  const places = { x: windows.step, y: placesOf(axis, windows, epoch) };
  return (at) => interpolated(places, at, { x: 0, y: 0 });
}

/** Place on the axis → step, the inverse of `placeOnAxis`. */
export function stepAt(axis: ChartAxis, windows: Windows, epoch: number | null = null): (place: number) => number {
  if (axis === 'step') return Math.round;
  const places = { x: placesOf(axis, windows, epoch), y: windows.step };
  return (place) => Math.round(interpolated(places, place, { x: 0, y: 0 }));
}

export type Shown = Pick<RunView, 'recipe' | 'base' | 'train' | 'heldOut' | 'windows' | 'bytesPerToken' | 'steps'>;

/** The whole axis. Tokens, time and epochs go as far as the run has come, for a run's pace is not known before. */
export function wholeAxis({ windows, steps }: Pick<RunView, 'windows' | 'steps'>, axis: ChartAxis, epoch: number | null = null): Sight {
  if (axis === 'step') return { from: 0, to: Math.max(1, steps) };
  return { from: 0, to: placesOf(axis, windows, epoch).at(-1) || 1 };
}

const smoothedBefore = new WeakMap<object, { x: unknown; kind: string; weight: number; out: Float64Array }>();

/** `smoothed`, kept for the next zoom: a curve of 100,000 points is smoothed once. */
export function smoothedOnce(x: Float64Array, y: Float64Array, smoothing: Smoothing): Float64Array {
  const { kind, weight } = smoothing;
  const known = smoothedBefore.get(y);
  if (known?.x === x && known.kind === kind && known.weight === weight) return known.out;
  const out = smoothed({ x, y }, smoothing);
  smoothedBefore.set(y, { x, kind, weight, out });
  return out;
}

/** Lines of all channels and the total, in the recipe's order; without those that the figure does not have. @param most points of a train line */
export function lossLines(
  run: Shown,
  { figure, axis, smoothing }: Omit<ChartLook, 'log' | 'inliers'>,
  sight: Sight,
  epoch: number | null = null,
  most = MAX_POINTS,
): LossLine[] {
  const place = placeOnAxis(axis, run.windows, epoch);
  const x = placesOf(axis, run.windows, epoch);
  const line = (id: string, corpus: string, base: number | null): LossLine[] => {
    const shown = figureOf(figure, id, base, run);
    if (!shown) return [];
    const drawn = (point: ChartPoint): ChartPoint => ({ x: point.x, y: point.y === null ? null : shown(point.y) });
    const y = run.windows.loss[id] ?? new Float64Array();
    const of = (values: ArrayLike<number>) => inSight({ x, y: values }, sight.from, sight.to, most).map(drawn);
    const smooth = smoothing.weight > 0;
    const raw = figure === 'retention' ? [] : of(y);
    const heldOut = pointsOf(run.heldOut[id]).map((point) => drawn({ x: place(point.x), y: point.y }));
    return [
      {
        id,
        colour: channelColour(corpus),
        train: smooth && figure !== 'retention' ? of(smoothedOnce(x, y, smoothing)) : raw,
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

export function pointsOf(series: Series | undefined): ChartPoint[] {
  if (!series) return [];
  return series.x.map((x, at) => ({ x, y: Number.isFinite(series.y[at]) ? series.y[at]! : null }));
}

/** Marks where nothing finite was logged before stand at the first finite value, else at the base's. */
export function brokenMarks(series: Series | undefined, base: number | null): LossLine['broken'] {
  const points = pointsOf(series).filter(({ y }) => y !== null);
  return (series?.broken ?? []).flatMap((x) => {
    const y = (points.findLast((point) => point.x < x) ?? points[0])?.y ?? base;
    return y === null || y === undefined ? [] : [{ x, y }];
  });
}

/**
 * Lines as a table, a row a point: what is in sight, without gaps.
 * @param names of the lines, in their order @param axis name of the column of places
 */
export function lineTable(lines: readonly LossLine[], names: readonly string[], axis: ChartAxis, figure: ChartFigure, sight: Sight) {
  const rows = lines.flatMap(({ train, raw, heldOut }, at) => {
    const parts = { 'held-out': heldOut, train: raw.length > 0 ? raw : train, smoothed: raw.length > 0 ? train : [] };
    return Object.entries(parts).flatMap(([part, points]) =>
      points.flatMap(({ x, y }): [string, string, number, number][] =>
        y === null || x < sight.from || x > sight.to ? [] : [[names[at]!, part, x, y]],
      ),
    );
  });
  return { columns: ['line', 'part', axis, figure], rows };
}

/** A level that the figure is read against: where 0.95 of a general channel's ability is left. */
export function retentionLevel(figure: ChartFigure): number | null {
  if (figure === 'retention') return RETENTION_LINE;
  return figure === 'delta' ? -Math.log(RETENTION_LINE) : null;
}

/**
 * Pixels that the label at the end of a line takes: its name, a loss of four figures (with a sign: five), and the air around them; less than
 * a part of the whole width.
 */
export function labelRoom(names: readonly string[], signed: boolean, width: number): number {
  const longest = Math.max(0, ...names.map((name) => textWidth(name, LABEL_SIZE, 'regular')));
  return Math.min(MOST_LABEL, Math.max(LEAST_LABEL, width * 0.3), Math.ceil((signed ? 62 : 48) + longest));
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
export function lossBounds(
  lines: readonly LossLine[],
  { figure, log, inliers }: Pick<ChartLook, 'figure' | 'log' | 'inliers'>,
  sight: Sight,
): Bounds {
  let low = Infinity;
  let high = -Infinity;
  const see = (y: number | null) => {
    if (y === null || !Number.isFinite(y)) return;
    low = Math.min(low, y);
    high = Math.max(high, y);
  };
  for (const { train, heldOut, base, band } of lines) {
    // Of a loss against the base it is what was learnt and lost that counts, not the noise of single batches.
    const noisy = figure === 'delta' && heldOut.length > 1 ? [] : train;
    for (const points of [noisy, heldOut]) {
      const seen = points.flatMap(({ x, y }) => (x >= sight.from && x <= sight.to && y !== null ? [y] : []));
      for (const y of inliers ? withoutOutliers(seen) : seen) see(y);
    }
    if (!inliers) for (const { x, low: least, high: most } of band ?? []) if (x >= sight.from && x <= sight.to) [least, most].forEach(see);
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

/** Values within three interquartile ranges of the middle half (Tukey's far outliers), of four at least. */
function withoutOutliers(values: readonly number[]): readonly number[] {
  if (values.length < 4) return values;
  const sorted = [...values].sort((one, other) => one - other);
  const [first, third] = [quantile(sorted, 0.25), quantile(sorted, 0.75)];
  const reach = 3 * (third - first);
  return values.filter((value) => value >= first - reach && value <= third + reach);
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
