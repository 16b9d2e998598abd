/**
 * Text between added tokens to ids by the crate, for every pipeline that the studio has no proven path of its own for. Added tokens are
 * cut out before (../added-tokens.ts): so thousands of them cost nothing, and special ones can be read as plain text.
 */
import { normalizerOf } from '../normalizer';
import type { Normalize } from '../added-tokens';
import { modelPieces, type PipelineStep, type TokenizerJson } from '../tokenizer-json';
import { Crate, type CrateTokenizer } from './crate-tokenizer';
import { LONGEST, encodeLong } from './long-text';
import { adaptedExpression, onigurumaSource } from './expressions';
import { CharacterSet } from '../unicode/characters';
import { WORD } from '../unicode/tables';

export interface CrateEncoder {
  /** Of the file's normalizer. */
  normalize: Normalize;
  /** Ids of each part of a text, in as many rows as it had to be cut into. @param first the first part begins the text */
  encode(parts: readonly string[], first: boolean): Int32Array[][];
}

/**
 * @param apart the text comes normalized and in parts: there are added tokens that are looked for in normalized text. Else the crate
 *   normalizes as it encodes.
 * @throws StudioError `tokenizer-invalid` where the crate refuses the file
 */
export async function crateEncoder(json: TokenizerJson, apart: boolean): Promise<CrateEncoder> {
  const crate = await Crate.start();
  const normalizer = adaptedStep(json.normalizer);
  const file = { ...EMPTY, normalizer: apart ? null : normalizer, pre_tokenizer: adaptedStep(json.pre_tokenizer) };
  const opened = new Map<string, Separated>();
  const by = (separator: string): Separated => {
    const known = opened.get(separator) ?? new Separated(crate.open(written({ ...file, ...withSeparator(json, separator) })), separator);
    opened.set(separator, known);
    return known;
  };
  // What the crate refuses is refused when the tokenizer is opened.
  by(SEPARATOR);
  const own = normalizerOf(json.normalizer);
  const bytes = apart && !own ? crate.open(bytesOf(normalizer)) : null;
  const normalize: Normalize = !apart ? (text) => text : (own ?? ((text) => normalizedBy(bytes!, text)));
  const encode = (parts: readonly string[], first: boolean): Int32Array[][] => {
    let separator = SEPARATOR;
    while (parts.some((part) => part.includes(separator))) separator = FIRST + separator;
    return encodeParts(by(separator), parts, first);
  };
  return { normalize, encode };
}

/**
 * Between parts of a text stands what no text has any business with, the only added token that the crate knows: one character as often as it
 * takes, and another, so that it is found where it was put also behind a part that ends with the first.
 */
const FIRST = '\u{10ffff}';
const SEPARATOR = `${FIRST}\u{10fffe}`;

/**
 * Many parts of a text by one call, since a call takes as long as ten pre-tokens do. The crate itself cuts at an added token before it does
 * anything else, so that a part has the ids that it has by itself, and one with a separator before it does not begin a text.
 */
class Separated {
  private readonly separatorId: number;

  constructor(
    private readonly tokenizer: CrateTokenizer,
    private readonly separator: string,
  ) {
    this.separatorId = tokenizer.encode(separator)[0]!;
  }

  /** @returns the ids of each part */
  encode(parts: readonly string[], first: boolean): Int32Array[] {
    const ids = this.tokenizer.encode((first ? '' : this.separator) + parts.join(this.separator));
    const rows: Int32Array[] = [];
    let from = first ? 0 : 1;
    while (rows.length < parts.length) {
      const end = ids.indexOf(this.separatorId, from);
      const to = end < 0 ? ids.length : end;
      rows.push(ids.subarray(from, to));
      from = to + 1;
    }
    return rows;
  }
}

function encodeParts(tokenizer: Separated, parts: readonly string[], first: boolean): Int32Array[][] {
  const rows: Int32Array[][] = [];
  for (let from = 0, to = 0; from < parts.length; from = to) {
    let length = 0;
    while (to < parts.length && (length += parts[to]!.length) <= LONGEST) to++;
    const begins = first && from === 0;
    if (to > from) for (const ids of tokenizer.encode(parts.slice(from, to), begins)) rows.push([ids]);
    else rows.push(encodeLong((part, starts) => tokenizer.encode([part], starts)[0]!, parts[to++]!, begins));
  }
  return rows;
}

/** The separator has an id of its own, also where ids of pieces have gaps: the crate gives an added token that is a piece the piece's id. */
function withSeparator({ model }: TokenizerJson, content: string): object {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const added_tokens = [{ id: 0, content, ...flags }];
  // A Unigram's pieces are a list without gaps: an added token comes behind it.
  if (model.type === 'Unigram') return { added_tokens, model };
  let last = -1;
  for (const id of model.vocab.values()) last = Math.max(last, id);
  return { added_tokens, model: { ...model, vocab: { ...Object.fromEntries(model.vocab), [content]: last + 1 } } };
}

/** For decoders that only the crate knows. */
export async function crateDecoder(
  json: TokenizerJson,
  contents: (id: number) => string | undefined,
): Promise<(ids: readonly number[]) => string> {
  // Every token is a piece of this model, added ones in the form that decoders know.
  const vocab = new Map<string, number>();
  for (const [piece, id] of modelPieces(json)) vocab.set(piece, id);
  for (const { id, content } of json.added_tokens) vocab.set(contents(id) ?? content, id);
  const model = { type: 'WordLevel', vocab: Object.fromEntries(vocab), unk_token: '' };
  const crate = await Crate.start();
  const tokenizer = crate.open(written({ ...EMPTY, decoder: adaptedStep(json.decoder), model }));
  return (ids) => tokenizer.decode(ids);
}

const EMPTY = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
};

/**
 * Steps as the crate's build must have them to do what the crate does today: a fixed length of pieces is newer than the build, and the
 * words of Whitespace come from an older Unicode in it.
 */
function adaptedStep(step: PipelineStep | null | undefined): PipelineStep | null {
  if (!step) return null;
  if (step.type === 'FixedLength') return splitBy(`(?m).{1,${step.length ?? 5}}`, 'Isolated', false);
  if (step.type === 'Whitespace') return splitBy(`[${wordSource()}]+|[^${wordSource()}\\s]+`, 'Removed', true);
  const adapted = { ...step };
  if (step.pattern?.Regex !== undefined) adapted.pattern = { Regex: adaptedExpression(step.pattern.Regex) };
  for (const list of ['normalizers', 'pretokenizers', 'decoders'] as const) {
    const inner = step[list];
    if (inner) adapted[list] = inner.map((each) => adaptedStep(each)!);
  }
  return adapted;
}

function splitBy(expression: string, behavior: string, invert: boolean): PipelineStep {
  return { type: 'Split', pattern: { Regex: expression }, behavior, invert };
}

function wordSource(): string {
  return onigurumaSource(new CharacterSet(WORD));
}

function written(file: object): string {
  return JSON.stringify(file);
}

/** A tokenizer whose ids are the bytes of the normalized text. */
function bytesOf(normalizer: PipelineStep | null): string {
  const vocab = Object.fromEntries(
    Array.from({ length: 256 }, (_, byte) => [`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, byte]),
  );
  return written({ ...EMPTY, normalizer, model: { type: 'BPE', byte_fallback: true, vocab, merges: [] } });
}

function normalizedBy(bytes: CrateTokenizer, text: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes.encode(text)));
}
