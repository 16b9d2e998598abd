/** Point series for charts, thinned by minimum and maximum per bucket so that spikes survive. */
import type { Series } from '../run/types';

/** A chart never gets more points a series than this. */
export const MAX_POINTS = 400;

/**
 * At most `max` points in the order of x: first and last, and between them each bucket's lowest and highest point. A bucket
 * that holds only gaps (NaN) keeps one of them.
 */
export function decimate(x: readonly number[], y: readonly number[], max = MAX_POINTS): Series {
  const length = Math.min(x.length, y.length);
  if (length <= max) return { x: x.slice(0, length), y: y.slice(0, length) };
  const out: Series = { x: [x[0]!], y: [y[0]!] };
  const buckets = Math.max(1, Math.floor((max - 2) / 2));
  const inner = length - 2;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = 1 + Math.floor((bucket * inner) / buckets);
    const end = 1 + Math.floor(((bucket + 1) * inner) / buckets);
    let low = -1;
    let high = -1;
    for (let at = start; at < end; at++) {
      const value = y[at]!;
      if (Number.isNaN(value)) continue;
      if (low < 0 || value < y[low]!) low = at;
      if (high < 0 || value > y[high]!) high = at;
    }
    const kept = low < 0 ? [start] : low === high ? [low] : low < high ? [low, high] : [high, low];
    for (const at of kept) {
      out.x.push(x[at]!);
      out.y.push(y[at]!);
    }
  }
  out.x.push(x[length - 1]!);
  out.y.push(y[length - 1]!);
  return out;
}

/** Collects a series point by point and gives it decimated. */
export class SeriesBuilder {
  private readonly x: number[] = [];
  private readonly y: number[] = [];

  /** @param y null is a gap */
  push(x: number, y: number | null): void {
    this.x.push(x);
    this.y.push(y ?? Number.NaN);
  }

  series(max = MAX_POINTS): Series {
    return decimate(this.x, this.y, max);
  }
}
