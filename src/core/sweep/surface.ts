/**
 * A response surface: a metric over two axes of a sweep, estimated between its runs. Three forms are tried — a plane, a full quadratic (Box
 * and Wilson 1951) and a thin-plate regression spline whose smoothing is chosen too (Wahba 1990; knots as Wood 2003) — and that with the least
 * leave-one-out error is taken. A setting is left out with all of its seeds. Where none beats the mean of the runs there is no surface.
 */
import { mean } from '../metrics/statistics';

export interface SurfacePoint {
  x: number;
  y: number;
  value: number;
}

export interface Surface {
  form: 'plane' | 'quadratic' | 'spline';
  /** Settings that it stands on; runs of one setting count as their mean. */
  settings: number;
  /** Root mean square of the leave-one-out errors, in the metric's unit; of the mean alone, likewise. */
  error: number;
  errorOfMean: number;
  /** Part of the variation that is foretold: 1 − (error / errorOfMean)². */
  foretold: number;
  /** In the axes' own units; the axes' scales are kept within. */
  at(x: number, y: number): number;
}

/** few: under six settings; line: the settings do not span two axes; flat: no form foretells a setting better than the mean of the others. */
export type NoSurface = { refused: 'few' | 'line' | 'flat'; settings: number };

export const LEAST_SETTINGS = 6;
/** Knots of the spline at most: the time of a fit grows with their cube. */
const MOST_KNOTS = 30;
/** Smoothing of the spline, from interpolation to nearly a plane. */
const SMOOTHING = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10];

interface Scaled {
  u: number;
  v: number;
  value: number;
}
type Basis = (u: number, v: number) => number[];

/** Scales are `log` where an axis is drawn in logarithms: the surface is smooth in what is seen. */
export function fitSurface(points: readonly SurfacePoint[], log: { x: boolean; y: boolean }): Surface | NoSurface {
  const scale = (values: readonly number[], logarithm: boolean) => {
    const of = (value: number) => (logarithm ? Math.log(value) : value);
    const [low, high] = [Math.min(...values.map(of)), Math.max(...values.map(of))];
    return (value: number) => (high > low ? (of(value) - low) / (high - low) : 0);
  };
  const usable = points.filter(({ x, y, value }) => [x, y, value].every(Number.isFinite) && !(log.x && x <= 0) && !(log.y && y <= 0));
  const scaleX = scale(
    usable.map(({ x }) => x),
    log.x,
  );
  const scaleY = scale(
    usable.map(({ y }) => y),
    log.y,
  );
  const bySetting = new Map<string, SurfacePoint[]>();
  for (const point of usable) {
    const key = `${point.x.toPrecision(6)} ${point.y.toPrecision(6)}`;
    bySetting.set(key, [...(bySetting.get(key) ?? []), point]);
  }
  const settings = [...bySetting.values()].map((same): Scaled => ({
    u: scaleX(same[0]!.x),
    v: scaleY(same[0]!.y),
    value: mean(same.map(({ value }) => value)),
  }));
  if (settings.length < LEAST_SETTINGS) return { refused: 'few', settings: settings.length };
  if (onLine(settings)) return { refused: 'line', settings: settings.length };

  const plane: Basis = (u, v) => [1, u, v];
  const quadratic: Basis = (u, v) => [1, u, v, u * u, u * v, v * v];
  const knots = spread(settings);
  const spline: Basis = (u, v) => [...knots.map((knot) => thinPlate(u - knot.u, v - knot.v)), 1, u, v];
  const bent = normalEquations(settings, spline);
  const fits = [
    { form: 'plane' as const, basis: plane, fit: penalised(normalEquations(settings, plane), 0, null) },
    { form: 'quadratic' as const, basis: quadratic, fit: penalised(normalEquations(settings, quadratic), 0, null) },
    ...SMOOTHING.map((smoothing) => ({ form: 'spline' as const, basis: spline, fit: penalised(bent, smoothing, knots) })),
  ].flatMap(({ form, basis, fit }) => (fit ? [{ form, basis, ...fit }] : []));
  const middle = mean(settings.map(({ value }) => value));
  const count = settings.length;
  // Leaving one out of a mean moves it by 1 / (n − 1) of its distance.
  const errorOfMean = Math.sqrt(mean(settings.map(({ value }) => (((value - middle) * count) / (count - 1)) ** 2)));
  const best = fits.reduce<(typeof fits)[number] | null>((found, fit) => (!found || fit.error < found.error ? fit : found), null);
  if (!best || !(best.error < errorOfMean)) return { refused: 'flat', settings: count };
  const { form, basis, error, weights } = best;
  return {
    ...{ form, settings: count, error, errorOfMean, foretold: 1 - (error / errorOfMean) ** 2 },
    at: (x, y) => basis(scaleX(x), scaleY(y)).reduce((sum, term, index) => sum + term * weights[index]!, 0),
  };
}

