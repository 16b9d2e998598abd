/** Loss over the tokens inside domain terms (METHOD 2), per term, with the passages the terms stand in. */
import { bisectRight } from 'd3-array';
import type { MeasuredChannel, TermPassage, TermsMeasure } from '../../src/contract/evaluation';
import { overallTermLoss, termLoss, type TermSums } from '../../src/core/metrics/text-measure';
import { termFinder } from '../../src/core/text/find-terms';
import { spreadDocuments } from '../runtime/channel-tokens';
import { textOf } from '../runtime/document-rows';
import { sequenceLosses, type SequenceModel, type SequenceOptions } from '../runtime/sequences';
import type { TokenIds } from '../runtime/trainable-model';
import { eachModel, withProgress, type EvaluationTools } from './each-model';

/** Passages shown of one term, and terms shown. */
const PASSAGES = 5;
const TERMS = 200;

type Gathered = TermSums & { passages: TermPassage[]; documents: Map<number, Pick<TermSums, 'nll' | 'tokens' | 'bytes'>> };

/** @param count most documents of each channel */
export async function evaluateTerms(
  channels: readonly MeasuredChannel[],
  terms: readonly string[],
  count: number,
  tools: EvaluationTools,
): Promise<TermsMeasure> {
  const places: TermPlace[][] = [];
  let documents = 0;
  await eachModel(tools, async (weights, model, progress) => {
    const { tokenizer } = weights.tokenizer;
    const texts = await tools.read(weights, channels);
    const chosen = texts.flatMap(({ heldOut }) => spreadDocuments(heldOut.starts.length, count).map((at) => textOf(heldOut, at)));
    documents = chosen.length;
    places.push(await termPlaces(model, tokenizer, tokenizer.startOfText, chosen, terms, withProgress(tools.work, progress)));
  });
  const [base] = places;
  if (!base || places.some((found) => found.length !== base.length)) throw new Error('Models found different terms in the same text');
  const none = () => ({ nll: places.map(() => 0), tokens: places.map(() => 0), bytes: 0 });
  const sums = new Map<string, Gathered>();
  base.forEach(({ term, document, bytes, before, text, after }, at) => {
    const entry: Gathered = sums.get(term) ?? { term, count: 0, ...none(), passages: [], documents: new Map() };
    sums.set(term, entry);
    const own = entry.documents.get(document) ?? none();
    entry.documents.set(document, own);
    entry.count += 1;
    for (const part of [entry, own]) {
      part.bytes += bytes;
      places.forEach((found, model) => {
        part.nll[model]! += found[at]!.nll;
        part.tokens[model]! += found[at]!.tokens;
      });
    }
    if (entry.passages.length < PASSAGES)
      entry.passages.push({ before, term: text, after, loss: places.map((found) => found[at]!.nll / found[at]!.tokens) });
  });
  const all = [...sums.values()].sort((a, b) => b.count - a.count);
  return {
    overall: overallTermLoss(all),
    terms: all.slice(0, TERMS).map((entry) => ({ ...termLoss(entry), passages: entry.passages })),
    documents,
  };
}

export interface TermTokenizer {
  /** Bytes that an id stands for; null for ids in no vocabulary. */
  bytesOf(id: number): Uint8Array | null;
}

/** One place where a term stands. */
export interface TermPlace {
  term: string;
  /** Its place among the documents. */
  document: number;
  /** nats over the term's tokens; a token that also covers a space before the term belongs to it. */
  nll: number;
  tokens: number;
  /** UTF-8 bytes of the term. */
  bytes: number;
  before: string;
  text: string;
  after: string;
}

/** Characters of a passage on either side of the term. */
const AROUND = 60;

/** @param documents token ids of each, without end of text. Places in order of documents. */
export async function termPlaces(
  model: SequenceModel,
  tokenizer: TermTokenizer,
  startOfText: number,
  documents: readonly TokenIds[],
  terms: readonly string[],
  options: SequenceOptions,
): Promise<TermPlace[]> {
  const find = termFinder(terms);
  const read = documents
    .map((ids, document) => ({ document, ...withTerms(ids, tokenizer, find) }))
    .filter(({ places }) => places.length > 0);
  const losses = await sequenceLosses(
    model,
    read.map(({ ids }) => [startOfText, ...ids]),
    options,
  );
  return read.flatMap(({ places, document }, at) =>
    places.map(({ first, last, ...place }): TermPlace => {
      let nll = 0;
      for (let token = first; token <= last; token++) nll += losses[at]![token]!;
      return { ...place, document, nll, tokens: last - first + 1 };
    }),
  );
}

const utf8 = new TextEncoder();

function withTerms(ids: TokenIds, tokenizer: TermTokenizer, find: ReturnType<typeof termFinder>) {
  const pieces = Array.from(ids, (id) => tokenizer.bytesOf(id) ?? new Uint8Array());
  const starts = new Uint32Array(pieces.length + 1);
  pieces.forEach((piece, at) => (starts[at + 1] = starts[at]! + piece.length));
  const bytes = new Uint8Array(starts[pieces.length]!);
  pieces.forEach((piece, at) => bytes.set(piece, starts[at]));
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  let characters = 0;
  let offset = 0;
  /** Byte offset of a character; called with rising positions. */
  const byteAt = (position: number): number => {
    offset += utf8.encode(text.slice(characters, position)).length;
    characters = position;
    return offset;
  };
  const places = find(text).map(({ term, start, end }) => {
    const from = byteAt(start);
    const to = byteAt(end);
    return {
      term,
      first: tokenAt(starts, from),
      last: tokenAt(starts, to - 1),
      bytes: to - from,
      before: text.slice(Math.max(0, start - AROUND), start),
      text: text.slice(start, end),
      after: text.slice(end, end + AROUND),
    };
  });
  return { ids, places };
}

/** Index of the token that holds a byte. @param starts first byte of each token, and the end of the last */
function tokenAt(starts: Uint32Array, byte: number): number {
  return bisectRight(starts, byte, 0, starts.length - 1) - 1;
}
