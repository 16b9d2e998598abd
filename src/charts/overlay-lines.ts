/**
 * Curves of several runs on one axis, pure: a line for each run and channel, differences against one run, and means over groups of runs with
 * a band around them. Each run is thinned for what is in sight before anything is computed from it.
 */
import { channelColour } from '../channels/channel';
import { MAX_POINTS } from '../core/metrics/series';
import { inSight, interpolated, type Curve } from '../core/metrics/smoothing';
import { TOTAL, type RunView } from '../core/run/view';
import {
  brokenMarks,
  domainEpoch,
  figureOf,
  placeOnAxis,
  placesOf,
  pointsOf,
  smoothedOnce,
  wholeAxis,
  type BandPoint,
  type ChartAxis,
  type ChartLook,
  type ChartPoint,
  type LossLine,
  type Sight,
} from './loss-lines';
import { runMark } from './paper';

export interface OverlayRun {
  id: string;
  view: RunView;
  /** What the runs of a group have in common; its runs are one line a channel. Null: the run stands alone. */
  group: string | null;
}

export const OVERLAY_CURVES = ['heldOut', 'train', 'both'] as const;

export interface OverlayLook extends Pick<ChartLook, 'figure' | 'axis' | 'smoothing'> {
  curves: (typeof OVERLAY_CURVES)[number];
  /** What the colour tells; the dash tells the other. */
  colour: 'run' | 'channel';
  /** One standard deviation (n − 1) to both sides, or least to greatest. */
  band: 'deviation' | 'range';
  /** Id of the run that the others are shown against. */
  baseline: string | null;
}

export interface OverlayLine extends LossLine {
  /** Id of the run, or what its group has in common. */
  run: string;
  /** Channel id, or `total`. */
  channel: string;
}

/** Told apart at a line's width; the first is drawn through. */
export const DASHES = ['', '7 4', '2 3', '10 3 2 3', '14 5', '5 2 1 2 1 2', '3 5', '12 3 4 3'] as const;

/** Channels of all runs in the order in which they are met, the total last. */
export function overlayChannels(runs: readonly Pick<OverlayRun, 'view'>[]): { id: string; corpus: string }[] {
  const channels = new Map(runs.flatMap(({ view }) => view.recipe.channels.map(({ id, corpus }) => [id, { id, corpus }] as const)));
  return [...channels.values(), { id: TOTAL, corpus: TOTAL }];
}

/** As far as the longest run goes. */
export function overlayAxis(runs: readonly Pick<OverlayRun, 'view'>[], axis: ChartAxis): Sight {
  return { from: 0, to: Math.max(1e-9, ...runs.map(({ view }) => wholeAxis(view, axis, domainEpoch(view.channels)).to)) };
}

/** A run's curves of one channel in the figure that is drawn, as functions of a place on the axis and as points in sight. */
interface Drawn {
  train: ChartPoint[];
  raw: ChartPoint[];
  heldOut: ChartPoint[];
  trainAt(x: number): number | null;
  heldOutAt(x: number): number | null;
  broken: LossLine['broken'];
}

/** Value of a curve between its first and its last point; null beyond, and at a gap. */
function valueWithin(curve: Curve, x: number): number | null {
  const { length } = curve.x;
  if (length === 0 || x < curve.x[0]! || x > curve.x[length - 1]!) return null;
  const value = interpolated(curve, x, { x: curve.x[0]!, y: curve.y[0]! });
  return Number.isFinite(value) ? value : null;
}

function drawnOf(view: RunView, channel: string, look: OverlayLook, sight: Sight, most: number): Drawn | null {
  const { figure, axis, smoothing, curves } = look;
  const epoch = domainEpoch(view.channels);
  // A log that does not say how long its texts were has no place on an axis of epochs.
  if (axis === 'epochs' && epoch === null) return null;
  const heldOut = pointsOf(view.heldOut[channel]);
  const base = channel === TOTAL ? (heldOut.find(({ y }) => y !== null)?.y ?? null) : (view.base[channel] ?? null);
  const shown = figureOf(figure, channel, base, view);
  const x = placesOf(axis, view.windows, epoch);
  const y = view.windows.loss[channel] ?? new Float64Array(x.length).fill(NaN);
  if (!shown || (heldOut.length === 0 && !y.some(Number.isFinite))) return null;
  const place = placeOnAxis(axis, view.windows, epoch);
  const of = (point: ChartPoint): ChartPoint => ({ x: point.x, y: point.y === null ? null : shown(point.y) });
  const smooth = smoothing.weight > 0 ? smoothedOnce(x, y, smoothing) : y;
  const held = heldOut.map((point) => of({ x: place(point.x), y: point.y }));
  const heldCurve = { x: held.map((point) => point.x), y: held.map((point) => point.y ?? NaN) };
  const thin = (values: Float64Array) => inSight({ x, y: values }, sight.from, sight.to, most).map(of);
  const trains = curves !== 'heldOut';
  return {
    train: trains ? thin(smooth) : [],
    raw: trains && smooth !== y ? thin(y) : [],
    heldOut: curves === 'train' ? [] : held,
    trainAt(at) {
      const value = valueWithin({ x, y: smooth }, at);
      return value === null ? null : shown(value);
    },
    heldOutAt: (at) => valueWithin(heldCurve, at),
    broken: brokenMarks(view.train[channel], base).map((mark) => ({ x: place(mark.x), y: shown(mark.y) })),
  };
}

