/** What each id of a tokenizer stands for: its string, its bytes, and whether it is text, part of a character, special or unknown. */
import type { TokenizerKind, TokenPiece } from '../../src/contract/tokenizer';
import { tokenBytes } from './byte-level-bpe';
import { modelPieces, type PipelineStep, type TokenizerJson } from './tokenizer-json';

export class Vocabulary {
  readonly kind: TokenizerKind;
  /** Whether tokens are written in the byte alphabet, so that their concatenated bytes are the text. */
  readonly byteLevel: boolean;
  private readonly tokens = new Map<number, string>();
  private readonly special = new Map<number, boolean>();
  private readonly unknown: number | null;
  private readonly pieces = new Map<number, TokenPiece>();

  constructor(private readonly json: TokenizerJson) {
    const { model } = json;
    this.kind = model.type;
    this.byteLevel = [json.decoder, json.pre_tokenizer, json.normalizer].some((step) => holds(step, 'ByteLevel'));
    for (const [token, id] of modelPieces(json)) this.tokens.set(id, token);
    const named = model.unk_token ?? (model.type === 'WordPiece' ? '[UNK]' : null);
    this.unknown = model.type === 'Unigram' ? (model.unk_id ?? null) : named === null ? null : (model.vocab.get(named) ?? null);
    for (const { id, content, special } of json.added_tokens) {
      this.tokens.set(id, content);
      this.special.set(id, special);
    }
  }

  /** The entry of an id; of kind `unknown` when no token has this id. */
  piece(id: number): TokenPiece {
    const known = this.pieces.get(id);
    if (known) return known;
    const piece = this.describe(id);
    this.pieces.set(id, piece);
    return piece;
  }

  private describe(id: number): TokenPiece {
    const token = this.tokens.get(id);
    if (token === undefined || id === this.unknown) return { id, token: token ?? `#${id}`, bytes: [], kind: 'unknown' };
    const added = this.special.get(id);
    if (added === true) return { id, token, bytes: [], kind: 'special' };
    if (added === false) return { id, token, bytes: utf8(token), kind: 'text' };
    if (this.byteLevel) {
      const bytes = tokenBytes(token) ?? utf8(token);
      return { id, token, bytes, kind: decodeWhole(bytes) === null ? 'byte' : 'text' };
    }
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
    if (byte !== undefined) return { id, token, bytes: [Number.parseInt(byte, 16)], kind: 'byte' };
    return { id, token, bytes: utf8(this.surface(token)), kind: 'text' };
  }

  private surface(token: string): string {
    const { continuing_subword_prefix: given, end_of_word_suffix: suffix } = this.json.model;
    const prefix = given ?? (this.kind === 'WordPiece' ? '##' : '');
    let text = token.replaceAll('▁', ' ');
    if (prefix && text.startsWith(prefix) && text !== prefix) text = text.slice(prefix.length);
    if (suffix && text.endsWith(suffix)) text = text.slice(0, -suffix.length);
    return text;
  }
}

function holds(step: PipelineStep | null | undefined, type: string): boolean {
  if (!step) return false;
  return (
    step.type === type ||
    [...(step.normalizers ?? []), ...(step.pretokenizers ?? []), ...(step.decoders ?? [])].some((inner) => holds(inner, type))
  );
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(text: string): number[] {
  return Array.from(encoder.encode(text));
}

/** The text of these bytes, or null when they are not whole characters. */
export function decodeWhole(bytes: readonly number[]): string | null {
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch {
    return null;
  }
}
