/** Any tokenizer by reference, with the meaning of its ids: those of models, and those that belong to no model. */
import type { TokenizerRef } from '../../src/contract/tokenizer';
import { sha256 } from '../storage/hash';
import { findModel, readModelText } from '../storage/models';
import { readTokenizerFiles, type TokenizerFileTexts } from '../storage/tokenizers';
import { loadTokenizer } from './load';
import { TextTokenizer } from './text-tokenizer';
import { Vocabulary, type VocabularyJson } from './vocabulary';

export interface OpenTokenizer {
  tokenizer: TextTokenizer;
  vocabulary: Vocabulary;
  /** SHA-256 of tokenizer.json. */
  hash: string;
}

/** The last few: a vocabulary of 150,000 tokens takes some 30 MB. */
const KEPT = 4;
/** Least recently used first. */
const open = new Map<string, Promise<OpenTokenizer>>();

/** @throws StudioError `file-missing`, `tokenizer-invalid`, `fetch-failed` */
export function openTokenizer(ref: TokenizerRef): Promise<OpenTokenizer> {
  const key = ref.kind === 'model' ? `model:${ref.model}` : ref.tokenizer;
  const opening = open.get(key) ?? read(ref);
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

async function read(ref: TokenizerRef): Promise<OpenTokenizer> {
  const texts = await readTokenizerTexts(ref);
  const { tokenizer, hash } =
    ref.kind === 'model' ? await loadTokenizer(ref.model) : { tokenizer: aloneTokenizer(texts), hash: await sha256(texts.tokenizer) };
  return { tokenizer, vocabulary: new Vocabulary(JSON.parse(texts.tokenizer) as VocabularyJson), hash };
}

/**
 * A tokenizer without a model needs no end-of-text token: it ends no documents, and where it names none its first id stands in.
 * @throws StudioError `tokenizer-invalid`
 */
export function aloneTokenizer({ tokenizer, config }: TokenizerFileTexts): TextTokenizer {
  return new TextTokenizer({ tokenizer, config, model: '{"eos_token_id":0}' });
}
