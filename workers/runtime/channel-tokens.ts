/** The token streams of a recipe's channels, tokenized first where they are not yet. */
import { StudioError } from '../../src/core/errors';
import type { OnProgress } from '../../src/contract/progress';
import type { ChannelText } from '../../src/contract/tokenizer';
import { prepareCorpora, templateKeyOf } from '../tokenizer/prepare';
import { readTokens, type TokenIds } from '../tokenizer/shards';
import { judgedText } from '../../src/core/corpus/row';
import { readRecord, type RecordKind } from '../../src/core/corpus/records';
import { documentBatches, findCorpus, type Split } from '../storage/corpora';
import type { DocumentTokens } from './document-rows';
import type { SplitExamples } from './examples';

/** A channel's text. */
type NamedText = ChannelText & { id: string };

export interface ChannelTokens {
  id: string;
  train: TokenIds;
  /** Where the training documents start. */
  trainDocuments: Uint32Array;
  heldOut: DocumentTokens;
  /** Of records: what they are, and which tokens of each split are an answer's. */
  records?: { kind: RecordKind; marks: Record<Split, Uint8Array> };
  /** What its objective makes of it, where that is not the next token. */
  examples?: SplitExamples | null;
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
    return await read(model, hash, channels);
  } catch (error) {
    // Damaged shards are removed by their reader; made anew they are whole.
    if (!(error instanceof StudioError) || error.code !== 'file-missing') throw error;
    await prepare(model, channels, onProgress);
    return read(model, hash, channels);
  }
}

async function prepare(model: string, channels: readonly NamedText[], onProgress: OnProgress): Promise<void> {
  const texts = new Map(channels.map((text) => [`${text.corpus} ${text.specialTokens ?? 'plain'}`, text]));
  await prepareCorpora(model, [...texts.values()], onProgress);
}

function read(model: string, hash: string, channels: readonly NamedText[]): Promise<ChannelTokens[]> {
  return Promise.all(
    channels.map(async ({ id, corpus, specialTokens: special = 'plain' }) => {
      const stored = await findCorpus(corpus);
      const key = { corpus, tokenizer: hash, special, template: await templateKeyOf(model, stored) };
      const [train, { ids, offsets, documentBytes, marks }] = await Promise.all([readTokens(key, 'train'), readTokens(key, 'heldOut')]);
      const records = stored.kind && train.marks && marks && { kind: stored.kind, marks: { train: train.marks, heldOut: marks } };
      return {
        ...(records && { records }),
        id,
        train: train.ids,
        trainDocuments: train.offsets,
        heldOut: { ids, starts: offsets, bytes: documentBytes },
      };
    }),
  );
}

/** At most `count` documents evenly spread over a split, by index. */
export function spreadDocuments(documents: number, count: number): number[] {
  const taken = Math.min(documents, count);
  return Array.from({ length: taken }, (_, at) => Math.floor((at * documents) / taken));
}

/** Texts of the held-out documents named, exactly as they are kept; of records their words. @param chosen rising indices */
export async function heldOutTexts(corpus: string, chosen: readonly number[]): Promise<string[]> {
  const texts: string[] = [];
  let document = 0;
  const stored = await findCorpus(corpus);
  for await (const batch of documentBatches(stored, 'heldOut'))
    for (const { text } of batch)
      if (chosen[texts.length] === document++)
        texts.push(stored.kind === 'labelled' ? readRecord('labelled', text).text : judgedText({ text, kind: stored.kind }));
  return texts;
}
