/** Axes: values to pixels, and ticks at round values, 1, 2 or 5 times a power of ten apart (d3-array). */
import { nice, tickIncrement, ticks } from 'd3-array';

/**
 * Values to places along a line. Written here because d3-scale brings 9 KB of colours, dates and number formats with it.
 * @param domain two different values
 * @param range the places (pixels) of these values
 */
export function linearScale([low, high]: readonly [number, number], [from, to]: readonly [number, number]): (value: number) => number {
  return (value) => {
    const share = (value - low) / (high - low);
    return from * (1 - share) + to * share;
  };
}

export interface RoundTicks {
  /** Ascending. */
  ticks: number[];
  /** Digits after the point that tell the ticks apart. */
  digits: number;
}

/** At most `most` round values within [low, high]. */
export function roundTicks(low: number, high: number, most: number): RoundTicks {
  for (let count = Math.max(1, Math.floor(most)); ; count -= 1) {
    const found = ticks(low, high, count);
    if (found.length <= most || count <= 1) return { ticks: found, digits: digitsOf(low, high, count) };
  }
}

/** About `count` round values, the first at or below `low`, the last at or above `high`. */
export function outerTicks(low: number, high: number, count: number): RoundTicks & { low: number; high: number } {
  const room = high > low ? 0 : Math.abs(low) / 2 || 1;
  const [first, last] = nice(low, high + room, count);
  return { low: first, high: last, ticks: ticks(first, last, count), digits: digitsOf(first, last, count) };
}

/** 1, 2 and 5 times powers of ten within [low, high], for a logarithmic axis. */
export function decadeTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, at) => first + at);
  return powers.flatMap((power) => [1, 2, 5].map((times) => times * 10 ** power)).filter((tick) => tick >= low && tick <= high);
}

/** Whole numbers from 0 to `steps`, at most `most`. */
export const stepTicks = (steps: number, most: number): number[] => roundTicks(0, steps, Math.min(most, steps + 1)).ticks;

/** A negative increment of d3 stands for a fraction: −20 is 1/20. */
function digitsOf(low: number, high: number, count: number): number {
  const increment = tickIncrement(low, high, count);
  const step = increment < 0 ? -1 / increment : increment;
  return step > 0 ? Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) : 0;
}
