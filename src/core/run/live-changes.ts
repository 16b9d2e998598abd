/**
 * What may change of a run. Settings changed while it trains are checked, kept in the order of the steps before which they take effect, and looked up
 * by step; a fork goes on from a checkpoint by another recipe, in which all may change but what the checkpoint depends on.
 */
import { StudioError } from '../errors';
import { normaliseShares } from '../mixture/mixture';
import { withShares, withWeights } from '../recipe/edits';
import { parseRecipe } from '../recipe/parse';
import { phaseAt, plannedSettings } from '../recipe/phases';
import type { Phase, Recipe } from '../recipe/schema';
import type { LiveChange, LiveSettings } from './types';

/**
 * Settings in effect when step `step` (0-based) is computed: the recipe's, with the changes of its phase up to it. Under automation no phase has shares
 * of its own, and what rule and hand made of them goes on through all phases.
 */
export function settingsAt(recipe: Recipe, changes: readonly LiveChange[], step: number): LiveSettings {
  const { start } = phaseAt(recipe, step);
  let settings = plannedSettings(recipe, step);
  for (const change of changes) {
    if (change.step > step) continue;
    const { shares, held } = change.settings;
    if (change.step >= start) settings = { ...settings, ...change.settings };
    else if (recipe.automation) settings = { ...settings, ...(shares ? { shares } : {}), ...(held ? { held } : {}) };
  }
  return settings;
}

/**
 * The recipe with other settings in the phase of a step, which has them where it has its own, and the recipe has them else: what a run with live
 * changes would have started from.
 */
export function withSettings(recipe: Recipe, { shares, schedule, weights }: Partial<LiveSettings>, step = 0): Recipe {
  const { index, phase } = phaseAt(recipe, step);
  const own: Partial<Phase> = {
    ...(shares && phase?.shares ? { shares } : {}),
    ...(schedule && phase?.schedule ? { schedule } : {}),
  };
  const weighed = weights ? withWeights(recipe, weights) : recipe;
  const mixed = shares && !phase?.shares ? withShares(weighed, shares) : weighed;
  const timed = schedule && !phase?.schedule ? { ...mixed, schedule } : mixed;
  return timed.phases ? { ...timed, phases: timed.phases.map((one, at) => (at === index ? { ...one, ...own } : one)) } : timed;
}

/**
 * The settings of a hand's change in full: shares of every channel summing to 1, and so their weights in the objective; a valid schedule.
 * @throws StudioError `recipe-invalid` with the field
 */
export function checkChange(recipe: Recipe, now: LiveSettings, change: Partial<LiveSettings>): Partial<LiveSettings> {
  const checked: Partial<LiveSettings> = {};
  const known = recipe.channels.map(({ id }) => id);
  const named = [...[change.shares, change.weights].flatMap((of) => Object.keys(of ?? {})), ...(change.held ?? [])];
  const unknown = named.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    const values = { field: `channels.${unknown}`, value: unknown, accepted: known.join(' | ') };
    throw new StudioError('recipe-invalid', `The run has no channel "${unknown}"; it has ${known.join(', ')}`, values);
  }
  if (change.shares) checked.shares = normaliseShares({ ...now.shares, ...change.shares });
  if (change.weights) checked.weights = checkedWeights(now, change.weights);
  // Whoever sets shares without saying which of them a hand holds takes all of them from the rule.
  const held = change.held ?? (change.shares ? known : undefined);
  if (recipe.automation && held) checked.held = known.filter((id) => held.includes(id));
  if (change.schedule) checked.schedule = parseRecipe({ ...recipe, schedule: change.schedule }).schedule;
  return checked;
}

/**
 * Adds a change that takes effect before step `step` is computed. Changes at one step become one. A resumed run replays the changes
 * recorded for later steps: of these, what the new change sets as well is dropped, so that the person's latest hand decides.
 */
export function recordChange(changes: readonly LiveChange[], step: number, at: number, settings: Partial<LiveSettings>): LiveChange[] {
  const earlier = changes.filter((change) => change.step < step || (change.rule && change.step === step && !settings.shares));
  const same = changes.filter((change) => change.step === step && !change.rule);
  const merged: LiveChange = {
    step,
    at,
    settings: Object.assign({}, ...same.map((change) => change.settings), settings) as Partial<LiveSettings>,
  };
  const later = changes
    .filter((change) => change.step > step)
    .map((change) => ({ ...change, settings: without(change.settings, settings) }))
    .filter((change) => Object.keys(change.settings).length > 0);
  return [...earlier, merged, ...later];
}

