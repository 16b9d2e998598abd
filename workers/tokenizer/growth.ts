/** What a model's tokenizer gains from terms, from characters of a channel, or from going on with its training. */
import type { GrowthPlan, GrowthSource } from '../../src/contract/tokenizer';
import type { TrainProgress } from '../../src/contract/tokenizer';
import { findCorpus, readDocuments } from '../storage/corpora';
import { growByMerges, growByPieces, type GrownTokenizer } from './grow';
import type { OpenTokenizer } from './open';
import { Turns } from './turns';
import { decodeWhole, Vocabulary, type VocabularyJson } from './vocabulary';

export type Growth = { grown: GrownTokenizer } & Pick<GrowthPlan, 'known' | 'added'>;

/**
 * @param tokenizer tokenizer.json of `open`
 * @throws StudioError `tokenizer-options`, `cancelled`, and what reading the corpora throws
 */
export async function growBy(
  tokenizer: string,
  open: OpenTokenizer,
  source: Exclude<GrowthSource, { kind: 'adopt' }>,
  onProgress: (progress: TrainProgress) => void,
  signal: AbortSignal,
): Promise<Growth> {
  switch (source.kind) {
    case 'terms': {
      const { known, added, ...grown } = growByPieces(tokenizer, source.terms);
      return { grown, known, added: added.map((one) => ({ ...one, count: null })) };
    }
    case 'characters': {
      const counts = await characterCounts(source.corpora, onProgress, signal);
      const inPieces = [...counts.keys()].filter((character) => open.tokenizer.encode(character).length > 1);
      const { added, ...grown } = growByPieces(tokenizer, inPieces.slice(0, source.most));
      return { grown, known: [], added: added.map((one) => ({ ...one, count: counts.get(one.text) ?? null })) };
    }
    case 'merges': {
      let total = 0;
      const sources = [];
      for (const { corpus: id, weight } of source.channels) {
        const corpus = await findCorpus(id);
        total += corpus.bytes.train;
        sources.push({ weight, texts: await readDocuments(corpus, 'train', undefined, signal) });
      }
      const grown = await growByMerges(tokenizer, sources, source.merges, {
        onProgress: (progress) => onProgress(progress.phase === 'count' ? { ...progress, total } : progress),
        signal,
      });
      const vocabulary = new Vocabulary(JSON.parse(grown.tokenizer) as VocabularyJson);
      const added = grown.rows.map(({ id, from }) => {
        const { token, bytes } = vocabulary.piece(id);
        return { text: decodeWhole(bytes) ?? token, tokens: from.length, count: null };
      });
      return { grown, known: [], added };
    }
  }
}

/** Chinese characters of the training text, the most frequent first. */
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
