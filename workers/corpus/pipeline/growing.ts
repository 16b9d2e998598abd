/** Columns of numbers whose length is not known beforehand. */

type Numbers = Uint8Array | Uint16Array | Uint32Array | Float32Array;

export class Growing<Column extends Numbers> {
  private room: Column;
  length = 0;

  constructor(private readonly make: new (length: number) => Column) {
    this.room = new make(1024);
  }

  push(value: number): void {
    this.reserve(1);
    this.room[this.length++] = value;
  }

  append(values: ArrayLike<number>): void {
    this.reserve(values.length);
    this.room.set(values, this.length);
    this.length += values.length;
  }

  at(index: number): number {
    return this.room[index]!;
  }

  /** Exactly what is there; the column is empty afterwards, so that nothing is held twice. */
  done(): Column {
    const column = this.room.slice(0, this.length) as Column;
    this.room = new this.make(0);
    this.length = 0;
    return column;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.room.length) return;
    const larger = new this.make(Math.max(2 * this.room.length, this.length + more));
    larger.set(this.room.subarray(0, this.length));
    this.room = larger;
  }
}