/** The curve less the baseline's at the same places; null where the baseline has no value. */
function against(drawn: Drawn, baseline: Drawn): Drawn {
  const less = (points: ChartPoint[], at: (x: number) => number | null) =>
    points.map(({ x, y }): ChartPoint => {
      const from = y === null ? null : at(x);
      return { x, y: from === null ? null : y! - from };
    });
  const difference = (one: (x: number) => number | null, other: (x: number) => number | null) => (x: number) => {
    const [value, from] = [one(x), other(x)];
    return value === null || from === null ? null : value - from;
  };
  return {
    train: less(drawn.train, baseline.trainAt),
    raw: less(drawn.raw, baseline.trainAt),
    heldOut: less(drawn.heldOut, baseline.heldOutAt),
    trainAt: difference(drawn.trainAt, baseline.trainAt),
    heldOutAt: difference(drawn.heldOutAt, baseline.heldOutAt),
    broken: drawn.broken.flatMap(({ x, y }) => {
      const from = baseline.trainAt(x);
      return from === null ? [] : [{ x, y: y - from }];
    }),
  };
}

/** Places at which any of the curves has a point; evenly spaced in place of too many. */
function commonPlaces(curves: readonly ChartPoint[][], sight: Sight): number[] {
  const all = [...new Set(curves.flatMap((points) => points.map(({ x }) => x)))].sort((one, other) => one - other);
  if (all.length <= MAX_POINTS) return all;
  const [from, to] = [Math.max(sight.from, all[0]!), Math.min(sight.to, all.at(-1)!)];
  return Array.from({ length: MAX_POINTS }, (_, at) => from + ((to - from) * at) / (MAX_POINTS - 1));
}

/**
 * Mean of several curves where each of them has a value, so that it does not jump where one of them ends.
 * @returns the band beside the mean; empty of a single curve
 */
export function meanOf(
  places: readonly number[],
  curves: readonly ((x: number) => number | null)[],
  band: OverlayLook['band'],
): { mean: ChartPoint[]; band: BandPoint[] } {
  const points = places.flatMap((x) => {
    const values = curves.map((at) => at(x));
    if (values.some((value) => value === null)) return [];
    const numbers = values as number[];
    const middle = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
    const spread = Math.sqrt(numbers.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, numbers.length - 1));
    const [low, high] = band === 'range' ? [Math.min(...numbers), Math.max(...numbers)] : [middle - spread, middle + spread];
    return [{ x, middle, low, high }];
  });
  return {
    mean: points.map(({ x, middle }) => ({ x, y: middle })),
    band: curves.length < 2 ? [] : points.map(({ x, low, high }) => ({ x, low, high })),
  };
}

/**
 * Lines of all runs, or of their groups, and of the channels that are shown.
 * @param channels as `overlayChannels` has them: a channel keeps its dash or colour whatever else is shown
 * @param most points of a run's train line
 */
export function overlayLines(
  runs: readonly OverlayRun[],
  channels: readonly { id: string; corpus: string }[],
  look: OverlayLook,
  sight: Sight,
  most = MAX_POINTS,
): OverlayLine[] {
  const baseline = runs.find(({ id }) => id === look.baseline)?.view ?? null;
  const groups = new Map<string, RunView[]>();
  for (const { id, view, group } of runs) groups.set(group ?? id, [...(groups.get(group ?? id) ?? []), view]);
  const even = look.figure === 'retention' ? 1 : 0;
  return [...groups].flatMap(([run, views], at) =>
    // Against itself a run is a line along the level.
    (run === look.baseline ? [] : channels).flatMap(({ id: channel, corpus }, place): OverlayLine[] => {
      const against0 = baseline && drawnOf(baseline, channel, look, sight, most);
      const members = views.flatMap((view) => {
        const own = drawnOf(view, channel, look, sight, most);
        if (!own || (baseline && !against0)) return [];
        return [against0 ? against(own, against0) : own];
      });
      const [first] = members;
      if (!first) return [];
      const { colour, shape } = runMark(at);
      const byRun = look.colour === 'run';
      const marks = {
        ...{ id: `${run}\n${channel}`, run, channel, shape },
        colour: byRun ? `var(--channel-${colour})` : channelColour(corpus),
        dash: DASHES[(byRun ? place : at) % DASHES.length]!,
        // Against another run it is that run's level; against the base it is the base's.
        base: baseline ? 0 : look.figure === 'delta' || look.figure === 'retention' ? even : null,
      };
      if (members.length === 1) return [{ ...marks, ...first, broken: look.curves === 'heldOut' ? [] : first.broken }];
      const grouped = (points: (one: Drawn) => ChartPoint[], valueAt: (one: Drawn) => Drawn['trainAt']) =>
        meanOf(commonPlaces(members.map(points), sight), members.map(valueAt), look.band);
      const train = grouped(
        (one) => one.train,
        (one) => one.trainAt,
      );
      const heldOut = grouped(
        (one) => one.heldOut,
        (one) => one.heldOutAt,
      );
      const bands = heldOut.band.length > 0 ? heldOut.band : train.band;
      return [{ ...marks, train: train.mean, raw: [], heldOut: heldOut.mean, band: bands, broken: [] }];
    }),
  );
}
