/** A run of the pipeline from the page: its phase and progress, what stopped it, and the base model's loss as difficulty. */
import { StudioError, errorRecord, type ErrorRecord } from '../../core/errors';
import { openDevice } from '../../lab/device-store';
import { lab } from '../../lab/lab';
import { create } from 'zustand';
import type { CorpusApi, PreparationRecord } from '../../contract/corpus';
import { useWorkshop } from '../channels/store';
import { usePipelineSettings } from './settings-store';

/** UTF-16 units of a text that are judged: its beginning tells how hard it is, and a book would take minutes. */
const JUDGED = 1000;

/** @returns nats per token of each text, in their order; rejects with `cancelled` once the signal is aborted */
function baseLoss(model: string, signal: AbortSignal): (texts: string[]) => Promise<number[]> {
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

/** A preparation under way: its phase, how far it is, and what stopped it. */
type PipelineProgress = Parameters<Parameters<CorpusApi['prepare']>[1]>[0];
export type PipelinePhase = PipelineProgress['phase'];

export interface PreparingState {
  state: 'idle' | 'busy' | 'done' | 'failed';
  progress: PipelineProgress | null;
  error: ErrorRecord | null;
  made: PreparationRecord | null;

  /** @param channels that take part */
  prepare(channels: readonly string[]): Promise<void>;
  cancel(): Promise<void>;
  dismiss(): void;
}

let cancelling = new AbortController();

export const usePreparing = create<PreparingState>()((set, get) => ({
  state: 'idle',
  progress: null,
  error: null,
  made: null,

  async prepare(channels) {
    if (get().state === 'busy') return;
    set({ state: 'busy', progress: null, error: null });
    cancelling = new AbortController();
    const { settings, probes, base } = usePipelineSettings.getState();
    const byLoss = settings.order.kind === 'curriculum' && base !== null;
    try {
      const made = await lab.corpus.prepare(
        { channels: [...channels], settings, probes },
        (progress) => set({ progress }),
        ...(byLoss ? [baseLoss(base, cancelling.signal)] : []),
      );
      await useWorkshop.getState().load();
      set({ state: 'done', made });
    } catch (error) {
      const record = errorRecord(error);
      set(record.code === 'cancelled' ? { state: 'idle' } : { state: 'failed', error: record });
    } finally {
      set({ progress: null });
    }
  },
  cancel() {
    cancelling.abort();
    return lab.corpus.cancel('prepare');
  },
  dismiss: () => set({ error: null, state: 'idle' }),
}));
