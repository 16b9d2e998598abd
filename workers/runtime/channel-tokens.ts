/** The token streams of a recipe's channels, tokenized first where they are not yet. */
import { StudioError } from '../../src/core/errors';
import type { Channel } from '../../src/core/recipe/schema';
import type { OnProgress } from '../../src/contract/progress';
import { prepareCorpora } from '../tokenizer/prepare';
import { utf8Length } from '../tokenizer/encode-documents';
import { readTokens, type TokenIds } from '../tokenizer/shards';
import { documentBatches, findCorpus } from '../storage/corpora';
import type { DocumentTokens } from './document-rows';

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
  channels: readonly Pick<Channel, 'id' | 'corpus'>[],
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

async function prepare(model: string, channels: readonly Pick<Channel, 'corpus'>[], onProgress: OnProgress): Promise<void> {
  await prepareCorpora(model, [...new Set(channels.map(({ corpus }) => corpus))], onProgress);
}

function read(hash: string, channels: readonly Pick<Channel, 'id' | 'corpus'>[]): Promise<ChannelTokens[]> {
  return Promise.all(
    channels.map(async ({ id, corpus }) => {
      const [train, heldOut] = await Promise.all([readTokens(corpus, hash, 'train'), readTokens(corpus, hash, 'heldOut')]);
      const { ids, offsets } = heldOut;
      return { id, train: train.ids, trainDocuments: train.offsets, heldOut: { ids, starts: offsets, bytes: await heldOutBytes(corpus) } };
    }),
  );
}

/** UTF-8 bytes of each held-out document's text. */
async function heldOutBytes(corpus: string): Promise<Uint32Array> {
  const bytes: number[] = [];
  for await (const batch of documentBatches(await findCorpus(corpus), 'heldOut'))
    for (const { text } of batch) bytes.push(utf8Length(text));
  return Uint32Array.from(bytes);
}

/** Texts of the held-out documents named, exactly as they are kept. @param chosen rising indices */
export async function heldOutTexts(corpus: string, chosen: readonly number[]): Promise<string[]> {
  const texts: string[] = [];
  let document = 0;
  for await (const batch of documentBatches(await findCorpus(corpus), 'heldOut'))
    for (const { text } of batch) if (chosen[texts.length] === document++) texts.push(text);
  return texts;
}
