/** A preparation under way: its phase, how far it is, and what stopped it. */
import { create } from 'zustand';
import type { CorpusApi, PreparationRecord } from '../../../workers/api';
import { errorRecord, type ErrorRecord } from '../../core/errors';
import { lab } from '../../lab/lab';
import { useWorkshop } from '../channels/store';
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

export const usePreparing = create<PreparingState>()((set, get) => ({
  state: 'idle',
  progress: null,
  error: null,
  made: null,

  async prepare(channels) {
    if (get().state === 'busy') return;
    set({ state: 'busy', progress: null, error: null });
    const { settings, probes } = usePipelineSettings.getState();
    try {
      const made = await lab.corpus.prepare({ channels: [...channels], settings, probes }, (progress) => set({ progress }));
      await useWorkshop.getState().load();
      set({ state: 'done', made });
    } catch (error) {
      const record = errorRecord(error);
      set(record.code === 'cancelled' ? { state: 'idle' } : { state: 'failed', error: record });
    } finally {
      set({ progress: null });
    }
  },
  cancel: () => lab.corpus.cancel(),
  dismiss: () => set({ error: null, state: 'idle' }),
}));
