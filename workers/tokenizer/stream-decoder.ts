/** Text of a growing row of token ids, piece by piece: bytes that make no full character yet are held back. */
import type { TextTokenizer } from './text-tokenizer';

export class StreamDecoder {
  private readonly utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  /** For vocabularies whose decoder looks at neighbours: all ids, and the text given out so far. */
  private readonly ids: number[] = [];
  private given = '';

  constructor(private readonly tokenizer: TextTokenizer) {}

  /** The text that this id completes; special tokens give none. */
  push(id: number): string {
    if (this.tokenizer.isSpecial(id)) return '';
    if (this.tokenizer.byteLevel) return this.utf8.decode(this.tokenizer.bytesOf(id) ?? new Uint8Array(), { stream: true });
    this.ids.push(id);
    const text = this.tokenizer.decode(this.ids);
    return this.give(text.endsWith('\uFFFD') ? this.given : text);
  }

  /** What was held back, with U+FFFD for an incomplete character. */
  end(): string {
    return this.tokenizer.byteLevel ? this.utf8.decode() : this.give(this.tokenizer.decode(this.ids));
  }

  private give(text: string): string {
    const piece = text.slice(this.given.length);
    this.given = text;
    return piece;
  }
}
