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
import { keepMergeCurve } from '../../lab/desk-recipes';
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
  /** By factors and documents. */
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

const keyOf = (factors: readonly number[], documents: number): string =>
  `${factors.map((factor) => factor.toFixed(3)).join()} ${documents}`;
/** Documents of a first look and of a whole one. */
const looks = (): [first: number, whole: number] => {
  const { documentsPerChannel } = useCompare.getState();
  return [Math.min(FIRST_LOOK, documentsPerChannel), documentsPerChannel];
};
const rounded = (factor: number): number => Number(factor.toFixed(2));

/** −0.2 … 1.2, the ends of the interpolation first and what lies between them next, so that the curve takes shape early. */
const GRID = ((): readonly number[] => {
  const count = Math.round((FADER.high - FADER.low) / FADER.step);
  const all = Array.from({ length: count + 1 }, (_, at) => rounded(FADER.low + at * FADER.step));
  const first = [1, 0, 0.5, FADER.high, FADER.low];
  return [...first, ...all.filter((factor) => !first.includes(factor))];
})();

/** The last checkpoints of B's run up to B, the newest first. */
export function lastCheckpoints(count: number): WeightsRef[] {
  const { groups } = useCompare.getState();
  const b = pickedWeights()[1];
  const sources = groups.find(({ run }) => run !== null && run.id === b?.run?.id)?.sources ?? [];
  return sources
    .filter(({ step }) => step !== null && b?.step != null && step <= b.step)
    .slice(0, count)
    .map(({ weights }) => weights);
}

/** What is merged now, and with which factors. */
function presentMerge({ kind, factors, checkpoints }: Pick<MergeState, 'kind' | 'factors' | 'checkpoints'>): {
  merge: MergeRef;
  factors: number[];
} | null {
  const [base, ...others] = pickedWeights().map(({ weights }) => weights);
  if (!base || others.length === 0) return null;
  if (kind === 'fader') return { merge: { base, tuned: others }, factors: factors.slice(0, others.length) };
  const tuned = lastCheckpoints(checkpoints);
  return tuned.length === 0 ? null : { merge: { base, tuned }, factors: tuned.map(() => 1 / tuned.length) };
}

/** The best that is known of where the fader stands. */
export function presentPosition(state: MergeState): MergePosition | null {
  const present = presentMerge(state);
  if (!present) return null;
  const [first, whole] = looks().map((documents) => state.positions.get(keyOf(present.factors, documents)));
  return whole ?? first ?? null;
}

/** The factors with another value for the fader moved last. */
const moved = ({ factors, along }: Pick<MergeState, 'factors' | 'along'>, factor: number): number[] =>
  factors.slice(0, pickedWeights().length - 1).map((own, at) => (at === along ? factor : own));

/**
 * Measured positions along the fader moved last, in ascending order, all on the same documents: those of a whole look where the grid has
 * been measured on it, else those of the first.
 */
export function positionsAlong(state: MergeState): MergePosition[] {
  const [first, whole] = looks();
  const complete = GRID.every((factor) => state.positions.has(keyOf(moved(state, factor), whole)));
  const others = moved(state, 0).join();
  return [...state.positions.values()]
    .filter(({ factors, documents }) => {
      const own = factors.map((factor, at) => (at === state.along ? 0 : factor)).join();
      return own === others && documents === (complete ? whole : first);
    })
    .sort((one, other) => one.factors[state.along]! - other.factors[state.along]!);
}

/** Has this position of the curve been measured on all documents? */
export const isWhole = ({ positions }: Pick<MergeState, 'positions'>, { factors }: MergePosition): boolean =>
  positions.has(keyOf(factors, looks()[1]));

/** Positions as a curve; those without a domain or a general channel are left out. */
export function curveOf(positions: readonly MergePosition[], along: 0 | 1): CurvePoint[] {
  return positions.flatMap(({ factors, measure }) => {
    const [gain, retention] = [measure.domainGain[1]?.value, measure.meanRetention[1]?.value];
    return gain === undefined || retention === undefined ? [] : [{ factor: factors[along]!, gain, retention }];
  });
}

/** At λ = 1 of the fader moved last. */
export const endOf = (state: MergeState): MergePosition | null =>
  positionsAlong(state).find(({ factors }) => factors[state.along] === 1) ?? null;

export const bestOf = (state: MergeState): CurvePoint | null => bestFactor(curveOf(positionsAlong(state), state.along), state.keep);

export const useMerge = create<MergeState>()((set, get) => {
  /** What to measure next; null when all is. */
  function next(): { factors: number[]; documents: number } | null {
    const state = get();
    const present = presentMerge(state);
    if (!present) return null;
    const grid = state.kind === 'fader' ? GRID.map((factor) => moved(state, factor)) : [];
    for (const documents of looks())
      for (const factors of [present.factors, ...grid]) if (!state.positions.has(keyOf(factors, documents))) return { factors, documents };
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
      for (let wanted = next(); wanted && unchanged(); wanted = next()) {
        const { merge } = presentMerge(get())!;
        const { factors, documents } = wanted;
        const [found] = await lab.trainer.measureMerges(merge, [factors], channels, documents, onProgress);
        if (unchanged())
          set({ positions: new Map(get().positions).set(keyOf(factors, documents), { factors, measure: found!, documents }) });
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

// What was measured between a run's base and its checkpoint is told to the run's diagnosis.
useMerge.subscribe((state, before) => {
  const [a, b, c] = pickedWeights();
  if (state.positions === before.positions || c || !a || a.run !== null || b?.step == null || b.run?.recipe.base !== a.base) return;
  const curve = curveOf(positionsAlong(state), 0);
  if (curve.length > 0) keepMergeCurve(b.run.id, b.step, curve);
});

// Positions belong to the weights and the text they were measured on.
useCompare.subscribe((state, before) => {
  if (state.address !== before.address) useMerge.setState({ positions: new Map(), factors: [1, 0], along: 0, kept: null, saveError: null });
  else if (state.chosen !== before.chosen || state.documentsPerChannel !== before.documentsPerChannel)
    useMerge.setState({ positions: new Map() });
});
