/**
 * How a sweep searches. Points in the unit cube for its axes, at random from a seed or by Sobol's sequence, which fills the cube evenly however
 * many are taken. Successive halving (Jamieson & Talwalkar 2016): runs are compared at rungs of their steps and one in η goes on, to η times
 * the steps; ASHA (Li et al., 1810.05934) promotes as soon as a run is among the best η-th of those that have reached its rung. Runs are
 * judged by domain gain as long as they keep their general ability.
 */
import { Rng } from '../rng/rng';
import type { Halving } from './schema';

/**
 * Joe and Kuo's numbers (SIAM J. Sci. Comput. 30, 2008; new-joe-kuo-6) of dimensions 2 to 8: degree and coefficients of the primitive
 * polynomial, and the first direction numbers. The first dimension is van der Corput's sequence.
 */
const DIRECTIONS: readonly { degree: number; coefficients: number; m: readonly number[] }[] = [
  { degree: 1, coefficients: 0, m: [1] },
  { degree: 2, coefficients: 1, m: [1, 3] },
  { degree: 3, coefficients: 1, m: [1, 3, 1] },
  { degree: 3, coefficients: 2, m: [1, 1, 1] },
  { degree: 4, coefficients: 1, m: [1, 1, 3, 3] },
  { degree: 4, coefficients: 4, m: [1, 3, 5, 13] },
  { degree: 5, coefficients: 2, m: [1, 1, 5, 5, 17] },
];
const BITS = 32;

/** Dimensions that the table has. */
export const SOBOL_DIMENSIONS = DIRECTIONS.length + 1;

/** Direction numbers of a dimension, scaled to 32 bits. */
function directions(dimension: number): Uint32Array {
  const v = new Uint32Array(BITS);
  if (dimension === 0) return v.map((_, bit) => 2 ** (BITS - 1 - bit));
  const { degree, coefficients, m } = DIRECTIONS[dimension - 1]!;
  for (let bit = 0; bit < BITS; bit++) {
    if (bit < degree) {
      v[bit] = m[bit]! * 2 ** (BITS - 1 - bit);
      continue;
    }
    let next = v[bit - degree]! ^ (v[bit - degree]! >>> degree);
    for (let k = 1; k < degree; k++) if ((coefficients >>> (degree - 1 - k)) & 1) next ^= v[bit - k]!;
    v[bit] = next >>> 0;
  }
  return v;
}

/**
 * The first points of Sobol's sequence, unscrambled and with the origin first, in the order of the Gray code (Antonov & Saleev).
 * @throws RangeError of more dimensions than there are numbers for
 */
export function sobol(dimensions: number, count: number): number[][] {
  if (dimensions < 1 || dimensions > SOBOL_DIMENSIONS)
    throw new RangeError(`Sobol's sequence has 1 … ${SOBOL_DIMENSIONS} dimensions here, not ${dimensions}`);
  const v = Array.from({ length: dimensions }, (_, dimension) => directions(dimension));
  const state = new Uint32Array(dimensions);
  return Array.from({ length: count }, (_, index) => {
    if (index > 0) {
      // The lowest bit of the last index that is 0.
      const zeros = ~(index - 1);
      const bit = 31 - Math.clz32(zeros & -zeros);
      for (let dimension = 0; dimension < dimensions; dimension++) state[dimension]! ^= v[dimension]![bit]!;
    }
    return Array.from(state, (bits) => bits / 2 ** BITS);
  });
}

/** Uniform points from a seed. */
export function uniformPoints(dimensions: number, count: number, seed: number): number[][] {
  const random = new Rng(seed);
  return Array.from({ length: count }, () => Array.from({ length: dimensions }, () => random.uniform()));
}

export interface Range {
  low: number;
  high: number;
  scale: 'uniform' | 'log-uniform' | 'integer';
}

/** Where a number of [0, 1) falls on a range; whole numbers have the same width each, both ends included. */
export function onRange(at: number, { low, high, scale }: Range): number {
  switch (scale) {
    case 'uniform':
      return low + (high - low) * at;
    case 'log-uniform':
      return low * (high / low) ** at;
    case 'integer':
      return Math.min(high, low + Math.floor(at * (high - low + 1)));
  }
}

/** Points of a grid on a range, both ends included; of whole numbers each at most once. */
export function gridOf(points: number, range: Range): number[] {
  const at = Array.from({ length: points }, (_, index) => index / (points - 1));
  if (range.scale === 'integer') return [...new Set(at.map((share) => Math.round(range.low + (range.high - range.low) * share)))];
  return at.map((share) => onRange(share, range));
}

/** What a run had learnt and kept when it reached a rung. */
export interface RungResult {
  run: number;
  rung: number;
  /** Domain gain in nats per token; NaN of a run that broke. */
  gain: number;
  /** Mean general retention. */
  retention: number;
}

