/** Standalone tokenizers: import, export as files that `transformers` reads, and training on channels. */
import { StudioError } from '../../src/core/errors';
import type {
  TokenizerRecord,
  TokenizerRef,
  TokenizerApi,
  TokenizerChannel,
  TokenizerKind,
  TrainOptions,
} from '../../src/contract/tokenizer';
import { zipBlob, type ZipEntry } from '../archive/zip-writer';
import { findTokenizer, saveTokenizer } from '../storage/tokenizers';
import { aloneTokenizer, readTokenizerTexts } from './open';
import { Vocabulary } from './vocabulary';
import { parseTokenizerJson } from './tokenizer-json';
import { findCorpus, readDocuments, type StoredCorpus } from '../storage/corpora';
import { trainTokenizer } from './train/train-tokenizer';

/** Size limit of an imported file, in bytes. */
const LARGEST = 64 * 2 ** 20;
const FILES = ['tokenizer.json', 'tokenizer_config.json'] as const;

/** @throws StudioError `file-missing`, `file-too-large`, `tokenizer-invalid`, `quota`; then nothing is stored */
export async function importTokenizer(given: readonly File[], name: string): Promise<TokenizerRecord> {
  const [json, config] = FILES.map((wanted) => given.find((file) => file.name === wanted));
  // A single file is read as tokenizer.json whatever its name.
  const main = json ?? (given.length === 1 ? given[0] : undefined);
  if (!main)
    throw new StudioError('file-missing', 'There is no tokenizer.json', {
      file: given.map((file) => file.name).join(', ') || '—',
      wanted: 'tokenizer.json',
    });
  for (const file of [main, config])
    if (file && file.size > LARGEST)
      throw new StudioError('file-too-large', `${file.name} has ${file.size} bytes, more than ${LARGEST}`, {
        file: file.name,
        bytes: file.size,
        limit: LARGEST,
      });
  const texts = { tokenizer: await main.text(), config: config ? await config.text() : null };
  const { size } = await aloneTokenizer(texts);
  const { kind } = new Vocabulary(parseTokenizerJson(texts.tokenizer));
  return saveTokenizer({ name, kind, size, training: null }, texts);
}

/** A zip with tokenizer.json, tokenizer_config.json and, for a tokenizer trained here, training.json. @throws StudioError `file-missing` */
export async function exportTokenizer(ref: TokenizerRef): Promise<Blob> {
  const texts = await readTokenizerTexts(ref);
  const record = ref.kind === 'tokenizer' ? await findTokenizer(ref.tokenizer) : null;
  const training = record?.training ? JSON.stringify(record.training, null, 2) : null;
  async function* entries(): AsyncGenerator<ZipEntry> {
    const files = { 'tokenizer.json': texts.tokenizer, 'tokenizer_config.json': texts.config, 'training.json': training };
    for (const [name, text] of Object.entries(files))
      if (text !== null) yield { name, bytes: new TextEncoder().encode(text), stored: false };
  }
  return zipBlob(entries(), new Date(record?.createdAt ?? Date.now()), () => undefined);
}

const KINDS: Record<TrainOptions['kind'], TokenizerKind> = { 'byte-bpe': 'BPE', wordpiece: 'WordPiece', unigram: 'Unigram' };

/**
 * Trains a tokenizer on the training split of channels, and stores it with its options and report.
 * @throws what `trainTokenizer` and the storage throw; then nothing is stored
 */
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

/** Reads the documents lazily, so that one channel at a time is in memory. */
async function* trainingDocuments(corpus: StoredCorpus, signal: AbortSignal): AsyncGenerator<string> {
  yield* await readDocuments(corpus, 'train', undefined, signal);
}
