/**
 * Whole rows per channel for every batch, by error diffusion: what a batch could not give a channel is owed to it in the
 * next. Rows are assigned one by one by Tijdeman's rule for the chairman assignment problem (Discrete Math. 32, 1980), which
 * keeps the count of every channel within 1 − 1/(2C − 2) rows of share · rows at any time since the start.
 */
import type { Shares } from './shares';

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
