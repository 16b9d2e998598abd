/** The token streams of a recipe's channels, tokenized first where they are not yet. */
import { StudioError } from '../../src/core/errors';
import type { OnProgress } from '../../src/contract/progress';
import type { ChannelText } from '../../src/contract/tokenizer';
import { prepareCorpora } from '../tokenizer/prepare';
import { readTokens, type TokenIds } from '../tokenizer/shards';
import { documentBatches, findCorpus } from '../storage/corpora';
import type { DocumentTokens } from './document-rows';

/** A channel's text. */
type NamedText = ChannelText & { id: string };

export interface ChannelTokens {
  id: string;
  train: TokenIds;
  /** Where the training documents start. */
  trainDocuments: Uint32Array;
  heldOut: DocumentTokens;
}

/**
 * @param model whose tokenizer; @param hash SHA-256 of its tokenizer.json
 * @throws StudioError `file-missing`, `text-empty`, `quota`, `fetch-failed`
 */
export async function readChannelTokens(
  model: string,
  hash: string,
  channels: readonly NamedText[],
  onProgress: OnProgress,
): Promise<ChannelTokens[]> {
  await prepare(model, channels, onProgress);
  try {
    return await read(hash, channels);
  } catch (error) {
    // Damaged shards are removed by their reader; made anew they are whole.
    if (!(error instanceof StudioError) || error.code !== 'file-missing') throw error;
    await prepare(model, channels, onProgress);
    return read(hash, channels);
  }
}

async function prepare(model: string, channels: readonly NamedText[], onProgress: OnProgress): Promise<void> {
  const texts = new Map(channels.map((text) => [`${text.corpus} ${text.specialTokens ?? 'plain'}`, text]));
  await prepareCorpora(model, [...texts.values()], onProgress);
}

function read(hash: string, channels: readonly NamedText[]): Promise<ChannelTokens[]> {
  return Promise.all(
    channels.map(async ({ id, corpus, specialTokens: special = 'plain' }) => {
      const key = { corpus, tokenizer: hash, special };
      const [train, { ids, offsets, documentBytes }] = await Promise.all([readTokens(key, 'train'), readTokens(key, 'heldOut')]);
      return { id, train: train.ids, trainDocuments: train.offsets, heldOut: { ids, starts: offsets, bytes: documentBytes } };
    }),
  );
}

/** At most `count` documents evenly spread over a split, by index. */
export function spreadDocuments(documents: number, count: number): number[] {
  const taken = Math.min(documents, count);
  return Array.from({ length: taken }, (_, at) => Math.floor((at * documents) / taken));
}

/** Texts of the held-out documents named, exactly as they are kept. @param chosen rising indices */
export async function heldOutTexts(corpus: string, chosen: readonly number[]): Promise<string[]> {
  const texts: string[] = [];
  let document = 0;
  for await (const batch of documentBatches(await findCorpus(corpus), 'heldOut'))
    for (const { text } of batch) if (chosen[texts.length] === document++) texts.push(text);
  return texts;
}
