/** Text continued by a model, streamed as it is written. The same seed gives the same text. */
import { Rng } from '../../src/core/rng/rng';
import type { GenerateOptions } from '../../src/contract/training';
import { CachedDecoder, sampleToken } from '../engine';
import { StreamDecoder } from '../tokenizer/stream-decoder';
import type { LoadedWeights } from '../runtime/weights';
import { checkCancelled, type Work } from './comparison';

/**
 * Ends at an end-of-text token or after `maxTokens`. An empty prompt starts a new document.
 * @param onPiece text as far as its characters are complete
 * @param isComplete told all that is written; true ends the text before its time
 * @returns the whole continuation, without the prompt
 * @throws StudioError `cancelled`
 */
export async function continueText(
  { model, tokenizer: { tokenizer } }: LoadedWeights,
  { prompt, seed, maxTokens, ...sampling }: GenerateOptions,
  onPiece: (piece: string) => void,
  work: Work,
  isComplete: (text: string) => boolean = () => false,
): Promise<string> {
  const encoded = tokenizer.encode(prompt);
  let pending = encoded.length > 0 ? encoded : [tokenizer.endOfText];
  const stop = new Set([tokenizer.endOfText, ...model.config.endOfText]);
  const decoder = new CachedDecoder(model);
  const random = new Rng(seed);
  const text = new StreamDecoder(tokenizer);
  let whole = '';
  const give = (piece: string): void => {
    if (piece === '') return;
    whole += piece;
    onPiece(piece);
  };
  try {
    for (let count = 0; count < maxTokens; count++) {
      await work.yield();
      checkCancelled(work.signal);
      const logits = await work.lock.run(() => decoder.append(pending));
      // A vocabulary may be padded beyond the tokenizer's last id; those rows mean nothing.
      const id = sampleToken(logits.subarray(0, tokenizer.size), sampling, random.uniform());
      if (stop.has(id)) break;
      give(text.push(id));
      if (isComplete(whole)) break;
      pending = [id];
    }
    give(text.end());
    return whole;
  } finally {
    decoder.dispose();
  }
}
