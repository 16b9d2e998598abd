/** Curves for charts: points by step, thinned as they come by minimum and maximum, so that spikes survive and a long run costs no more. */

/** Points of a curve in the order of x; at most `MAX_POINTS`. NaN in y is a gap. */
export interface Series {
  x: number[];
  y: number[];
  /** Where a value was logged that is no finite number; absent where there is none. */
  broken?: number[];
}

/** A chart never gets more points a series than this. */
export const MAX_POINTS = 400;

/** Numbers that are added to one by one; a view of what is there costs nothing and stays as it was. */
export class GrowingNumbers {
  private values = new Float64Array(64);
  private count = 0;

  push(value: number): void {
    if (this.count === this.values.length) {
      const larger = new Float64Array(2 * this.count);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.count++] = value;
  }
  get length(): number {
    return this.count;
  }
  /** The number that was added last. */
  last(none: number): number {
    return this.count > 0 ? this.values[this.count - 1]! : none;
  }

  view(): Float64Array {
    return this.values.subarray(0, this.count);
  }
}

interface Point {
  x: number;
  y: number;
}

/** Neighbouring points of which the lowest and the highest are kept; of gaps alone, the first. */
interface Bucket {
  points: number;
  low: Point;
  high: Point;
}

/**
 * A series that grows point by point. Up to `MAX_POINTS` points all are kept. Beyond that every bucket stands for the same number of
 * points, twice as many whenever the buckets would become too many: adding a point costs O(1) on average, reading O(`MAX_POINTS`).
 */
export class GrowingSeries {
  private buckets: Bucket[] = [];
  /** Points that a full bucket stands for. */
  private width = 1;
  private first: Point | null = null;
  private last: Point | null = null;
  private thinned: Series | null = { x: [], y: [] };
  private readonly broken: number[] = [];

  /** @param x greater than the last one; @param y null is a gap, and what is not finite one that is remembered */
  push(x: number, y: number | null): void {
    const finite = y !== null && Number.isFinite(y);
    if (y !== null && !finite && this.broken.length < MAX_POINTS) this.broken.push(x);
    const point = { x, y: finite ? y : Number.NaN };
    this.first ??= point;
    this.last = point;
    this.thinned = null;
    const open = this.buckets.at(-1);
    if (open && open.points < this.width) this.buckets[this.buckets.length - 1] = join(open, { points: 1, low: point, high: point });
    else this.buckets.push({ points: 1, low: point, high: point });
    while (this.buckets.length > (this.width === 1 ? MAX_POINTS : MAX_POINTS / 2 - 1)) this.halve();
  }

  /** First and last point, and between them each bucket's lowest and highest; the same object until a point is added. */
  series(): Series {
    return (this.thinned ??= this.thin());
  }

  private halve(): void {
    const { buckets } = this;
    this.buckets = Array.from({ length: Math.ceil(buckets.length / 2) }, (_, at) => {
      const second = buckets[2 * at + 1];
      return second ? join(buckets[2 * at]!, second) : buckets[2 * at]!;
    });
    this.width *= 2;
  }

  private thin(): Series {
    const { first, last, width } = this;
    const inner = this.buckets.flatMap(({ low, high }) => (low === high ? [low] : low.x < high.x ? [low, high] : [high, low]));
    const points = width === 1 ? inner : [first!, ...inner.filter((point) => point !== first && point !== last), last!];
    return {
      x: points.map(({ x }) => x),
      y: points.map(({ y }) => y),
      ...(this.broken.length > 0 ? { broken: [...this.broken] } : {}),
    };
  }
}

function join(one: Bucket, next: Bucket): Bucket {
  return {
    points: one.points + next.points,
    low: Number.isNaN(one.low.y) || next.low.y < one.low.y ? present(next.low, one.low) : one.low,
    high: Number.isNaN(one.high.y) || next.high.y > one.high.y ? present(next.high, one.high) : one.high,
  };
}

const present = (point: Point, otherwise: Point): Point => (Number.isNaN(point.y) ? otherwise : point);
