/**
 * Embeddings of texts under several models: held-out documents for a map, with how evenly they spread and how near a disturbed copy lies, and pairs
 * of sentences for their ranks. No weight changes.
 */
import { matMul, tidy, type Tensor2D } from '@tensorflow/tfjs-core';
import type { EmbeddingMeasure, MeasuredChannel } from '../../src/contract/evaluation';
import { alignmentOf, dot, uniformityOf, type Vectors } from '../../src/core/metrics/embeddings';
import { spearman } from '../../src/core/metrics/statistics';
import { similarityPairs } from '../../src/core/probes/similarity';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import { addNoise } from '../../src/core/text/perturb';
import { normalised, PADDING, poolingWeights, tensorsOf, type Batch, type DecoderModel } from '../engine';
import { heldOutTexts, spreadDocuments } from '../runtime/channel-tokens';
import type { LoadedWeights } from '../runtime/weights';
import { eachModel, SEED, type EvaluationTools } from './each-model';

/** Tokens of a text that are read, and of one forward pass with its padding. */
const TOKENS = 128;
const AT_ONCE = 2048;
/** Share of letters that the copy has disturbed. */
const NOISE = 0.05;

/** @param count held-out documents of each channel, at most */
export async function evaluateEmbeddings(
  channels: readonly MeasuredChannel[],
  count: number,
  pooling: 'mean' | 'last',
  tools: EvaluationTools,
): Promise<EmbeddingMeasure[]> {
  const measures: EmbeddingMeasure[] = [];
  let texts: { channel: string; text: string }[] | null = null;
  const languages = ['en', 'zh'] as const;
  const pairs = languages.map((language) => similarityPairs(language));
  await eachModel(tools, async (weights, _, progress) => {
    texts ??= await heldOut(weights, channels, count, tools);
    const copies = texts.map(({ text }, at) => addNoise(text, NOISE, new Rng(deriveSeed(SEED, 'views', at))));
    const sentences = pairs.flat().flatMap(({ a, b }) => [a, b]);
    const all = [...texts.map(({ text }) => text), ...copies, ...sentences];
    const { width, values } = await embed(weights, all, pooling, tools, progress);
    const part = (from: number, to: number): Vectors => ({ width, values: values.slice(from * width, to * width) });
    const [own, views, rest] = [part(0, texts.length), part(texts.length, 2 * texts.length), part(2 * texts.length, all.length)];
    const likeness = (at: number) =>
      dot(rest.values.subarray(2 * at * width, (2 * at + 1) * width), rest.values.subarray((2 * at + 1) * width, (2 * at + 2) * width));
    let first = 0;
    const ranked = pairs.map((known) => {
      const found = known.map((__, at) => likeness(first + at));
      first += known.length;
      // Where all are as alike there is no order.
      return (
        spearman(
          found,
          known.map(({ alike }) => alike),
        ) ?? NaN
      );
    });
    measures.push({
      vectors: own,
      channels: texts.map(({ channel }) => channel),
      alignment: alignmentOf(own, views),
      uniformity: uniformityOf(own),
      spearman: { en: ranked[0]!, zh: ranked[1]! },
    });
  });
  return measures;
}

/** Vectors of length 1, in the order of the texts. Texts of similar length share a forward pass; padding is no part of any. */
async function embed(
  { model, tokenizer: { tokenizer } }: LoadedWeights,
  texts: readonly string[],
  pooling: 'mean' | 'last',
  { work }: EvaluationTools,
  progress: (share: number) => void,
): Promise<Vectors> {
  const { frames, marks } = tokenizer;
  const most = Math.min(TOKENS, model.context);
  const rows = texts.map((text, at) => {
    const ids = tokenizer.encode(text, 'plain').slice(0, most);
    const own = ids.length > 0 ? ids : [tokenizer.endOfText];
    return { at, ids: frames ? [marks.start, ...own, marks.end] : own };
  });
  rows.sort((a, b) => b.ids.length - a.ids.length);
  const width = model.config.hidden;
  const values = new Float32Array(texts.length * width);
  for (let from = 0; from < rows.length;) {
    progress(from / rows.length);
    await work.yield();
    work.signal.throwIfAborted();
    const context = Math.ceil(rows[from]!.ids.length / 8) * 8;
    const part = rows.slice(from, from + Math.max(1, Math.floor(AT_ONCE / context)));
    const size = part.length * context;
    const [ids, documents] = [new Int32Array(size), new Int32Array(size)];
    part.forEach(({ ids: own }, row) => {
      ids.set(own, row * context);
      documents.fill(PADDING, row * context + own.length, (row + 1) * context);
    });
    const batch = { rows: part.length, context, ids, targets: new Int32Array(size), documents, channels: new Int32Array(part.length) };
    const data = await work.lock.run(async () => {
      const units = tidy(() => unitsOf(model, batch, pooling));
      try {
        return await units.data<'float32'>();
      } finally {
        units.dispose();
      }
    });
    part.forEach(({ at }, row) => values.set(data.subarray(row * width, (row + 1) * width), at * width));
    from += part.length;
  }
  return { width, values };
}

async function heldOut(weights: LoadedWeights, channels: readonly MeasuredChannel[], count: number, tools: EvaluationTools) {
  const read = await tools.read(weights, channels);
  const texts = await Promise.all(
    channels.map(async ({ id, corpus }, at) =>
      (await heldOutTexts(corpus, spreadDocuments(read[at]!.heldOut.starts.length, count))).map((text) => ({ channel: id, text })),
    ),
  );
  return texts.flat();
}

function unitsOf(model: DecoderModel, batch: Batch, pooling: 'mean' | 'last'): Tensor2D {
  const { ids, documents } = tensorsOf(batch, model.leading);
  const states = model.hiddenStates(ids, { batch: batch.rows, context: batch.context, documents: documents!, body: true });
  return normalised(matMul(poolingWeights(batch, pooling), states)).units;
}
