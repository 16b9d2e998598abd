/** Makes a model with an extended or a replaced vocabulary from a stored model, and previews which tokens that would add. */
import { decodeWhole, Vocabulary } from './vocabulary';
import { parseTokenizerJson } from './tokenizer-json';
import type { TokenizerRef, TrainProgress, VocabularyPlan, VocabularySource } from '../../src/contract/tokenizer';
import { findCorpus, readDocuments } from '../storage/corpora';
import { extendByMerges, extendByPieces, type ExtendedTokenizer } from './extended-tokenizer';
import { Turns } from './turns';
import type { ModelRecord } from '../../src/contract/library';
import type { OnProgress } from '../../src/contract/progress';
import { makeWithVocabulary, type NewVocabulary } from './model-with-vocabulary';
import { findModel, readModelText } from '../storage/models';
import { openTokenizer, readTokenizerTexts, type OpenTokenizer } from './open';

/**
 * For each new token, the old tokens whose embedding rows are averaged for its row: those of its text; those of its bytes when it is part of
 * a character; for a special token the old one with the same spelling. An empty list stands for the mean of all rows.
 * @returns old ids by new id, as many lists as the new tokenizer has ids
 */
export function replacedRows(old: OpenTokenizer, next: OpenTokenizer): (readonly number[])[] {
  const bytes = byteIds(old);
  const special = new Map<string, number>();
  for (let id = 0; id < old.tokenizer.size; id++) {
    const piece = old.vocabulary.piece(id);
    if (piece.kind === 'special') special.set(piece.token, id);
  }
  return Array.from({ length: next.tokenizer.size }, (_, id) => {
    const piece = next.vocabulary.piece(id);
    // The end-of-text token keeps its embedding, whatever its spelling.
    if (id === next.tokenizer.endOfText) return [old.tokenizer.endOfText];
    if (piece.kind === 'special' || piece.kind === 'unknown') return special.has(piece.token) ? [special.get(piece.token)!] : [];
    const text = decodeWhole(piece.bytes);
    if (text !== null && text !== '') return old.tokenizer.encode(text);
    const ids = piece.bytes.map((byte) => bytes[byte]);
    return ids.every((each) => each !== undefined) ? ids : [];
  });
}

/** Id of the token that stands for each single byte, by byte; undefined where there is none. */
function byteIds({ tokenizer, vocabulary }: OpenTokenizer): (number | undefined)[] {
  const ids = new Array<number | undefined>(256).fill(undefined);
  for (let id = 0; id < tokenizer.size; id++) {
    const { bytes, kind } = vocabulary.piece(id);
    if (bytes.length === 1 && kind !== 'special') ids[bytes[0]!] ??= id;
  }
  return ids;
}

/** A tokenizer with added tokens: from terms, from characters of a channel, or from further BPE merges. */
type VocabularyExtension = { extended: ExtendedTokenizer } & Pick<VocabularyPlan, 'known' | 'added'>;

/**
 * @param tokenizer tokenizer.json of `open`
 * @throws StudioError `tokenizer-options`, `cancelled`, and what reading the corpora throws
 */
async function extendTokenizer(
  tokenizer: string,
  open: OpenTokenizer,
  source: Exclude<VocabularySource, { kind: 'replace' }>,
  onProgress: (progress: TrainProgress) => void,
  signal: AbortSignal,
): Promise<VocabularyExtension> {
  switch (source.kind) {
    case 'terms': {
      const { known, added, ...extended } = extendByPieces(tokenizer, source.terms);
      return { extended, known, added: added.map((one) => ({ ...one, count: null })) };
    }
    case 'characters': {
      const counts = await characterCounts(source.corpora, onProgress, signal);
      const inPieces = [...counts.keys()].filter((character) => open.tokenizer.encode(character).length > 1);
      const { added, ...extended } = extendByPieces(tokenizer, inPieces.slice(0, source.most));
      return { extended, known: [], added: added.map((one) => ({ ...one, count: counts.get(one.text) ?? null })) };
    }
    case 'merges': {
      let total = 0;
      const sources = [];
      for (const { corpus: id, weight } of source.channels) {
        const corpus = await findCorpus(id);
        total += corpus.bytes.train;
        sources.push({ weight, texts: await readDocuments(corpus, 'train', undefined, signal) });
      }
      const extended = await extendByMerges(tokenizer, sources, source.merges, {
        onProgress: (progress) => onProgress(progress.phase === 'count' ? { ...progress, total } : progress),
        signal,
      });
      const vocabulary = new Vocabulary(parseTokenizerJson(extended.tokenizer));
      const added = extended.rows.map(({ id, from }) => {
        const { token, bytes } = vocabulary.piece(id);
        return { text: decodeWhole(bytes) ?? token, tokens: from.length, count: null };
      });
      return { extended, known: [], added };
    }
  }
}

