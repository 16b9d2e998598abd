/** Data structures of BPE training: the counts of adjacent pairs of ids, and the priority queue of pairs to merge. */

/**
 * Binary heap of pairs to merge: the most frequent first, of equally frequent ones the one with the smaller left, then right id, as in
 * Hugging Face's trainer. An entry keeps the pair's count at insertion and the list of words that contain the pair.
 */
export class MergeQueue {
  private count = new Float64Array(1 << 12);
  private left = new Int32Array(1 << 12);
  private right = new Int32Array(1 << 12);
  private readonly pairs: number[] = [];
  private readonly places: number[] = [];
  private readonly heap: number[] = [];

  /** @param pair index in `PairCounts` @param place head of the linked list of words that contain the pair */
  add(count: number, left: number, right: number, pair: number, place: number): void {
    const entry = this.pairs.length;
    if (entry === this.count.length) this.grow();
    this.count[entry] = count;
    this.left[entry] = left;
    this.right[entry] = right;
    this.pairs.push(pair);
    this.places.push(place);
    this.rise(entry);
  }

  /** Reinserts a popped entry with its current count. */
  return(entry: number, count: number): void {
    this.count[entry] = count;
    this.rise(entry);
  }

  /** Removes and returns the first entry; −1 when the queue is empty. */
  pop(): number {
    const { heap } = this;
    if (heap.length === 0) return -1;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && this.before(heap[child + 1]!, heap[child]!)) child++;
      if (!this.before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }

  countOf(entry: number): number {
    return this.count[entry]!;
  }

  pairOf(entry: number): number {
    return this.pairs[entry]!;
  }

  placeOf(entry: number): number {
    return this.places[entry]!;
  }

  private rise(entry: number): void {
    const { heap } = this;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  private before(a: number, b: number): boolean {
    const difference = this.count[a]! - this.count[b]!;
    if (difference !== 0) return difference > 0;
    const left = this.left[a]! - this.left[b]!;
    return left !== 0 ? left < 0 : this.right[a]! < this.right[b]!;
  }

  private grow(): void {
    const larger = this.count.length * 2;
    const count = new Float64Array(larger);
    count.set(this.count);
    this.count = count;
    this.left = enlarged(this.left, larger);
    this.right = enlarged(this.right, larger);
  }
}

/** A copy with room for `length` numbers. */
export function enlarged(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}

/** Counts by pair of ids, in an open-addressing hash table: a look-up allocates nothing. */
export class PairCounts {
  left = new Int32Array(1 << 12);
  right = new Int32Array(1 << 12);
  count = new Float64Array(1 << 12);
  size = 0;
  /** Hash slot to pair index + 1; 0 for an empty slot. */
  private slots = new Int32Array(1 << 13);

  /** Index of the pair; a new pair is added with a count of 0. */
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