/** A surface at the crossings of these values of both axes, row by row of y; without its formula, so that it crosses a worker's border. */
export type SurfaceGrid = Omit<Surface, 'at'> & { grid: number[] };

export interface SurfaceInput {
  points: readonly SurfacePoint[];
  log: { x: boolean; y: boolean };
  x: readonly number[];
  y: readonly number[];
}

export function surfaceGrid({ points, log, x, y }: SurfaceInput): SurfaceGrid | NoSurface {
  const fit = fitSurface(points, log);
  if ('refused' in fit) return fit;
  const { at, ...about } = fit;
  return { ...about, grid: y.flatMap((above) => x.map((across) => at(across, above))) };
}

/** r² ln r. */
function thinPlate(du: number, dv: number): number {
  const square = du * du + dv * dv;
  return square === 0 ? 0 : (square * Math.log(square)) / 2;
}

/** Is the smaller spread of the cloud a millionth of the larger? */
function onLine(points: readonly Scaled[]): boolean {
  const [u, v] = [mean(points.map((point) => point.u)), mean(points.map((point) => point.v))];
  const [a, b, c] = points.reduce(
    ([uu, uv, vv], point) => [uu + (point.u - u) ** 2, uv + (point.u - u) * (point.v - v), vv + (point.v - v) ** 2] as const,
    [0, 0, 0] as readonly [number, number, number],
  );
  return a * c - b * b <= 1e-6 * (a + c) ** 2;
}

/** At most `MOST_KNOTS` of the settings, each the farthest from those before it. */
function spread(settings: readonly Scaled[]): Scaled[] {
  if (settings.length <= MOST_KNOTS) return [...settings];
  const knots = [settings[0]!];
  const distance = settings.map(() => Infinity);
  while (knots.length < MOST_KNOTS) {
    const last = knots.at(-1)!;
    settings.forEach(({ u, v }, at) => (distance[at] = Math.min(distance[at]!, (u - last.u) ** 2 + (v - last.v) ** 2)));
    knots.push(settings[distance.indexOf(Math.max(...distance))]!);
  }
  return knots;
}

/** Terms of all settings, and what of the normal equations does not depend on the smoothing. */
function normalEquations(settings: readonly Scaled[], basis: Basis) {
  const rows = settings.map(({ u, v }) => Float64Array.from(basis(u, v)));
  const terms = rows[0]!.length;
  const gram = Array.from({ length: terms }, () => new Float64Array(terms));
  const right = new Float64Array(terms);
  rows.forEach((row, at) => {
    for (let i = 0; i < terms; i++) {
      const [own, term] = [gram[i]!, row[i]!];
      for (let j = 0; j < terms; j++) own[j]! += term * row[j]!;
      right[i]! += term * settings[at]!.value;
    }
  });
  return { settings, rows, terms, gram, right };
}

