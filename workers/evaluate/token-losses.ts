/**
 * Loss token by token, of two models or three on one text, as pieces of the person's own text: tokens that end inside a character (a
 * Chinese character is often several) are joined, and so are tokens where the two tokenizers split the text differently.
 */
import type { TokenLoss } from '../../src/contract/evaluation';
import { sequenceModel } from '../runtime/engine-model';
import type { EngineWork } from '../runtime/engine-session';
import { sequenceLosses } from '../runtime/sequences';
import type { LoadedWeights } from '../runtime/weights';
import { withProgress } from './each-model';

/**
 * Loss of every piece of the text under each. A text longer than a model's context is read in windows that advance by half a
 * context, so that every token is predicted from at least half a context before it.
 * @throws StudioError `cancelled`
 */
export async function compareTokens(weights: readonly LoadedWeights[], text: string, work: EngineWork): Promise<TokenLoss[]> {
  const scores: TokenScore[][] = [];
  for (const one of weights) scores.push(await scoreTokens(one, text, work));
  const [a = [], b = [], c] = scores;
  return joinPieces(a, b, c);
}

async function scoreTokens({ model, tokenizer: { tokenizer } }: LoadedWeights, text: string, work: EngineWork): Promise<TokenScore[]> {
  const ids = tokenizer.encode(text);
  // A window a batch, without padding: a text of one window then gives the losses of a plain forward pass, to the last bit.
  const options = { ...withProgress(work), tokensPerBatch: 1, lengthMultiple: 1 };
  const [losses] = await sequenceLosses(sequenceModel(model), [ids], options);
  return ids.map((id, at) => ({ bytes: tokenizer.bytesOf(id) ?? new Uint8Array(), loss: at === 0 ? null : losses![at - 1]! }));
}

export interface TokenScore {
  /** Bytes of text that the token stands for. */
  bytes: Uint8Array;
  /** nats; null for the first token, which nothing predicts. */
  loss: number | null;
}

/** A piece's loss is the sum over its tokens; null where the first token is among them. Pieces end where tokens of all end. */
export function joinPieces(a: readonly TokenScore[], b: readonly TokenScore[], c?: readonly TokenScore[]): TokenLoss[] {
  const text = joined(a);
  const others = c ? [b, c] : [b];
  const endsOfOthers = others.map((scores) => new Map(ends(scores).map((end, index) => [end, index])));
  const pieces: TokenLoss[] = [];
  let from = { byte: 0, a: 0, others: others.map(() => 0) };
  ends(a).forEach((end, index) => {
    const last = index === a.length - 1;
    // Tokens without text (end of text) stay with what comes before or after them.
    const inCharacter = end < text.length && (text[end]! & 0xc0) === 0x80;
    const met = endsOfOthers.map((known) => known.get(end));
    if (!last && (inCharacter || met.includes(undefined) || end === from.byte)) return;
    const next = { byte: end, a: index + 1, others: others.map((scores, at) => (last ? scores.length : met[at]! + 1)) };
    const [ofB, ofC] = others.map((scores, at) => total(scores.slice(from.others[at], next.others[at])));
    pieces.push({
      text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(text.subarray(from.byte, end)),
      a: total(a.slice(from.a, next.a)),
      b: ofB!,
      ...(c ? { c: ofC! } : {}),
    });
    from = next;
  });
  return pieces;
}

function joined(scores: readonly TokenScore[]): Uint8Array<ArrayBuffer> {
  const text = new Uint8Array(scores.reduce((length, { bytes }) => length + bytes.length, 0));
  let at = 0;
  for (const { bytes } of scores) {
    text.set(bytes, at);
    at += bytes.length;
  }
  return text;
}

function ends(scores: readonly TokenScore[]): number[] {
  let at = 0;
  return scores.map(({ bytes }) => (at += bytes.length));
}

function total(scores: readonly TokenScore[]): number | null {
  let sum = 0;
  for (const { loss } of scores) {
    if (loss === null) return null;
    sum += loss;
  }
  return scores.length === 0 ? null : sum;
}
