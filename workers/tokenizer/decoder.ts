/**
 * Token strings to text: decoders with byte fallback (Llama 2, Mistral), which follow Hugging Face's `tokenizers` step by step, and decoding
 * of a stream of ids during generation. Other decoder types run in `@huggingface/tokenizers`.
 */
import type { PipelineStep } from './tokenizer-json';
import type { TextTokenizer } from './text-tokenizer';

export type TokenDecoder = (tokens: readonly string[]) => string;
type Step = (tokens: readonly string[]) => readonly string[];

/** @returns null for a decoder that only the library supports */
export function byteFallbackDecoder(decoder: PipelineStep | null | undefined): TokenDecoder | null {
  if (decoder?.type !== 'Sequence' || !decoder.decoders?.some(({ type }) => type === 'ByteFallback')) return null;
  const steps = decoder.decoders.map(stepOf);
  return steps.every((step) => step !== null) ? (tokens) => steps.reduce((row, step) => step(row), tokens).join('') : null;
}

function stepOf({ type, pattern, content, start = 0, stop = 0 }: PipelineStep): Step | null {
  switch (type) {
    case 'Replace': {
      const found = pattern?.String;
      return found && content !== undefined ? (tokens) => tokens.map((token) => token.replaceAll(found, () => content)) : null;
    }
    case 'ByteFallback':
      return fuseBytes;
    case 'Fuse':
      return (tokens) => [tokens.join('')];
    case 'Strip':
      return content?.length === 1 ? (tokens) => tokens.map((token) => strip(token, content, start, stop)) : null;
    default:
      return null;
  }
}

/** Replaces each run of byte tokens by its text; in a run that is not valid UTF-8 each byte becomes U+FFFD. */
function fuseBytes(tokens: readonly string[]): string[] {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      texts.push(utf8.decode(Uint8Array.from(bytes)));
    } catch {
      for (const _ of bytes) texts.push('\ufffd');
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
    if (byte !== undefined) {
      bytes.push(Number.parseInt(byte, 16));
      continue;
    }
    flush();
    texts.push(token);
  }
  flush();
  return texts;
}

/** Removes the character at most `start` times from the left and `stop` times from the right. */
function strip(token: string, character: string, start: number, stop: number): string {
  let from = 0;
  while (from < start && token[from] === character) from++;
  let to = token.length;
  while (token.length - to < stop && to > from && token[to - 1] === character) to--;
  return token.slice(from, to);
}

/** Decodes ids one by one as a model generates them. Bytes of an incomplete character are held back until it is complete. */
export class StreamDecoder {
  private readonly utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  /** For decoders whose output depends on neighbouring tokens: all ids, and the text returned so far. */
  private readonly ids: number[] = [];
  private given = '';

  constructor(private readonly tokenizer: TextTokenizer) {}

  /** @returns the text that this id completes; empty for a special token */
  push(id: number): string {
    if (this.tokenizer.isSpecial(id)) return '';
    if (this.tokenizer.byteLevel) return this.utf8.decode(this.tokenizer.bytesOf(id) ?? new Uint8Array(), { stream: true });
    this.ids.push(id);
    const text = this.tokenizer.decode(this.ids);
    return this.give(text.endsWith('\uFFFD') ? this.given : text);
  }

  /** @returns the text held back, with U+FFFD for an incomplete character */
  end(): string {
    return this.tokenizer.byteLevel ? this.utf8.decode() : this.give(this.tokenizer.decode(this.ids));
  }

  private give(text: string): string {
    const piece = text.slice(this.given.length);
    this.given = text;
    return piece;
  }
}
