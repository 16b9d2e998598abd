/**
 * Text between added tokens to ids by the crate, for every pipeline that the studio has no proven path of its own for. Added tokens are
 * cut out before (../added-tokens.ts): so thousands of them cost nothing, and special ones can be read as plain text.
 */
import { normalizerOf } from '../normalizer';
import type { Normalize } from '../added-tokens';
import { modelPieces, type PipelineStep, type TokenizerJson } from '../tokenizer-json';
import { Crate, type CrateTokenizer } from './crate-tokenizer';
import { encodeLong } from './long-text';
import { adaptedExpression, onigurumaSource } from './expressions';
import { CharacterSet } from '../unicode/characters';
import { WORD } from '../unicode/tables';

export interface CrateEncoder {
  /** Of the file's normalizer. */
  normalize: Normalize;
  /** Ids of a text, in as many rows as it had to be cut into. @param first it begins the whole text */
  encode(text: string, first: boolean): Int32Array[];
}

/**
 * @param apart the text comes normalized and in parts: there are added tokens that are looked for in normalized text. Else the crate
 *   normalizes as it encodes.
 * @throws StudioError `tokenizer-invalid` where the crate refuses the file
 */
export async function crateEncoder(json: TokenizerJson, apart: boolean): Promise<CrateEncoder> {
  const crate = await Crate.start();
  const normalizer = adaptedStep(json.normalizer);
  const preTokenizer = adaptedStep(json.pre_tokenizer);
  const whole = crate.open(fileOf(json, { normalizer: apart ? null : normalizer, preTokenizer }));
  // Metaspace marks the beginning of a text; a part that follows an added token is none.
  const later = marksFirst(json.pre_tokenizer)
    ? crate.open(fileOf(json, { normalizer: apart ? null : normalizer, preTokenizer: unmarked(preTokenizer!) }))
    : whole;
  const own = normalizerOf(json.normalizer);
  const bytes = apart && !own ? crate.open(bytesOf(normalizer)) : null;
  const normalize: Normalize = !apart ? (text) => text : (own ?? ((text) => normalizedBy(bytes!, text)));
  const encode = (text: string, first: boolean): Int32Array => (first ? whole : later).encode(text);
  return { normalize, encode: (text, first) => encodeLong(encode, text, first) };
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

/** The file without what concerns neither pieces nor ids: all of a text is wanted, and nothing else. */
function fileOf(
  json: TokenizerJson,
  { normalizer, preTokenizer }: { normalizer: PipelineStep | null; preTokenizer: PipelineStep | null },
): string {
  return written({ ...EMPTY, normalizer, pre_tokenizer: preTokenizer, model: modelOf(json) });
}

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

function marksFirst(step: PipelineStep | null | undefined): boolean {
  return step?.type === 'Metaspace' ? step.prepend_scheme === 'first' : (step?.pretokenizers ?? []).some(marksFirst);
}

function unmarked(step: PipelineStep): PipelineStep {
  if (step.type === 'Metaspace') return { ...step, prepend_scheme: step.prepend_scheme === 'first' ? 'never' : step.prepend_scheme };
  return step.pretokenizers ? { ...step, pretokenizers: step.pretokenizers.map(unmarked) } : step;
}

function modelOf({ model }: TokenizerJson): unknown {
  if (model.type === 'Unigram') return model;
  return { ...model, vocab: Object.fromEntries(model.vocab) };
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
