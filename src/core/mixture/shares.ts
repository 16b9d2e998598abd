/** Shares of the mixture: what a fader does to the others. A share is a ratio 0 to 1; all shares sum to 1. */
import { StudioError } from '../errors';

/** Domain share of the golden ratio, domain : general = 1 : 5. */
export const GOLDEN_RATIO = 1 / 6;
/** Useful range of the domain's share: 1 : 8 to 1 : 3. */
export const GOLDEN_RANGE: readonly [number, number] = [1 / 9, 1 / 4];

export type Shares = Record<string, number>;

/**
 * Scales non-negative weights to a sum of 1.
 * @throws StudioError `recipe-invalid` when a weight is negative or not finite, or all are zero
 */
export function normaliseShares(weights: Shares): Shares {
  let sum = 0;
  for (const [id, weight] of Object.entries(weights)) {
    if (!Number.isFinite(weight) || weight < 0)
      throw new StudioError('recipe-invalid', `Share of "${id}" is ${weight}; it must be 0 or more`, {
        field: `channels.${id}.share`,
        value: String(weight),
        accepted: '0 … 1',
      });
    sum += weight;
  }
  if (sum === 0)
    throw new StudioError('recipe-invalid', 'All shares are zero; at least one must be above zero', {
      field: 'channels',
      value: 'Σ share = 0',
      accepted: 'Σ share > 0',
    });
  return Object.fromEntries(Object.entries(weights).map(([id, weight]) => [id, weight / sum]));
}

/**
 * Moves one fader to `value` and rescales the unlocked others in proportion (evenly when they are all at zero), so that the
 * sum stays 1. The value is clamped to what the locked faders leave; with every other fader locked nothing moves.
 */
export function moveFader(shares: Shares, id: string, value: number, options: { locked: ReadonlySet<string> }): Shares {
  const others = Object.keys(shares).filter((other) => other !== id);
  const free = others.filter((other) => !options.locked.has(other));
  if (!(id in shares) || free.length === 0) return { ...shares };
  const held = others.reduce((sum, other) => sum + (options.locked.has(other) ? (shares[other] ?? 0) : 0), 0);
  const available = Math.max(0, 1 - held);
  const moved = Math.min(available, Math.max(0, value));
  const rest = available - moved;
  const before = free.reduce((sum, other) => sum + (shares[other] ?? 0), 0);
  const result: Shares = { ...shares, [id]: moved };
  for (const other of free) result[other] = before > 0 ? ((shares[other] ?? 0) / before) * rest : rest / free.length;
  return result;
}

/** Takes a channel out of the mixture; the unlocked others share what it had. */
export function muteChannel(shares: Shares, id: string, locked: ReadonlySet<string>): Shares {
  return moveFader(shares, id, 0, { locked });
}
