/** Standalone tokenizers: import, export as files that `transformers` reads, and training on channels. */
import { StudioError } from '../../src/core/errors';
import type { TokenizerNotice } from '../../src/core/model/notices';
import type {
  TokenizerRecord,
  TokenizerRef,
  TokenizerApi,
  TokenizerChannel,
  TokenizerExport,
  TokenizerKind,
  TrainOptions,
} from '../../src/contract/tokenizer';
import { zipBlob, type ZipEntry } from '../archive/zip-writer';
import { findTokenizer, saveTokenizer } from '../storage/tokenizers';
import { aloneTokenizer, readTokenizerTexts } from './open';
import { Vocabulary } from './vocabulary';
import { exportedConfig, fromVocabAndMerges } from './tokenizer-files';
import { parseTokenizerJson } from './tokenizer-json';
import { findCorpus, readDocuments, type StoredCorpus } from '../storage/corpora';
import { trainTokenizer } from './train/train-tokenizer';

/** Size limit of an imported file, in bytes. */
const LARGEST = 64 * 2 ** 20;
const FILES = ['tokenizer.json', 'tokenizer_config.json', 'vocab.json', 'merges.txt'] as const;

/** @throws StudioError `file-missing`, `file-too-large`, `tokenizer-invalid`, `quota`; then nothing is stored */
export async function importTokenizer(given: readonly File[], name: string): Promise<TokenizerRecord> {
  const [json, config, vocab, merges] = FILES.map((wanted) => given.find((file) => file.name === wanted));
  // A single file is read as tokenizer.json whatever its name.
  const main = json ?? (given.length === 1 ? given[0] : undefined);
  if (!main && !(vocab && merges))
    throw new StudioError('file-missing', 'There is no tokenizer.json', {
      file: given.map((file) => file.name).join(', ') || '—',
      wanted: 'tokenizer.json',
    });
  for (const file of [main, config, vocab, merges])
    if (file && file.size > LARGEST)
      throw new StudioError('file-too-large', `${file.name} has ${file.size} bytes, more than ${LARGEST}`, {
        file: file.name,
        bytes: file.size,
        limit: LARGEST,
      });
  const tokenizer = main ? await main.text() : fromVocabAndMerges(await vocab!.text(), await merges!.text());
  const texts = { tokenizer, config: config ? await config.text() : null };
  const opened = await aloneTokenizer(texts);
  const { kind } = new Vocabulary(parseTokenizerJson(texts.tokenizer));
  const notices: TokenizerNotice[] = [...(main ? [] : [{ kind: 'tokenizer-made' } as const]), ...opened.notices];
  return saveTokenizer({ name, kind, size: opened.size, training: null, ...(notices.length > 0 ? { notices } : {}) }, texts);
}

/** A zip with tokenizer.json, tokenizer_config.json and, for a tokenizer trained here, training.json. @throws StudioError `file-missing` */
export async function exportTokenizer(ref: TokenizerRef): Promise<TokenizerExport> {
  const texts = await readTokenizerTexts(ref);
  const record = ref.kind === 'tokenizer' ? await findTokenizer(ref.tokenizer) : null;
  const { config, replaced } = exportedConfig(texts.config);
  const training = record?.training ? JSON.stringify(record.training, null, 2) : null;
  async function* entries(): AsyncGenerator<ZipEntry> {
    const files = { 'tokenizer.json': texts.tokenizer, 'tokenizer_config.json': config, 'training.json': training };
    for (const [name, text] of Object.entries(files))
      if (text !== null) yield { name, bytes: new TextEncoder().encode(text), stored: false };
  }
  return { zip: await zipBlob(entries(), new Date(record?.createdAt ?? Date.now()), () => undefined), replaced };
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
