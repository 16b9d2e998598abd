/**
 * What the layers of a model hold: the prediction that the head would read out of each (logit lens, nostalgebraist 2020), and how well a linear
 * probe tells the channels of texts apart by each layer's mean state (Alain and Bengio, arXiv 1610.01644).
 */
import { spreadDocuments } from '../runtime/channel-tokens';
import { keep, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { LayerProbes, LensCell, LensView, MeasuredChannel } from '../../src/contract/evaluation';
import { StudioError } from '../../src/core/errors';
import { linearProbe } from '../../src/core/metrics/explain';
import { wilsonInterval } from '../../src/core/metrics/statistics';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import type { DecoderModel } from '../engine';
import { eachModel, SEED, type EvaluationTools } from './each-model';
import { checkDecoder, EXPLAINED_TOKENS, logProbabilities } from './explain';

/** Tokens of a document whose states are meant. */
const PROBED_TOKENS = 64;
/** Penalty of the probe. */
const STRENGTH = 0.01;

/** The embeddings [N,D] of a text and the output of every layer. The caller disposes them. */
function statesOf(model: DecoderModel, ids: readonly number[]): Tensor2D[] {
  const states: Tensor2D[] = [];
  const tapped = (x: Tensor2D) => {
    states.push(keep(x.clone()));
    return x;
  };
  const last = tidy(() =>
    model.hiddenStates(tensor1d([...ids], 'int32'), {
      batch: 1,
      context: ids.length,
      taps: { embedded: tapped, state: (_, x) => tapped(x) },
    }),
  );
  last.dispose();
  return states;
}

/** Every layer's prediction at every token of at most 128, a model at a time: their tokenizers may differ. @throws StudioError `cancelled` */
export async function logitLens(text: string, tools: EvaluationTools): Promise<LensView> {
  const view: LensView = { models: [] };
  await eachModel(tools, async ({ model, tokenizer: { tokenizer } }, _, progress) => {
    checkDecoder(model);
    const ids = [tokenizer.startOfText, ...tokenizer.encode(text)].slice(0, Math.min(EXPLAINED_TOKENS, model.context));
    const tokens = ids.map((id) => tokenizer.decode([id]));
    await tools.work.yield();
    tools.work.signal.throwIfAborted();
    const layers = await tools.work.lock.run(() => readOuts(model, ids, tokenizer.size));
    view.models.push({
      tokens,
      layers: layers.map((cells) => cells.map(({ id, ...cell }) => ({ ...cell, text: tokenizer.decode([id]) }))),
    });
    progress(1);
  });
  return view;
}

/** [embeddings and layers][token]: the likeliest next token by each, with its probability, and the loss of the token that follows. */
export async function readOuts(
  model: DecoderModel,
  ids: readonly number[],
  vocabulary: number,
): Promise<(Omit<LensCell, 'text'> & { id: number })[][]> {
  const found: (Omit<LensCell, 'text'> & { id: number })[][] = [];
  const states = statesOf(model, ids);
  try {
    for (const state of states) {
      const logits = tidy(() => model.logits(model.readOut(state)));
      const values = await logits.data<'float32'>();
      const width = logits.shape[1];
      // Rows of a soft prompt stand before those of the text.
      const before = logits.shape[0] - ids.length;
      logits.dispose();
      found.push(
        ids.map((_, at) => {
          const from = (before + at) * width;
          const logs = logProbabilities(values.subarray(from, from + vocabulary));
          const id = logs.reduce((best, log, other) => (log > logs[best]! ? other : best), 0);
          const next = ids[at + 1];
          return { id, probability: Math.exp(logs[id]!), loss: next === undefined ? null : -logs[next]! };
        }),
      );
    }
  } finally {
    for (const state of states) state.dispose();
  }
  return found;
}

/**
 * Held-out accuracy of a linear probe of the channel by layer, the embeddings first. Each channel gives as many documents; a half of them, drawn
 * by a seed, trains the probe.
 * @param count documents of each channel at most
 * @throws StudioError `probe-texts` where there are fewer than two channels with four documents, `cancelled`
 */
export async function probeLayers(channels: readonly MeasuredChannel[], count: number, tools: EvaluationTools): Promise<LayerProbes> {
  const result: LayerProbes = { channels: [], documents: 0, models: [] };
  await eachModel(tools, async (weights, _, progress) => {
    const { startOfText } = weights.tokenizer.tokenizer;
    const read = await tools.read(weights, channels);
    const usable = channels.flatMap((channel, at) => {
      const { ids, starts } = read[at]!.heldOut;
      const texts = spreadDocuments(starts.length, count).map((document) => {
        const from = starts[document]!;
        // Without the end of text.
        const end = Math.min((starts[document + 1] ?? ids.length) - 1, from + Math.min(PROBED_TOKENS, weights.model.context - 1));
        return [startOfText, ...Array.from(ids.subarray(from, end))];
      });
      return texts.length >= 4 ? [{ id: channel.id, texts }] : [];
    });
    if (usable.length < 2)
      throw new StudioError('probe-texts', `A linear probe needs two channels of four held-out documents each; ${usable.length} has them`, {
        found: usable.length,
      });
    const each = Math.min(...usable.map(({ texts }) => texts.length));
    const texts = usable.flatMap(({ texts: own }, label) => own.slice(0, each).map((ids) => ({ ids, label })));
    const means: Float32Array[][] = [];
    for (const [at, { ids }] of texts.entries()) {
      progress((0.8 * at) / texts.length);
      await tools.work.yield();
      tools.work.signal.throwIfAborted();
      means.push(await tools.work.lock.run(() => meanStates(weights.model, ids)));
    }
    const order = new Rng(deriveSeed(SEED, 'probed')).shuffle(Array.from({ length: each }, (_, at) => at));
    const trains = (at: number) => order.indexOf(at % each) < Math.floor(each / 2);
    const layers: LayerProbes['models'][number] = [];
    const depth = means[0]!.length;
    for (let layer = 0; layer < depth; layer++) {
      progress(0.8 + (0.2 * layer) / depth);
      await tools.work.yield();
      tools.work.signal.throwIfAborted();
      const rows = (training: boolean) =>
        texts.flatMap(({ label }, at) => (trains(at) === training ? [{ label, row: means[at]![layer]! }] : []));
      const [training, test] = [rows(true), rows(false)];
      const probe = linearProbe(
        training.map(({ row }) => row),
        training.map(({ label }) => label),
        usable.length,
        STRENGTH,
      );
      const right = test.filter(({ row, label }) => {
        const chances = probe.probabilities(row);
        return chances.indexOf(Math.max(...chances)) === label;
      }).length;
      layers.push({ value: right / test.length, interval: wilsonInterval(right, test.length) });
    }
    result.channels = usable.map(({ id }) => id);
    result.documents = each;
    result.models.push(layers);
    progress(1);
  });
  return result;
}

/** Mean state of the text's tokens by layer, the embeddings first. */
async function meanStates(model: DecoderModel, ids: readonly number[]): Promise<Float32Array[]> {
  const states = statesOf(model, ids);
  try {
    const means: Float32Array[] = [];
    for (const state of states) {
      const values = await state.data<'float32'>();
      const width = state.shape[1];
      const mean = new Float32Array(width);
      for (let at = (state.shape[0] - ids.length) * width; at < values.length; at++) mean[at % width]! += values[at]! / ids.length;
      means.push(mean);
    }
    return means;
  } finally {
    for (const state of states) state.dispose();
  }
}
