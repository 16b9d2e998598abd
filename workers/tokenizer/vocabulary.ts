/** What each id of a tokenizer stands for: its string, its bytes, and whether it is text, part of a character, special or unknown. */
import type { TokenizerKind, TokenPiece } from '../../src/contract/tokenizer';
import { tokenBytes } from './byte-level-bpe';

/** The parts of tokenizer.json that are read here. A tokenizer has been checked before (TextTokenizer). */
export interface VocabularyJson {
  added_tokens?: { id: number; content: string; special?: boolean }[] | null;
  pre_tokenizer?: Step | null;
  decoder?: Step | null;
  model: {
    type?: string | null;
    /** BPE and WordPiece: token → id; Unigram: token and score in the order of ids. */
    vocab: Record<string, number> | [string, number][];
    unk_token?: string | null;
    unk_id?: number | null;
    continuing_subword_prefix?: string | null;
    end_of_word_suffix?: string | null;
  };
}
interface Step {
  type: string;
  pretokenizers?: Step[];
  decoders?: Step[];
}

export class Vocabulary {
  readonly kind: TokenizerKind;
  /** Whether tokens are written in the byte alphabet, so that their concatenated bytes are the text. */
  readonly byteLevel: boolean;
  private readonly tokens = new Map<number, string>();
  private readonly special = new Map<number, boolean>();
  private readonly unknown: number | null;
  private readonly pieces = new Map<number, TokenPiece>();

  constructor(private readonly json: VocabularyJson) {
    const { model, added_tokens: added } = json;
    this.kind = model.type === 'WordPiece' || model.type === 'Unigram' ? model.type : 'BPE';
    this.byteLevel = holds(json.decoder, 'ByteLevel') || holds(json.pre_tokenizer, 'ByteLevel');
    if (Array.isArray(model.vocab)) model.vocab.forEach(([token], id) => this.tokens.set(id, token));
    else for (const [token, id] of Object.entries(model.vocab)) this.tokens.set(id, token);
    const named = model.unk_token ?? null;
    this.unknown = model.unk_id ?? (named !== null && !Array.isArray(model.vocab) ? (model.vocab[named] ?? null) : null);
    for (const { id, content, special } of added ?? []) {
      this.tokens.set(id, content);
      this.special.set(id, special === true);
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

function holds(step: Step | null | undefined, type: string): boolean {
  if (!step) return false;
  return step.type === type || [...(step.pretokenizers ?? []), ...(step.decoders ?? [])].some((inner) => holds(inner, type));
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
