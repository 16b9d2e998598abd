/** A growing row of token ids. */
export class TokenBuffer {
  private ids: Uint32Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 1 << 16) {
    this.ids = new Uint32Array(capacity);
  }

  push(id: number): void {
    if (this.length === this.ids.length) this.grow(this.length + 1);
    this.ids[this.length++] = id;
  }

  append(ids: ArrayLike<number>): void {
    this.appendRange(ids, 0, ids.length);
  }

  /** `ids[from … to)` */
  appendRange(ids: ArrayLike<number>, from: number, to: number): void {
    if (this.length + to - from > this.ids.length) this.grow(this.length + to - from);
    // Rows are short: a loop beats the call of `set`.
    for (let at = from; at < to; at++) this.ids[this.length++] = ids[at]!;
  }

  /** The ids so far; a view that the next push may outdate. */
  view(): Uint32Array<ArrayBuffer> {
    return this.ids.subarray(0, this.length);
  }

  private grow(needed: number): void {
    const larger = new Uint32Array(Math.max(needed, this.ids.length * 2));
    larger.set(this.view());
    this.ids = larger;
  }
}
