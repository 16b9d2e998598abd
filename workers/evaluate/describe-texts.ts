/**
 * Texts beside each other, so that a bad echo is seen: how varied each is in a sample of as many tokens, and how well the model that may have
 * written it expects it.
 */
import type { DescribedText } from '../../src/contract/evaluation';
import { distinctNgrams, duplicateShare, scriptShares } from '../../src/core/metrics/text-diversity';
import { Rng } from '../../src/core/rng/rng';
import { readChannelTokens, type ChannelTokens, spreadDocuments } from '../runtime/channel-tokens';
import { sequenceModel } from '../runtime/engine-model';
import type { LoadedWeights } from '../runtime/weights';
import { documentBatches, findCorpus } from '../storage/corpora';
import { CONTEXT, documentLosses } from './channels';
import { SEED, tokensOf, withProgress, type EvaluationTools } from './each-model';

/** Tokens of a sample at most; the shortest text says how many all of them have. */
const SAMPLE = 32_768;
/** Held-out documents that the loss is the mean over. */
const DOCUMENTS = 60;

/**
 * @param corpora ids; the losses are of their held-out documents, the rest of train documents
 * @throws StudioError `file-missing`, `text-empty`, `cancelled`
 */
export async function describeTexts(
  loaded: LoadedWeights,
  corpora: readonly string[],
  { work, onProgress }: Pick<EvaluationTools, 'work' | 'onProgress'>,
): Promise<DescribedText[]> {
  const { tokenizer, hash } = loaded.tokenizer;
  const channels = corpora.map((corpus) => ({ id: corpus, corpus }));
  const texts = await readChannelTokens(loaded.base, hash, channels, onProgress);
  const size = Math.min(SAMPLE, ...texts.map(({ train }) => train.length));
  const described: DescribedText[] = [];
  for (const [at, text] of texts.entries()) {
    const tell = (share: number) => onProgress({ phase: 'evaluate', item: text.id, done: at + share, total: texts.length });
    tell(0);
    const chosen = sampleDocuments(text, size);
    const documents = chosen.map(({ from, to }) => text.train.subarray(from, to));
    const own = await textsAt(text.id, chosen, (ids) => tokenizer.decode(ids), text);
    const whole = own.join('\n');
    const bytes = new TextEncoder().encode(whole).length;
    const [losses] = await documentLosses(
      { ...sequenceModel(loaded.model), context: Math.min(CONTEXT, loaded.model.config.context) },
      [{ tokens: text.heldOut, chosen: spreadDocuments(text.heldOut.starts.length, DOCUMENTS) }],
      tokenizer.startOfText,
      withProgress(work, tell),
    );
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const nll = sum(losses!.nll);
    described.push({
      corpus: text.id,
      documents: chosen.length,
      tokens: documents.reduce((total, ids) => total + ids.length, 0),
      bytes,
      distinct: [distinctNgrams(documents, 1), distinctNgrams(documents, 2), distinctNgrams(documents, 3)],
      compression: bytes === 0 ? 1 : (await gzipBytes(whole)) / bytes,
      duplicates: duplicateShare(own),
      scripts: scriptShares(own),
      loss: nll / Math.max(1, tokensOf([losses!])),
      bitsPerByte: nll / Math.LN2 / Math.max(1, sum(losses!.bytes)),
      samples: own.slice(0, 5),
    });
  }
  return described;
}

/** Train documents in an order of chance until they have so many tokens; the same for the same text. */
function sampleDocuments({ trainDocuments, train }: ChannelTokens, size: number): Sampled[] {
  const chosen: Sampled[] = [];
  let tokens = 0;
  for (const document of new Rng(SEED).shuffle(Array.from(trainDocuments.keys()))) {
    if (tokens >= size) break;
    const from = trainDocuments[document]!;
    const end = (trainDocuments[document + 1] ?? train.length) - 1;
    const to = Math.min(end, from + size - tokens);
    chosen.push({ document, from, to, whole: to === end });
    tokens += to - from;
  }
  return chosen;
}

/** A document as far as it is in the sample: the last may be longer. Without its end-of-text token. */
interface Sampled {
  document: number;
  from: number;
  to: number;
  whole: boolean;
}

async function textsAt(
  corpus: string,
  chosen: readonly Sampled[],
  decode: (ids: number[]) => string,
  { train }: ChannelTokens,
): Promise<string[]> {
  const places = new Map(chosen.map(({ document }, place) => [document, place]));
  const texts: string[] = [];
  let document = 0;
  for await (const batch of documentBatches(await findCorpus(corpus), 'train'))
    for (const { text } of batch) {
      const place = places.get(document++);
      if (place === undefined) continue;
      const { from, to, whole } = chosen[place]!;
      texts[place] = whole ? text : decode(Array.from(train.subarray(from, to)));
    }
  return texts;
}

async function gzipBytes(text: string): Promise<number> {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  let bytes = 0;
  for await (const piece of packed) bytes += piece.length;
  return bytes;
}