/** Adds the rule's shares before step `step`, ahead of what a hand changed there; where a hand set shares, those stand. */
export function recordRule(changes: readonly LiveChange[], step: number, at: number, shares: Record<string, number>): LiveChange[] {
  const before = changes.filter((change) => change.step < step);
  const hand = changes.filter((change) => change.step >= step && !change.rule);
  if (hand.some((change) => change.step === step && change.settings.shares)) return [...before, ...hand];
  return [...before, { step, at, settings: { shares }, rule: true }, ...hand];
}

/** Without what the rule decided after step `step`: a run that goes on from there decides again. */
export function withoutLaterRules(changes: readonly LiveChange[], step: number): LiveChange[] {
  return changes.filter((change) => !change.rule || change.step <= step);
}

/** A run that began without weights of the objective goes on without: its loss is another one. */
function checkedWeights(now: LiveSettings, change: Record<string, number>): Record<string, number> {
  const refuse = (field: string, value: string, accepted: string): never => {
    throw new StudioError('recipe-invalid', `${field} is ${value}; accepted: ${accepted}`, { field, value, accepted });
  };
  const [first = '', value] = Object.entries(change)[0] ?? [];
  if (!now.weights) return refuse(`channels.${first}.weight`, String(value), '—');
  const weights = { ...now.weights, ...change };
  for (const [id, weight] of Object.entries(weights))
    if (!(weight >= 0 && Number.isFinite(weight))) refuse(`channels.${id}.weight`, String(weight), '0 … 1');
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0);
  if (sum === 0) refuse('channels.weight', 'Σ weight = 0', 'Σ weight > 0');
  return Object.fromEntries(Object.entries(weights).map(([id, weight]) => [id, weight / sum]));
}

function without(settings: Partial<LiveSettings>, taken: Partial<LiveSettings>): Partial<LiveSettings> {
  const kept = { ...settings };
  if (taken.shares) delete kept.shares;
  if (taken.schedule) delete kept.schedule;
  if (taken.weights) delete kept.weights;
  if (taken.held) delete kept.held;
  return kept;
}

/** Fields that weights, moments, cursors or the base's evaluation depend on: a fork has those of its run. */
const FIXED_AT_FORK = ['base', 'sequenceLength', 'seed', 'precision', 'method'] as const;
const FIXED_OF_CHANNEL = ['corpus', 'role', 'specialTokens', 'objective', 'prefix'] as const;

/**
 * The recipe of a fork of a run that has made `from` steps. Channels may be added behind the run's own, which stay in their order; one that shall not be
 * read any more has a share of 0.
 * @throws StudioError `recipe-invalid` with field, value and what is accepted
 */
export function checkFork(before: Recipe, recipe: Recipe, from: number): Recipe {
  const refuse = (field: string, value: unknown, accepted: unknown): never => {
    const values = { field, value: written(value), accepted: written(accepted) };
    throw new StudioError('recipe-invalid', `Recipe field ${field} of a fork is ${values.value}; accepted: ${values.accepted}`, values);
  };
  const after = parseRecipe(recipe);
  for (const field of FIXED_AT_FORK) if (!same(after[field], before[field])) refuse(field, after[field], before[field]);
  before.channels.forEach((channel, at) => {
    const now = after.channels[at];
    if (now?.id !== channel.id) refuse(`channels.${at + 1}.id`, now?.id, channel.id);
    for (const field of FIXED_OF_CHANNEL)
      if (!same(now?.[field], channel[field])) refuse(`channels.${channel.id}.${field}`, now?.[field], channel[field]);
  });
  const strategies = [before.strategy.kind, after.strategy.kind];
  // Cursors count along an order by difficulty, or along a shuffled one.
  if (strategies.includes('curriculum') && !same(before.strategy, after.strategy))
    refuse('strategy.kind', after.strategy.kind, before.strategy.kind);
  const { rowsPerChannel, probesPerGroup } = after.evaluation;
  if (rowsPerChannel !== before.evaluation.rowsPerChannel)
    refuse('evaluation.rowsPerChannel', rowsPerChannel, before.evaluation.rowsPerChannel);
  if (probesPerGroup !== 0 && probesPerGroup !== before.evaluation.probesPerGroup)
    refuse('evaluation.probesPerGroup', probesPerGroup, [...new Set([0, before.evaluation.probesPerGroup])].join(' | '));
  if (after.budget.steps <= from) refuse('budget.steps', after.budget.steps, `> ${from}`);
  return after;
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

function written(value: unknown): string {
  if (value === undefined) return '—';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
