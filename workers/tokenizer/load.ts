/** Tokenizers of the studio's models, each read once per worker. */
import { sha256 } from '../storage/hash';
import { findModel, readModelFile, readModelText } from '../storage/models';
import { TextTokenizer, type TokenizerFiles } from './text-tokenizer';

export interface LoadedTokenizer {
  tokenizer: TextTokenizer;
  /** SHA-256 of tokenizer.json: the key of token shards. */
  hash: string;
}

const loaded = new Map<string, Promise<LoadedTokenizer>>();

/** @param model model id; @throws StudioError `tokenizer-invalid`, `file-missing`, `fetch-failed` */
export function loadTokenizer(model: string): Promise<LoadedTokenizer> {
  const known = loaded.get(model);
  if (known) return known;
  const reading = read(model);
  loaded.set(model, reading);
  reading.catch(() => loaded.delete(model));
  return reading;
}

async function read(model: string): Promise<LoadedTokenizer> {
  const files = await tokenizerFiles(model);
  return { tokenizer: new TextTokenizer(files), hash: await sha256(files.tokenizer) };
}

/** @throws StudioError `file-missing`, `fetch-failed` */
export async function tokenizerFiles(model: string): Promise<TokenizerFiles> {
  const listing = await findModel(model);
  return {
    tokenizer: new TextDecoder().decode(await readModelFile(listing, 'tokenizer.json')),
    config: await readModelText(listing, 'tokenizer_config.json'),
    model: await readModelText(listing, 'config.json'),
  };
}
