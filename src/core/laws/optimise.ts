/**
 * Minimising a smooth function of a few bounded parameters: BFGS with a line search for the weak Wolfe conditions (Lewis & Overton,
 * Nonsmooth optimization via quasi-Newton methods, 2013), bounds by a change of variable, from many starts. Gradients are the caller's.
 * METHOD, "Laws of mixtures", says why no library does this.
 */

/** Open range of a parameter; an end may be infinite. */
export interface Bound {
  low: number;
  high: number;
}

/** Value at `parameters`, whose gradient is written into `gradient`. A value that is not finite is read as a wall. */
export type Objective = (parameters: Float64Array, gradient: Float64Array) => number;

export interface Minimum {
  parameters: number[];
  value: number;
  iterations: number;
}

const ITERATIONS = 300;
/** Ends where an iteration takes less than this part of the value away and less than that, three times running, or the gradient is this small. */
const LEAST_DECREASE = 1e-9;
const LEAST_VALUE = 1e-16;
const LEAST_GRADIENT = 1e-12;
/** Constants of the Wolfe conditions. */
const DECREASE = 1e-4;
const CURVATURE = 0.9;
/** A variable of a bounded parameter beyond this stands at the bound: the logistic function is flat there to 1e-13. */
const FLAT = 30;

/** Bounded parameter of an unbounded variable u: low + (high − low) / (1 + e^−u), low + e^u, high − e^u, or u itself. */
function bounded(u: number, { low, high }: Bound): { value: number; slope: number } {
  if (low > -Infinity && high < Infinity) {
    const share = 1 / (1 + Math.exp(-u));
    return { value: low + (high - low) * share, slope: (high - low) * share * (1 - share) };
  }
  if (low > -Infinity) return { value: low + Math.exp(u), slope: Math.exp(u) };
  if (high < Infinity) return { value: high - Math.exp(u), slope: -Math.exp(u) };
  return { value: u, slope: 1 };
}

function unbounded(value: number, { low, high }: Bound): number {
  const within = (u: number) => Math.min(FLAT, Math.max(-FLAT, u));
  if (low > -Infinity && high < Infinity) {
    const share = (value - low) / (high - low);
    return within(Math.log(share / (1 - share)));
  }
  if (low > -Infinity) return within(Math.log(value - low));
  if (high < Infinity) return within(Math.log(high - value));
  return value;
}

/** @param start inside the bounds; at a bound it starts just beside it */
export function minimise(objective: Objective, bounds: readonly Bound[], start: readonly number[]): Minimum {
  const size = bounds.length;
  const parameters = new Float64Array(size);
  const outer = new Float64Array(size);
  const slopes = new Float64Array(size);
  /** Value and gradient in the unbounded variables. */
  const at = (u: Float64Array, gradient: Float64Array): number => {
    for (let i = 0; i < size; i++) {
      const { value, slope } = bounded(u[i]!, bounds[i]!);
      parameters[i] = value;
      slopes[i] = slope;
    }
    const value = objective(parameters, outer);
    for (let i = 0; i < size; i++) gradient[i] = outer[i]! * slopes[i]!;
    return Number.isFinite(value) && gradient.every(Number.isFinite) ? value : Infinity;
  };

  let u = Float64Array.from(start, (value, i) => unbounded(value, bounds[i]!));
  let gradient = new Float64Array(size);
  let value = at(u, gradient);
  const inverse = new Float64Array(size * size);
  const reset = () => {
    inverse.fill(0);
    for (let i = 0; i < size; i++) inverse[i * size + i] = 1;
  };
  reset();
  let fresh = true;
  let still = 0;
  let iterations = 0;
  const direction = new Float64Array(size);
  let next = new Float64Array(size);
  let nextGradient = new Float64Array(size);
  while (value < Infinity && iterations < ITERATIONS && still < 3 && Math.sqrt(dot(gradient, gradient)) > LEAST_GRADIENT) {
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let j = 0; j < size; j++) sum -= inverse[i * size + j]! * gradient[j]!;
      direction[i] = sum;
    }
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      reset();
      for (let i = 0; i < size; i++) direction[i] = -gradient[i]!;
      slope = -dot(gradient, gradient);
      fresh = true;
    }
    // The first step of a fresh metric knows no scale: at most 1 long.
    let step = fresh ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    let low = 0;
    let high = Infinity;
    let found = Infinity;
    for (let tries = 0; tries < 50; tries++) {
      for (let i = 0; i < size; i++) next[i] = u[i]! + step * direction[i]!;
      found = at(next, nextGradient);
      if (!(found <= value + DECREASE * step * slope)) high = step;
      else if (dot(direction, nextGradient) < CURVATURE * slope) low = step;
      else break;
      step = high < Infinity ? (low + high) / 2 : 2 * low;
    }
    if (!(found < value)) {
      // No way down along a metric that is spoilt: once more along the gradient, else this is the end.
      if (fresh) break;
      reset();
      fresh = true;
      continue;
    }
    still = value - found <= LEAST_DECREASE * Math.abs(value) + LEAST_VALUE ? still + 1 : 0;
    update(inverse, u, next, gradient, nextGradient, fresh);
    fresh = false;
    [u, next] = [next, u];
    [gradient, nextGradient] = [nextGradient, gradient];
    value = found;
    iterations += 1;
  }
  return { parameters: Array.from(u, (variable, i) => bounded(variable, bounds[i]!).value), value, iterations };
}

/** The lowest of the minima from several starts; the first of equal ones. @throws RangeError without a start */
export function minimiseFrom(objective: Objective, bounds: readonly Bound[], starts: readonly (readonly number[])[]): Minimum {
  let best: Minimum | null = null;
  for (const start of starts) {
    const minimum = minimise(objective, bounds, start);
    if (!best || minimum.value < best.value) best = minimum;
  }
  if (!best) throw new RangeError('minimiseFrom needs a start');
  return best;
}

/** Huber's loss ½ r² within ±δ, δ (|r| − ½ δ) beyond, and its slope. */
export function huber(residual: number, delta: number): { loss: number; slope: number } {
  const size = Math.abs(residual);
  if (size <= delta) return { loss: (residual * residual) / 2, slope: residual };
  return { loss: delta * (size - delta / 2), slope: delta * Math.sign(residual) };
}

/** Whether a parameter stands at an end of its range, which the data then did not choose. */
export function atBound(value: number, { low, high }: Bound): boolean {
  const width = low > -Infinity && high < Infinity ? high - low : Math.max(1, Math.abs(value));
  return value - low < 1e-6 * width || high - value < 1e-6 * width;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ; a fresh H is scaled by sᵀy / yᵀy first (Nocedal & Wright 6.20). */
function update(
  inverse: Float64Array,
  u: Float64Array,
  next: Float64Array,
  gradient: Float64Array,
  nextGradient: Float64Array,
  fresh: boolean,
) {
  const size = u.length;
  const s = next.map((value, i) => value - u[i]!);
  const y = nextGradient.map((value, i) => value - gradient[i]!);
  const sy = dot(s, y);
  if (!(sy > 0)) return;
  if (fresh) for (let i = 0; i < size; i++) inverse[i * size + i] = sy / dot(y, y);
  const hy = new Float64Array(size);
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) hy[i]! += inverse[i * size + j]! * y[j]!;
  const scale = (1 + dot(y, hy) / sy) / sy;
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) inverse[i * size + j]! += scale * s[i]! * s[j]! - (hy[i]! * s[j]! + s[i]! * hy[j]!) / sy;
}
