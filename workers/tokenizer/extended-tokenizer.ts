/**
 * Adds tokens to the tokenizer of a trained model. Existing ids keep their meaning, and a text without any of the new pieces keeps its ids.
 *
 * In BPE a text becomes one token by merges appended after all others. They join what the old merges leave, pair by pair from the left, so
 * that intermediate pieces become tokens too. A character that was encoded by byte fallback becomes a piece. Text that no merge can join
 * (because the pre-tokenizer splits it, or the model is not BPE) becomes an added token, which is matched before the model runs.
 */
import { StudioError } from '../../src/core/errors';
import { FastEncoder } from './fast-encoder';
import { countWords, WEIGHT_UNIT } from './train/pipeline';
import { learnMerges } from './train/learn-merges';
import type { TrainHooks, TrainingSource } from './train/train-tokenizer';
import { modelPieces, parseTokenizerJson, vocabularySize, type TokenizerJson } from './tokenizer-json';
import { Turns } from './turns';

/** A new embedding row: the mean of the rows of the old ids in `from`; of all rows when `from` is empty. */
interface NewRow {
  id: number;
  from: number[];
}

export interface ExtendedTokenizer {
  /** tokenizer.json */
  tokenizer: string;
  /** Vocabulary size before and after. */
  before: number;
  after: number;
  /** One per new id, by rising id. */
  rows: NewRow[];
}

export interface PieceExtension extends ExtendedTokenizer {
  /** Texts that are a single token already. */
  known: string[];
  /** Texts that became one token, with the number of tokens they took before. */
  added: { text: string; tokens: number }[];
}

/**
 * Makes each text one token: without a space before it, and also with one where its script separates words by spaces.
 * @param source tokenizer.json
 * @throws StudioError `tokenizer-invalid`
 */
export function extendByPieces(source: string, texts: readonly string[]): PieceExtension {
  const extension = new Extension(source);
  const known: string[] = [];
  const added: { text: string; tokens: number }[] = [];
  for (const text of new Set(texts)) {
    if (text === '') continue;
    const tokens = extension.add(text);
    if (tokens === 1) known.push(text);
    else added.push({ text, tokens });
  }
  return { ...extension.finish(), known, added };
}

/**
 * Continues BPE training: learns `merges` more merges from the texts as the tokenizer encodes them now.
 * @throws StudioError `tokenizer-options` for a tokenizer without merges; `tokenizer-invalid`, `cancelled`
 */
export async function extendByMerges(
  source: string,
  sources: readonly TrainingSource[],
  merges: number,
  { onProgress = () => undefined, signal }: TrainHooks = {},
): Promise<ExtendedTokenizer> {
  const extension = new Extension(source);
  await extension.learn(sources, merges, new Turns(signal), onProgress);
  return extension.finish();
}

const HAS_SPACES = /^[\p{L}\p{N}]/u;
const WITHOUT_SPACES = /^[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmr}\p{sc=Mymr}]/u;
const WORD = /[\p{L}\p{N}_]/u;

class Extension {
  private readonly json: TokenizerJson;
  private readonly encoder: FastEncoder | null;
  private readonly before: number;
  /** String of every id, new ones included; unused ids get a placeholder that cannot occur in text. */
  private readonly pieces: string[];
  private readonly ids: Map<string, number>;
  private readonly rows = new Map<number, number[]>();
  private readonly merges: [left: number, right: number, made: number][] = [];
  private readonly ranks = new Map<number, number>();
  private readonly characters = new Set<string>();
  private readonly tokens: string[] = [];

  constructor(private readonly source: string) {
    this.json = parseTokenizerJson(source);
    this.encoder = FastEncoder.of(this.json);
    this.before = vocabularySize(this.json);
    this.pieces = Array.from({ length: this.before }, (_, id) => `\0${id}`);
    for (const [piece, id] of modelPieces(this.json)) this.pieces[id] = piece;
    for (const { id, content } of this.json.added_tokens) this.pieces[id] = content;
    this.ids = new Map(this.pieces.map((piece, id) => [piece, id]));
  }

