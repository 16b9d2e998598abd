/** The workshop as it is stored: channels, their sources, and the preparations that their corpora come from. */
import { create } from 'zustand';
import type { ChannelSettings, PreparationRecord, SourceRecord, WorkshopChannel } from '../../contract/corpus';
import { errorRecord, type ErrorRecord } from '../../core/errors';
import { lab } from '../../lab/lab';
import { useCorpora } from '../store';

export interface WorkshopState {
  state: 'loading' | 'ready' | 'failed';
  error: ErrorRecord | null;
  channels: WorkshopChannel[];
  sources: SourceRecord[];
  /** Newest last. */
  preparations: PreparationRecord[];
  /** Of a change that did not come about. */
  failure: ErrorRecord | null;

  load(): Promise<void>;
  createChannel(settings: ChannelSettings): Promise<WorkshopChannel | null>;
  changeChannel(id: string, change: Partial<ChannelSettings>): Promise<void>;
  removeChannel(id: string): Promise<void>;
  addCorpus(corpus: string, channel: string): Promise<void>;
  moveSource(id: string, channel: string): Promise<void>;
  removeSource(id: string): Promise<void>;
  dismiss(): void;
}

export const useWorkshop = create<WorkshopState>()((set, get) => {
  /** Makes a change and reads everything again; what fails is said and changes nothing. */
  async function change<Made>(work: () => Promise<Made>): Promise<Made | null> {
    try {
      const made = await work();
      await get().load();
      return made;
    } catch (error) {
      set({ failure: errorRecord(error) });
      return null;
    }
  }
  return {
    state: 'loading',
    error: null,
    channels: [],
    sources: [],
    preparations: [],
    failure: null,

    async load() {
      try {
        const { corpus } = lab;
        const [channels, sources, preparations] = await Promise.all([corpus.channels(), corpus.sources(), corpus.preparations()]);
        set({ channels, sources, preparations, state: 'ready', error: null });
      } catch (error) {
        set({ state: 'failed', error: errorRecord(error) });
      }
      await useCorpora.getState().load();
    },

    createChannel: (settings) => change(() => lab.corpus.createChannel(settings)),
    changeChannel: async (id, settings) => void (await change(() => lab.corpus.changeChannel(id, settings))),
    removeChannel: async (id) => void (await change(() => lab.corpus.removeChannel(id))),
    addCorpus: async (corpus, channel) => void (await change(() => lab.corpus.addCorpusSource(corpus, channel))),
    moveSource: async (id, channel) => void (await change(() => lab.corpus.moveSource(id, channel))),
    removeSource: async (id) => void (await change(() => lab.corpus.removeSource(id))),
    dismiss: () => set({ failure: null }),
  };
});

/** Rows and bytes that stand in a channel before the pipeline. */
export function rawSize(sources: readonly SourceRecord[], channel?: string): { rows: number; bytes: number } {
  const own = sources.filter((source) => channel === undefined || source.channel === channel);
  return { rows: own.reduce((sum, { rows }) => sum + rows, 0), bytes: own.reduce((sum, { bytes }) => sum + bytes, 0) };
}
