/**
 * One change of a recipe for each thing a run may suffer from (METHOD 2, table). The change is a whole new recipe: a click starts
 * from it.
 */
import { GOLDEN_RANGE, GOLDEN_RATIO, moveFader } from '../mixture/mixture';
import type { SymptomKind } from './symptoms';
import { withSteps } from '../recipe/phases';
import { diffRecipes, type RecipeDifference } from '../recipe/diff';
import {
  addEcho,
  domainShare,
  memoryDemand,
  sharesOf,
  withDemand,
  withDomainShare,
  withRegularisation,
  withSchedule,
  withShares,
} from '../recipe/edits';
import type { Method, Recipe } from '../recipe/schema';

export type AdviceKind =
  | 'mix-general' // replay of general text instead of the domain alone
  | 'lower-domain-share'
  | 'lower-lr'
  | 'raise-lr'
  | 'more-steps'
  | 'fewer-steps'
  | 'longer-warmup'
  | 'raise-share' // of the channel that the base saw little of
  | 'default-lr'
  // methods against forgetting, beside the one change
  | 'lora'
  | 'ewc'
  | 'echo' // text that the base writes, where no general text is trained on
  // against a lack of memory, one after the other
  | 'smaller-batch' // accumulation makes up for the rows
  | 'recompute'
  | 'shorter-context';

export interface Advice {
  kind: AdviceKind;
  recipe: Recipe;
  /** What the new recipe changes, field by field. */
  changes: RecipeDifference[];
}

/** Peak learning rate that the presets found for the bundled base. */
const DEFAULT_PEAK_LR = 3e-4;
/** Shares are set to a tenth of a percent: 16.7 % is the golden ratio. */
const NEAR = 1e-3;
/** A share of warmup beyond which a longer one takes the place of training. */
const LONGEST_WARMUP = 0.1;

/**
 * @param recipe with the settings the run ended with
 * @param values of the symptom: the channel in question, its epochs, how far the domain fell
 * @returns null where no setting is to blame
 */
export function adviceFor(symptom: SymptomKind, recipe: Recipe, values: Readonly<Record<string, number | string>>): Advice | null {
  const made = change(symptom, recipe, values);
  if (!made) return null;
  const changes = diffRecipes(recipe, made.recipe);
  return changes.length > 0 ? { ...made, changes } : null;
}

function change(symptom: SymptomKind, recipe: Recipe, values: Readonly<Record<string, number | string>>): Omit<Advice, 'changes'> | null {
  const { schedule, budget } = recipe;
  const withLr = (peakLr: number): Recipe => withSchedule(recipe, { peakLr: round(peakLr) });
  switch (symptom) {
    case 'forgetting': {
      // Where the domain got worse as well, no share is to blame.
      if (typeof values['fall'] === 'number' && values['fall'] < 0) return { kind: 'lower-lr', recipe: withLr(schedule.peakLr / 10) };
      if (recipe.strategy.kind === 'domain-only')
        return { kind: 'mix-general', recipe: { ...withDomainShare(recipe, GOLDEN_RATIO), strategy: { kind: 'mixed' } } };
      const share = domainShare(recipe);
      if (share > GOLDEN_RATIO + NEAR) return { kind: 'lower-domain-share', recipe: withDomainShare(recipe, GOLDEN_RATIO) };
      if (schedule.peakLr > DEFAULT_PEAK_LR) return { kind: 'lower-lr', recipe: withLr(Math.max(DEFAULT_PEAK_LR, schedule.peakLr / 10)) };
      if (share > GOLDEN_RANGE[0] + NEAR) return { kind: 'lower-domain-share', recipe: withDomainShare(recipe, GOLDEN_RANGE[0]) };
      return { kind: 'lower-lr', recipe: withLr(schedule.peakLr / 3) };
    }
    case 'spike':
    case 'recovering': {
      const ratio = schedule.warmup.unit === 'ratio' ? schedule.warmup.value : schedule.warmup.value / budget.steps;
      if (ratio >= LONGEST_WARMUP) return null;
      const value = round(Math.min(LONGEST_WARMUP, Math.max(0.03, ratio * 3)));
      return { kind: 'longer-warmup', recipe: withSchedule(recipe, { warmup: { unit: 'ratio', value } }) };
    }
    case 'domain-flat':
      return schedule.peakLr < DEFAULT_PEAK_LR
        ? { kind: 'raise-lr', recipe: withLr(Math.min(DEFAULT_PEAK_LR, schedule.peakLr * 10)) }
        : { kind: 'more-steps', recipe: withSteps(recipe, budget.steps * 2) };
    case 'memorising': {
      const epochs = typeof values['epochs'] === 'number' ? values['epochs'] : 2;
      // One epoch of the channel that is memorised.
      return { kind: 'fewer-steps', recipe: withSteps(recipe, Math.max(1, Math.round(budget.steps / epochs))) };
    }
    case 'growing':
    case 'diverged':
      return { kind: 'lower-lr', recipe: withLr(schedule.peakLr / 10) };
    case 'oscillating':
      return { kind: 'lower-lr', recipe: withLr(schedule.peakLr / 3) };
    case 'out-of-memory':
      return lessMemory(recipe);
    case 'lr-zero':
      return { kind: 'default-lr', recipe: withLr(DEFAULT_PEAK_LR) };
    case 'uneven-base': {
      const id = String(values['channel']);
      const shares = sharesOf(recipe);
      if (!(id in shares)) return null;
      const locked = new Set(recipe.channels.filter(({ role }) => role === 'domain').map((channel) => channel.id));
      return { kind: 'raise-share', recipe: withShares(recipe, moveFader(shares, id, shares[id]! * 1.5, { locked })) };
    }
    default:
      return null;
  }
}

