/**
 * The merge fader: weights between A and B (and C), A + λ·(B − A) + μ·(C − A), or the mean of the last checkpoints of B's run. Positions
 * are measured one by one: the one where the fader stands first, then a grid along the fader, on a few documents, then on all.
 */
import { create } from 'zustand';
import type { MergeRef, WeightsRef } from '../../contract/evaluation';
import type { ModelRecord } from '../../contract/library';
import type { Progress } from '../../contract/progress';
import { errorRecord, type ErrorRecord } from '../../core/errors';
import { bestFactor, type CurvePoint } from '../../core/metrics/merge-curve';
import type { MixtureMeasure } from '../../core/metrics/text-measure';
import { lab } from '../../lab/lab';
import { chosenChannels, pickedWeights, prepareTexts, useMeasures } from '../measures';
import { useCompare } from '../store';

/** λ of a fader: a little beyond both ends, where the base is overdone and the tuned model too. */
export const FADER = { low: -0.2, high: 1.2, step: 0.1 } as const;
/** Documents of each channel for a first look at a position. */
const FIRST_LOOK = 4;
/** More would not fit beside each other in a tab's memory. */
export const MOST_CHECKPOINTS = 12;

export interface MergePosition {
  factors: number[];
  /** Of A and the merge. */
  measure: MixtureMeasure;
  documents: number;
}

interface MergeState {
  kind: 'fader' | 'mean';
  /** Of B and of C. */
  factors: [number, number];
  /** The fader moved last: the curve runs along it while the other stays. */
  along: 0 | 1;
  /** How many of the last checkpoints of B's run are averaged. */
  checkpoints: number;
  /** Retention that shall be kept. */
  keep: number;
  /** By factors. */
  positions: ReadonlyMap<string, MergePosition>;
  saving: Progress | null;
  kept: ModelRecord | null;
  saveError: ErrorRecord | null;

  setKind(kind: MergeState['kind']): void;
  /** Moves a fader, and measures where it stands. */
  move(fader: 0 | 1, factor: number): void;
  setCheckpoints(checkpoints: number): void;
  setKeep(keep: number): void;
  measure(): Promise<void>;
  /** Stores the merge as a model. */
  save(name: string): Promise<void>;
}

const keyOf = (factors: readonly number[]): string => factors.map((factor) => factor.toFixed(3)).join();
const rounded = (factor: number): number => Number(factor.toFixed(2));

/** −0.2 … 1.2, the ends of the interpolation first and what lies between them next, so that the curve takes shape early. */
export function faderGrid(): number[] {
  const count = Math.round((FADER.high - FADER.low) / FADER.step);
  const all = Array.from({ length: count + 1 }, (_, at) => rounded(FADER.low + at * FADER.step));
  const first = [1, 0, 0.5, FADER.high, FADER.low];
  return [...first, ...all.filter((factor) => !first.includes(factor))];
}

/** The last checkpoints of B's run up to B, the newest first. */
export function lastCheckpoints(count: number): WeightsRef[] {
  const { groups } = useCompare.getState();
  const b = pickedWeights()[1];
  const sources = groups.find(({ run }) => run !== null && run.id === b?.run?.id)?.sources ?? [];
  return sources.filter(({ step }) => step !== null && b?.step != null && step <= b.step).slice(0, count).map(({ weights }) => weights);
}

/** What is merged now, and with which factors. */
export function presentMerge({ kind, factors, checkpoints }: Pick<MergeState, 'kind' | 'factors' | 'checkpoints'>): {
  merge: MergeRef;
  factors: number[];
} | null {
  const [base, ...others] = pickedWeights().map(({ weights }) => weights);
  if (!base || others.length === 0) return null;
  if (kind === 'fader') return { merge: { base, tuned: others }, factors: factors.slice(0, others.length) };
  const tuned = lastCheckpoints(checkpoints);
  return tuned.length === 0 ? null : { merge: { base, tuned }, factors: tuned.map(() => 1 / tuned.length) };
}

/** The position where the fader stands, if it has been measured. */
export function presentPosition(state: MergeState): MergePosition | null {
  const present = presentMerge(state);
  return (present && state.positions.get(keyOf(present.factors))) ?? null;
}

