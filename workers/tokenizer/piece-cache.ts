/**
 * Ids of pre-tokens seen before. Text repeats itself, so that most pre-tokens are found here. The table compares UTF-16 units in place: no
 * string is made per look-up and none is kept alive.
 */
import type { TokenBuffer } from './token-buffer';

/** Longer pieces hardly come twice. */
const LONGEST = 64;
const ENTRIES = 1 << 18;
const SLOTS = ENTRIES * 2;
const POOL = 1 << 21;

export class PieceCache {
  /** Entry + 1; 0 for none. */
  private readonly slots = new Int32Array(SLOTS);
  private readonly hashes = new Int32Array(ENTRIES);
  /** Where units and ids of an entry begin; those of the next begin where they end. */
  private readonly unitStarts = new Int32Array(ENTRIES + 1);
  private readonly idStarts = new Int32Array(ENTRIES + 1);
  private readonly units = new Uint16Array(POOL);
  private readonly ids = new Int32Array(POOL);
  private size = 0;

  /** Appends the ids of this stretch of the text when they are known. */
  give(text: string, start: number, end: number, into: TokenBuffer): boolean {
    if (end - start > LONGEST) return false;
    const hash = hashOf(text, start, end);
    for (let slot = hash & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const entry = this.slots[slot]! - 1;
      if (entry < 0) return false;
      if (this.hashes[entry] !== hash || !this.equals(entry, text, start, end)) continue;
      into.appendRange(this.ids, this.idStarts[entry]!, this.idStarts[entry + 1]!);
      return true;
    }
  }

  /** Keeps the first `length` of `ids` for this stretch, which must not be there yet. */
  keep(text: string, start: number, end: number, ids: Int32Array, length: number): void {
    if (end - start > LONGEST || length > LONGEST * 4) return;
    let unit = this.unitStarts[this.size]!;
    let id = this.idStarts[this.size]!;
    if (this.size === ENTRIES || unit + LONGEST > POOL || id + LONGEST * 4 > POOL) {
      this.slots.fill(0);
      this.size = unit = id = 0;
    }
    const hash = hashOf(text, start, end);
    let slot = hash & (SLOTS - 1);
    while (this.slots[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    for (let at = start; at < end; at++) this.units[unit++] = text.charCodeAt(at);
    for (let at = 0; at < length; at++) this.ids[id++] = ids[at]!;
    this.hashes[this.size++] = hash;
    this.slots[slot] = this.size;
    this.unitStarts[this.size] = unit;
    this.idStarts[this.size] = id;
  }

  private equals(entry: number, text: string, start: number, end: number): boolean {
    let unit = this.unitStarts[entry]!;
    if (this.unitStarts[entry + 1]! - unit !== end - start) return false;
    for (let at = start; at < end; at++) if (this.units[unit++] !== text.charCodeAt(at)) return false;
    return true;
  }
}

function hashOf(text: string, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) ^ (hash >>> 15);
  return hash ^ (hash >>> 13);
}
