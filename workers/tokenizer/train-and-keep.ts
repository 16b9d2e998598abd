/** Trains a tokenizer on channels' training text and stores it with what it was trained with. */
import type { TokenizerApi, TokenizerChannel, TokenizerKind, TokenizerRecord } from '../../src/contract/tokenizer';
import type { TrainOptions } from '../../src/contract/tokenizer';
import { findCorpus, readDocuments, type StoredCorpus } from '../storage/corpora';
import { saveTokenizer } from '../storage/tokenizers';
import { trainTokenizer } from './train/train-tokenizer';

const KINDS: Record<TrainOptions['kind'], TokenizerKind> = { 'byte-bpe': 'BPE', wordpiece: 'WordPiece', unigram: 'Unigram' };

/** Throws what `trainTokenizer` and the storage throw; then nothing is stored. */
export async function trainAndKeep(
  name: string,
  channels: readonly TokenizerChannel[],
  options: TrainOptions,
  onProgress: Parameters<TokenizerApi['train']>[3],
  signal: AbortSignal,
): Promise<TokenizerRecord> {
  const corpora = await Promise.all(channels.map(({ corpus }) => findCorpus(corpus)));
  const sources = channels.map(({ weight }, at) => ({ weight, texts: trainingDocuments(corpora[at]!, signal) }));
  const bytes = corpora.reduce((sum, corpus, at) => sum + (channels[at]!.weight > 0 ? corpus.bytes.train : 0), 0);
  const { tokenizer, config, report } = await trainTokenizer(sources, options, {
    onProgress: (progress) => onProgress(progress.phase === 'count' ? { ...progress, total: bytes } : progress),
    signal,
  });
  return saveTokenizer(
    { name, kind: KINDS[options.kind], size: report.vocabulary, training: { channels: [...channels], options, report } },
    { tokenizer, config },
  );
}

/** Read when the trainer comes to it: a channel at a time is in memory. */
async function* trainingDocuments(corpus: StoredCorpus, signal: AbortSignal): AsyncGenerator<string> {
  yield* await readDocuments(corpus, 'train', undefined, signal);
}
