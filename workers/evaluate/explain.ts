/**
 * What a prediction depends on, on a person's own text: what each token before it adds to ln p of the token explained, and what another wording
 * of a part of the text changes.
 *
 * Attributions are held against a text of the same length in which every token is the one that a text starts after: its ln p is the baseline,
 * and those of integrated gradients and of the local fit sum to the difference from it.
 */
import { gather, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Attribution, AttributionMethod, Counterfactual, ModelAttribution, TextChange } from '../../src/contract/evaluation';
import { StudioError } from '../../src/core/errors';
import { gaussLegendre, localFit, maskedTexts } from '../../src/core/metrics/explain';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import { embeddingGradients, type Batch, type DecoderModel } from '../engine';
import type { EngineWork } from '../runtime/engine-session';
import { sequenceModel } from '../runtime/engine-model';
import { emptyBatch } from '../runtime/trainable-model';
import type { LoadedWeights } from '../runtime/weights';
import { eachModel, SEED, type EvaluationTools } from './each-model';

/** Longest text, in tokens. */
export const EXPLAINED_TOKENS = 128;
/** Tokens of one forward pass. */
const BATCH_TOKENS = 2048;
/** Texts of the local fit at most. */
const MASKED_TEXTS = 512;
/** Nodes of the path: doubled until the residue is below this share of the difference, or this many nats. */
const NODES = [16, 32, 64, 128, 256];
const RESIDUE = { share: 0.01, nats: 1e-3 };
/** Next tokens that are told. */
const LIKELIEST = 8;

/**
 * Null in the place of a model that cuts the text otherwise than the base.
 * @param target text behind it, whose first token is explained; empty: the token that the base finds likeliest
 * @throws StudioError `cancelled`
 */
export async function explainToken(text: string, target: string, tools: EvaluationTools): Promise<Attribution> {
  const models: (ModelAttribution | null)[] = [];
  let explained: { ids: number[]; id: number; tokens: string[]; target: string } | null = null;
  await eachModel(tools, async (weights, _, progress) => {
    const { model, tokenizer } = weights;
    checkDecoder(model);
    const behind = target === '' ? null : tokensOf(weights, text + target);
    let ids = tokensOf(weights, text);
    // The target may join the text's last token.
    if (behind) while (ids.length > 1 && (ids.length >= behind.length || ids.some((id, at) => id !== behind[at]))) ids = ids.slice(0, -1);
    if (!explained) {
      const id = behind?.[ids.length] ?? likeliest(await nextLogs(weights, ids, tools.work))[0]!;
      const decode = (one: number) => tokenizer.tokenizer.decode([one]);
      explained = { ids, id, tokens: ids.map(decode), target: decode(id) };
    }
    const { id } = explained;
    if (ids.join() !== explained.ids.join() || (behind && behind[ids.length] !== id)) return void models.push(null);
    const turns: Turns = {
      between: async (share) => {
        progress(share);
        await tools.work.yield();
        tools.work.signal.throwIfAborted();
      },
      exclusively: (work) => tools.work.lock.run(work),
    };
    models.push(await attributions(model, ids, id, tokenizer.tokenizer.startOfText, turns));
  });
  const { tokens, target: name } = explained!;
  return { tokens, target: name, models };
}

