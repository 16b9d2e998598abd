/** Pieces by their UTF-16 units: all pieces that begin at a place of a text are found in one walk. */
export class PieceTrie {
  /** Node + 1 of (node, unit), in an open-addressing table. */
  private keys = new Float64Array(1 << 12).fill(-1);
  private children = new Int32Array(1 << 12);
  private edges = 0;
  /** Id of the piece that ends at a node; −1 for none. */
  private ids = new Int32Array(1 << 10).fill(-1);
  private nodes = 1;

  add(piece: string, id: number): void {
    let node = 0;
    for (let at = 0; at < piece.length; at++) {
      const unit = piece.charCodeAt(at);
      node = this.child(node, unit) || this.grow(node, unit);
    }
    this.ids[node] = id;
  }

  /** The node after `node` along `unit`; 0 when there is none. The root is 0. */
  child(node: number, unit: number): number {
    const key = node * 0x10000 + unit;
    const mask = this.keys.length - 1;
    for (let slot = hash(node, unit) & mask; ; slot = (slot + 1) & mask) {
      const found = this.keys[slot]!;
      if (found === key) return this.children[slot]!;
      if (found < 0) return 0;
    }
  }

  /** Id of the piece that ends here; −1 for none. */
  idAt(node: number): number {
    return this.ids[node]!;
  }

  private grow(node: number, unit: number): number {
    if (this.edges * 2 >= this.keys.length) this.rehash();
    if (this.nodes === this.ids.length) {
      const longer = new Int32Array(this.ids.length * 2).fill(-1);
      longer.set(this.ids);
      this.ids = longer;
    }
    this.put(node * 0x10000 + unit, this.nodes);
    this.edges++;
    return this.nodes++;
  }

  private put(key: number, child: number): void {
    const mask = this.keys.length - 1;
    let slot = hash(Math.floor(key / 0x10000), key % 0x10000) & mask;
    while (this.keys[slot]! >= 0) slot = (slot + 1) & mask;
    this.keys[slot] = key;
    this.children[slot] = child;
  }

  private rehash(): void {
    const { keys, children } = this;
    this.keys = new Float64Array(keys.length * 2).fill(-1);
    this.children = new Int32Array(keys.length * 2);
    keys.forEach((key, slot) => {
      if (key >= 0) this.put(key, children[slot]!);
    });
  }
}

function hash(node: number, unit: number): number {
  const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca77);
  return mixed ^ (mixed >>> 15);
}
