/**
 * Mixtures ranked by merging: experts of B's run, one for each of its channels, merged with the shares of a mixture, beside mixtures that
 * were really trained. What is missing is trained from here, one run after another; each that has ended stays.
 */
import { create } from 'zustand';
import type { MeasuredChannel, WeightsRef } from '../contract/evaluation';
import type { OnProgress } from '../contract/progress';
import { errorRecord, StudioError, type ErrorRecord } from '../core/errors';
import type { Shares } from '../core/mixture/mixture';
import {
  CHECKED_SHARES,
  expertOf,
  expertRecipe,
  mixtureOf,
  mixtureRecipe,
  rankAgreement,
  sharesAlong,
  type RankAgreement,
} from '../core/mixture/experts';
import { domainShare } from '../core/recipe/edits';
import type { Recipe } from '../core/recipe/schema';
import type { RunRecord } from '../core/run/types';
import type { MixtureMeasure } from '../core/metrics/text-measure';
import { openDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { runEnd } from '../lab/run-end';
import { pickedWeights, prepareTexts, useMeasures } from './measures';
import { useCompare } from './store';

/** Positions of the predicted curve over the domain's share. */
const POSITIONS = 11;

/** A run of the library with its last weights. */
interface TrainedRun {
  run: RunRecord;
  weights: WeightsRef;
}

export interface MixtureSubject {
  reference: Recipe;
  /** By channel, the newest; a channel without one is missing. */
  experts: ReadonlyMap<string, TrainedRun>;
  /** Newest first. */
  mixtures: readonly (TrainedRun & { shares: Shares })[];
}

/** Change of each channel's held-out loss against the base, nats per token. */
export type Changes = Record<string, number>;

export interface MixtureRanking {
  /** What it was measured on. */
  key: string;
  curve: { domain: number; predicted: Changes }[];
  mixtures: { name: string; domain: number; predicted: Changes; measured: Changes }[];
  /** Null under two mixtures. */
  agreement: RankAgreement | null;
}

interface MixturesState {
  ranking: MixtureRanking | null;
  /** The run that trains now, of those that were asked for. */
  training: { name: string; at: number; of: number; step: number; steps: number } | null;
  error: ErrorRecord | null;
  /** Trains what is missing. @param nameOf a run's name, of an expert by its channel, of a mixture by its domain share */
  train(subject: MixtureSubject, nameOf: (of: { channel: string } | { domain: number }) => string): Promise<void>;
  stop(): Promise<void>;
  rank(subject: MixtureSubject): Promise<void>;
}

/** What of the library can be ranked around B's run; null where B is no run of several channels. */
export function mixtureSubject(): MixtureSubject | null {
  const { groups } = useCompare.getState();
  const reference = pickedWeights()[1]?.run?.recipe;
  if (!reference || reference.channels.length < 2) return null;
  const experts = new Map<string, TrainedRun>();
  const mixtures: (TrainedRun & { shares: Shares })[] = [];
  for (const { run, sources } of groups) {
    const last = sources[0];
    if (!run || !last || run.state !== 'finished' || last.step !== run.recipe.budget.steps) continue;
    const channel = expertOf(run.recipe, reference);
    if (channel !== null && !experts.has(channel)) experts.set(channel, { run, weights: last.weights });
    const shares = mixtureOf(run.recipe, reference);
    if (shares) mixtures.push({ run, weights: last.weights, shares });
  }
  return { reference, experts, mixtures };
}

/** Recipes that would fill what a subject lacks: its experts, and mixtures at the shares that are checked. */
export function missingRuns({ reference, experts, mixtures }: MixtureSubject): ({ channel: string } | { domain: number })[] {
  const near = (domain: number) => mixtures.some(({ run }) => Math.abs(domainShare(run.recipe) - domain) < 0.02);
  return [
    ...reference.channels.filter(({ id }) => !experts.has(id)).map(({ id }) => ({ channel: id })),
    ...CHECKED_SHARES.filter((domain) => !near(domain)).map((domain) => ({ domain })),
  ];
}

/** Names what was measured: other experts, other mixtures or other text make it another ranking. */
export function rankingKey({ experts, mixtures }: MixtureSubject): string {
  const { documentsPerChannel } = useCompare.getState();
  return JSON.stringify([documentsPerChannel, [...experts.values()].map(({ run }) => run.id), mixtures.map(({ run }) => run.id)]);
}

const changesOf = ({ channels }: MixtureMeasure): Changes =>
  Object.fromEntries(channels.map(({ id, loss }) => [id, loss[1]!.value - loss[0]!.value]));

export const useMixtures = create<MixturesState>()((set, get) => {
  let stopped = false;

  async function finish(id: string): Promise<void> {
    const { state, error } = await runEnd(id, ({ step, recipe }) => {
      const { training } = get();
      if (training) set({ training: { ...training, step, steps: recipe.budget.steps } });
    });
    if (state === 'failed' && error) throw new StudioError(error.code, error.message, error.values);
  }

  return {
    ranking: null,
    training: null,
    error: null,

    async train(subject, nameOf) {
      if (get().training) return;
      const missing = missingRuns(subject);
      stopped = false;
      set({ error: null });
      try {
        await openDevice();
        for (const [at, of] of missing.entries()) {
          if (stopped) break;
          const name = nameOf(of);
          const { reference } = subject;
          const recipe = 'channel' in of ? expertRecipe(reference, of.channel, name) : mixtureRecipe(reference, of.domain, name);
          set({ training: { name, at, of: missing.length, step: 0, steps: recipe.budget.steps } });
          await finish(await lab.trainer.start(recipe, name, () => undefined));
          await useCompare.getState().load();
        }
      } catch (error) {
        const record = errorRecord(error);
        if (record.code !== 'cancelled') set({ error: record });
      } finally {
        set({ training: null });
      }
    },
    async stop() {
      stopped = true;
      await lab.trainer.stop();
    },

    rank: (subject) =>
      useMeasures.getState().measure('merge', async ([base], onProgress) => {
        const ranking = await rankMixtures(base!, subject, onProgress);
        set({ ranking });
        return ranking.mixtures.length;
      }),
  };
});

/** Losses of merges along the domain's share and at the shares of the trained mixtures, and those of the trained mixtures themselves. */
async function rankMixtures(base: WeightsRef, subject: MixtureSubject, onProgress: OnProgress): Promise<MixtureRanking> {
  const { reference, experts, mixtures } = subject;
  const ids = reference.channels.map(({ id }) => id);
  const channels = reference.channels.map(({ id, corpus, role, specialTokens }): MeasuredChannel => ({ id, corpus, role, specialTokens }));
  const look = { documents: useCompare.getState().documentsPerChannel };
  await prepareTexts(channels, onProgress);
  const along = sharesAlong(reference, POSITIONS);
  const factors = [...along, ...mixtures].map(({ shares }) => ids.map((id) => shares[id] ?? 0));
  const all = factors.length + mixtures.length;
  const told = (from: number): OnProgress => {
    return (progress) => onProgress(progress.phase === 'evaluate' ? { ...progress, done: from + progress.done, total: all } : progress);
  };
  const tuned = ids.map((id) => experts.get(id)!.weights);
  const predicted = (await lab.trainer.measureMerges({ base, tuned }, factors, channels, look, told(0))).map(changesOf);
  const compared: MixtureRanking['mixtures'] = [];
  for (const [at, { run, weights }] of mixtures.entries()) {
    const [own] = await lab.trainer.measureMerges({ base, tuned: [weights] }, [[1]], channels, look, told(factors.length + at));
    const { name, recipe } = run;
    compared.push({ name, domain: domainShare(recipe), predicted: predicted[along.length + at]!, measured: changesOf(own!) });
  }
  return {
    key: rankingKey(subject),
    curve: along.map(({ domain }, at) => ({ domain, predicted: predicted[at]! })),
    mixtures: compared,
    agreement: rankAgreement(compared),
  };
}

// What was measured belongs to the weights picked.
useCompare.subscribe((state, before) => {
  if (state.address !== before.address) useMixtures.setState({ ranking: null, error: null });
});
