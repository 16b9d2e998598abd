/**
 * Statistics of a tokenizer, on a text that a person gives or on samples of channels' held-out text: token counts, fertility (tokens per
 * character), tokens per domain term, and fertility by vocabulary size.
 */
import type { ChannelFertility, FertilityPoint, TokenCounts, TokenizedText, WrittenToken } from '../../src/contract/tokenizer';
import { utf8Length } from './encode-documents';
import { aloneTokenizer, type OpenTokenizer } from './open';
import type { TokenizerFileTexts } from '../storage/tokenizers';
import type { TextTokenizer } from './text-tokenizer';
import type { Turns } from './turns';
import { spansOf } from './spans';
import { findCorpus, readDocuments } from '../storage/corpora';

/** Whole documents from a channel's held-out text, on which a tokenizer is measured. */
export interface ChannelSample {
  corpus: string;
  documents: readonly string[];
}

const NONE: TokenCounts = { tokens: 0, characters: 0, words: 0, bytes: 0, unknown: 0, byteFallback: 0 };

/**
 * Encodes a text and says which characters each token covers.
 * @param most spans are returned for this many tokens at most; the counts cover all tokens
 */
export function tokenizeText(open: OpenTokenizer, text: string, most: number): TokenizedText {
  const { tokenizer, vocabulary } = open;
  const ids = tokenizer.encode(text);
  const pieces = ids.slice(0, most).map((id) => vocabulary.piece(id));
  return {
    spans: spansOf(text, pieces, vocabulary.byteLevel, ids.length <= most),
    counts: countTokens(open, text, ids),
    special: writtenTokens(open, tokenizer.specialIn(text)),
  };
}

/** Most frequent first. @param counts by id */
function writtenTokens({ vocabulary }: OpenTokenizer, counts: ReadonlyMap<number, number>): WrittenToken[] {
  return Array.from(counts, ([id, count]) => ({ token: vocabulary.piece(id).token, count })).sort((a, b) => b.count - a.count);
}

/** @param ids token ids of the whole text */
export function countTokens({ vocabulary }: OpenTokenizer, text: string, ids: readonly number[]): TokenCounts {
  const counts = { ...NONE, tokens: ids.length, characters: characterCount(text), words: wordCount(text), bytes: utf8Length(text) };
  for (const id of ids) {
    const { kind } = vocabulary.piece(id);
    if (kind === 'unknown') counts.unknown += 1;
    if (kind === 'byte') counts.byteFallback += 1;
  }
  return counts;
}

/** Evenly spaced documents of a split, as many as make up about `bytes` of UTF-8. */
export function spreadSample(documents: readonly string[], bytes: number): string[] {
  const total = documents.reduce((sum, document) => sum + utf8Length(document), 0);
  if (total <= bytes) return [...documents];
  const count = Math.max(1, Math.floor((documents.length * bytes) / total));
  return Array.from({ length: count }, (_, at) => documents[Math.floor((at * documents.length) / count)]!);
}

/** @throws StudioError `cancelled` */
export async function channelFertility(open: OpenTokenizer, { corpus, documents }: ChannelSample, turns: Turns): Promise<ChannelFertility> {
  const counts = { ...NONE };
  const special = new Map<number, number>();
  for (const document of documents) {
    const own = countTokens(open, document, open.tokenizer.encode(document, 'plain'));
    for (const [id, count] of open.tokenizer.specialIn(document)) special.set(id, (special.get(id) ?? 0) + count);
    for (const figure of Object.keys(counts) as (keyof TokenCounts)[]) counts[figure] += own[figure];
    if (turns.due()) await turns.take();
  }
  return { corpus, documents: documents.length, counts, special: writtenTokens(open, special) };
}

/** Number of tokens of a term: the smaller of its counts at the start of a text and after a space. */
export function termTokens(tokenizer: TextTokenizer, term: string): number {
  return Math.min(tokenizer.encode(term).length, tokenizer.encode(` ${term}`).length);
}

