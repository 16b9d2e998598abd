/**
 * The merge fader: weights between a base A and tuned weights B (and C), A + λ·(B − A) + μ·(C − A), or the mean of the last checkpoints of
 * B's run. Positions are measured one by one: the one where the fader stands first, then a grid along the fader, on the beginnings of a few
 * documents, then on whole ones.
 */
import { create } from 'zustand';
import type { MeasuredChannel, MergeLook, MergeRef, WeightsRef } from '../contract/evaluation';
import type { ModelRecord } from '../contract/library';
import type { OnProgress, Progress } from '../contract/progress';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { bestFactor, type CurvePoint } from '../core/metrics/merge-curve';
import type { MixtureMeasure } from '../core/metrics/text-measure';
import { mergeKey, useMergeCurves } from '../lab/desk-recipes';
import { lab } from '../lab/lab';

/** λ of a fader: a little beyond both ends, where the base is overdone and the tuned model too. */
export const FADER = { low: -0.2, high: 1.2, step: 0.1 } as const;
/** A first look at a position: two rows of 256 tokens of each channel, a quarter of a second on two cores at the bundled model's size. */
const FIRST_LOOK: Required<MergeLook> = { documents: 4, tokens: 128 };
/** More would not fit beside each other in a tab's memory. */
export const MOST_CHECKPOINTS = 12;

export interface MergePosition {
  factors: number[];
  /** Of A and the merge. */
  measure: MixtureMeasure;
  look: MergeLook;
}

/** What a page lets be merged. */
export interface MergeSubject {
  /** Differs where anything else does: positions belong to the weights and the text they were measured on. */
  key: string;
  base: WeightsRef;
  /** One for each fader: B, and C where there is one. */
  tuned: readonly { weights: WeightsRef; name: string }[];
  channels: readonly MeasuredChannel[];
  /** Held-out documents of each channel for a whole look. */
  documents: number;
  /** The last checkpoints of B's run up to B, the newest first. */
  checkpoints: readonly WeightsRef[];
  /** Takes the engine for measuring, one thing at a time for the page; does nothing while another runs. */
  engage(work: (onProgress: OnProgress) => Promise<void>): Promise<void>;
  /** After a merge has been stored as a model. */
  onKept?: () => Promise<void>;
}

interface MergeState {
  subject: MergeSubject | null;
  kind: 'fader' | 'mean';
  /** Of B and of C. */
  factors: [number, number];
  /** The fader moved last: the curve runs along it while the other stays. */
  along: 0 | 1;
  /** How many of the last checkpoints of B's run are averaged. */
  checkpoints: number;
  /** Retention that shall be kept. */
  keep: number;
  /** By factors and look. */
  positions: ReadonlyMap<string, MergePosition>;
  saving: Progress | null;
  kept: ModelRecord | null;
  saveError: ErrorRecord | null;

  /** The faders go back to where they begin when the weights are others; positions are dropped when anything is. */
  meet(subject: MergeSubject | null): void;
  setKind(kind: MergeState['kind']): void;
  /** Moves a fader, and measures where it stands. */
  move(fader: 0 | 1, factor: number): void;
  setCheckpoints(checkpoints: number): void;
  setKeep(keep: number): void;
  measure(): Promise<void>;
  /** Stores the merge as a model. */
  save(name: string): Promise<void>;
}

const keyOf = (factors: readonly number[], { documents, tokens }: MergeLook): string =>
  `${factors.map((factor) => factor.toFixed(3)).join()} ${documents} ${tokens ?? ''}`;
/** A first look and a whole one. */
const looksOf = ({ subject }: Pick<MergeState, 'subject'>): [first: MergeLook, whole: MergeLook] => {
  const documents = subject?.documents ?? FIRST_LOOK.documents;
  return [{ ...FIRST_LOOK, documents: Math.min(FIRST_LOOK.documents, documents) }, { documents }];
};
const rounded = (factor: number): number => Number(factor.toFixed(2));

/** −0.2 … 1.2, the ends of the interpolation first and what lies between them next, so that the curve takes shape early. */
const GRID = ((): readonly number[] => {
  const count = Math.round((FADER.high - FADER.low) / FADER.step);
  const all = Array.from({ length: count + 1 }, (_, at) => rounded(FADER.low + at * FADER.step));
  const first = [1, 0, 0.5, FADER.high, FADER.low];
  return [...first, ...all.filter((factor) => !first.includes(factor))];
})();

/** What is merged now, and with which factors. */
function presentMerge({ subject, kind, factors, checkpoints }: Pick<MergeState, 'subject' | 'kind' | 'factors' | 'checkpoints'>): {
  merge: MergeRef;
  factors: number[];
} | null {
  if (!subject) return null;
  const { base } = subject;
  const others = subject.tuned.map(({ weights }) => weights);
  if (kind === 'fader') return { merge: { base, tuned: others }, factors: factors.slice(0, others.length) };
  const tuned = subject.checkpoints.slice(0, checkpoints);
  return tuned.length === 0 ? null : { merge: { base, tuned }, factors: tuned.map(() => 1 / tuned.length) };
}

/** The best that is known of where the fader stands. */
export function presentPosition(state: MergeState): MergePosition | null {
  const present = presentMerge(state);
  if (!present) return null;
  const [first, whole] = looksOf(state).map((look) => state.positions.get(keyOf(present.factors, look)));
  return whole ?? first ?? null;
}

