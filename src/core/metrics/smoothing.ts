/**
 * Curves smoothed as trackers do it, and the part of a curve that is in sight. Gaps stay gaps and do not act on what comes after them; a
 * curve that is constant stays exactly so.
 */

/** A curve with all of its points. NaN in y is a gap. */
export interface Curve {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
}

/** `ema`: a debiased exponential mean by points, TensorBoard's; `time`: by x, so that points far apart act less on each other, W&B's. */
export type Smoothing = { kind: 'ema' | 'time'; weight: number };

/** Points in which W&B counts a distance in x: a thousand to the whole curve. */
const VIEWPORT = 1000;
const MOST_WEIGHT = 0.999;

/** @param weight 0 (nothing) to below 1; @returns y smoothed, as long as the curve */
export function smoothed({ x, y }: Curve, { kind, weight }: Smoothing): Float64Array {
  const out = new Float64Array(y.length);
  if (weight <= 0) return Float64Array.from(y);
  const range = x.length > 0 ? x[x.length - 1]! - x[0]! : 0;
  const root = Math.min(Math.sqrt(weight), MOST_WEIGHT);
  let sum = 0;
  let weights = 0;
  let first = NaN;
  let constant = true;
  let before = NaN;
  let lastMoved = NaN;
  let kept = 1;
  for (let at = 0; at < y.length; at++) {
    const value = y[at]!;
    if (!Number.isFinite(value)) {
      out[at] = NaN;
      continue;
    }
    if (Number.isNaN(first)) first = value;
    constant &&= value === first;
    if (kind === 'ema') {
      sum = sum * weight + (1 - weight) * value;
      weights = weights * weight + (1 - weight);
    } else {
      const moved = Number.isNaN(before) || range <= 0 ? 1 : ((x[at]! - before) / range) * VIEWPORT;
      // Most windows are evenly apart, and a power takes longer than all the rest.
      if (moved !== lastMoved) [lastMoved, kept] = [moved, root ** moved];
      sum = sum * kept + value;
      weights = weights * kept + 1;
      before = x[at]!;
    }
    // Rounding would make a constant curve jitter.
    out[at] = constant ? value : sum / weights;
  }
  return out;
}

export interface DrawnPoint {
  x: number;
  /** Null is a gap. */
  y: number | null;
}

/** Value of a curve at x: in proportion between its points, that of the last one beyond it, in proportion from `start` before the first. */
export function interpolated({ x, y }: Curve, at: number, start: { x: number; y: number }): number {
  const next = firstFrom(x, at);
  const before = next === 0 ? start : { x: x[next - 1]!, y: y[next - 1]! };
  if (next === x.length) return before.y;
  const span = x[next]! - before.x;
  return span > 0 ? before.y + ((at - before.x) / span) * (y[next]! - before.y) : y[next]!;
}

/** First index whose x is at least `value`. */
function firstFrom(x: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The points of a window, with the next one on either side so that lines go on to the edge; more than `most` are thinned by minimum and
 * maximum of buckets, so that spikes survive at every zoom. O(points in the window).
 * @param x ascending
 */
export function inSight({ x, y }: Curve, from: number, to: number, most: number): DrawnPoint[] {
  const begin = Math.max(0, firstFrom(x, from) - 1);
  let end = firstFrom(x, to);
  while (end < x.length && x[end] === to) end += 1;
  end = Math.min(x.length, end + 1);
  const count = end - begin;
  const point = (at: number): DrawnPoint => ({ x: x[at]!, y: Number.isFinite(y[at]) ? y[at]! : null });
  if (count <= most) return Array.from({ length: Math.max(0, count) }, (_, index) => point(begin + index));
  const drawn: DrawnPoint[] = [point(begin)];
  const buckets = Math.max(1, Math.floor((most - 2) / 2));
  for (let bucket = 0; bucket < buckets; bucket++) {
    const first = begin + 1 + Math.floor((bucket * (count - 2)) / buckets);
    const last = begin + 1 + Math.floor(((bucket + 1) * (count - 2)) / buckets);
    let low = -1;
    let high = -1;
    for (let at = first; at < last; at++) {
      const value = y[at]!;
      if (!Number.isFinite(value)) continue;
      if (low < 0 || value < y[low]!) low = at;
      if (high < 0 || value > y[high]!) high = at;
    }
    if (low < 0) {
      if (last > first) drawn.push({ x: x[first]!, y: null });
    } else if (low === high) drawn.push(point(low));
    else drawn.push(point(Math.min(low, high)), point(Math.max(low, high)));
  }
  drawn.push(point(end - 1));
  return drawn;
}