/** The fertility curve halves the vocabulary at each point, down to this size or the alphabet, with at most LONGEST_CURVE points. */
const SMALLEST_CURVE = 512;
const LONGEST_CURVE = 10;

/**
 * Fertility of a BPE tokenizer after its first merges only, that is, at smaller vocabulary sizes. The result is exact, because
 * BPE training learns merges one after the other. WordPiece and Unigram have no such order, so they give a single point.
 * @throws StudioError `cancelled`
 */
export async function fertilityCurve(
  texts: TokenizerFileTexts,
  whole: TextTokenizer,
  samples: readonly ChannelSample[],
  turns: Turns,
): Promise<FertilityPoint[]> {
  const json = JSON.parse(texts.tokenizer) as { model: { merges?: unknown[] } };
  const merges = json.model.merges ?? [];
  const points: FertilityPoint[] = [];
  for (const size of curveSizes(whole.size, merges.length)) {
    const kept = merges.length - (whole.size - size);
    const model = { ...json.model, merges: merges.slice(0, kept) };
    const tokenizer = size === whole.size ? whole : await aloneTokenizer({ ...texts, tokenizer: JSON.stringify({ ...json, model }) });
    points.push({ vocabulary: size, tokensPerCharacter: await tokensPerCharacter(tokenizer, samples, turns) });
  }
  return points;
}

/** Vocabulary sizes of the curve, smallest first. */
export function curveSizes(size: number, merges: number): number[] {
  const sizes = [size];
  const alphabet = size - merges;
  while (merges > 0 && sizes.length < LONGEST_CURVE) {
    const next = Math.round(sizes[0]! / 2);
    if (next < Math.max(SMALLEST_CURVE, alphabet + 1)) break;
    sizes.unshift(next);
  }
  return sizes;
}

async function tokensPerCharacter(
  tokenizer: TextTokenizer,
  samples: readonly ChannelSample[],
  turns: Turns,
): Promise<Record<string, number>> {
  const fertility: Record<string, number> = {};
  for (const { corpus, documents } of samples) {
    let tokens = 0;
    let characters = 0;
    for (const document of documents) {
      tokens += tokenizer.encode(document, 'plain').length;
      characters += characterCount(document);
      if (turns.due()) await turns.take();
    }
    if (characters > 0) fertility[corpus] = tokens / characters;
  }
  return fertility;
}

/** Number of Unicode code points. */
function characterCount(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    count += 1;
    if (text.codePointAt(at)! > 0xffff) at++;
  }
  return count;
}

let segmenter: Intl.Segmenter | null = null;

function wordCount(text: string): number {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'word' });
  let count = 0;
  for (const { isWordLike } of segmenter.segment(text)) if (isWordLike) count += 1;
  return count;
}

const KEPT = 32;
const kept = new Map<string, ChannelSample>();

/**
 * A sample of about `bytes` of UTF-8 from each corpus's held-out split. The last 32 samples are cached, since two tokenizers are usually
 * compared on the same text.
 * @throws StudioError `file-missing`, `fetch-failed`, `cancelled`
 */
export async function heldOutSamples(corpora: readonly string[], bytes: number, signal: AbortSignal): Promise<ChannelSample[]> {
  const samples: ChannelSample[] = [];
  for (const id of corpora) {
    const corpus = await findCorpus(id);
    const key = `${bytes}:${corpus.sha256.heldOut}:${id}`;
    let sample = kept.get(key);
    if (!sample) {
      const documents = await readDocuments(corpus, 'heldOut', undefined, signal);
      sample = { corpus: id, documents: spreadSample(documents, bytes) };
      kept.set(key, sample);
      for (const oldest of kept.keys()) if (kept.size > KEPT) kept.delete(oldest);
    }
    samples.push(sample);
  }
  return samples;
}
