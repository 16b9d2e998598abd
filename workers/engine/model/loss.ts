/**
 * The loss of a batch and its gradients. One training step is
 *
 *     batch → forward (decoder.ts: hidden states) → cross-entropy → gradients (`trainingGradients`) → clip, AdamW (optimizer/optimizer.ts).
 *
 * All of it stays on the device; the sums of the losses by channel are what is read back, for the log.
 */
import { add, engine, mul, tensor1d, tidy, zerosLike } from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { deriveSeed } from '../../../src/core/rng/rng';
import { channelSums } from '../ops/reductions';
import { crossEntropy } from '../ops/cross-entropy';
import { withHalfStorage } from '../ops/half-storage';
import type { DecoderModel, Documents, Taps } from './decoder';
import { HIDDEN_MAP, Lesson, type Teaching } from './distillation';
import { pseudoLosses } from './masked';
import { FigureSums, type Objective, type Told, type View } from './objective';

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
  /** What its rows are trained on and measured by; absent: the next token of a text. */
  objective?: Objective;
  /** Tokens of the longest text, where rows are padded or lack its last token; absent: as many as a row or the longest document has. */
  text?: number;
}

export interface TrainingOptions {
  /** Number of channels. */
  channels: number;
  /**
   * Weight of each channel's mean nll in the loss, scaled to a sum of 1 over the channels that predict anything in this step. Absent: the
   * loss is the mean over all predicted tokens.
   */
  weights?: readonly number[] | undefined;
  /** `seed` of the run and `step` together choose the masks; each micro-batch of a step has its own. */
  dropout?: { rate: number; seed: number; step: number };
  /** Activation checkpointing: layers are computed again in the backward pass instead of keeping their activations. The same bits. */
  recompute?: boolean;
  /** A teacher's part in the loss; not with halves. Sums are of the cross-entropy alone. */
  teaching?: Teaching | undefined;
  /** Activations and the weights that products read are stored as halves. */
  half?: {
    /** What the loss is multiplied by, on the device; the gradients come out as many times as large. Absent: 1. */
    scale?: Scalar;
  };
  /** `hostInputs` of the batches where they are known already. */
  host?: readonly HostInputs[];
}

/** What a micro-batch brings to the device besides its ids and targets, as the host computes it. */
export interface HostInputs {
  /** Gradient of the loss by each token's nll [rows·context]. */
  byNll: Float32Array;
  /** [rows·context]: channel of each predicted token, else −1. */
  channels: Int32Array;
  /** [rows·context]: position of each token in its document. */
  places: Int32Array | undefined;
}

export interface TrainingResult {
  /** Gradient of the loss over all batches, by parameter name: the mean nll of all predicted tokens, or the weighted mean of the channels'. */
  gradients: Map<string, Tensor>;
  /** [2, channels]: Σ nll, then predicted tokens, per channel. */
  sums: Tensor2D;
  /** What objectives say beside their losses, `channel index/name` each. The caller disposes it. */
  figures: FigureSums;
}

/** nll in nats of each target [rows·context], 0 where it is −1. The caller disposes it. */
export function tokenLosses(model: DecoderModel, batch: Batch): Tensor1D {
  return tidy(() => measuredNll(model, batch));
}

/** nll of each target; of next-token predictions, an encoder's has them from both sides. */
function measuredNll(model: DecoderModel, batch: Batch, figures?: FigureSums): Tensor1D {
  const nll = (each: Batch) => tokenNll(model, each, tensorsOf(each, model.leading), { figures });
  const { marks, config } = model;
  return config.encoder && marks && !batch.objective ? pseudoLosses(batch, marks, config.context, nll) : nll(batch);
}

/**
 * [2, channels] of one batch: Σ nll, then predicted tokens. The caller disposes it.
 * @param figures takes what the batch's objective says beside its losses
 */
export function evaluationSums(model: DecoderModel, batch: Batch, channels: number, figures?: FigureSums): Tensor2D {
  return tidy(() => channelSums(measuredNll(model, batch, figures), tensor1d(channelOfTokens(batch), 'int32'), channels));
}

/**
 * The same with other embeddings [rows·context, D] in the place of the tokens', and the gradient of the sum of all nll by these. The caller
 * disposes both.
 */
