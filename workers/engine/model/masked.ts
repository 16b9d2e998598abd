/**
 * Masked language modelling (Devlin et al., arXiv 1810.04805): tokens are hidden and told from both sides; and by it the measure of an
 * encoder's text, its pseudo-log-likelihood (Salazar et al., arXiv 1910.14659), every seventh token of a text hidden at once instead of each
 * alone. Which tokens are hidden in training is src/core/recipe/masks.ts's to draw.
 */
import { add, concat, customGrad, gather, mul, reshape, sum, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import type { Batch } from './loss';
import type { Objective } from './objective';

/** Tokens that stand for something in a model's texts. */
export interface Marks {
  /** Of a hidden token. */
  mask: number;
  /** Before and behind a text of an encoder. */
  start: number;
  end: number;
}

/** Document that padding is of. */
export const PADDING = 2 ** 30;

/** A text is read so many times, each time with another part of its tokens hidden: about as many at once as in training. */
const FOLDS = 7;

/** A text within a batch: its tokens, of which the first may be there to be seen alone, and the place that each one's loss belongs to, −1 for none. */
interface Text {
  channel: number;
  tokens: number[];
  places: number[];
}

/** The texts of a batch of next-token predictions; what nothing is predicted of at a text's end is padding. */
function textsIn({ rows, context, ids, targets, channels, documents }: Batch): Text[] {
  const texts: Text[] = [];
  for (let row = 0; row < rows; row++) {
    let at = row * context;
    const last = at + context;
    while (at < last) {
      const first = at;
      while (at < last && (!documents || documents[at] === documents[first])) at += 1;
      let end = at;
      while (end > first && targets[end - 1]! < 0) end -= 1;
      if (end === first) continue;
      const tokens = [ids[first]!];
      const places = [-1];
      for (let place = first; place < end; place++) {
        const target = targets[place]!;
        tokens.push(target >= 0 ? target : ids[place + 1]!);
        places.push(target >= 0 ? place : -1);
      }
      texts.push({ channel: channels[row]!, tokens, places });
    }
  }
  return texts;
}

/** Between the marks of an encoder, where they do not stand there already; a first token that is not predicted makes room. */
function framed({ channel, tokens, places }: Text, { start, end }: Marks, most: number): Text {
  const room = tokens.length + Number(tokens[0] !== start) + 1 > most;
  const from = tokens[0] !== start && room ? 1 : 0;
  const opened = tokens[from] === start && places[from] === -1;
  return {
    channel,
    tokens: [...(opened ? [] : [start]), ...tokens.slice(from), end],
    places: [...(opened ? [] : [-1]), ...places.slice(from), -1],
  };
}

/** As many batches as folds, each with a row a text, and where the loss of each place of `batch` lies in their losses, one batch after the other. */
function foldsOf(batch: Batch, marks: Marks, most: number): { folds: Batch[]; from: Int32Array } {
  const texts = textsIn(batch).map((text) => framed(text, marks, most));
  const context = texts.reduce((longest, { tokens }) => Math.max(longest, tokens.length), 1);
  const size = texts.length * context;
  const from = new Int32Array(batch.targets.length);
  const folds = Array.from({ length: FOLDS }, (_, fold): Batch => {
    const ids = new Int32Array(size);
    const targets = new Int32Array(size).fill(-1);
    const documents = new Int32Array(size).fill(1);
    texts.forEach(({ tokens, places }, row) =>
      tokens.forEach((token, at) => {
        const cell = row * context + at;
        const hidden = places[at]! >= 0 && at % FOLDS === fold;
        ids[cell] = hidden ? marks.mask : token;
        documents[cell] = 0;
        if (!hidden) return;
        targets[cell] = token;
        from[places[at]!] = fold * size + cell;
      }),
    );
    return { rows: texts.length, context, ids, targets, documents, channels: Int32Array.from(texts, ({ channel }) => channel) };
  });
  return { folds, from };
}

/**
 * Losses of next-token predictions [rows·context] as an encoder has them: of each target, told from all other tokens of its text but those
 * that are hidden with it. 0 where nothing is predicted.
 * @param most tokens of a row
 * @param losses of a batch whose targets are hidden tokens
 */
export function pseudoLosses(batch: Batch, marks: Marks, most: number, losses: (fold: Batch) => Tensor1D): Tensor1D {
  const { folds, from } = foldsOf(batch, marks, most);
  if (folds[0]!.rows === 0) return tensor1d(new Float32Array(batch.targets.length));
  // The first place of a row is a mark, whose loss is 0: that is where `from` points for what is not predicted.
  return gather(concat(folds.map(losses)), tensor1d(from, 'int32'));
}

/**
 * The loss of a row's hidden tokens, told from both sides; with α > 0 the joint loss of BERT-wwm: (1 − α) · MLM + α · next token, which is told causally
 * from the row as it is. Each hidden token then has the row's mean of the latter beside its own loss, so that hidden tokens count, as without.
 * @param alpha below 1
 */
export function maskedObjective(alpha = 0): Objective {
  return {
    bidirectional: true,
    taught: true,
    losses({ batch, gradient, nll, figure }) {
      if (alpha === 0) return nll({ gradient });
      const { ids, next } = shown(batch);
      const masked = nll();
      const causal = nll({ ids, bidirectional: false, targets: tensor1d(next, 'int32') });
      const count = (targets: Int32Array) => targets.reduce((total, target) => total + Number(target >= 0), 0);
      figure('mlm', sum(masked), count(batch.targets));
      figure('clm', sum(causal), count(next));
      return joined(masked, causal, batch, next, alpha);
    },
  };
}

/** The rows with nothing hidden, and the token after each within its document. */
function shown({ context, ids, targets, documents }: Batch): { ids: Int32Array; next: Int32Array } {
  const whole = ids.map((id, at) => (targets[at]! >= 0 ? targets[at]! : id));
  const ends = (at: number) => at % context === context - 1 || (documents && documents[at + 1] !== documents[at]);
  return { ids: whole, next: whole.map((_, at) => (ends(at) || documents?.[at] === PADDING ? -1 : whole[at + 1]!)) };
}

/** (1 − α) · masked + α · the row's mean of causal, at the hidden places; both [rows·context]. */
function joined(masked: Tensor1D, causal: Tensor1D, { rows, context, targets }: Batch, next: Int32Array, alpha: number): Tensor1D {
  const marked = (values: Int32Array) =>
    tensor2d(
      Float32Array.from(values, (value) => Number(value >= 0)),
      [rows, context],
    );
  /** [rows,1]: α by how many tokens a row's mean is over. */
  const shares = () =>
    tensor2d(
      Array.from({ length: rows }, (_, row) => {
        const told = next.subarray(row * context, (row + 1) * context).reduce((count, token) => count + Number(token >= 0), 0);
        return alpha / Math.max(1, told);
      }),
      [rows, 1],
    );
  const byRow = (x: Tensor) => reshape(x, [rows, context]);
  const flat = (x: Tensor) => reshape(x, [-1]);
  const join = customGrad((...inputs) => {
    const [own, other] = inputs as unknown as [Tensor, Tensor];
    const means = mul(sum(byRow(other), 1, true), shares());
    return {
      value: add(mul(own, 1 - alpha), flat(mul(marked(targets), means))),
      gradFunc: (dy: Tensor) => [mul(dy, 1 - alpha), flat(mul(marked(next), mul(sum(mul(byRow(dy), marked(targets)), 1, true), shares())))],
    };
  });
  return join(masked, causal) as Tensor1D;
}
