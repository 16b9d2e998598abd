/** The Pareto front of a trade between two figures of which more is better: what nothing else beats in both. */
export interface GainRetention {
  /** Bits per byte that the domain lost against the base: above zero is learnt. */
  gain: number;
  /** Mean general retention. */
  retention: number;
}

/**
 * Points that no other dominates; one dominates another when it is at least as good in both figures and better in one, so equal
 * points are on the front together. Points without finite figures are never on it.
 * @returns from the least gain to the most, so from the highest retention to the lowest
 */
export function paretoFront<T extends GainRetention>(points: readonly T[]): T[] {
  const finite = points.filter(({ gain, retention }) => Number.isFinite(gain) && Number.isFinite(retention));
  const byGain = finite.sort((one, other) => other.gain - one.gain || other.retention - one.retention);
  const front: T[] = [];
  for (const point of byGain) {
    const last = front.at(-1);
    const equal = last?.gain === point.gain && last.retention === point.retention;
    if (!last || equal || point.retention > last.retention) front.push(point);
  }
  return front.reverse();
}
