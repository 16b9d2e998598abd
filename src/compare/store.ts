/**
 * State of the compare page: which weights are picked, which channels are measured on how much text, what the run itself stored, and
 * what the engine works on for the page. Calls go through the lab.
 */
import { create } from 'zustand';
import { meetCorpora } from '../channels/channel';
import type { CorpusRecord } from '../contract/corpus';
import type { ModelRecord } from '../contract/library';
import { errorRecord, type ErrorRecord } from '../core/errors';
import type { CheckpointRecord, RunRecord } from '../core/run/types';
import { cancelUntil } from '../lab/cancel-until';
import { openDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { compareHash, PLACES, readCompareAddress, readView, type CompareAddress, type Place, type View } from './address';
import { storedFigures, type ComparedChannel, type ComparedFigures } from './figures';
import { defaultAddress, findSource, groupSources, type SourceGroup } from './sources';

/** Held-out documents per channel: enough for an interval that says something, in some seconds on two cores. */
const DEFAULT_DOCUMENTS = 32;

/** The run's channels as it named them, then every other corpus under its own id. */
export function channelChoices(run: RunRecord | null, corpora: readonly CorpusRecord[]): ComparedChannel[] {
  const own: ComparedChannel[] = (run?.recipe.channels ?? []).map(({ id, corpus, role, specialTokens, generated }) => ({
    id,
    corpus,
    role,
    ...(specialTokens ? { specialTokens } : {}),
    ...(generated ? { generated } : {}),
  }));
  const taken = new Set(own.flatMap(({ id, corpus }) => [id, corpus]));
  const others = corpora
    .filter((corpus) => !taken.has(corpus.id))
    .map(({ id, role, generated }): ComparedChannel => ({ id, corpus: id, role, ...(generated ? { generated } : {}) }));
  return [...own, ...others];
}

/** The run's channels; without a run the general channels and the first domain. */
export function defaultChannels(run: RunRecord | null, choices: readonly ComparedChannel[]): string[] {
  if (run) return run.recipe.channels.map((channel) => channel.id);
  const domain = choices.find((channel) => channel.role === 'domain');
  return choices.filter((channel) => (channel.role === 'general' && !channel.generated) || channel === domain).map((channel) => channel.id);
}

export type Activity = 'generate' | 'score' | 'measure';

export interface CompareState {
  library: 'loading' | 'ready' | 'failed';
  libraryError: ErrorRecord | null;
  models: ModelRecord[];
  corpora: CorpusRecord[];
  checkpoints: ReadonlyMap<string, CheckpointRecord[]>;
  groups: SourceGroup[];
  address: CompareAddress;
  view: View;
  /** Places whose weights the address names but the library does not have (any more). */
  missing: Place[];
  choices: ComparedChannel[];
  chosen: string[];
  /** Held-out documents of each channel that a measure reads. */
  documentsPerChannel: number;
  /** The engine does one thing at a time for this page. */
  activity: Activity | null;
  /** What the run measured by itself while it trained; null where it knows nothing of A and B. */
  stored: ComparedFigures | null;

  load(): Promise<void>;
  /** Follows a link or the back button. */
  followHash(hash: string): void;
  /** Only `c` may be taken away again, with null. */
  choose(place: Place, key: string | null): void;
  show(view: View): void;
  /** Runs one thing on the engine, which does one at a time for this page; does nothing while another runs. */
  engage(activity: Activity, work: () => Promise<void>, fail: (error: ErrorRecord) => void): Promise<void>;
  swap(): void;
  toggleChannel(id: string): void;
  setDocuments(documents: number): void;
  cancel(): Promise<void>;
}

const sameChannels = (one: readonly ComparedChannel[], other: readonly ComparedChannel[]) =>
  one.map(({ id }) => id).join() === other.map(({ id }) => id).join();

export const useCompare = create<CompareState>()((set, get) => {
  /** Takes the address's weights, or the default where they are not there, with what their run stored about them. */
  function adopt(address: CompareAddress): void {
    const { groups, corpora, checkpoints } = get();
    const missing = PLACES.filter((place) => address[place] !== null && !findSource(groups, address[place]));
    const fallback = defaultAddress(groups);
    const effective = {
      a: findSource(groups, address.a) ? address.a : fallback.a,
      b: findSource(groups, address.b) ? address.b : fallback.b,
      c: findSource(groups, address.c) ? address.c : null,
    };
    const a = findSource(groups, effective.a);
    const b = findSource(groups, effective.b);
    const c = findSource(groups, effective.c);
    const run = b?.run ?? a?.run ?? null;
    const choices = channelChoices(run, corpora);
    const stored = a && b ? storedFigures([a, b, ...(c ? [c] : [])], checkpoints) : null;
    set({
      address: effective,
      missing,
      choices,
      // The person's choice of channels stays as long as there are the same to choose from.
      chosen: sameChannels(choices, get().choices) ? get().chosen : defaultChannels(run, choices),
      stored,
    });
  }

  function point(address: CompareAddress): void {
    void cancel();
    adopt(address);
    history.replaceState(history.state, '', compareHash(get().address, get().view));
  }

  /** Lists of the library that are on their way: each reads the address when it has come. */
  let loading = 0;

  /** Number of the work on the engine, so that a cancel ends the work during which it was asked for and no later one. */
  let turn = 0;

  function cancel(): Promise<void> {
    const meant = turn;
    return cancelUntil(
      () => get().activity === null || turn !== meant,
      async () => {
        if (get().activity === 'measure') await lab.tokenizer.cancel();
        await lab.trainer.cancel();
      },
    );
  }

  /** Runs one thing on the engine. A cancelled one is no error: the person asked for it. */
  async function engage(activity: Activity, work: () => Promise<void>, fail: (error: ErrorRecord) => void): Promise<void> {
    if (get().activity !== null) return;
    turn += 1;
    set({ activity });
    try {
      await openDevice();
      await work();
    } catch (error) {
      const record = errorRecord(error);
      if (record.code !== 'cancelled') fail(record);
    } finally {
      set({ activity: null });
    }
  }

  return {
    library: 'loading',
    libraryError: null,
    models: [],
    corpora: [],
    checkpoints: new Map(),
    groups: [],
    address: { a: null, b: null, c: null },
    view: 'channels',
    missing: [],
    choices: [],
    chosen: [],
    documentsPerChannel: DEFAULT_DOCUMENTS,
    activity: null,
    stored: null,

    async load() {
      loading += 1;
      try {
        const [models, runs, corpora] = await Promise.all([lab.library.models(), lab.library.runs(), lab.corpus.list()]);
        meetCorpora(corpora);
        const saved = await Promise.all(runs.map(async (run) => [run.id, await lab.library.checkpoints(run.id)] as const));
        const checkpoints = new Map(saved);
        const before = get();
        set({ view: readView(location.hash) });
        set({ library: 'ready', libraryError: null, models, corpora, checkpoints, groups: groupSources(models, runs, checkpoints) });
        // On a second visit the pair and its results stay, unless the address names another pair. Weights against themselves,
        // all there was before the first run, make room for the run that was trained since.
        const wanted = readCompareAddress(location.hash);
        const same =
          before.library === 'ready' &&
          before.address.a !== before.address.b &&
          (wanted.a ?? before.address.a) === before.address.a &&
          (wanted.b ?? before.address.b) === before.address.b &&
          (wanted.c ?? before.address.c) === before.address.c;
        const { groups, address } = get();
        if (!same || !findSource(groups, address.a) || !findSource(groups, address.b)) adopt(wanted);
        if (location.hash.startsWith('#/compare')) history.replaceState(history.state, '', compareHash(get().address, get().view));
      } catch (error) {
        set({ library: 'failed', libraryError: errorRecord(error) });
      } finally {
        loading -= 1;
      }
    },

    followHash(hash) {
      const wanted = readCompareAddress(hash);
      const { address, library } = get();
      set({ view: readView(hash) });
      const changed = wanted.a !== address.a || wanted.b !== address.b || wanted.c !== address.c;
      // A link to weights that are new may come before the list that has them.
      if (library === 'ready' && loading === 0 && (wanted.a !== null || wanted.b !== null) && changed) point(wanted);
    },

    choose(place, key) {
      if ((key !== null || place === 'c') && key !== get().address[place]) point({ ...get().address, [place]: key });
    },
    swap: () => point({ ...get().address, a: get().address.b, b: get().address.a }),
    show(view) {
      set({ view });
      history.replaceState(history.state, '', compareHash(get().address, view));
    },
    engage,

    toggleChannel(id) {
      const { chosen, choices } = get();
      const next = new Set(chosen);
      if (!next.delete(id)) next.add(id);
      set({ chosen: choices.flatMap((channel) => (next.has(channel.id) ? [channel.id] : [])) });
    },
    setDocuments: (documentsPerChannel) => set({ documentsPerChannel }),

    cancel,
  };
});