export type Job =
  /** Train the next run that has not begun, to the first rung. */
  | { kind: 'start' }
  /** Go on with a run, to this rung. */
  | { kind: 'promote'; run: number; rung: number }
  /** Nothing to do until a run that is under way reaches its rung. */
  | { kind: 'wait' }
  | { kind: 'done' };

/** Steps of the rungs: first, first·η, first·η² … and the last, whatever is left to it. */
export function rungSteps(first: number, last: number, reduction: number): number[] {
  const rungs: number[] = [];
  for (let steps = first; steps < last; steps *= reduction) rungs.push(steps);
  return [...rungs, last];
}

/** Runs that reach each rung: ⌊n·η^−k⌋, at least one. */
export function runsOnRungs(runs: number, rungs: number, reduction: number): number[] {
  return Array.from({ length: rungs }, (_, rung) => Math.max(1, Math.floor(runs / reduction ** rung + 1e-9)));
}

/**
 * Best first: those within the retention line by what they gained, then those beyond it by what they kept; those that broke last, and of
 * equals the run that was planned first.
 */
export function ranked(results: readonly RungResult[], line: number): RungResult[] {
  const key = ({ gain, retention }: RungResult): [number, number] => {
    if (!Number.isFinite(gain) || !Number.isFinite(retention)) return [0, 0];
    return retention >= line ? [2, gain] : [1, retention];
  };
  return [...results].sort((one, other) => {
    const [a, b] = [key(one), key(other)];
    return b[0] - a[0] || b[1] - a[1] || one.run - other.run;
  });
}

/**
 * What to train next.
 * @param planned runs of the sweep; @param begun runs that have been given out, which go in the plan's order
 * @param results of every run at every rung that it has reached; @param promoted runs that were given out for each rung above the first
 */
export function nextJob(
  { kind, reduction, retention }: Pick<Halving, 'kind' | 'reduction' | 'retention'>,
  rungs: number,
  planned: number,
  begun: number,
  results: readonly RungResult[],
  promoted: readonly { run: number; rung: number }[],
): Job {
  const at = (rung: number) => results.filter((result) => result.rung === rung);
  const wasPromoted = (run: number, rung: number) => promoted.some((one) => one.run === run && one.rung === rung);
  const sizes = runsOnRungs(planned, rungs, reduction);
  // A rung is whole once all are there that can come: fewer than its size where runs below it broke.
  let due = planned;
  const whole = sizes.map((_, rung) => {
    const here = at(rung);
    const all = here.length >= due;
    due = all ? Math.min(sizes[rung + 1] ?? 0, here.filter(({ gain }) => Number.isFinite(gain)).length) : Infinity;
    return all;
  });
  for (let rung = rungs - 2; rung >= 0; rung--) {
    const here = at(rung);
    // A whole rung lets at least one go on, or a sweep of two runs with η 3 would have no winner.
    const early = kind === 'asha' ? Math.floor(here.length / reduction) : 0;
    const most = whole[rung] ? Math.max(early, sizes[rung + 1]!) : early;
    const next = ranked(here, retention)
      .slice(0, most)
      .find(({ run }) => !wasPromoted(run, rung + 1));
    if (next && Number.isFinite(next.gain)) return { kind: 'promote', run: next.run, rung: rung + 1 };
  }
  if (begun < planned) return { kind: 'start' };
  const underWay =
    begun - at(0).length + promoted.filter((one) => !results.some(({ run, rung }) => run === one.run && rung === one.rung)).length;
  return underWay > 0 ? { kind: 'wait' } : { kind: 'done' };
}

/**
 * Runs that the rule has ended: they reached a rung, and those that go on from it are settled without them (under ASHA only when nothing is
 * left to train). A page says so on their rows.
 * @returns run → the rung at which it stayed
 */
export function stoppedRuns(
  halving: Pick<Halving, 'kind' | 'reduction' | 'retention'>,
  rungs: number,
  planned: number,
  begun: number,
  results: readonly RungResult[],
  promoted: readonly { run: number; rung: number }[],
): Map<number, number> {
  const stopped = new Map<number, number>();
  const settled = nextJob(halving, rungs, planned, begun, results, promoted).kind === 'done';
  const sizes = runsOnRungs(planned, rungs, halving.reduction);
  for (const { run, rung, gain } of results) {
    if (rung === rungs - 1 || promoted.some((one) => one.run === run && one.rung === rung + 1)) continue;
    const filled = halving.kind === 'successive-halving' && promoted.filter((one) => one.rung === rung + 1).length >= sizes[rung + 1]!;
    if (settled || filled || !Number.isFinite(gain)) stopped.set(run, rung);
  }
  return stopped;
}
