/**
 * Pairs waiting to be merged: the most frequent first, of equals the one with the smaller left and then right id, as in Hugging
 * Face's trainer. An entry keeps the count it had when it was put in and the words where the pair stands.
 */
export class MergeQueue {
  private count = new Float64Array(1 << 12);
  private left = new Int32Array(1 << 12);
  private right = new Int32Array(1 << 12);
  private readonly pairs: number[] = [];
  private readonly places: number[] = [];
  private readonly heap: number[] = [];

  /** @param pair index of the pair; @param place where the list of its words begins */
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

  /** Puts an entry that came out back with the count it has by now. */
  return(entry: number, count: number): void {
    this.count[entry] = count;
    this.rise(entry);
  }

  /** The first entry, taken out; -1 when none is left. */
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

export function enlarged(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}
