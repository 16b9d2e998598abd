/** Pairs of ids with their counts, in an open-addressing table: no allocation and no string per look-up. */
import { enlarged } from './merge-queue';

export class PairCounts {
  left = new Int32Array(1 << 12);
  right = new Int32Array(1 << 12);
  count = new Float64Array(1 << 12);
  size = 0;
  /** Index of the pair, plus one. */
  private slots = new Int32Array(1 << 13);

  /** Index of the pair, which is made with a count of 0 when it is new. */
  indexOf(left: number, right: number): number {
    const mask = this.slots.length - 1;
    let slot = hash(left, right) & mask;
    for (;;) {
      const found = this.slots[slot]! - 1;
      if (found < 0) break;
      if (this.left[found] === left && this.right[found] === right) return found;
      slot = (slot + 1) & mask;
    }
    if (this.size === this.left.length) {
      this.grow();
      return this.indexOf(left, right);
    }
    this.left[this.size] = left;
    this.right[this.size] = right;
    this.slots[slot] = ++this.size;
    return this.size - 1;
  }

  private grow(): void {
    const capacity = this.left.length * 2;
    this.left = enlarged(this.left, capacity);
    this.right = enlarged(this.right, capacity);
    const count = new Float64Array(capacity);
    count.set(this.count);
    this.count = count;
    const mask = capacity * 2 - 1;
    this.slots = new Int32Array(capacity * 2);
    for (let pair = 0; pair < this.size; pair++) {
      let slot = hash(this.left[pair]!, this.right[pair]!) & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = pair + 1;
    }
  }
}

function hash(left: number, right: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca77);
  return mixed ^ (mixed >>> 15);
}