export function embeddingGradients(model: DecoderModel, batch: Batch, embedded: Tensor2D): { nll: Tensor1D; gradient: Tensor2D } {
  const [nll, gradient] = tidy(() => {
    const { targets, ...inputs } = tensorsOf(batch, model.leading);
    const cap = model.config.softCaps.logits ?? undefined;
    const states = () => hiddenStates(model, batch, { targets, ...inputs }, { taps: { embedded: () => embedded } });
    const losses = () => crossEntropy(states(), model.headWeight(), targets, undefined, cap);
    const { value, grads } = engine().gradients(losses, [embedded] as Tensor[]);
    return [value, grads[0]!];
  }) as [Tensor1D, Tensor2D];
  return { nll, gradient };
}

/**
 * Gradients of one step over all its micro-batches. They are weighted by tokens, so that accumulating over micro-batches gives
 * what one large batch would. The caller disposes the result (`Optimizer.apply` disposes the gradients).
 * Parameters that are not trainable have no gradient.
 * @throws StudioError `precision-unsupported` when halves are asked of a backend that has none
 */
export function trainingGradients(model: DecoderModel, batches: readonly Batch[], options: TrainingOptions): TrainingResult {
  const compute = () => gradientsOf(model, batches, options);
  return options.half ? withHalfStorage([...model.parameters.values()], compute) : compute();
}

function gradientsOf(
  model: DecoderModel,
  batches: readonly Batch[],
  { channels, weights, dropout, recompute = false, teaching, half, host = hostInputs(batches, channels, weights) }: TrainingOptions,
): TrainingResult {
  const trained = [...model.parameters].filter(([, parameter]) => parameter.trainable);
  // W_h is trained in a step that compares what it maps.
  if (teaching?.map && teaching.hidden > 0) trained.push([HIDDEN_MAP, teaching.map]);
  const variables = trained.map(([, parameter]) => parameter as Tensor);
  const { frozenLayers } = model;
  const figures = new FigureSums();
  let accumulated: Tensor[] | undefined;
  let sums: Tensor2D | undefined;
  batches.forEach((batch, microBatch) => {
    const masks = dropout && { rate: dropout.rate, seed: deriveSeed(dropout.seed, 'dropout', dropout.step, microBatch) };
    const results = tidy(() => {
      // The loss is linear in the tokens' nll. Its gradient by each of them is known beforehand and starts the backward pass, so the loss
      // itself is never computed on the device.
      const { byNll, channels: ofTokens, places } = host[microBatch]!;
      const lesson = teaching && lessonOf(batch, byNll, teaching);
      const meanGradient = tensor1d(teaching ? byNll.map((share, token) => share * ownPart(batch, token, teaching)) : byNll);
      const nllGradient = half?.scale ? mul<Tensor1D>(meanGradient, half.scale) : meanGradient;
      const inputs = { ...tensorsOf(batch, model.leading, places), nllGradient };
      const losses = () => tokenNll(model, batch, inputs, { dropout: masks, recompute, frozenLayers, lesson, figures });
      const { value: nll, grads } = engine().gradients(losses, variables, nllGradient);
      lesson?.dispose();
      const sum = channelSums(nll, tensor1d(ofTokens, 'int32'), channels);
      return [
        sums ? add(sums, sum) : sum,
        ...grads.map((found: Tensor | undefined, at) => {
          // A batch without a row that is taught has nothing for W_h, and one whose objective has a head of its own may have none for the model's.
          const gradient = found ?? zerosLike(variables[at]!);
          return accumulated ? add(accumulated[at]!, gradient) : gradient;
        }),
      ];
    });
    sums?.dispose();
    accumulated?.forEach((gradient) => gradient.dispose());
    [sums, ...accumulated] = results as [Tensor2D, ...Tensor[]];
  });
  if (!accumulated || !sums) throw new Error('A step needs at least one batch');
  const gradients = accumulated;
  return { gradients: new Map(trained.map(([name], index) => [name, gradients[index]!])), sums, figures };
}