/** Rank and strength that the drawer starts with. */
const LORA = {
  kind: 'lora',
  r: 8,
  alpha: 16,
  dropout: 0,
  targets: ['all-linear'],
  rankStabilised: false,
  modulesToSave: [],
} satisfies Method;
const EWC = { lambda: 400, sequences: 64, labels: 'model' } as const;
/** Share that an echo starts with in the place of general text. */
const ECHO_SHARE = 0.5;

/** Methods that hold a run to its base and that this one did not use, each as a whole new recipe; none of them has been measured for it. */
export function otherWays(symptom: SymptomKind, recipe: Recipe): Advice[] {
  if (symptom !== 'forgetting') return [];
  const { method, regularisation, ...plain } = recipe;
  const ways: Omit<Advice, 'changes'>[] = [];
  if (!method) ways.push({ kind: 'lora', recipe: { ...plain, method: LORA, precision: 'f32' } });
  if (!method && !regularisation?.ewc && recipe.channels.some(({ role }) => role === 'general'))
    ways.push({ kind: 'ewc', recipe: withRegularisation(recipe, { ewc: EWC }) });
  const replayed = recipe.strategy.kind !== 'domain-only' && domainShare(recipe) < 1 - NEAR;
  if (!replayed && recipe.channels.every(({ generated }) => !generated) && recipe.channels.length < MOST_CHANNELS)
    ways.push({ kind: 'echo', recipe: withEchoReplay(recipe) });
  return ways.map((way) => ({ ...way, changes: diffRecipes(recipe, way.recipe) }));
}

/** As many channels as a recipe takes. */
const MOST_CHANNELS = 16;

/** General text is measured alone, and what the base writes is trained on in its place. */
function withEchoReplay(recipe: Recipe): Recipe {
  const mixed = addEcho({ ...recipe, strategy: { kind: 'mixed' } });
  const domain = domainShare(mixed);
  const share = ({ role, share: own, generated }: Recipe['channels'][number]): number => {
    if (generated) return ECHO_SHARE;
    return role === 'domain' ? (own / domain) * (1 - ECHO_SHARE) : 0;
  };
  return { ...mixed, channels: mixed.channels.map((channel) => ({ ...channel, share: share(channel) })) };
}

function lessMemory(recipe: Recipe): Omit<Advice, 'changes'> | null {
  const demand = memoryDemand(recipe);
  const { rows, checkpointing, context } = demand;
  if (rows > 1) return { kind: 'smaller-batch', recipe: withDemand(recipe, { ...demand, rows: Math.floor(rows / 2) }) };
  if (!checkpointing) return { kind: 'recompute', recipe: withDemand(recipe, { ...demand, checkpointing: true }) };
  return context >= 16
    ? { kind: 'shorter-context', recipe: withDemand(recipe, { ...demand, context: Math.floor(context / 16) * 8 }) }
    : null;
}

/** Two significant digits: a recipe is read by people. */
const round = (value: number): number => Number(value.toPrecision(2));
