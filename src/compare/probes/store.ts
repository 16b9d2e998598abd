/** Which probe sets there are, the bundled and the person's own, which are asked, and the measure that asks them. */
import { create } from 'zustand';
import type { OwnProbeSet } from '../../contract/library';
import { errorFromRecord, errorRecord, type ErrorRecord } from '../../core/errors';
import type { Probe, ProbeReading } from '../../core/probes/probe';
import { lab } from '../../lab/lab';
import { shippedProbes, shippedProbeSets, type ShippedProbeSet } from '../../lab/probe-sets';
import { useMeasures } from '../measures';

export interface TakenProbeSet extends OwnProbeSet {
  file: File;
  reading: ProbeReading;
}

interface ProbeSetsState {
  shipped: ShippedProbeSet[];
  own: OwnProbeSet[];
  /** Ids of both kinds. */
  chosen: string[];
  /** What the last take-in found, also of a set that could not be kept, with its file and how it was read. */
  taken: TakenProbeSet[];
  error: ErrorRecord | null;
  /** Reads the lists once; the sets for general ability are chosen then. */
  load(): Promise<void>;
  toggle(id: string): void;
  takeIn(files: readonly File[]): Promise<void>;
  /** Reads the file of a set that was just taken in once more, in another way: the set takes the place of the former. */
  readAgain(taken: TakenProbeSet, reading: ProbeReading): Promise<void>;
  remove(id: string): Promise<void>;
  dismissError(): void;
}

/** The studio's own sets cover the four groups of general ability, in both languages. */
const OWN_SOURCE = 'Crossfade';

let loading: Promise<void> | null = null;

export const useProbeSets = create<ProbeSetsState>()((set, get) => ({
  shipped: [],
  own: [],
  chosen: [],
  taken: [],
  error: null,

  load() {
    loading ??= (async () => {
      const [shipped, own] = await Promise.all([shippedProbeSets(), lab.library.probeSets()]);
      set({ shipped, own, chosen: shipped.filter(({ source }) => source === OWN_SOURCE).map(({ id }) => id), error: null });
    })().catch((error: unknown) => {
      loading = null;
      set({ error: errorRecord(error) });
    });
    return loading;
  },

  toggle(id) {
    const { chosen } = get();
    set({ chosen: chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id] });
  },

  async takeIn(files) {
    set({ error: null, taken: [] });
    try {
      for (const file of files) {
        const taken = await lab.library.takeInProbes(file);
        const { own, chosen } = get();
        set({ taken: [...get().taken, { ...taken, file, reading: {} }] });
        if (taken.items > 0) set({ own: [...own, taken], chosen: [...chosen, taken.id] });
      }
    } catch (error) {
      set({ error: errorRecord(error) });
    }
  },

  async readAgain(before, change) {
    const reading = { ...before.reading, ...change };
    try {
      const taken = await lab.library.takeInProbes(before.file, reading);
      if (before.items > 0) await get().remove(before.id);
      const others = get().taken.filter(({ id }) => id !== before.id);
      set({ taken: [...others, { ...taken, file: before.file, reading }], error: null });
      if (taken.items > 0) set({ own: [...get().own, taken], chosen: [...get().chosen, taken.id] });
    } catch (error) {
      set({ error: errorRecord(error) });
    }
  },

  async remove(id) {
    try {
      await lab.library.removeProbeSet(id);
      const without = <T extends { id: string }>(sets: readonly T[]) => sets.filter((one) => one.id !== id);
      set({ own: without(get().own), taken: without(get().taken), chosen: get().chosen.filter((one) => one !== id) });
    } catch (error) {
      set({ error: errorRecord(error) });
    }
  },

  dismissError: () => set({ error: null }),
}));

/** The items of all chosen sets, in the order of the lists. */
async function chosenProbes(): Promise<{ sets: string[]; probes: Probe[] }> {
  await useProbeSets.getState().load();
  const { shipped, own, chosen, error } = useProbeSets.getState();
  if (shipped.length === 0 && error) throw errorFromRecord(error);
  const wanted = <T extends { id: string }>(sets: readonly T[]) => sets.filter(({ id }) => chosen.includes(id));
  const parts = await Promise.all([...wanted(shipped).map(shippedProbes), ...wanted(own).map(({ id }) => lab.library.probesOf(id))]);
  return { sets: [...wanted(shipped), ...wanted(own)].map(({ id }) => id), probes: parts.flat() };
}

/** Asks all picked weights the items of the chosen probe sets. Does nothing where these hold no item. */
export async function measureProbeSets(): Promise<void> {
  await useMeasures.getState().measure('probes', async (weights, onProgress) => {
    const { sets, probes } = await chosenProbes();
    return { sets, probes, ...(await lab.trainer.measureProbes(weights, probes, onProgress)) };
  });
}
