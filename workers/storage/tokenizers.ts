/** Tokenizers without a model, trained or imported on the Tokenizer page. Records in IndexedDB, files in `tokenizers/<id>/`. */
import { StudioError } from '../../src/core/errors';
import type { TokenizerRecord } from '../../src/contract/tokenizer';
import { files, type FileStore } from './files';
import { putRecord, records } from './records';

export interface TokenizerFileTexts {
  /** tokenizer.json */
  tokenizer: string;
  /** tokenizer_config.json */
  config: string | null;
}

const folderOf = (id: string): string => `tokenizers/${id}`;

/** Oldest first. */
export async function listTokenizers(): Promise<TokenizerRecord[]> {
  return (await (await records()).getAll('tokenizers')).sort((a, b) => a.createdAt - b.createdAt);
}

/** Throws `file-missing` when there is none of this id. */
export async function findTokenizer(id: string): Promise<TokenizerRecord> {
  const record = await (await records()).get('tokenizers', id);
  if (!record) throw new StudioError('file-missing', `There is no tokenizer "${id}"`, { file: id, wanted: 'tokenizer.json' });
  return record;
}

/** Throws `file-missing`. */
export async function readTokenizerFiles(id: string, store: FileStore = files): Promise<TokenizerFileTexts> {
  const config = `${folderOf(id)}/tokenizer_config.json`;
  return {
    tokenizer: await store.readText(`${folderOf(id)}/tokenizer.json`),
    config: (await store.exists(config)) ? await store.readText(config) : null,
  };
}

/** Writes the files, then the record, without which they are not listed. Throws `quota` and removes the files. */
export async function saveTokenizer(
  fields: Omit<TokenizerRecord, 'id' | 'createdAt'>,
  texts: TokenizerFileTexts,
  store: FileStore = files,
): Promise<TokenizerRecord> {
  const record: TokenizerRecord = { ...fields, id: `t-${crypto.randomUUID()}`, createdAt: Date.now() };
  try {
    await store.write(`${folderOf(record.id)}/tokenizer.json`, texts.tokenizer);
    if (texts.config !== null) await store.write(`${folderOf(record.id)}/tokenizer_config.json`, texts.config);
    await putRecord('tokenizers', record);
  } catch (error) {
    await store.remove(folderOf(record.id));
    throw error;
  }
  return record;
}

/** Throws `file-missing`. */
export async function renameTokenizer(id: string, name: string): Promise<void> {
  const transaction = (await records()).transaction('tokenizers', 'readwrite');
  const record = await transaction.store.get(id);
  if (record) await transaction.store.put({ ...record, name });
  await transaction.done;
  if (!record) await findTokenizer(id);
}

/** Removes the record first: an interrupted removal then leaves only files that are not listed. */
export async function removeTokenizer(id: string, store: FileStore = files): Promise<void> {
  await (await records()).delete('tokenizers', id);
  await store.remove(folderOf(id));
}
