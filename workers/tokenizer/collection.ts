/** Tokenizers of their own: bringing one in, and taking one away as files that `transformers` reads. */
import { StudioError } from '../../src/core/errors';
import type { TokenizerRecord, TokenizerRef } from '../../src/contract/tokenizer';
import { zipBlob, type ZipEntry } from '../archive/zip-writer';
import { findTokenizer, saveTokenizer } from '../storage/tokenizers';
import { aloneTokenizer, readTokenizerTexts } from './open';
import { Vocabulary, type VocabularyJson } from './vocabulary';

const LARGEST = 64 * 2 ** 20;
const FILES = ['tokenizer.json', 'tokenizer_config.json'] as const;

/** Throws `file-missing`, `file-too-large`, `tokenizer-invalid` and `quota`; then nothing is stored. */
export async function importTokenizer(given: readonly File[], name: string): Promise<TokenizerRecord> {
  const [json, config] = FILES.map((wanted) => given.find((file) => file.name === wanted));
  // A single file of another name is taken for the tokenizer.
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
  const { size } = aloneTokenizer(texts);
  const { kind } = new Vocabulary(JSON.parse(texts.tokenizer) as VocabularyJson);
  return saveTokenizer({ name, kind, size, training: null }, texts);
}

/** Throws `file-missing`. */
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