  /** @returns number of tokens that the text took before, with or without a space before it, whichever is smaller */
  add(text: string): number {
    const { encoder } = this;
    if (this.json.added_tokens.some(({ content }) => content === text)) return 1;
    if (!encoder) return this.addToken(text, null);
    if (this.json.model.type !== 'BPE') return this.addToken(text, encoder);
    const forms = formsOf(encoder, text);
    const bare = encoder.preTokens(forms[0]!);
    if (bare.length !== 1) return this.addToken(text, encoder);
    const counts = forms.filter((form) => encoder.preTokens(form).length === 1).map((form) => this.chain(form));
    return Math.min(...counts);
  }

  /** Adds merges, from the left, until the pre-token is a single token. @returns its number of tokens before */
  private chain(form: string): number {
    if (!this.encoder!.bytes) this.addCharacters(form);
    let ids = this.encode(form);
    const tokens = ids.length;
    // A merge may apply at other positions of the text too, so all merges are applied again.
    while (ids.length > 1) {
      this.merge(ids[0]!, ids[1]!);
      ids = this.applyMerges(ids);
    }
    return tokens;
  }

  private merge(left: number, right: number): void {
    const made = this.idOf(this.pieces[left]! + this.pieces[right]!, [...this.oldIds(left), ...this.oldIds(right)]);
    const key = pairKey(left, right);
    if (!this.ranks.has(key)) {
      this.ranks.set(key, this.merges.length);
      this.merges.push([left, right, made]);
    }
  }

  private idOf(piece: string, from: number[]): number {
    const known = this.ids.get(piece);
    if (known !== undefined) return known;
    const id = this.pieces.push(piece) - 1;
    this.ids.set(piece, id);
    this.rows.set(id, from);
    return id;
  }

  /** Adds as pieces the characters that are encoded by byte fallback. */
  private addCharacters(form: string): void {
    for (const character of form) {
      if (this.ids.has(character)) continue;
      this.idOf(character, this.encoder!.encodePreToken(character));
      this.characters.add(character);
    }
  }

  /** Ids of a pre-token with the merges added so far. */
  private encode(form: string): number[] {
    const ids: number[] = [];
    let plain = '';
    const flush = (): void => {
      ids.push(...this.encoder!.encodePreToken(plain));
      plain = '';
    };
    for (const character of form) {
      if (!this.characters.has(character)) {
        plain += character;
        continue;
      }
      flush();
      ids.push(this.ids.get(character)!);
    }
    flush();
    return this.applyMerges(ids);
  }

  private applyMerges(ids: number[]): number[] {
    for (;;) {
      let best = -1;
      let lowest = Infinity;
      for (let at = 0; at + 1 < ids.length; at++) {
        const rank = this.ranks.get(pairKey(ids[at]!, ids[at + 1]!));
        if (rank === undefined || rank >= lowest) continue;
        lowest = rank;
        best = at;
      }
      if (best < 0) return ids;
      ids.splice(best, 2, this.merges[lowest]![2]);
    }
  }

  private oldIds(id: number): number[] {
    return this.rows.get(id) ?? [id];
  }

  private addToken(text: string, encoder: FastEncoder | null): number {
    if (this.ids.has(text)) return 1;
    const from = encoder ? encoder.preTokens(encoder.prepare(text)).flatMap((piece) => encoder.encodePreToken(piece)) : [];
    this.idOf(text, from);
    this.tokens.push(text);
    return Math.max(2, from.length);
  }

