/** The parts of a channel brought to given shares, and what text is worth that stands in training several times. */

/** Repetitions after which a repeated token is worth 1/e of a new one (Muennighoff et al., arXiv 2305.16264). */
const R_STAR = 15.39;

/**
 * What so much text is worth when it is read so often, in the unit of `unique`: U + U·R*·(1 − e^(−R/R*)), R = epochs − 1
 * (Muennighoff et al., arXiv 2305.16264).
 * @param epochs at least 1
 */
export function worthOfRepeats(unique: number, epochs: number): number {
  return unique * (1 + R_STAR * (1 - Math.exp(-(epochs - 1) / R_STAR)));
}

/** How often each part is read, so that all together stay as many bytes as they are and have the shares asked for. */
export interface BalancedPart {
  key: string;
  bytes: number;
  /** Share asked for, of what the parts with shares have together. */
  share: number;
  /** Below 1 some of it is left out; above 1 it is repeated. */
  times: number;
}

/**
 * @param parts with what they have
 * @param shares asked for, by part; they need not sum to 1, and parts without one are left as they are
 * @param most how often a row is read at most: a part that would need more ends below its share
 */
export function balancedParts(
  parts: readonly { key: string; bytes: number }[],
  shares: Readonly<Record<string, number>>,
  most: number,
): BalancedPart[] {
  const asked = parts.filter(({ key, bytes }) => bytes > 0 && Object.hasOwn(shares, key));
  const sum = asked.reduce((total, { key }) => total + shares[key]!, 0);
  if (sum <= 0) return [];
  const all = asked.reduce((total, { bytes }) => total + bytes, 0);
  return asked.map(({ key, bytes }) => {
    const share = shares[key]! / sum;
    return { key, bytes, share, times: Math.min(most, (share * all) / bytes) };
  });
}
