/** The difficulty of texts for a curriculum: the base model's mean loss over the beginning of each. */
import { StudioError } from '../../core/errors';
import { openDevice } from '../../lab/device-store';
import { lab } from '../../lab/lab';

/** UTF-16 units of a text that are judged: its beginning tells how hard it is, and a book would take minutes. */
const JUDGED = 1000;

/** @returns nats per token of each text, in their order; rejects with `cancelled` once the signal is aborted */
export function baseLoss(model: string, signal: AbortSignal): (texts: string[]) => Promise<number[]> {
  const base = { kind: 'model', model } as const;
  return async (texts) => {
    await openDevice();
    const losses: number[] = [];
    for (const text of texts) {
      if (signal.aborted) throw new StudioError('cancelled', 'Cancelled');
      const tokens = (await lab.trainer.tokenLosses(base, base, text.slice(0, JUDGED))).flatMap(({ a }) => a ?? []);
      losses.push(tokens.length === 0 ? 0 : tokens.reduce((sum, loss) => sum + loss, 0) / tokens.length);
    }
    return losses;
  };
}
