/** Two sets of weights held against each other: held-out loss per channel, and a person's own text token by token. */
import { StudioError } from '../../src/core/errors';
import { meanRetention } from '../../src/core/metrics/loss';
import type { ChannelEvaluation, EvaluationRow } from '../../src/core/run/types';
import type { Comparison, TokenLoss } from '../../src/contract/evaluation';
import type { OnProgress } from '../../src/contract/progress';
import { tokenLosses as lossesOfTokens } from '../engine';
import type { ChannelTokens } from '../runtime/channel-tokens';
import type { EngineLock } from '../runtime/turns';
import { EngineEvaluator } from '../runtime/engine-model';
import { emptyBatch, fillRow } from '../runtime/trainable-model';
import type { LoadedWeights } from '../runtime/weights';
import { documentLosses, spreadDocuments } from './channels';
import { buildHeldOutSet, evaluateHeldOut } from '../runtime/held-out';
import { joinPieces, type TokenScore } from './token-losses';
import { slidingWindows } from '../runtime/sliding-windows';

/** Context of a comparison of base models; where a run takes part, its recipe's holds, so that figures match the desk's. */
const BASE_CONTEXT = 256;
const TOKENS_PER_BATCH = 2048;

export interface Work {
  lock: EngineLock;
  /** Lets messages and training have their turn. */
  yield(): Promise<void>;
  signal: AbortSignal;
}

export interface ComparedChannel {
  id: string;
  role: 'general' | 'domain';
}

/**
 * With one tokenizer the same rows of tokens are measured under both, with two the same documents, each in its own tokens: then
 * only bits per byte may be set against each other.
 * @param read token streams of the channels under a model's tokenizer
 * @throws StudioError `cancelled`
 */
export async function compareHeldOut(
  a: LoadedWeights,
  b: LoadedWeights,
  channels: readonly ComparedChannel[],
  rowsPerChannel: number,
  read: (weights: LoadedWeights) => Promise<ChannelTokens[]>,
  onProgress: OnProgress,
  work: Work,
): Promise<Comparison> {
  const trained = [a.trainedContext, b.trainedContext].filter((context) => context !== null);
  const context = Math.min(a.model.config.context, b.model.config.context, ...(trained.length > 0 ? trained : [BASE_CONTEXT]));
  const sameTokens = a.tokenizer.hash === b.tokenizer.hash;
  const rows: EvaluationRow[] = [];
  let documents: number[][] | null = null;
  for (const [side, weights] of [a, b].entries()) {
    const item = side === 0 ? 'a' : 'b';
    const texts = await read(weights);
    if (!sameTokens) {
      documents ??= texts.map(({ heldOut, heldOutDocuments: { length } }) =>
        spreadDocuments(length, Math.ceil((length * rowsPerChannel * context) / Math.max(1, heldOut.length))),
      );
      rows.push(await measureDocuments(weights, texts, documents, { context, item, onProgress, work }));
      continue;
    }
    const set = buildHeldOutSet(
      texts.map(({ id, heldOut }) => ({ id, tokens: heldOut })),
      weights.tokenizer.tokenizer.byteLengths(),
      { context, rowsPerChannel, rowsPerBatch: Math.max(1, Math.floor(TOKENS_PER_BATCH / context)) },
    );
    const losses = await evaluateHeldOut(new EngineEvaluator(weights.model, channels.length), set, {
      exclusively: (batch) => work.lock.run(batch),
      between: async (_, done, total) => {
        onProgress({ phase: 'evaluate', item, done, total });
        await work.yield();
        checkCancelled(work.signal);
        return true;
      },
    });
    onProgress({ phase: 'evaluate', item, done: set.batches.length, total: set.batches.length });
    rows.push({ step: weights.step, channels: losses ?? {}, retention: null });
  }
  const [rowA, rowB] = rows as [EvaluationRow, EvaluationRow];
  // Perplexities of two tokenizers count different things: no retention between them.
  if (sameTokens) {
    rowA.retention = meanRetention(rowA, rowA, channels);
    rowB.retention = meanRetention(rowA, rowB, channels);
  }
  return { a: rowA, b: rowB };
}

async function measureDocuments(
  { model, tokenizer, step }: LoadedWeights,
  texts: readonly ChannelTokens[],
  documents: readonly number[][],
  { context, item, onProgress, work }: { context: number; item: string; onProgress: OnProgress; work: Work },
): Promise<EvaluationRow> {
  const bytes = tokenizer.tokenizer.byteLengths();
  const channels: Record<string, ChannelEvaluation> = {};
  for (const [channel, { id, heldOut, heldOutDocuments }] of texts.entries()) {
    const sums = await documentLosses(
      {
        context,
        async tokenLosses(batch) {
          const losses = lossesOfTokens(model, batch);
          try {
            return await losses.data<'float32'>();
          } finally {
            losses.dispose();
          }
        },
      },
      { ids: heldOut, offsets: heldOutDocuments },
      documents[channel]!,
      bytes,
      {
        tokensPerBatch: TOKENS_PER_BATCH,
        exclusively: (batch) => work.lock.run(batch),
        async between(done, total) {
          onProgress({ phase: 'evaluate', item, done: channel + (total === 0 ? 1 : done / total), total: texts.length });
          await work.yield();
          checkCancelled(work.signal);
        },
      },
    );
    const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
    const tokens = total(sums.tokens);
    if (tokens > 0) channels[id] = { loss: total(sums.nll) / tokens, tokens, bytes: total(sums.bytes) };
  }
  return { step, channels, retention: null };
}

/**
 * Loss of every piece of the text under both. A text longer than a model's context is read in windows that advance by half a
 * context, so that every token is predicted from at least half a context before it.
 * @throws StudioError `cancelled`
 */
export async function compareTokens(a: LoadedWeights, b: LoadedWeights, text: string, work: Work): Promise<TokenLoss[]> {
  return joinPieces(await scoreTokens(a, text, work), await scoreTokens(b, text, work));
}

async function scoreTokens({ model, tokenizer: { tokenizer } }: LoadedWeights, text: string, work: Work): Promise<TokenScore[]> {
  const ids = tokenizer.encode(text);
  const losses = new Float32Array(ids.length);
  const tokens = Uint32Array.from(ids);
  for (const { start, length, from } of slidingWindows(ids.length, model.config.context)) {
    await work.yield();
    checkCancelled(work.signal);
    const batch = emptyBatch(1, length);
    fillRow(batch, 0, tokens, start, 0);
    await work.lock.run(async () => {
      const nll = lossesOfTokens(model, batch);
      try {
        const values = await nll.data<'float32'>();
        for (let token = from; token <= start + length; token++) losses[token] = values[token - start - 1]!;
      } finally {
        nll.dispose();
      }
    });
  }
  return ids.map((id, at) => ({ bytes: tokenizer.bytesOf(id) ?? new Uint8Array(), loss: at === 0 ? null : losses[at]! }));
}

export function checkCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new StudioError('cancelled', 'Cancelled');
}
