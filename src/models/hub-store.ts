/** State of an import from the Hub or a mirror: what is wanted, what the person agreed to, and how far it is. */
import { create } from 'zustand';
import type { HubFile, HubSource } from '../contract/hub';
import type { ModelRecord } from '../contract/library';
import type { Progress } from '../contract/progress';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { HUB_ADDRESS, hubPlace, MAIN_REVISION, type HubField, type HubPlace } from '../core/model/hub-source';
import { isGguf } from '../core/model/folder';
import { lab } from '../lab/lab';
import { askToKeep } from '../lab/storage-store';
import { useModels } from './store';

export interface HubState {
  address: string;
  repository: string;
  revision: string;
  /** Kept here and nowhere else: it is gone with the page. */
  token: string;
  /** The field that cannot be what it is. */
  wrong: HubField | null;
  /**
   * `ask`: the person is asked whether to connect; `listing`: asked the host; `listed`: the person is asked whether to download;
   * `busy`: downloading and checking.
   */
  stage: 'form' | 'ask' | 'listing' | 'listed' | 'busy';
  place: HubPlace | null;
  files: HubFile[];
  /** Of several GGUF files, each of which is a whole model, the one that is wanted. */
  chosen: string | null;
  progress: Progress | null;
  error: ErrorRecord | null;
  made: ModelRecord | null;

  write(change: Partial<Pick<HubState, HubField | 'token'>>): void;
  /** Opens the question; nothing leaves the browser. */
  ask(): void;
  connect(): Promise<void>;
  choose(path: string): void;
  download(): Promise<void>;
  cancel(): Promise<void>;
  dismiss(): void;
}

/** Smallest first; empty where the model's weights are in safetensors files. */
export function ggufsOf(files: readonly HubFile[]): HubFile[] {
  return files.filter(({ path }) => isGguf(path)).sort((a, b) => a.bytes - b.bytes);
}

/** What is downloaded: everything listed, but of several GGUF files the chosen one. */
export function wantedFiles({ files, chosen }: Pick<HubState, 'files' | 'chosen'>): HubFile[] {
  return files.filter(({ path }) => !isGguf(path) || path === chosen);
}

export const useHub = create<HubState>()((set, get) => {
  const source = (): HubSource => {
    const { place, token } = get();
    const { address, repository, revision } = place!;
    return { address, repository, revision, token: token.trim() === '' ? null : token.trim() };
  };
  const fail = (error: unknown) => {
    const record = errorRecord(error);
    set({ stage: 'form', progress: null, error: record.code === 'cancelled' ? null : record });
  };
  return {
    address: HUB_ADDRESS,
    repository: '',
    revision: MAIN_REVISION,
    token: '',
    wrong: null,
    stage: 'form',
    place: null,
    files: [],
    chosen: null,
    progress: null,
    error: null,
    made: null,

    write: (change) => set({ ...change, wrong: null }),

    ask() {
      if (get().stage !== 'form') return;
      try {
        set({ place: hubPlace(get()), stage: 'ask', wrong: null, error: null, made: null, files: [] });
      } catch (error) {
        set({ wrong: errorRecord(error).values['field'] as HubField });
      }
    },

    async connect() {
      if (get().stage !== 'ask') return;
      set({ stage: 'listing' });
      try {
        const files = await lab.hub.list(source());
        // The person may have turned away meanwhile.
        if (get().stage === 'listing') set({ stage: 'listed', files, chosen: ggufsOf(files)[0]?.path ?? null });
      } catch (error) {
        fail(error);
      }
    },

    choose: (path) => set({ chosen: path }),

    async download() {
      const { stage, place } = get();
      const files = wantedFiles(get());
      if (stage !== 'listed' || !place) return;
      set({ stage: 'busy', progress: null });
      let id: string | null = null;
      try {
        await askToKeep();
        id = await lab.hub.download(source(), files, (progress) => set({ progress }));
        const name = place.repository.slice(place.repository.lastIndexOf('/') + 1).slice(0, 60);
        const made = await lab.library.importDownload(id, name, (progress) => set({ progress }));
        set({ stage: 'form', progress: null, repository: '', token: '', made });
        await useModels.getState().load();
      } catch (error) {
        fail(error);
      } finally {
        if (id !== null) await lab.hub.discard(id);
      }
    },

    async cancel() {
      const { stage } = get();
      if (stage === 'form') return;
      if (stage !== 'busy') set({ stage: 'form' });
      if (stage === 'listing' || stage === 'busy') await lab.hub.cancel();
      if (stage === 'busy') await lab.library.cancel('download');
    },
    dismiss: () => set({ error: null }),
  };
});