/** The factors with another value for the fader moved last. */
const moved = ({ subject, factors, along }: Pick<MergeState, 'subject' | 'factors' | 'along'>, factor: number): number[] =>
  factors.slice(0, subject?.tuned.length ?? 0).map((own, at) => (at === along ? factor : own));

/**
 * Measured positions along the fader moved last, in ascending order, all on the same text: that of a whole look where the grid has been
 * measured on it, else that of the first.
 */
export function positionsAlong(state: MergeState): MergePosition[] {
  const [first, whole] = looksOf(state);
  const shown = GRID.every((factor) => state.positions.has(keyOf(moved(state, factor), whole))) ? whole : first;
  const others = moved(state, 0).join();
  return [...state.positions.values()]
    .filter(({ factors, look }) => {
      const own = factors.map((factor, at) => (at === state.along ? 0 : factor)).join();
      return own === others && look.documents === shown.documents && look.tokens === shown.tokens;
    })
    .sort((one, other) => one.factors[state.along]! - other.factors[state.along]!);
}

/** Has this position of the curve been measured on whole documents? */
export const isWhole = (state: MergeState, { factors }: MergePosition): boolean => state.positions.has(keyOf(factors, looksOf(state)[1]));

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

const BEGINNING = { factors: [1, 0] as [number, number], along: 0 as const, kept: null, saveError: null };

/** The same weights, whatever is measured of them. */
const weightsOf = (subject: MergeSubject | null): string => JSON.stringify([subject?.base, subject?.tuned, subject?.checkpoints]);

export const useMerge = create<MergeState>()((set, get) => {
  /** What is not measured yet, in its order, and how much of all that is. */
  function missing(): { wanted: { factors: number[]; look: MergeLook }[]; all: number } {
    const state = get();
    const present = presentMerge(state);
    if (!present) return { wanted: [], all: 0 };
    const grid = state.kind === 'fader' ? GRID.map((factor) => moved(state, factor)) : [];
    const all = looksOf(state).flatMap((look) => [present.factors, ...grid].map((factors) => ({ factors, look })));
    return { wanted: all.filter(({ factors, look }) => !state.positions.has(keyOf(factors, look))), all: all.length };
  }

  /** A whole look takes seconds: it gives way when a fader moves. Null when it did. */
  let wholeLook = false;
  let givesWay = false;
  async function interruptible<T>(look: MergeLook, work: () => Promise<T>): Promise<T | null> {
    wholeLook = look.tokens === undefined;
    givesWay = false;
    try {
      return await work();
    } catch (error) {
      if (givesWay && errorRecord(error).code === 'cancelled') return null;
      throw error;
    } finally {
      wholeLook = false;
    }
  }
  function giveWay(): void {
    if (!wholeLook) return;
    givesWay = true;
    void lab.trainer.cancel();
  }

  async function measure(): Promise<void> {
    const { subject } = get();
    if (!subject || subject.channels.length === 0) return;
    const { key, channels } = subject;
    const unchanged = () => get().subject?.key === key;
    await subject.engage(async (onProgress) => {
      for (;;) {
        const { wanted, all } = missing();
        const [first] = wanted;
        if (!first || !unchanged()) return;
        const { merge } = presentMerge(get())!;
        const { factors, look } = first;
        const tell = (progress: Progress): void =>
          onProgress(progress.phase === 'evaluate' ? { ...progress, done: all - wanted.length + progress.done, total: all } : progress);
        const found = await interruptible(look, () => lab.trainer.measureMerges(merge, [factors], [...channels], look, tell));
        if (found && unchanged())
          set({ positions: new Map(get().positions).set(keyOf(factors, look), { factors, measure: found[0]!, look }) });
      }
    });
  }

  return {
    subject: null,
    kind: 'fader',
    ...BEGINNING,
    checkpoints: 3,
    keep: 0.95,
    positions: new Map(),
    saving: null,

    meet(subject) {
      const { subject: before } = get();
      if (subject?.key === before?.key) return;
      const fader = (subject?.checkpoints.length ?? 0) > 1 ? {} : { kind: 'fader' as const };
      set({ subject, positions: new Map(), ...fader, ...(weightsOf(subject) === weightsOf(before) ? {} : BEGINNING) });
    },

    setKind(kind) {
      set({ kind, kept: null });
      void measure();
    },
    move(fader, factor) {
      const factors: [number, number] = [...get().factors];
      factors[fader] = rounded(factor);
      set({ factors, along: fader, kept: null });
      giveWay();
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
        await get().subject?.onKept?.();
      } catch (error) {
        const saveError = errorRecord(error);
        if (saveError.code !== 'cancelled') set({ saveError });
      } finally {
        set({ saving: null });
      }
    },
  };
});

// What is measured between a base and a run's checkpoint is told to the run's diagnosis.
useMerge.subscribe((state, before) => {
  const { subject, positions } = state;
  const [tuned, another] = subject?.tuned ?? [];
  if (
    positions === before.positions ||
    another ||
    subject?.base.kind !== 'model' ||
    tuned?.weights.kind !== 'checkpoint' ||
    tuned.weights.average
  )
    return;
  const curve = curveOf(positionsAlong(state), 0);
  const { run, step } = tuned.weights;
  if (curve.length > 0) useMergeCurves.setState({ [mergeKey({ base: subject.base.model, run, step })]: curve });
});