interface Turns {
  /** Called before each batch with the share of all that is done. */
  between: (share: number) => Promise<void>;
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Of ln p(id | ids). @param start the token that stands for "nothing"; @param nodes of the path; absent: as many as the residue asks for */
export async function attributions(
  model: DecoderModel,
  ids: readonly number[],
  id: number,
  start: number,
  { between, exclusively }: Turns,
  nodes: readonly number[] = NODES,
): Promise<ModelAttribution> {
  const length = ids.length;
  const rowsAtOnce = Math.max(1, Math.floor(BATCH_TOKENS / length));
  /** ln p under each of these texts of one length. */
  const likelihoods = async (texts: readonly (readonly number[])[], from: number, to: number): Promise<number[]> => {
    const found: number[] = [];
    for (let at = 0; at < texts.length; at += rowsAtOnce) {
      await between(from + ((to - from) * at) / texts.length);
      const part = texts.slice(at, at + rowsAtOnce);
      const losses = await exclusively(() => sequenceModel(model).tokenLosses(batchOf(part, id)));
      found.push(...part.map((_, row) => -losses[(row + 1) * length - 1]!));
    }
    return found;
  };
  const nothing = ids.map(() => start);
  const without = ids.map((_, at) => ids.map((own, place) => (place === at ? start : own)));
  const [value, baseline, ...left] = (await likelihoods([ids, nothing, ...without], 0, 0.15)) as [number, number, ...number[]];
  // The first token is the one that stands for nothing already.
  const masked = maskedTexts(length - 1, MASKED_TEXTS, new Rng(deriveSeed(SEED, 'masks', length)));
  const read = await likelihoods(
    masked.masks.map((mask) => ids.map((own, at) => (at === 0 || mask[at - 1] ? own : start))),
    0.15,
    0.5,
  );
  const fit = length > 1 ? localFit(masked, read, value, baseline) : { values: [], rSquared: null };

  const [own, other] = await exclusively(() => embeddingsOf(model, [ids, nothing]));
  const width = own!.length / length;
  /** Σ over the width of (embedding − origin) · gradient of ln p, weighted over points of the path from nothing (0) to the text (1). */
  const along = async (
    points: readonly number[],
    weights: readonly number[],
    origin: Float32Array | null,
    from: number,
  ): Promise<number[]> => {
    const sums = new Array<number>(length).fill(0);
    for (let at = 0; at < points.length; at += rowsAtOnce) {
      await between(from + ((1 - from) * at) / points.length);
      const part = points.slice(at, at + rowsAtOnce);
      const embedded = new Float32Array(part.length * own!.length);
      part.forEach((point, row) => own!.forEach((to, k) => (embedded[row * own!.length + k] = other![k]! + point * (to - other![k]!))));
      const gradient = await exclusively(() =>
        gradientsAt(
          model,
          batchOf(
            part.map(() => ids),
            id,
          ),
          embedded,
          width,
        ),
      );
      part.forEach((_, row) => {
        for (let k = 0; k < own!.length; k++)
          sums[Math.floor(k / width)]! -= weights[at + row]! * (own![k]! - (origin?.[k] ?? 0)) * gradient[row * own!.length + k]!;
      });
    }
    return sums;
  };
  const difference = value - baseline;
  const residueOf = (values: readonly number[]) => difference - values.reduce((sum, one) => sum + one, 0);
  const gradient = await along([1], [1], null, 0.5);
  let integrated: number[] = [];
  let steps = 0;
  for (const count of nodes) {
    const path = gaussLegendre(count);
    integrated = await along(path.nodes, path.weights, other!, 0.5);
    steps = count;
    if (Math.abs(residueOf(integrated)) <= Math.max(RESIDUE.nats, RESIDUE.share * Math.abs(difference))) break;
  }
  const told = (values: number[]) => ({ values, residue: residueOf(values) });
  const methods: Record<AttributionMethod, ModelAttribution['methods'][AttributionMethod]> = {
    integrated: { ...told(integrated), steps },
    gradient: told(gradient),
    occlusion: told(left.map((one) => value - one)),
    local: { ...told([0, ...fit.values]), ...(fit.rSquared === null ? {} : { rSquared: fit.rSquared }) },
  };
  return { value, baseline, methods };
}

/** Rows of one length, of which each is to predict `id` at its end. */
function batchOf(rows: readonly (readonly number[])[], id: number): Batch {
  const context = rows[0]!.length;
  const batch = emptyBatch(rows.length, context);
  rows.forEach((row, at) => {
    batch.ids.set(row, at * context);
    batch.targets[(at + 1) * context - 1] = id;
    batch.channels[at] = 0;
  });
  return batch;
}

async function embeddingsOf(model: DecoderModel, texts: readonly (readonly number[])[]): Promise<Float32Array[]> {
  const found = texts.map((ids) => tidy(() => model.embeddings(tensor1d([...ids], 'int32'))));
  const values = await Promise.all(found.map((one) => one.data<'float32'>()));
  for (const one of found) one.dispose();
  return values;
}

async function gradientsAt(model: DecoderModel, batch: Batch, embedded: Float32Array, width: number): Promise<Float32Array> {
  const rows = tensor2d(embedded, [embedded.length / width, width]);
  const { nll, gradient } = embeddingGradients(model, batch, rows);
  try {
    return await gradient.data<'float32'>();
  } finally {
    for (const one of [rows, nll, gradient]) one.dispose();
  }
}

/** What is explained is a token that is predicted from those before it. @throws StudioError `encoder-writes` of an encoder */
export function checkDecoder({ config }: DecoderModel): void {
  if (!config.encoder) return;
  const { architecture: family } = config;
  throw new StudioError('encoder-writes', `A model of the family ${family} predicts no next token that could be explained`, { family });
}

const tokensOf = ({ model, tokenizer: { tokenizer } }: LoadedWeights, text: string): number[] =>
  [tokenizer.startOfText, ...tokenizer.encode(text)].slice(0, Math.min(EXPLAINED_TOKENS, model.context));

/** ln p of each next token behind a text. */
async function nextLogs(
  { model, tokenizer: { tokenizer } }: LoadedWeights,
  ids: readonly number[],
  work: EngineWork,
): Promise<Float64Array> {
  const logits = await work.lock.run(async () => {
    const last = tidy(() => {
      const hidden = model.hiddenStates(tensor1d([...ids], 'int32'), { batch: 1, context: ids.length });
      return model.logits(gather(hidden, tensor1d([ids.length - 1], 'int32')));
    });
    const values = await last.data<'float32'>();
    last.dispose();
    return values;
  });
  return logProbabilities(logits.subarray(0, tokenizer.size));
}

/** Of logits. */
export function logProbabilities(logits: Float32Array): Float64Array {
  const most = logits.reduce((one, other) => Math.max(one, other), -Infinity);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
  return Float64Array.from(logits, (logit) => logit - most - Math.log(sum));
}

/** Ids by rank. */
const likeliest = (logs: ArrayLike<number>): number[] =>
  Array.from(logs, (_, id) => id)
    .sort((one, other) => logs[other]! - logs[one]!)
    .slice(0, LIKELIEST);

/** The text, and the text with another wording of a part, under each model. @throws StudioError `cancelled` */
export async function evaluateCounterfactual({ text, from, to, replacement }: TextChange, tools: EvaluationTools): Promise<Counterfactual> {
  const found: Counterfactual = { models: [] };
  await eachModel(tools, async (weights, scorer, progress) => {
    const { tokenizer } = weights.tokenizer;
    checkDecoder(weights.model);
    const texts = [text, text.slice(0, from) + replacement + text.slice(to)] as const;
    const [before, after] = texts.map((one) => tokensOf(weights, one)) as [number[], number[]];
    const losses: Float32Array[] = [];
    const logs: Float64Array[] = [];
    for (const ids of [before, after]) {
      await tools.work.yield();
      tools.work.signal.throwIfAborted();
      const batch = emptyBatch(1, ids.length);
      batch.ids.set(ids);
      batch.targets.set([...ids.slice(1), -1]);
      batch.channels.fill(0);
      losses.push(await tools.work.lock.run(() => scorer.tokenLosses(batch)));
      logs.push(await nextLogs(weights, ids, tools.work));
    }
    // What follows the part: the tokens that end both texts alike, none of them from before it.
    let common = 0;
    const most = Math.min(before.length, after.length) - 1;
    while (common < most && before.at(-1 - common) === after.at(-1 - common)) common++;
    while (common > 0 && tokenizer.decode(before.slice(before.length - common)).length > text.length - to) common--;
    const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
    const next = [...new Set(logs.flatMap((one) => likeliest(one)))].map((id) => ({
      text: tokenizer.decode([id]),
      before: Math.exp(logs[0]![id]!),
      after: Math.exp(logs[1]![id]!),
    }));
    found.models.push({
      loss: { before: sum(losses[0]!), after: sum(losses[1]!) },
      following: Array.from({ length: common }, (_, at) => ({
        text: tokenizer.decode([before[before.length - common + at]!]),
        before: losses[0]![before.length - common + at - 1]!,
        after: losses[1]![after.length - common + at - 1]!,
      })),
      next: next.sort((one, other) => Math.max(other.before, other.after) - Math.max(one.before, one.after)).slice(0, LIKELIEST),
      divergence: logs[1]!.reduce((total, log, id) => total + Math.exp(log) * (log - logs[0]![id]!), 0),
    });
    progress(1);
  });
  return found;
}
