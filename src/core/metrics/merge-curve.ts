/**
 * Weights between a base and a tuned model, θ(λ) = θ_base + λ·(θ_tuned − θ_base) (WiSE-FT, Wortsman et al. 2022, arXiv 2109.01903):
 * what a curve of measured positions says about positions between them.
 */

export interface CurvePoint {
  /** λ: 0 is the base, 1 the tuned model. */
  factor: number;
  /** Fall of bits per byte on domain text; above 0 is learnt. */
  gain: number;
  /** Mean retention over general channels; 1 keeps everything. */
  retention: number;
}

/** A position between base and tuned that keeps what the tuned weights lose, beside the tuned weights themselves. */
export interface BetterMerge {
  best: CurvePoint;
  /** λ = 1. */
  tuned: CurvePoint;
  /** Share of the tuned weights' domain gain that is left. */
  gainShare: number;
}

/**
 * @param points measured, in ascending order of λ
 * @returns null where λ = 1 was not measured or keeps enough, or where no position between keeps `least` of general ability with some of the gain
 */
export function betterMerge(points: readonly CurvePoint[], least: number): BetterMerge | null {
  const tuned = points.find(({ factor }) => factor === 1);
  if (!tuned || tuned.retention >= least || tuned.gain <= 0) return null;
  const best = bestFactor(
    points.filter(({ factor }) => factor >= 0 && factor <= 1),
    least,
  );
  return best && best.gain > 0 ? { best, tuned, gainShare: best.gain / tuned.gain } : null;
}

/** Straight lines between the measured positions, in ascending order; null without a point on both sides. */
export function curveAt(points: readonly CurvePoint[], factor: number): CurvePoint | null {
  const above = points.findIndex((point) => point.factor >= factor);
  const high = points[above];
  if (!high) return null;
  if (high.factor === factor) return high;
  const low = points[above - 1];
  return low ? between(low, high, (factor - low.factor) / (high.factor - low.factor)) : null;
}

function between(low: CurvePoint, high: CurvePoint, share: number): CurvePoint {
  const mix = (of: keyof CurvePoint) => low[of] + share * (high[of] - low[of]);
  return { factor: mix('factor'), gain: mix('gain'), retention: mix('retention') };
}

/**
 * The position of the greatest domain gain whose retention is at least `least`, on the straight lines between measured positions. The
 * smaller λ where two gain alike.
 * @param points in ascending order of λ
 * @returns null where no position keeps that much
 */
export function bestFactor(points: readonly CurvePoint[], least: number): CurvePoint | null {
  // On a line the greatest gain lies at an end, or where the line crosses the wanted retention.
  const candidates = points.flatMap((low, at): CurvePoint[] => {
    const high = points[at + 1];
    if (!high || (low.retention - least) * (high.retention - least) >= 0) return [low];
    return [low, { ...between(low, high, (least - low.retention) / (high.retention - low.retention)), retention: least }];
  });
  return candidates.reduce<CurvePoint | null>(
    (best, point) => (point.retention >= least && (best === null || point.gain > best.gain) ? point : best),
    null,
  );
}
