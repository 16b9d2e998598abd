/** The axis of the diverging chart: zero is on it, every bar and whisker fits, ticks are round. */
import { linearScale, outerTicks } from '../../charts/ticks';
import type { Estimate } from '../../core/metrics/text-measure';

export interface DeltaScale {
  low: number;
  high: number;
  /** Ascending, zero among them. */
  ticks: number[];
  /** Digits after the point that tell the ticks apart. */
  digits: number;
  /** 0 to 1 from left to right. */
  share(value: number): number;
}

/** The least span, so that a tiny difference does not fill the whole width. */
const LEAST_SPAN = 0.02;
const STEPS = 5;
/** Each side has at least this part of the other, so that better and worse both have a place. */
const OTHER_SIDE = 0.2;

export function deltaScale(estimates: readonly Estimate[]): DeltaScale {
  const ends = estimates.flatMap(({ value, interval }) => [value, ...(interval ? [interval.low, interval.high] : [])]);
  const left = Math.max(0, ...ends.map((end) => -end));
  const right = Math.max(0, ...ends);
  const least = Math.max(LEAST_SPAN / 2, OTHER_SIDE * Math.max(left, right));
  const axis = outerTicks(-Math.max(left, least), Math.max(right, least), STEPS);
  return { ...axis, share: linearScale([axis.low, axis.high], [0, 1]) };
}
