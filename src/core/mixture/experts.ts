/**
 * Ranking mixtures without training them: experts, each trained on one channel alone, are merged with the shares of a mixture as factors, and
 * the merge's losses stand for those of a run on that mixture (arXiv 2601.17858). Whether its ranking holds is measured on mixtures that were
 * trained.
 */
import { normalQuantile, spearman, wilsonInterval, type Interval } from '../metrics/statistics';
import { sharesOf, withDomainShare } from '../recipe/edits';
import { withPhases } from '../recipe/phases';
import type { Recipe } from '../recipe/schema';
import type { Shares } from './mixture';

/** Of a run's steps, what each expert is trained for. */
const EXPERT_STEPS = 0.1;
/** Domain shares of mixtures that are trained to check the ranking: little, the golden ratio, half. */
export const CHECKED_SHARES: readonly number[] = [0.05, 1 / 6, 0.5];

/** Absent: the run trains until its budget, and is measured at both ends alone. */
const bare = (recipe: Recipe, steps: number): Recipe => ({
  ...withPhases(recipe, null),
  budget: { steps },
  evaluation: { ...recipe.evaluation, everySteps: steps, probesPerGroup: 0 },
  saving: { everySteps: steps, keep: 1 },
  stopping: { early: null, forgetting: null },
});

/** The recipe's expert of one channel: this channel alone, for a tenth of the steps. */
export function expertRecipe(recipe: Recipe, channel: string, name: string): Recipe {
  const steps = Math.max(1, Math.round(recipe.budget.steps * EXPERT_STEPS));
  const channels = recipe.channels.filter(({ id }) => id === channel).map(({ weight: _, ...rest }) => ({ ...rest, share: 1 }));
  return { ...bare(recipe, steps), name, channels, strategy: { kind: 'mixed' } };
}

/** The recipe with another share for its domain, the other channels in proportion. */
export function mixtureRecipe(recipe: Recipe, domain: number, name: string): Recipe {
  const { saving } = bare(recipe, recipe.budget.steps);
  return { ...withDomainShare(withPhases(recipe, null), domain), saving, name, strategy: { kind: 'mixed' } };
}

/** Shares along the domain's fader, `count` of them from 0 to 1. */
export function sharesAlong(recipe: Recipe, count: number): { domain: number; shares: Shares }[] {
  return Array.from({ length: count }, (_, at) => {
    const domain = at / (count - 1);
    return { domain, shares: sharesOf(withDomainShare(recipe, domain)) };
  });
}

/** Do two runs train alike but for what they draw, how long, and by which seed? */
function sameTraining(one: Recipe, other: Recipe): boolean {
  const rest = ({ base, sequenceLength, schedule, batchSize, gradientAccumulationSteps, optimizer, ...recipe }: Recipe) => {
    const { packing, dropout, precision, method, regularisation } = recipe;
    return JSON.stringify([
      ...[base, sequenceLength, schedule, batchSize, gradientAccumulationSteps, optimizer],
      ...[packing, dropout, precision, method, regularisation],
    ]);
  };
  return rest(one) === rest(other);
}

/** The channel of the reference that a run is the expert of: it drew from nothing else, and trained as the reference does. */
export function expertOf(recipe: Recipe, reference: Recipe): string | null {
  const drawn = recipe.channels.filter(({ share }) => share > 0);
  const [only] = drawn;
  if (drawn.length !== 1 || !only || !sameTraining(recipe, reference)) return null;
  return reference.channels.find(({ corpus }) => corpus === only.corpus)?.id ?? null;
}

/** Shares of a run that mixed the reference's channels from first to last, for as many steps and else as the reference; null of another run. */
export function mixtureOf(recipe: Recipe, reference: Recipe): Shares | null {
  const share = (corpus: string) => recipe.channels.find((channel) => channel.corpus === corpus)?.share ?? 0;
  const shares = Object.fromEntries(reference.channels.map(({ id, corpus }) => [id, share(corpus)]));
  const known = Object.values(shares).reduce((sum, value) => sum + value, 0);
  const mixes = recipe.strategy.kind === 'mixed' && recipe.channels.filter((channel) => channel.share > 0).length > 1;
  const alike = sameTraining(recipe, reference) && recipe.budget.steps === reference.budget.steps;
  return mixes && alike && Math.abs(known - 1) < 1e-6 ? shares : null;
}

/**
 * 95 % interval of Spearman's ρ by Fisher's z with the variance of Bonett and Wright (2000), (1 + ρ²/2) / (n − 3). All of [−1, 1] up to three
 * values, which say nothing.
 */
export function spearmanInterval(rho: number, count: number): Interval {
  if (count <= 3 || Math.abs(rho) >= 1) return count <= 3 ? { low: -1, high: 1 } : { low: rho, high: rho };
  const half = normalQuantile(0.975) * Math.sqrt((1 + rho ** 2 / 2) / (count - 3));
  const z = Math.atanh(rho);
  return { low: Math.tanh(z - half), high: Math.tanh(z + half) };
}

export interface RankAgreement {
  /** Of each channel over the mixtures, null where it cannot be told. */
  rho: Record<string, { value: number; interval: Interval } | null>;
  /** Pairs of mixtures, of every channel, that both sides order alike; their share has Wilson's interval, as if they were independent. */
  alike: number;
  pairs: number;
  share: Interval;
  /** `agree`: more pairs are alike than chance gives, `differ`: fewer; `open`: the interval holds one half. */
  verdict: 'agree' | 'differ' | 'open';
}

/** How far predicted losses order the mixtures as measured ones do. Null under two mixtures. */
export function rankAgreement(
  mixtures: readonly { predicted: Record<string, number>; measured: Record<string, number> }[],
): RankAgreement | null {
  const [first] = mixtures;
  if (!first || mixtures.length < 2) return null;
  const rho: RankAgreement['rho'] = {};
  let alike = 0;
  let pairs = 0;
  for (const id of Object.keys(first.predicted)) {
    const [predicted, measured] = [mixtures.map((one) => one.predicted[id]!), mixtures.map((one) => one.measured[id]!)];
    const value = spearman(predicted, measured);
    rho[id] = value === null ? null : { value, interval: spearmanInterval(value, mixtures.length) };
    for (let at = 0; at < mixtures.length; at++)
      for (let before = 0; before < at; before++) {
        const [left, right] = [predicted[at]! - predicted[before]!, measured[at]! - measured[before]!];
        if (left === 0 || right === 0) continue;
        pairs += 1;
        if (left > 0 === right > 0) alike += 1;
      }
  }
  if (pairs === 0) return null;
  const share = wilsonInterval(alike, pairs);
  return { rho, alike, pairs, share, verdict: share.low > 0.5 ? 'agree' : share.high < 0.5 ? 'differ' : 'open' };
}