  async learn(
    sources: readonly TrainingSource[],
    merges: number,
    turns: Turns,
    onProgress: NonNullable<TrainHooks['onProgress']>,
  ): Promise<void> {
    const { encoder } = this;
    if (!encoder || this.json.model.type !== 'BPE') {
      const value = this.json.model.type;
      throw new StudioError('tokenizer-options', `Only BPE learns more merges, not ${value}`, {
        field: 'model.type',
        value,
        accepted: 'BPE',
      });
    }
    const { counts } = await countWords(
      sources,
      (text, visit) => {
        for (const piece of encoder.preTokens(encoder.prepare(text))) {
          // Without pre-tokens, training splits the text into words, as SentencePiece does.
          if (encoder.bytes) visit(piece);
          else for (const word of piece.match(/▁*[^▁]+|▁+/gu) ?? []) visit(word);
        }
      },
      turns,
      (done) => onProgress({ phase: 'count', done, total: 0 }),
    );
    const symbols: number[] = [];
    const offsets = [0];
    const weights: number[] = [];
    const close = (count: number): void => {
      if (symbols.length === offsets.at(-1)!) return;
      offsets.push(symbols.length);
      weights.push(count);
    };
    for (const [word, count] of counts) {
      for (const id of encoder.encodePreToken(word)) {
        // Byte-fallback tokens are never merged.
        if (encoder.bytes || !FALLBACK.test(this.pieces[id]!)) symbols.push(id);
        else close(count);
      }
      close(count);
      if (turns.due()) await turns.take();
    }
    const words = { symbols: Int32Array.from(symbols), offsets: Int32Array.from(offsets), counts: Float64Array.from(weights) };
    const learnt = await learnMerges(
      words,
      this.pieces,
      { vocabularySize: this.ids.size + merges, minFrequency: 2 * WEIGHT_UNIT, join: (left, right) => left + right },
      turns,
      (done) => onProgress({ phase: 'learn', done, total: merges }),
    );
    for (const [left, right, made] of learnt) {
      this.merges.push([left, right, made]);
      if (made >= this.before && !this.rows.has(made)) this.rows.set(made, [...this.oldIds(left), ...this.oldIds(right)]);
    }
  }

  finish(): ExtendedTokenizer {
    const rows = Array.from(this.rows, ([id, from]) => ({ id, from })).sort((a, b) => a.id - b.id);
    return { tokenizer: this.write(), before: this.before, after: this.pieces.length, rows };
  }

  private write(): string {
    const file = JSON.parse(this.source) as RawTokenizer;
    const tokens = this.tokens.map((content) => ({
      id: this.ids.get(content)!,
      content,
      // A token that starts with a word character must not match inside a longer word.
      single_word: WORD.test(content[0]!) && !WITHOUT_SPACES.test(content),
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: false,
    }));
    file.added_tokens = [...(file.added_tokens ?? []), ...tokens];
    if (Array.isArray(file.model.vocab)) {
      // `tokenizers` takes ids of added tokens from the vocabulary, so they are listed there too, with the lowest score.
      const least = file.model.vocab.reduce((lowest, [, score]) => Math.min(lowest, score), 0);
      for (let id = file.model.vocab.length; id < this.pieces.length; id++) file.model.vocab.push([this.pieces[id]!, least]);
    } else {
      const { vocab } = file.model;
      for (const { content, id } of file.added_tokens) vocab[content] ??= id;
      for (const id of this.rows.keys()) vocab[this.pieces[id]!] = id;
    }
    if (this.merges.length > 0) {
      const pairs = this.merges.map(([left, right]): [string, string] => [this.pieces[left]!, this.pieces[right]!]);
      file.model.merges = joinMerges(file.model.merges ?? [], pairs);
    }
    return `${JSON.stringify(file)}\n`;
  }
}

interface RawTokenizer {
  added_tokens?: { id: number; content: string }[];
  model: { vocab: Record<string, number> | [string, number][]; merges?: (string | [string, string])[] };
}

const FALLBACK = /^<0x[0-9A-F]{2}>$/;

/** Appends merges in the file's form ("a b" or [a, b]); as pairs if a piece contains a space. */
function joinMerges(old: (string | [string, string])[], pairs: [string, string][]): (string | [string, string])[] {
  const asText = typeof old[0] === 'string' && !pairs.some((pair) => pair.some((piece) => piece.includes(' ')));
  if (asText) return [...old, ...pairs.map((pair) => pair.join(' '))];
  return [...old.map((merge) => (typeof merge === 'string' ? (merge.split(' ', 2) as [string, string]) : merge)), ...pairs];
}

/** The forms in which the text occurs: without a space before it and, where its script has spaces, with one. */
function formsOf(encoder: FastEncoder, text: string): string[] {
  const prepared = encoder.prepare(text);
  const mark = encoder.bytes ? ' ' : '▁';
  const bare = prepared.startsWith(mark) && !text.startsWith(mark) && !text.startsWith(' ') ? prepared.slice(1) : prepared;
  return HAS_SPACES.test(text) && !WITHOUT_SPACES.test(text) ? [bare, mark + bare] : [bare];
}

function pairKey(left: number, right: number): number {
  return left * 0x4000000 + right;
}