/** Measured positions along the fader moved last, in ascending order. */
export function positionsAlong({ positions, factors, along }: MergeState): MergePosition[] {
  const { length } = pickedWeights();
  return [...positions.values()]
    .filter((position) => position.factors.length === length - 1 && position.factors.every((f, at) => at === along || f === factors[at]))
    .sort((one, other) => one.factors[along]! - other.factors[along]!);
}

/** Positions as a curve; those without a domain or a general channel are left out. */
export function curveOf(positions: readonly MergePosition[], along: 0 | 1): CurvePoint[] {
  return positions.flatMap(({ factors, measure }) => {
    const [gain, retention] = [measure.domainGain[1]?.value, measure.meanRetention[1]?.value];
    return gain === undefined || retention === undefined ? [] : [{ factor: factors[along]!, gain, retention }];
  });
}

export const bestOf = (state: MergeState): CurvePoint | null => bestFactor(curveOf(positionsAlong(state), state.along), state.keep);

export const useMerge = create<MergeState>()((set, get) => {
  /** What to measure next; null when all is. */
  function next(documents: number): { factors: number[]; documents: number } | null {
    const state = get();
    const present = presentMerge(state);
    if (!present) return null;
    const along = (factor: number) => present.factors.map((own, at) => (at === state.along ? factor : own));
    const grid = state.kind === 'fader' ? faderGrid().map(along) : [];
    for (const look of new Set([Math.min(FIRST_LOOK, documents), documents]))
      for (const factors of [present.factors, ...grid])
        if ((state.positions.get(keyOf(factors))?.documents ?? 0) < look) return { factors, documents: look };
    return null;
  }

  async function measure(): Promise<void> {
    const channels = chosenChannels();
    if (channels.length === 0) return;
    const { address, documentsPerChannel, chosen } = useCompare.getState();
    const unchanged = () => {
      const now = useCompare.getState();
      return now.address === address && now.documentsPerChannel === documentsPerChannel && now.chosen === chosen;
    };
    await useMeasures.getState().measure('merge', async (_, onProgress) => {
      await prepareTexts(channels, onProgress);
      for (let wanted = next(documentsPerChannel); wanted && unchanged(); wanted = next(documentsPerChannel)) {
        const { merge } = presentMerge(get())!;
        const { factors, documents } = wanted;
        const [found] = await lab.trainer.measureMerges(merge, [factors], channels, documents, onProgress);
        if (unchanged()) set({ positions: new Map(get().positions).set(keyOf(factors), { factors, measure: found!, documents }) });
      }
      return get().positions.size;
    });
  }

  return {
    kind: 'fader',
    factors: [1, 0],
    along: 0,
    checkpoints: 3,
    keep: 0.95,
    positions: new Map(),
    saving: null,
    kept: null,
    saveError: null,

    setKind(kind) {
      set({ kind, kept: null });
      void measure();
    },
    move(fader, factor) {
      const factors: [number, number] = [...get().factors];
      factors[fader] = rounded(factor);
      set({ factors, along: fader, kept: null });
      void measure();
    },
    setCheckpoints(checkpoints) {
      set({ checkpoints, kept: null });
      void measure();
    },
    setKeep: (keep) => set({ keep }),
    measure,

    async save(name) {
      const present = presentMerge(get());
      if (!present || get().saving) return;
      set({ saving: { phase: 'import', item: name, done: 0, total: 0 }, kept: null, saveError: null });
      try {
        const kept = await lab.library.keepMerge(present.merge, present.factors, name, (saving) => set({ saving }));
        set({ kept });
        await useCompare.getState().load();
      } catch (error) {
        const saveError = errorRecord(error);
        if (saveError.code !== 'cancelled') set({ saveError });
      } finally {
        set({ saving: null });
      }
    },
  };
});

// Positions belong to the weights and the text they were measured on.
useCompare.subscribe((state, before) => {
  if (state.address !== before.address) useMerge.setState({ positions: new Map(), factors: [1, 0], along: 0, kept: null, saveError: null });
  else if (state.chosen !== before.chosen || state.documentsPerChannel !== before.documentsPerChannel)
    useMerge.setState({ positions: new Map() });
});
