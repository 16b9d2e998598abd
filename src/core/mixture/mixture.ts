/** Shares of the mixture: what a fader does to the others. A share is a ratio 0 to 1; all shares sum to 1. */
import { StudioError } from '../errors';
import type { Recipe } from '../recipe/schema';

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

/**
 * Whole rows per channel for every batch, by error diffusion: what a batch could not give a channel is owed to it in the
 * next. Rows are assigned one by one by Tijdeman's rule for the chairman assignment problem (Discrete Math. 32, 1980), which
 * keeps the count of every channel within 1 − 1/(2C − 2) rows of share · rows at any time since the start.
 */
export class RowAllocator {
  private readonly owed = new Map<string, number>();

  /** @param shares channel id → share, sum 1; @returns channel id → whole rows, summing to `rows` */
  next(shares: Shares, rows: number): Record<string, number> {
    const active = Object.keys(shares).filter((id) => (shares[id] ?? 0) > 0);
    if (active.length === 0) throw new RangeError('RowAllocator.next needs a channel with a share above zero');
    const counts: Record<string, number> = Object.fromEntries(Object.keys(shares).map((id) => [id, 0]));
    const margin = active.length > 1 ? 1 / (2 * active.length - 2) : 0;
    for (let row = 0; row < rows; row++) {
      let chosen = active[0]!;
      let best = Infinity;
      let largest = -Infinity;
      let fallback = chosen;
      for (const id of active) {
        const share = shares[id]!;
        const owed = (this.owed.get(id) ?? 0) + share;
        this.owed.set(id, owed);
        if (owed > largest) [largest, fallback] = [owed, id];
        // Steps left until this channel would fall behind by more than the bound.
        const deadline = owed >= margin - 1e-9 ? (1 - margin - owed) / share : Infinity;
        if (deadline < best - 1e-12) [best, chosen] = [deadline, id];
      }
      if (best === Infinity) chosen = fallback;
      counts[chosen]! += 1;
      this.owed.set(chosen, this.owed.get(chosen)! - 1);
    }
    return counts;
  }

  /** Rows owed to each channel (negative: ahead), for a checkpoint. */
  state(): Record<string, number> {
    return Object.fromEntries(this.owed);
  }

  static restore(state: Record<string, number>): RowAllocator {
    const allocator = new RowAllocator();
    for (const [id, owed] of Object.entries(state)) allocator.owed.set(id, owed);
    return allocator;
  }
}

/**
 * Which shares are drawn at a step under the recipe's strategy (METHOD 1).
 * @param shares the faders, channel id → share; @param step 0-based; @returns shares summing to 1
 */
export function effectiveShares(recipe: Pick<Recipe, 'strategy' | 'channels' | 'budget'>, shares: Shares, step: number): Shares {
  const { strategy, budget } = recipe;
  switch (strategy.kind) {
    case 'mixed':
      return normaliseShares(shares);
    case 'domain-only':
      return ofRole(recipe, shares, 'domain');
    case 'general-then-domain':
      return ofRole(recipe, shares, step < Math.round(strategy.generalRatio * budget.steps) ? 'general' : 'domain');
    case 'curriculum': {
      const start = Math.round(strategy.generalRatio * budget.steps);
      const rise = Math.round(strategy.riseRatio * budget.steps);
      if (step < start) return ofRole(recipe, shares, 'general');
      const reached = Math.min(1, (step - start + 1) / (rise + 1));
      const set = normaliseShares(shares);
      const general = ofRole(recipe, shares, 'general');
      return Object.fromEntries(recipe.channels.map(({ id }) => [id, reached * (set[id] ?? 0) + (1 - reached) * general[id]!]));
    }
  }
}

/** The channels of one role in proportion, evenly when their faders are all at zero; the others not at all. */
function ofRole({ channels }: Pick<Recipe, 'channels'>, shares: Shares, role: 'general' | 'domain'): Shares {
  const sum = channels.reduce((total, channel) => total + (channel.role === role ? (shares[channel.id] ?? 0) : 0), 0);
  const weight = (id: string) => (sum > 0 ? (shares[id] ?? 0) : 1);
  return normaliseShares(Object.fromEntries(channels.map((channel) => [channel.id, channel.role === role ? weight(channel.id) : 0])));
}
