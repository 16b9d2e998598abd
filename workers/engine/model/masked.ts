/**
 * Masked language modelling (Devlin et al., arXiv 1810.04805): tokens are hidden and told from both sides; and by it the measure of an
 * encoder's text, its pseudo-log-likelihood (Salazar et al., arXiv 1910.14659), every seventh token of a text hidden at once instead of each
 * alone. Which tokens are hidden in training is src/core/recipe/masks.ts's to draw.
 */
import { concat, gather, tensor1d } from '@tensorflow/tfjs-core';
import type { Tensor1D } from '@tensorflow/tfjs-core';
import type { Batch } from './loss';

/** Tokens that stand for something in a model's texts. */
export interface Marks {
  /** Of a hidden token. */
  mask: number;
  /** Before and behind a text of an encoder. */
  start: number;
  end: number;
}

/** A text is read so many times, each time with another part of its tokens hidden: about as many at once as in training. */
export const FOLDS = 7;

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
