/**
 * Learning from rewards of answers that the model samples itself: PPO (Schulman et al., arXiv 1707.06347, with generalised advantages, arXiv
 * 1506.02438) as Ziegler et al. (arXiv 1909.08593) have it for language, and GRPO (Shao et al., arXiv 2402.03300), whose advantages need no
 * values. Formulas are those of TRL. Losses are differentiated; what they are set against is of the moment when the answers were sampled, and
 * is made of plain numbers.
 *
 * Vectors are [N], one element a token of an answer; where `mask` is 0 there is none.
 */
import {
  add,
  clipByValue,
  exp,
  gather,
  greaterEqual,
  lessEqual,
  maximum,
  minimum,
  mul,
  neg,
  reshape,
  scalar,
  square,
  sub,
  tensor1d,
  tidy,
} from '@tensorflow/tfjs-core';
import type { Rank, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { add as both, scaled } from '../ops/add';
import { crossEntropy } from '../ops/cross-entropy';
import { linear } from '../ops/linear';
import type { DecoderModel } from './decoder';
import type { Batch } from './loss';
import type { Objective, Pass } from './objective';
import { elementwise, flattened } from './preference';

/** The ratio of probabilities may be worth it to leave 1 − low … 1 + high, but is not paid for. */
export interface ClipRange {
  low: number;
  high: number;
}

/** −min(ratio · A, clipped ratio · A), where ratio = p / p_old. */
export function policyLosses(logps: Tensor1D, old: Tensor1D, advantages: Tensor1D, { low, high }: ClipRange): Tensor1D {
  return elementwise(logps, (x) => {
    const ratio: Tensor1D = exp(sub(x, old));
    const gained: Tensor1D = mul(ratio, advantages);
    const clipped: Tensor1D = mul(clipByValue(ratio, 1 - low, 1 + high), advantages);
    return { value: neg(minimum(gained, clipped)), slope: neg(mul(gained, lessEqual(gained, clipped))) };
  });
}

/** ½ · max((v − return)², (v within ± clip of its old value − return)²) */
export function valueLosses(values: Tensor1D, old: Tensor1D, returns: Tensor1D, clip: number): Tensor1D {
  return elementwise(values, (x) => {
    const away: Tensor1D = sub(x, returns);
    const near: Tensor1D = sub(add(old, clipByValue<Tensor1D>(sub(x, old), -clip, clip)), returns);
    const free = greaterEqual(square(away), square(near));
    return { value: mul(maximum(square(away), square(near)), 0.5), slope: mul(away, free) };
  });
}

/** KL to the reference by the estimator that is never negative: p_ref / p − log(p_ref / p) − 1 (k3, Schulman 2020). */
export function klLosses(logps: Tensor1D, reference: Tensor1D): Tensor1D {
  return elementwise(logps, (x) => {
    const ahead: Tensor1D = sub(reference, x);
    return { value: sub(sub<Tensor1D>(exp(ahead), ahead), 1), slope: sub(1, exp(ahead)) };
  });
}

/** Numbers by token, row after row. */
type ByToken = Float32Array;

/** Rows of answers: token `row · context + at` is the row's token number `at`. */
export interface AnswerRows {
  rows: number;
  context: number;
  /** [N]: 1 at a token of an answer; a row's are one run of places. */
  mask: Uint8Array;
}

/** Calls with the first place of each row's answer and the place behind its last; a row may have none. */
function eachAnswer({ rows, context, mask }: AnswerRows, visit: (row: number, from: number, to: number) => void): void {
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * context;
    let from = row * context;
    while (from < end && !mask[from]) from++;
    let to = from;
    while (to < end && mask[to]) to++;
    if (to > from) visit(row, from, to);
  }
}

