/** Decoders with byte fallback (Llama 2, Mistral), step by step as Hugging Face's `tokenizers` runs them; other kinds are left to the library. */
import type { PipelineStep } from './tokenizer-json';

export type TokenDecoder = (tokens: readonly string[]) => string;
type Step = (tokens: readonly string[]) => readonly string[];

/** null: a kind that only the library knows. */
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

/** A run of byte tokens is its text; where it is no UTF-8, each byte is U+FFFD. */
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

/** At most `start` of the character from the left and `stop` from the right. */
function strip(token: string, character: string, start: number, stop: number): string {
  let from = 0;
  while (from < start && token[from] === character) from++;
  let to = token.length;
  while (token.length - to < stop && to > from && token[to - 1] === character) to--;
  return token.slice(from, to);
}
