/** Tokenizers of the studio's models, each read once per worker. */
import { sha256 } from '../storage/hash';
import { findModel, readModelFile, readModelText } from '../storage/models';
import { TextTokenizer } from './text-tokenizer';

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
  const listing = await findModel(model);
  const json = await readModelFile(listing, 'tokenizer.json');
  const tokenizer = new TextTokenizer({
    tokenizer: new TextDecoder().decode(json),
    config: await readModelText(listing, 'tokenizer_config.json'),
    model: await readModelText(listing, 'config.json'),
  });
  return { tokenizer, hash: await sha256(json) };
}