export function hostInputs(batches: readonly Batch[], channels: number, weights: readonly number[] | undefined): HostInputs[] {
  const lossByNll = weights ? weighedByChannel(batches, channels, weights) : weighedAlike(batches);
  return batches.map((batch) => ({
    byNll: lossByNll(batch),
    channels: channelOfTokens(batch),
    places: batch.documents && positionsIn(batch.documents, batch.context),
  }));
}

/** What is left of a token's cross-entropy where a teacher takes the rest. It teaches text. */
function ownPart({ channels, context, objective }: Batch, token: number, { channels: taught, crossEntropy }: Teaching): number {
  return (!objective || objective.taught) && taught[channels[Math.floor(token / context)]!] ? crossEntropy : 1;
}

/** Asks the teacher, outside of what is differentiated; nothing where the batch has no row for it. */
function lessonOf(batch: Batch, byNll: Float32Array, teaching: Teaching): Lesson | undefined {
  const { channels, context } = batch;
  if ((batch.objective && !batch.objective.taught) || teaching.logits + teaching.hidden + teaching.attention === 0) return undefined;
  const taught = byNll.map((share, token) => (teaching.channels[channels[Math.floor(token / context)]!] ? share : 0));
  if (taught.every((share) => share === 0)) return undefined;
  const rows = { ...batch, bidirectional: batch.objective?.bidirectional };
  return new Lesson(teaching, rows, taught, (teacher, taps) => hiddenStates(teacher, batch, tensorsOf(batch, teacher.leading), { taps }));
}

/** Gradient of the loss by the nll of each token of a batch [rows·context], 0 where none is predicted. */
type LossByNll = (batch: Batch) => Float32Array;

/** Of the mean nll over all predicted tokens of the step. */
function weighedAlike(batches: readonly Batch[]): LossByNll {
  const predicted = batches.reduce((total, { targets }) => total + countPredicted(targets), 0);
  return ({ targets }) => Float32Array.from(targets, (target) => (target < 0 ? 0 : 1 / predicted));
}

/** Of Σ w_c · (mean nll of the channel's tokens in the step), with Σ w_c = 1 over the channels that predict anything in it. */
function weighedByChannel(batches: readonly Batch[], channels: number, weights: readonly number[]): LossByNll {
  const predicted = new Array<number>(channels).fill(0);
  const eachPredicted = ({ targets, context, channels: ofRows }: Batch, visit: (token: number, channel: number) => void) =>
    targets.forEach((target, token) => {
      const channel = ofRows[Math.floor(token / context)]!;
      if (target >= 0 && channel >= 0) visit(token, channel);
    });
  for (const batch of batches) eachPredicted(batch, (_, channel) => (predicted[channel]! += 1));
  const present = weights.reduce((sum, weight, channel) => sum + (predicted[channel]! > 0 ? weight : 0), 0);
  return (batch) => {
    const gradient = new Float32Array(batch.targets.length);
    // A step whose channels all weigh nothing teaches nothing.
    if (present > 0) eachPredicted(batch, (token, channel) => (gradient[token] = weights[channel]! / present / predicted[channel]!));
    return gradient;
  };
}

interface BatchTensors {
  ids: Tensor1D;
  targets: Tensor1D;
  documents?: Documents;
  /** [rows·context], in training: gradient of the loss by each token's nll. With it, cross-entropy computes its own gradients in one pass. */
  nllGradient?: Tensor1D;
}

/** @param leading virtual tokens before each row */
export function tensorsOf(
  { context, ids, targets, documents }: Batch,
  leading = 0,
  places = documents && positionsIn(documents, context),
): BatchTensors {
  const integers = (values: Int32Array) => tensor1d(values, 'int32');
  // A prefix's rows are at no position themselves, so that the text's say how many there are before it.
  const positions = leading === 0 ? places : places?.map((place) => leading + place);
  const apart = documents && {
    of: integers(documents),
    positions: integers(positions!),
    longest: places!.reduce((most, place) => Math.max(most, place + 1), 1),
    ...(leading > 0
      ? {
          behind: {
            of: integers(behindEach(firstPlaces(places!, context, leading), context, leading, (place) => place - leading)),
            positions: integers(behindEach(positions!, context, leading, (place) => place)),
          },
        }
      : {}),
  };
  return { ids: integers(ids), targets: integers(targets), ...(apart ? { documents: apart } : {}) };
}

