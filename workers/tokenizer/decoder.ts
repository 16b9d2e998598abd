/**
 * Token strings to text, step by step as Hugging Face's `tokenizers` does it (decoders with expressions are left to the crate), and decoding
 * of a stream of ids during generation.
 */
import { tokenBytes } from './byte-level-bpe';
import type { PipelineStep } from './tokenizer-json';
import type { TextTokenizer } from './text-tokenizer';

export type TokenDecoder = (tokens: readonly string[]) => string;
type Step = (tokens: readonly string[]) => readonly string[];

/** null: a kind that only the crate knows. */
export function tokenDecoder(decoder: PipelineStep | null | undefined): TokenDecoder | null {
  if (!decoder) return (tokens) => tokens.join(' ');
  const step = stepOf(decoder);
  return step && ((tokens) => (tokens.length === 0 ? '' : step(tokens).join('')));
}

function stepOf(decoder: PipelineStep): Step | null {
  const { pattern, content, start = 0, stop = 0, prefix = '##', suffix = '</w>', cleanup = true } = decoder;
  switch (decoder.type) {
    case 'Sequence': {
      const steps = (decoder.decoders ?? []).map(stepOf);
      return steps.every((step) => step !== null) ? (tokens) => steps.reduce((row, step) => step(row), tokens) : null;
    }
    case 'Replace': {
      const found = pattern?.String;
      return found && content !== undefined ? (tokens) => tokens.map((token) => token.replaceAll(found, () => content)) : null;
    }
    case 'ByteFallback':
      return fuseBytes;
    case 'Fuse':
      return (tokens) => [tokens.join('')];
    case 'Strip':
      return content !== undefined ? (tokens) => tokens.map((token) => strip(token, content, start, stop)) : null;
    case 'ByteLevel':
      return (tokens) => [decoded(tokens.flatMap(writtenBytes))];
    case 'Metaspace':
      return metaspace(decoder);
    case 'WordPiece':
      return (tokens) =>
        tokens.map((token, at) => {
          const joined = at === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
          return cleanup ? cleaned(joined) : joined;
        });
    case 'BPEDecoder':
      return (tokens) => tokens.map((token, at) => token.replaceAll(suffix, at === tokens.length - 1 ? '' : ' '));
    case 'CTC':
      return connectionist(decoder);
    default:
      return null;
  }
}

/** Bytes of a piece or an added token in a byte-level vocabulary: the byte alphabet's, or its own where it is not written in that. */
export function writtenBytes(token: string): number[] {
  return tokenBytes(token) ?? Array.from(new TextEncoder().encode(token));
}

function decoded(bytes: readonly number[]): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

function metaspace({ replacement = '▁', prepend_scheme: scheme, add_prefix_space: prefix }: PipelineStep): Step {
  const prepends = (scheme ?? (prefix === false ? 'never' : 'always')) !== 'never';
  // Every mark of the first token goes, not the first alone.
  return (tokens) => tokens.map((token, at) => token.replaceAll(replacement, at === 0 && prepends ? '' : ' '));
}

function cleaned(text: string): string {
  return text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(' do not', " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}

function connectionist({ pad_token: pad = '<pad>', word_delimiter_token: delimiter = '|', cleanup = true }: PipelineStep): Step {
  return (tokens) =>
    tokens
      .filter((token, at) => at === 0 || token !== tokens[at - 1])
      .map((token) => {
        const kept = pad === '' ? token : token.replaceAll(pad, '');
        return cleanup ? cleaned(kept).replaceAll(delimiter, ' ') : kept;
      })
      .filter((token) => token !== '');
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

/** Removes the character at most `start` times from the left and `stop` times from the right. */
function strip(token: string, character: string, start: number, stop: number): string {
  let from = 0;
  for (let count = 0; count < start && token.startsWith(character, from); count++) from += character.length;
  let to = token.length;
  for (let count = 0; count < stop && to > from && token.slice(0, to).endsWith(character); count++) to -= character.length;
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
    if (this.tokenizer.byteLevel) return this.utf8.decode(this.tokenizer.decodedBytesOf(id), { stream: true });
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
