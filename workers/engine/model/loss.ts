/**
 * The loss of a batch and its gradients. One training step is
 *
 *     batch → forward (decoder.ts: hidden states) → cross-entropy → gradients (`trainingGradients`) → clip, AdamW (optimizer/optimizer.ts).
 *
 * All of it stays on the device; the sums of the losses by channel are what is read back, for the log.
 */
import { add, engine, mul, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { deriveSeed } from '../../../src/core/rng/rng';
import { channelSums } from '../ops/reductions';
import { crossEntropy } from '../ops/cross-entropy';
import { withHalfStorage } from '../ops/half-storage';
import type { DecoderModel, Documents } from './decoder';

/** One micro-batch: sequences of token ids, one after another. */
export interface Batch {
  /** Sequences. */
  rows: number;
  /** Tokens of each. */
  context: number;
  /** [rows·context] */
  ids: Int32Array;
  /** [rows·context]: the token that follows, or −1 where none is predicted. */
  targets: Int32Array;
  /** [rows]: index of each row's channel, or −1 to count it nowhere. */
  channels: Int32Array;
  /**
   * [rows·context]: number of each token's document, rising within a row. Attention does not cross from one to another and positions start
   * from 0 in each. Absent: a row is one document.
   */
  documents?: Int32Array;
  /** Tokens of the longest text, where rows are padded or lack its last token; absent: as many as a row or the longest document has. */
  text?: number;
}

export interface TrainingOptions {
  /** Number of channels. */
  channels: number;
  /** `seed` of the run and `step` together choose the masks; each micro-batch of a step has its own. */
  dropout?: { rate: number; seed: number; step: number };
  /** Activation checkpointing: layers are computed again in the backward pass instead of keeping their activations. The same bits. */
  recompute?: boolean;
  /** Activations and the weights that products read are stored as halves. */
  half?: {
    /** What the loss is multiplied by, on the device; the gradients come out as many times as large. Absent: 1. */
    scale?: Scalar;
  };
}

export interface TrainingResult {
  /** Gradient of the mean nll over all predicted tokens of all batches, by parameter name. */
  gradients: Map<string, Tensor>;
  /** [2, channels]: Σ nll, then predicted tokens, per channel. */
  sums: Tensor2D;
}

/** nll in nats of each target [rows·context], 0 where it is −1. The caller disposes it. */
export function tokenLosses(model: DecoderModel, batch: Batch): Tensor1D {
  return tidy(() => tokenNll(model, batch, tensorsOf(batch)));
}

/** [2, channels] of one batch: Σ nll, then predicted tokens. The caller disposes it. */
export function evaluationSums(model: DecoderModel, batch: Batch, channels: number): Tensor2D {
  return tidy(() => channelSums(tokenNll(model, batch, tensorsOf(batch)), channelOfTokens(batch), channels));
}

/**
 * Gradients of one step over all its micro-batches. They are weighted by tokens, so that accumulating over micro-batches gives
 * what one large batch would. The caller disposes the result (`Optimizer.apply` disposes the gradients).
 * Parameters that are not trainable have no gradient.
 * @throws StudioError `precision-unsupported` when halves are asked of a backend that has none
 */
export function trainingGradients(model: DecoderModel, batches: Batch[], options: TrainingOptions): TrainingResult {
  const compute = () => gradientsOf(model, batches, options);
  return options.half ? withHalfStorage([...model.parameters.values()], compute) : compute();
}

function gradientsOf(
  model: DecoderModel,
  batches: Batch[],
  { channels, dropout, recompute = false, half }: TrainingOptions,
): TrainingResult {
  const trained = [...model.parameters].filter(([, parameter]) => parameter.trainable);
  const variables = trained.map(([, parameter]) => parameter as Tensor);
  const predictedTokens = batches.reduce((total, { targets }) => total + countPredicted(targets), 0);
  let accumulated: Tensor[] | undefined;
  let sums: Tensor2D | undefined;
  batches.forEach((batch, microBatch) => {
    const masks = dropout && { rate: dropout.rate, seed: deriveSeed(dropout.seed, 'dropout', dropout.step, microBatch) };
    const results = tidy(() => {
      // The loss is the mean nll, Σ nll / predictedTokens. Its gradient by each token's nll is known beforehand and starts the backward
      // pass, so the mean itself is never computed on the device.
      const meanGradient = tensor1d(Float32Array.from(batch.targets, (target) => (target < 0 ? 0 : 1 / predictedTokens)));
      const nllGradient = half?.scale ? mul<Tensor1D>(meanGradient, half.scale) : meanGradient;
      const inputs = { ...tensorsOf(batch), nllGradient };
      const losses = () => tokenNll(model, batch, inputs, { dropout: masks, recompute });
      const { value: nll, grads } = engine().gradients(losses, variables, nllGradient);
      const sum = channelSums(nll, channelOfTokens(batch), channels);
      return [sums ? add(sums, sum) : sum, ...grads.map((gradient, at) => (accumulated ? add(accumulated[at]!, gradient) : gradient))];
    });
    sums?.dispose();
    accumulated?.forEach((gradient) => gradient.dispose());
    [sums, ...accumulated] = results as [Tensor2D, ...Tensor[]];
  });
  if (!accumulated || !sums) throw new Error('A step needs at least one batch');
  const gradients = accumulated;
  return { gradients: new Map(trained.map(([name], index) => [name, gradients[index]!])), sums };
}

interface BatchTensors {
  ids: Tensor1D;
  targets: Tensor1D;
  documents?: Documents;
  /** [rows·context], in training: gradient of the loss by each token's nll. With it, cross-entropy computes its own gradients in one pass. */
  nllGradient?: Tensor1D;
}

function tensorsOf({ context, ids, targets, documents }: Batch): BatchTensors {
  const integers = (values: Int32Array) => tensor1d(values, 'int32');
  const places = documents && positionsIn(documents, context);
  const apart = documents && {
    of: integers(documents),
    positions: integers(places!),
    longest: places!.reduce((most, place) => Math.max(most, place + 1), 1),
  };
  return { ids: integers(ids), targets: integers(targets), ...(apart ? { documents: apart } : {}) };
}

/** [rows·context]: position of each token in its document, of which a row may hold the beginning, the end or a part. */
function positionsIn(documents: Int32Array, context: number): Int32Array {
  const positions = new Int32Array(documents.length);
  for (let at = 0; at < documents.length; at++)
    positions[at] = at % context === 0 || documents[at] !== documents[at - 1] ? 0 : positions[at - 1]! + 1;
  return positions;
}

interface ForwardOptions {
  dropout?: { rate: number; seed: number } | undefined;
  recompute?: boolean;
}

/** The forward pass: nll of each target [rows·context], 0 where none is predicted. */
function tokenNll(
  model: DecoderModel,
  { rows, context, text }: Batch,
  { ids, targets, documents, nllGradient }: BatchTensors,
  { dropout, recompute = false }: ForwardOptions = {},
): Tensor1D {
  const hidden = model.hiddenStates(ids, {
    batch: rows,
    context,
    ...(documents ? { documents } : {}),
    ...(text === undefined ? {} : { text }),
    ...(dropout ? { dropout } : {}),
    recompute,
  });
  return crossEntropy(hidden, model.headWeight(), targets, nllGradient, model.config.softCaps.logits ?? undefined);
}

/** [rows·context]: channel of each predicted token, else −1. */
function channelOfTokens({ context, targets, channels }: Batch): Tensor1D {
  const ofTokens = Int32Array.from(targets, (target, token) => (target < 0 ? -1 : channels[Math.floor(token / context)]!));
  return tensor1d(ofTokens, 'int32');
}

function countPredicted(targets: Int32Array): number {
  return targets.reduce((count, target) => count + (target < 0 ? 0 : 1), 0);
}
