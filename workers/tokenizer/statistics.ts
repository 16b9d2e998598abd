/** How a tokenizer cuts text: counts, fertility per channel, the tokens of domain terms, fertility after fewer merges. */
import type { ChannelFertility, FertilityPoint, TokenCounts } from '../../src/contract/tokenizer';
import { utf8Length } from './encode-documents';
import { aloneTokenizer, type OpenTokenizer } from './open';
import type { TokenizerFileTexts } from '../storage/tokenizers';
import type { TextTokenizer } from './text-tokenizer';
import type { Turns } from './turns';

/** A channel's sample: whole documents. */
export interface ChannelSample {
  corpus: string;
  documents: readonly string[];
}

const NONE: TokenCounts = { tokens: 0, characters: 0, words: 0, bytes: 0, unknown: 0, byteFallback: 0 };

/** @param ids of the whole text */
export function countTokens({ vocabulary }: OpenTokenizer, text: string, ids: readonly number[]): TokenCounts {
  const counts = { ...NONE, tokens: ids.length, characters: characterCount(text), words: wordCount(text), bytes: utf8Length(text) };
  for (const id of ids) {
    const { kind } = vocabulary.piece(id);
    if (kind === 'unknown') counts.unknown += 1;
    if (kind === 'byte') counts.byteFallback += 1;
  }
  return counts;
}

/** Documents evenly spread over a split, until `bytes` of UTF-8 are reached. */
export function spreadSample(documents: readonly string[], bytes: number): string[] {
  const total = documents.reduce((sum, document) => sum + utf8Length(document), 0);
  if (total <= bytes) return [...documents];
  const count = Math.max(1, Math.floor((documents.length * bytes) / total));
  return Array.from({ length: count }, (_, at) => documents[Math.floor((at * documents.length) / count)]!);
}

/** @throws StudioError `cancelled` */
export async function channelFertility(open: OpenTokenizer, { corpus, documents }: ChannelSample, turns: Turns): Promise<ChannelFertility> {
  const counts = { ...NONE };
  for (const document of documents) {
    const own = countTokens(open, document, open.tokenizer.encode(document));
    for (const figure of Object.keys(counts) as (keyof TokenCounts)[]) counts[figure] += own[figure];
    if (turns.due()) await turns.take();
  }
  return { corpus, documents: documents.length, counts };
}

/** Tokens of a term by itself or after a space, whichever are fewer. */
export function termTokens(tokenizer: TextTokenizer, term: string): number {
  return Math.min(tokenizer.encode(term).length, tokenizer.encode(` ${term}`).length);
}

/** Steps of a curve: a vocabulary half as large each, down to the alphabet or this many. */
const SMALLEST_CURVE = 512;
const LONGEST_CURVE = 10;

/**
 * Fertility of a BPE tokenizer after its first merges only, as if its training had ended sooner: exact, as merges are learnt one
 * after the other. Other kinds have no such order: their one point is given.
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
    const tokenizer = size === whole.size ? whole : aloneTokenizer({ ...texts, tokenizer: JSON.stringify({ ...json, model }) });
    points.push({ vocabulary: size, tokensPerCharacter: await tokensPerCharacter(tokenizer, samples, turns) });
  }
  return points;
}

/** Smallest first. */
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
      tokens += tokenizer.encode(document).length;
      characters += characterCount(document);
      if (turns.due()) await turns.take();
    }
    if (characters > 0) fertility[corpus] = tokens / characters;
  }
  return fertility;
}

/** Code points. */
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
