/** Reads counted bytes off a stream of chunks, whose borders then no longer matter. */
export class ByteReader {
  /** Bytes taken so far. */
  offset = 0;
  private readonly chunks: AsyncIterator<Uint8Array<ArrayBuffer>>;
  private chunk: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** Exactly `count` bytes, fewer at the end of the stream. They may be part of a chunk. */
  async read(count: number): Promise<Uint8Array<ArrayBuffer>> {
    await this.fill();
    if (this.chunk.length >= count) return this.take(count);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let held = 0;
    for await (const part of this.pieces(count)) {
      parts.push(part);
      held += part.length;
    }
    const bytes = new Uint8Array(held);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** The next `count` bytes as they come, fewer at the end of the stream. */
  async *pieces(count: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (let left = count; left > 0;) {
      if (!(await this.fill())) return;
      const piece = this.take(Math.min(left, this.chunk.length));
      left -= piece.length;
      yield piece;
    }
  }

  /** What is left of the chunk at hand, or the next one; null at the end. */
  async some(): Promise<Uint8Array<ArrayBuffer> | null> {
    return (await this.fill()) ? this.take(this.chunk.length) : null;
  }

  /** Puts the end of what was taken last back. */
  back(bytes: Uint8Array<ArrayBuffer>): void {
    this.offset -= bytes.length;
    if (this.chunk.length === 0) {
      this.chunk = bytes;
      return;
    }
    const joined = new Uint8Array(bytes.length + this.chunk.length);
    joined.set(bytes);
    joined.set(this.chunk, bytes.length);
    this.chunk = joined;
  }

  /** @returns bytes gone over */
  async skip(count: number): Promise<number> {
    let skipped = 0;
    for await (const piece of this.pieces(count)) skipped += piece.length;
    return skipped;
  }

  /** Lets go of what the chunks come from. */
  async close(): Promise<void> {
    await this.chunks.return?.(undefined);
  }

  private take(count: number): Uint8Array<ArrayBuffer> {
    const taken = this.chunk.subarray(0, count);
    this.chunk = this.chunk.subarray(count);
    this.offset += taken.length;
    return taken;
  }

  private async fill(): Promise<boolean> {
    while (this.chunk.length === 0) {
      const next = await this.chunks.next();
      if (next.done) return false;
      this.chunk = next.value;
    }
    return true;
  }
}
