/** Settings changed while a run trains: checked, kept in the order of the steps before which they take effect, and looked up by step. */
import { StudioError } from '../errors';
import { normaliseShares } from '../mixture/mixture';
import { sharesOf, weightsOf, withShares, withWeights } from '../recipe/edits';
import { parseRecipe } from '../recipe/parse';
import type { Recipe } from '../recipe/schema';
import type { LiveChange, LiveSettings } from './types';

/** Settings in effect when step `step` (0-based) is computed: the recipe's, with the changes up to it. */
export function settingsAt(recipe: Recipe, changes: readonly LiveChange[], step: number): LiveSettings {
  const weights = weightsOf(recipe);
  let settings: LiveSettings = { shares: sharesOf(recipe), schedule: recipe.schedule, ...(weights ? { weights } : {}) };
  for (const change of changes) if (change.step <= step) settings = { ...settings, ...change.settings };
  return settings;
}

/** The recipe with other settings: what a run with live changes would have started from. */
export function withSettings(recipe: Recipe, { shares, schedule, weights }: LiveSettings): Recipe {
  const mixed = { ...withShares(recipe, shares), schedule };
  return weights ? withWeights(mixed, weights) : mixed;
}

/**
 * The settings of a change in full: shares of every channel summing to 1, and so their weights in the objective; a valid schedule.
 * @throws StudioError `recipe-invalid` with the field
 */
export function checkChange(recipe: Recipe, now: LiveSettings, change: Partial<LiveSettings>): Partial<LiveSettings> {
  const checked: Partial<LiveSettings> = {};
  const known = recipe.channels.map(({ id }) => id);
  const unknown = [change.shares, change.weights].flatMap((of) => Object.keys(of ?? {})).find((id) => !known.includes(id));
  if (unknown !== undefined) {
    const values = { field: `channels.${unknown}`, value: unknown, accepted: known.join(' | ') };
    throw new StudioError('recipe-invalid', `The run has no channel "${unknown}"; it has ${known.join(', ')}`, values);
  }
  if (change.shares) checked.shares = normaliseShares({ ...now.shares, ...change.shares });
  if (change.weights) checked.weights = checkedWeights(now, change.weights);
  if (change.schedule) checked.schedule = parseRecipe({ ...recipe, schedule: change.schedule }).schedule;
  return checked;
}

/**
 * Adds a change that takes effect before step `step` is computed. Changes at one step become one. A resumed run replays the changes
 * recorded for later steps: of these, what the new change sets as well is dropped, so that the person's latest hand decides.
 */
export function recordChange(changes: readonly LiveChange[], step: number, at: number, settings: Partial<LiveSettings>): LiveChange[] {
  const earlier = changes.filter((change) => change.step < step);
  const same = changes.filter((change) => change.step === step);
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
  return kept;
}
