import type { Estimate } from '../../core/metrics/channel-measure';
export interface DeltaScale {
  low: number;
  high: number;
  /** Ascending, zero among them. */
  ticks: number[];
  /** 0 to 1 from left to right. */
  share(value: number): number;
}

/** A difference smaller than this is not blown up to the whole width. */
const SMALLEST_SPAN = 0.02;

const MOST_TICKS = 7;

/** Each side has at least this part of the other, so that better and worse both have a place. */
const OTHER_SIDE = 0.2;

export function deltaScale(estimates: readonly Estimate[]): DeltaScale {
  const ends = estimates.flatMap(({ value, interval }) => [value, ...(interval ? [interval.low, interval.high] : [])]);
  const left = Math.max(0, -Math.min(0, ...ends));
  const right = Math.max(0, ...ends);
  const least = Math.max(SMALLEST_SPAN / 2, OTHER_SIDE * Math.max(left, right));
  const step = roundStep((Math.max(left, least) + Math.max(right, least)) / (MOST_TICKS - 2));
  const below = Math.ceil(Math.max(left, least) / step - 1e-9);
  const above = Math.ceil(Math.max(right, least) / step - 1e-9);
  const ticks = Array.from({ length: below + above + 1 }, (_, at) => (at - below) * step);
  const low = -below * step;
  const high = above * step;
  return { low, high, ticks, share: (value) => (value - low) / (high - low) };
}

/** The next of 1, 2 and 5 times a power of ten. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least) + 1e-9);
  const factor = [1, 2, 5, 10].find((one) => one * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}