/**
 * Least squares with the spline's bending as penalty, its weights orthogonal to planes. A linear smoother: its leave-one-out errors are
 * residual / (1 − leverage), without a second fit. null where a setting could not be left out, or the system has no one solution.
 */
function penalised(equations: ReturnType<typeof normalEquations>, smoothing: number, knots: readonly Scaled[] | null) {
  const { settings, rows, terms, gram, right } = equations;
  if (knots === null && settings.length <= terms) return null;
  const size = terms + (knots ? 3 : 0);
  const system = Array.from({ length: size }, (_, at) => {
    const row = new Float64Array(size);
    if (at < terms) row.set(gram[at]!);
    return row;
  });
  knots?.forEach((one, i) => {
    knots.forEach((other, j) => (system[i]![j]! += smoothing * thinPlate(one.u - other.u, one.v - other.v)));
    [1, one.u, one.v].forEach((term, at) => (system[i]![terms + at] = system[terms + at]![i] = term));
  });
  const inverse = inverseOf(system)?.slice(0, terms);
  if (!inverse) return null;
  const weights = inverse.map((row) => dot(row, right, terms));
  let squares = 0;
  for (const [at, row] of rows.entries()) {
    let [leverage, fitted] = [0, 0];
    for (let i = 0; i < terms; i++) {
      leverage += row[i]! * dot(inverse[i]!, row, terms);
      fitted += row[i]! * weights[i]!;
    }
    if (!(leverage < 1 - 1e-9)) return null;
    squares += ((settings[at]!.value - fitted) / (1 - leverage)) ** 2;
  }
  const error = Math.sqrt(squares / rows.length);
  return Number.isFinite(error) ? { error, weights } : null;
}

function dot(one: Float64Array, other: Float64Array, length: number): number {
  let sum = 0;
  for (let at = 0; at < length; at++) sum += one[at]! * other[at]!;
  return sum;
}

/** By Gauss and Jordan with pivots; null of a singular matrix. */
function inverseOf(matrix: readonly Float64Array[]): Float64Array[] | null {
  const size = matrix.length;
  const rows = matrix.map((row, at) => {
    const wide = new Float64Array(2 * size);
    wide.set(row);
    wide[size + at] = 1;
    return wide;
  });
  const scale = Math.max(...matrix.flatMap((row) => [...row].map(Math.abs)));
  for (let at = 0; at < size; at++) {
    let pivot = at;
    for (let row = at + 1; row < size; row++) if (Math.abs(rows[row]![at]!) > Math.abs(rows[pivot]![at]!)) pivot = row;
    if (!(Math.abs(rows[pivot]![at]!) > 1e-14 * scale)) return null;
    [rows[at], rows[pivot]] = [rows[pivot]!, rows[at]!];
    const own = rows[at]!;
    const factor = 1 / own[at]!;
    for (let column = at; column < 2 * size; column++) own[column]! *= factor;
    for (let row = 0; row < size; row++) {
      const times = rows[row]![at]!;
      if (row === at || times === 0) continue;
      for (let column = at; column < 2 * size; column++) rows[row]![column]! -= times * own[column]!;
    }
  }
  return rows.map((row) => row.slice(size));
}

/** Corners of the settings' convex hull, counter-clockwise (Andrew 1979): outside it a surface says nothing. */
export function hullOf(points: readonly (readonly [x: number, y: number])[]): (readonly [number, number])[] {
  const sorted = [...points].sort(([a, b], [c, d]) => a - c || b - d);
  const turn = (o: readonly [number, number], a: readonly [number, number], b: readonly [number, number]) =>
    (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
  const chain = (from: readonly (readonly [number, number])[]) => {
    const corners: (readonly [number, number])[] = [];
    for (const point of from) {
      while (corners.length >= 2 && turn(corners.at(-2)!, corners.at(-1)!, point) <= 0) corners.pop();
      corners.push(point);
    }
    return corners.slice(0, -1);
  };
  return [...chain(sorted), ...chain(sorted.reverse())];
}
