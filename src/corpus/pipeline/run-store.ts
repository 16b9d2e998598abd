/** A preparation under way: its phase, how far it is, and what stopped it. */
import { create } from 'zustand';
import type { CorpusApi, PreparationRecord } from '../../contract/corpus';
import { errorRecord, type ErrorRecord } from '../../core/errors';
import { lab } from '../../lab/lab';
import { useWorkshop } from '../channels/store';
import { baseLoss } from './base-loss';
import { usePipelineSettings } from './settings-store';

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
    return lab.corpus.cancel();
  },
  dismiss: () => set({ error: null, state: 'idle' }),
}));