/** Counts of the Chinese characters of the training text, most frequent first. */
async function characterCounts(
  corpora: readonly string[],
  onProgress: (progress: TrainProgress) => void,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const turns = new Turns(signal);
  const found = await Promise.all(corpora.map((id) => findCorpus(id)));
  const total = found.reduce((sum, { documents }) => sum + documents.train, 0);
  let done = 0;
  for (const corpus of found)
    for (const document of await readDocuments(corpus, 'train', undefined, signal)) {
      for (const [character] of document.matchAll(/\p{sc=Han}/gu)) counts.set(character, (counts.get(character) ?? 0) + 1);
      done += 1;
      if (!turns.due()) continue;
      onProgress({ phase: 'count', done, total });
      await turns.take();
    }
  return new Map([...counts].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1)));
}

/** What `extendVocabulary` would add, without making a model. @throws StudioError `tokenizer-options`, `file-missing`, `cancelled` */
export async function planVocabulary(
  model: string,
  source: VocabularySource,
  onProgress: (progress: TrainProgress) => void,
  signal: AbortSignal,
): Promise<VocabularyPlan> {
  return (await changedVocabulary(model, source, onProgress, signal)).plan;
}

/** Stores a new model with the changed vocabulary. @throws as `planVocabulary`, and `quota`; then nothing has been stored */
export async function extendVocabulary(
  model: string,
  source: VocabularySource,
  name: string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ModelRecord> {
  const { vocabulary } = await changedVocabulary(model, source, (progress) => onProgress({ ...progress, item: name }), signal);
  return makeWithVocabulary(model, vocabulary, name, onProgress, signal);
}

interface VocabularyChange {
  plan: VocabularyPlan;
  vocabulary: NewVocabulary;
}

/** The model's vocabulary replaced by that of another tokenizer. */
async function replaceTokenizer(model: string, tokenizer: TokenizerRef): Promise<VocabularyChange> {
  const [old, next, texts] = await Promise.all([
    openTokenizer({ kind: 'model', model }),
    openTokenizer(tokenizer),
    readTokenizerTexts(tokenizer),
  ]);
  const rows = replacedRows(old, next);
  return {
    plan: { known: [], added: [], before: old.tokenizer.size, after: next.tokenizer.size },
    vocabulary: {
      ...texts,
      rows,
      endOfText: next.tokenizer.endOfText,
      note: `Its whole vocabulary was replaced: each of the ${rows.length} rows started as the mean of the rows of the tokens that its text had before.`,
    },
  };
}

async function changedVocabulary(
  model: string,
  source: VocabularySource,
  onProgress: (progress: TrainProgress) => void,
  signal: AbortSignal,
): Promise<VocabularyChange> {
  const own = await readTokenizerTexts({ kind: 'model', model });
  if (source.kind === 'replace') return replaceTokenizer(model, source.tokenizer);
  const open = await openTokenizer({ kind: 'model', model });
  const { extended, known, added } = await extendTokenizer(own.tokenizer, open, source, onProgress, signal);
  const { tokenizer, before, after } = extended;
  const { vocab_size: table } = JSON.parse((await readModelText(await findModel(model), 'config.json')) ?? '{}') as { vocab_size?: number };
  // An embedding table may have more rows than the tokenizer has ids; rows beyond the new ids are kept.
  const rows: number[][] = Array.from({ length: Math.max(table ?? 0, after) }, (_, id) => [id]);
  for (const { id, from } of extended.rows) rows[id] = from;
  return {
    plan: { known, added, before, after },
    vocabulary: {
      tokenizer,
      config: own.config,
      rows,
      endOfText: null,
      note: `Its vocabulary grew from ${before} to ${after} ids: each new row started as the mean of the rows of the pieces that its text had before.`,
    },
  };
}