/** −β · (log p − log p_ref) of each token, and the answer's score at its last. @param scores [rows] */
export function tokenRewards(answers: AnswerRows, logps: ByToken, reference: ByToken, scores: readonly number[], beta: number): ByToken {
  const rewards = new Float32Array(logps.length);
  eachAnswer(answers, (row, from, to) => {
    for (let at = from; at < to; at++) rewards[at] = -beta * (logps[at]! - reference[at]!);
    rewards[to - 1]! += scores[row]!;
  });
  return rewards;
}

/** Generalised advantage estimation within each answer, after which nothing is earned; advantages are whitened over all tokens. */
export function advantagesOf(
  answers: AnswerRows,
  rewards: ByToken,
  values: ByToken,
  { gamma, lambda }: { gamma: number; lambda: number },
): { advantages: ByToken; returns: ByToken } {
  const advantages = new Float32Array(rewards.length);
  const returns = new Float32Array(rewards.length);
  eachAnswer(answers, (_, from, to) => {
    let ahead = 0;
    for (let at = to - 1; at >= from; at--) {
      const next = at + 1 < to ? values[at + 1]! : 0;
      ahead = rewards[at]! + gamma * next - values[at]! + gamma * lambda * ahead;
      advantages[at] = ahead;
      returns[at] = ahead + values[at]!;
    }
  });
  return { advantages: whitened(advantages, answers.mask), returns };
}

/** Mean 0 and variance 1 where the mask is set, 0 elsewhere; a single value is not scaled. */
function whitened(values: ByToken, mask: Uint8Array): ByToken {
  let count = 0;
  let sum = 0;
  values.forEach((value, at) => {
    if (!mask[at]) return;
    count += 1;
    sum += value;
  });
  const mean = sum / Math.max(1, count);
  const squares = values.reduce((total, value, at) => total + (mask[at] ? (value - mean) ** 2 : 0), 0);
  const scale = count > 1 ? 1 / Math.sqrt(squares / (count - 1) + 1e-8) : 1;
  return values.map((value, at) => (mask[at] ? (value - mean) * scale : 0));
}

/** How the rewards of a prompt's answers are scaled once their mean is taken off: by their deviation, by that of the whole step, or not (Dr. GRPO). */
export type RewardScale = 'group' | 'batch' | 'none';

/** [answers]: advantage of each, in groups of so many of one prompt. */
export function groupAdvantages(rewards: readonly number[], size: number, scale: RewardScale): number[] {
  const whole = deviation(rewards);
  return rewards.map((reward, at) => {
    const first = at - (at % size);
    const group = rewards.slice(first, first + size);
    const ahead = reward - meanOf(group);
    return scale === 'none' ? ahead : ahead / ((scale === 'group' ? deviation(group) : whole) + 1e-4);
  });
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** Of a sample. */
function deviation(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1));
}

/**
 * The weight of the KL after answers whose mean KL was `kl` nats: it rises where they are further from the reference than the target, by at most a
 * fifth in `horizon` answers (Ziegler et al.).
 */
export function adaptedKl(weight: number, kl: number, answers: number, { target, horizon }: { target: number; horizon: number }): number {
  const error = Math.min(0.2, Math.max(-0.2, kl / target - 1));
  return weight * (1 + (error * answers) / horizon);
}

/** Whose mean the loss is: of all tokens (DAPO, arXiv 2503.14476), of the answers' own means (GRPO), or of as many tokens as answers may have (Dr. GRPO, arXiv 2503.20783). */
export type PolicyMean = 'dapo' | 'grpo' | 'dr_grpo';

/**
 * What a token's loss is multiplied by, so that the mean over all tokens of the step's answers is the mean that is asked for.
 * @param own tokens of its answer, of so many `answers` with so many `tokens` together, each of at most `longest`
 */
export function lossScale(
  mean: PolicyMean,
  { answers, tokens, own, longest }: Record<'answers' | 'tokens' | 'own' | 'longest', number>,
): number {
  return mean === 'dapo' ? 1 : tokens / (answers * (mean === 'grpo' ? own : longest));
}

