/** Opens tokenizers, of stored models and standalone ones, and keeps the last ones in memory. */
import { sha256 } from '../storage/hash';
import { findModel, readModelFile, readModelText } from '../storage/models';
import { TextTokenizer, type TokenizerFiles } from './text-tokenizer';
import type { TokenizerRef } from '../../src/contract/tokenizer';
import { readTokenizerFiles, type TokenizerFileTexts } from '../storage/tokenizers';
import { Vocabulary } from './vocabulary';
import { parseTokenizerJson } from './tokenizer-json';

export interface LoadedTokenizer {
  tokenizer: TextTokenizer;
  /** SHA-256 of tokenizer.json: the key of token shards. */
  hash: string;
}

/** By model id; a tokenizer is read once per worker. */
const loaded = new Map<string, Promise<LoadedTokenizer>>();

/** @param model model id; @throws StudioError `tokenizer-invalid`, `file-missing`, `fetch-failed` */
export function loadTokenizer(model: string): Promise<LoadedTokenizer> {
  const known = loaded.get(model);
  if (known) return known;
  const reading = readModelTokenizer(model);
  loaded.set(model, reading);
  reading.catch(() => loaded.delete(model));
  return reading;
}

async function readModelTokenizer(model: string): Promise<LoadedTokenizer> {
  const files = await tokenizerFiles(model);
  return { tokenizer: await TextTokenizer.open(files), hash: await sha256(files.tokenizer) };
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

/** A tokenizer with its vocabulary, which says what each id stands for. */
export interface OpenTokenizer {
  tokenizer: TextTokenizer;
  vocabulary: Vocabulary;
  /** SHA-256 of tokenizer.json. */
  hash: string;
}

/** Size of the cache below; an open tokenizer with 150,000 tokens takes about 30 MB. */
const KEPT = 4;
/** Cache by tokenizer reference, least recently used first. */
const open = new Map<string, Promise<OpenTokenizer>>();

/** @throws StudioError `file-missing`, `tokenizer-invalid`, `fetch-failed` */
export function openTokenizer(ref: TokenizerRef): Promise<OpenTokenizer> {
  const key = ref.kind === 'model' ? `model:${ref.model}` : ref.tokenizer;
  const opening = open.get(key) ?? openUncached(ref);
  open.delete(key);
  open.set(key, opening);
  opening.catch(() => open.delete(key));
  for (const oldest of open.keys()) if (open.size > KEPT) open.delete(oldest);
  return opening;
}

export async function readTokenizerTexts(ref: TokenizerRef): Promise<TokenizerFileTexts> {
  if (ref.kind === 'tokenizer') return readTokenizerFiles(ref.tokenizer);
  const listing = await findModel(ref.model);
  return {
    tokenizer: (await readModelText(listing, 'tokenizer.json')) ?? '',
    config: await readModelText(listing, 'tokenizer_config.json'),
  };
}

async function openUncached(ref: TokenizerRef): Promise<OpenTokenizer> {
  const texts = await readTokenizerTexts(ref);
  const { tokenizer, hash } =
    ref.kind === 'model' ? await loadTokenizer(ref.model) : { tokenizer: await aloneTokenizer(texts), hash: await sha256(texts.tokenizer) };
  return { tokenizer, vocabulary: new Vocabulary(parseTokenizerJson(texts.tokenizer)), hash };
}

/**
 * A tokenizer that belongs to no model. It needs no end-of-text token, because it encodes no documents for training; when its files
 * name none, id 0 is used.
 * @throws StudioError `tokenizer-invalid`
 */
export function aloneTokenizer({ tokenizer, config }: TokenizerFileTexts): Promise<TextTokenizer> {
  return TextTokenizer.open({ tokenizer, config, model: '{"eos_token_id":0}' });
}
