/** Changes of a run's settings: checked, and kept in the order of the steps before which they take effect. */
import { StudioError } from '../../src/core/errors';
import { normaliseShares } from '../../src/core/mixture/shares';
import { parseRecipe } from '../../src/core/recipe/parse';
import type { Recipe } from '../../src/core/recipe/schema';
import type { LiveChange, LiveSettings } from '../../src/core/run/types';

/**
 * The settings of a change in full: shares of every channel summing to 1, a valid schedule.
 * @throws StudioError `recipe-invalid` with the field
 */
export function checkChange(recipe: Recipe, now: LiveSettings, change: Partial<LiveSettings>): Partial<LiveSettings> {
  const checked: Partial<LiveSettings> = {};
  if (change.shares) {
    const known = recipe.channels.map(({ id }) => id);
    const unknown = Object.keys(change.shares).find((id) => !known.includes(id));
    if (unknown !== undefined) {
      const values = { field: `channels.${unknown}`, value: unknown, accepted: known.join(' | ') };
      throw new StudioError('recipe-invalid', `The run has no channel "${unknown}"; it has ${known.join(', ')}`, values);
    }
    checked.shares = normaliseShares({ ...now.shares, ...change.shares });
  }
  if (change.schedule) checked.schedule = parseRecipe({ ...recipe, schedule: change.schedule }).schedule;
  return checked;
}

/**
 * Adds a change that takes effect before step `step` is computed. Changes at one step become one. What was recorded for later
 * steps (a resumed run replays its history) gives way where the new change sets the same thing: the hand on the fader wins.
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

function without(settings: Partial<LiveSettings>, taken: Partial<LiveSettings>): Partial<LiveSettings> {
  const kept = { ...settings };
  if (taken.shares) delete kept.shares;
  if (taken.schedule) delete kept.schedule;
  return kept;
}