/** [rows·context]: place of each token's document in its row, behind the leading ones. */
const firstPlaces = (places: Int32Array, context: number, leading: number): Int32Array =>
  places.map((place, at) => leading + (at % context) - place);

/** [rows·context] → [rows·(leading+context)] */
function behindEach(values: Int32Array, context: number, leading: number, at: (place: number) => number): Int32Array {
  const width = leading + context;
  return Int32Array.from({ length: (values.length / context) * width }, (_, index) => {
    const place = index % width;
    return place < leading ? at(place) : values[Math.floor(index / width) * context + place - leading]!;
  });
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
  frozenLayers?: number;
  lesson?: Lesson | undefined;
  figures?: FigureSums | undefined;
}

interface StatesOptions extends Omit<ForwardOptions, 'lesson' | 'figures'> {
  taps?: Taps | undefined;
  /** Without an encoder's head. */
  body?: boolean;
  bidirectional?: boolean | undefined;
}

/** The forward pass: nll of each target [rows·context], 0 where none is predicted. */
function tokenNll(model: DecoderModel, batch: Batch, inputs: BatchTensors, { lesson, figures, ...options }: ForwardOptions = {}): Tensor1D {
  if (batch.objective) return objectiveLosses(batch.objective, model, batch, inputs, { ...options, lesson, figures });
  const states = hiddenStates(model, batch, inputs, { ...options, taps: lesson?.taps(model) });
  const [hidden, weight] = lesson?.output(model, states) ?? model.headProduct(states);
  return crossEntropy(hidden, weight, inputs.targets, inputs.nllGradient, model.config.softCaps.logits ?? undefined);
}

function objectiveLosses(
  objective: Objective,
  model: DecoderModel,
  batch: Batch,
  inputs: BatchTensors,
  { figures, dropout, lesson, ...options }: ForwardOptions,
): Tensor1D {
  const states = ({ ids, number, bidirectional }: View, taps?: Taps, body = false): Tensor2D =>
    hiddenStates(model, batch, ids ? { ...inputs, ids: tensor1d(ids, 'int32') } : inputs, {
      ...options,
      taps,
      body,
      bidirectional,
      dropout: dropout && number !== undefined ? { ...dropout, seed: deriveSeed(dropout.seed, 'view', number) } : dropout,
    });
  const hidden = (view: View = {}) => states(view, undefined, true);
  const nll = ({ targets, gradient, ...view }: Told = {}): Tensor1D => {
    const taught = targets ? undefined : lesson;
    const last = states(view, taught?.taps(model));
    const [read, weight] = taught?.output(model, last) ?? model.headProduct(last);
    return crossEntropy(read, weight, targets ?? inputs.targets, gradient, model.config.softCaps.logits ?? undefined);
  };
  const figure = (name: string, sum: Tensor, count: number) => figures?.add(`${batch.channels[0]}/${name}`, sum, count);
  return objective.losses({ model, batch, targets: inputs.targets, gradient: inputs.nllGradient, hidden, nll, figure });
}

function hiddenStates(
  model: DecoderModel,
  { rows, context, text, objective }: Batch,
  { ids, documents }: BatchTensors,
  { dropout, recompute = false, frozenLayers = 0, taps, body = false, bidirectional = objective?.bidirectional }: StatesOptions,
): Tensor2D {
  return model.hiddenStates(ids, {
    batch: rows,
    context,
    ...(documents ? { documents } : {}),
    ...(text === undefined ? {} : { text }),
    ...(dropout ? { dropout } : {}),
    ...(bidirectional ? { bidirectional } : {}),
    body,
    recompute,
    frozenLayers,
    taps,
  });
}

/** [rows·context]: channel of each predicted token, else −1. */
function channelOfTokens({ context, targets, channels }: Batch): Int32Array {
  return Int32Array.from(targets, (target, token) => (target < 0 ? -1 : channels[Math.floor(token / context)]!));
}

function countPredicted(targets: Int32Array): number {
  return targets.reduce((count, target) => count + (target < 0 ? 0 : 1), 0);
}