/** nll at a temperature of the tokens that follow [N], 0 where there is none: a cap of the logits stays one of the whole logits. */
function nllAt(model: DecoderModel, hidden: Tensor2D, targets: Tensor1D, temperature: number): Tensor1D {
  const cap = model.config.softCaps.logits;
  return crossEntropy(scaled(hidden, 1 / temperature), model.headWeight(), targets, undefined, cap ? cap / temperature : undefined);
}

/** log p of the batch's targets at a temperature, 0 where there is none. */
export async function targetLogps(model: DecoderModel, { rows, context, ids, targets }: Batch, temperature: number): Promise<ByToken> {
  const logps = tidy(() => {
    const hidden = model.hiddenStates(tensor1d(ids, 'int32'), { batch: rows, context });
    return neg(nllAt(model, hidden, tensor1d(targets, 'int32'), temperature));
  });
  return read(logps);
}

/** What a head of one output says at the places named, or at all [N]. */
export async function headOutputs(
  model: DecoderModel,
  head: string,
  { rows, context, ids }: Pick<Batch, 'rows' | 'context' | 'ids'>,
  places?: readonly number[],
): Promise<ByToken> {
  const outputs = tidy(() => {
    const hidden = model.hiddenStates(tensor1d(ids, 'int32'), { batch: rows, context });
    const looked = places ? gather(hidden, tensor1d([...places], 'int32')) : hidden;
    return reshape<Rank.R1>(linear(looked, model.parameters.get(head)! as unknown as Tensor2D), [-1]);
  });
  return read(outputs);
}

async function read(values: Tensor1D): Promise<ByToken> {
  try {
    return await values.data<'float32'>();
  } finally {
    values.dispose();
  }
}

/** Sampled answers of a micro-batch as its losses read them; vectors are [N], at the place before each token. */
export interface PolicyRows {
  temperature: number;
  old: ByToken;
  advantages: ByToken;
  clip: ClipRange;
  /** 0 where there is no token (`lossScale`). */
  scales: ByToken;
  /** With weight β, against log p of the reference. */
  held?: { beta: number; reference: ByToken } | undefined;
  /** By the head `value`. */
  values?: { weight: number; clip: number; old: ByToken; returns: ByToken } | undefined;
}

/** Sums over so many units, for the log. */
export type Said = Record<string, { sum: number; count: number }>;

function tell({ figure }: Pass, said: Said): void {
  for (const [name, { sum, count }] of Object.entries(said)) figure(name, scalar(sum), count);
}

/** Of a micro-batch whose answers are there by the time of its losses. */
export function policyObjective(look: () => { rows: PolicyRows; said: Said }): Pick<Objective, 'losses'> {
  return {
    losses(pass) {
      const { model, targets } = pass;
      const { rows, said } = look();
      const { held, values } = rows;
      tell(pass, said);
      const hidden = pass.hidden();
      const logps = scaled(nllAt(model, hidden, targets, rows.temperature), -1);
      let losses = policyLosses(logps, tensor1d(rows.old), tensor1d(rows.advantages), rows.clip);
      if (held) losses = both(losses, scaled(klLosses(logps, tensor1d(held.reference)), held.beta));
      if (values) {
        const own = flattened(linear(hidden, model.parameters.get('value.weight')! as unknown as Tensor2D));
        losses = both(losses, scaled(valueLosses(own, tensor1d(values.old), tensor1d(values.returns), values.clip), values.weight));
      }
      const scales = tensor1d(rows.scales);
      return elementwise(losses, (x) => ({ value: mul(x, scales), slope: scales }));
    },
  };
}

/** Of a held-out micro-batch: minus the reward of each row's answer, at its last token. @param look rewards [rows] */
export function heldOutObjective(look: () => { rewards: readonly number[]; said: Said }): Pick<Objective, 'losses'> {
  return {
    losses(pass) {
      const { targets, context } = pass.batch;
      const { rewards, said } = look();
      tell(pass, said);
      return tensor1d(Float32Array.from(targets, (target, at) => (target < 0 ? 0 : -rewards[Math.floor(at / context)]!)));
    },
  };
}
