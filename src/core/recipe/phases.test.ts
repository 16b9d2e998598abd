import { describe, expect, it } from 'vitest';
import fixture from '../../../e2e/parity/fixtures/lifelong.json';
import { settingsAt, withSettings } from '../run/live-changes';
import { exampleRecipe, recipeWith } from '../run/example-run';
import { decayFrom } from '../run/lifelong';
import { removeChannel, swapChannel } from './edits';
import { parseRecipe } from './parse';
import { phaseAt, phaseSpans, plannedRate, plannedSettings, rateAt, rowsInPhase, withPhases, withSteps } from './phases';
import type { Recipe, RecipeInput } from './schema';

const warm = (kind: 'constant' | 'linear', value: number): RecipeInput['schedule'] => ({
  kind,
  peakLr: 1e-3,
  minRatio: 0,
  warmup: { unit: 'steps', value },
});
const good = { zh: 0.9, domain: 0.1 };
const recipe = recipeWith({
  budget: { steps: 10 },
  schedule: warm('constant', 2),
  phases: [{ steps: 6 }, { steps: 4, name: 'decay', shares: good, schedule: warm('linear', 0), order: 'difficulty' }],
});

const fault = (changes: Partial<RecipeInput>): unknown => {
  try {
    parseRecipe({ ...recipe, ...changes });
  } catch (error) {
    return (error as { values: unknown }).values;
  }
  return null;
};

describe('phases', () => {
  it('have the learning rate of transformers, each over its own steps', () => {
    const rate = plannedRate(recipe, recipe.schedule, 0);
    fixture.phases.forEach((expected, step) => expect(rate(step), `step ${step}`).toBeCloseTo(expected, 12));
  });

  it('begin with the settings that the recipe gives them', () => {
    expect(phaseSpans(recipe).map(({ start, steps }) => [start, steps])).toEqual([
      [0, 6],
      [6, 4],
    ]);
    expect([0, 5, 6, 9, 10].map((step) => phaseAt(recipe, step).index)).toEqual([0, 0, 1, 1, 1]);
    expect(plannedSettings(recipe, 5).shares).toEqual({ zh: 0.5, en: 0.3, domain: 0.2 });
    expect(plannedSettings(recipe, 6).shares).toEqual({ zh: 0.9, en: 0, domain: 0.1 });
    // 4 steps of 8 rows, a tenth of them.
    expect(rowsInPhase(recipe, 'domain', phaseAt(recipe, 6))).toBe(3);
  });

  it('end what a hand changed', () => {
    const changes = [
      { step: 2, at: 0, settings: { shares: { zh: 0, en: 0, domain: 1 } } },
      { step: 8, at: 0, settings: { schedule: { ...recipe.schedule, peakLr: 5e-4 } } },
    ];
    const at = (step: number) => settingsAt(recipe, changes, step);
    expect(at(5).shares['domain']).toBe(1);
    expect(at(6)).toEqual(plannedSettings(recipe, 6));
    // A hand's constant schedule in the second phase counts that phase's steps.
    expect(rateAt(recipe, at(8).schedule, 8)).toBe(5e-4);
    expect(withSettings(recipe, at(5), 5).channels.map(({ share }) => share)).toEqual([0, 0, 1]);
    expect(withSettings(recipe, at(8), 8).phases![1]!.schedule!.peakLr).toBe(5e-4);
    expect(withSettings(recipe, at(8), 8).schedule).toEqual(recipe.schedule);
  });

  it('are refused by name and value', () => {
    expect(fault({ budget: { steps: 11 } })).toMatchObject({ field: 'budget.steps', value: '11', accepted: 'Σ phases.steps = 10' });
    const only = (phase: Record<string, unknown>) => ({ phases: [{ steps: 10, ...phase }] }) as Partial<RecipeInput>;
    expect(fault(only({ shares: { fr: 1 } }))).toMatchObject({ field: 'phases.1.shares', value: 'fr' });
    expect(fault(only({ shares: { zh: 0.5 } }))).toMatchObject({ field: 'phases.1.shares', value: 'Σ share = 0.5' });
    const endless = { ...exampleRecipe.schedule, kind: 'wsd', decayShape: 'exponential', minRatio: 0 };
    expect(fault(only({ schedule: endless }))).toMatchObject({ field: 'phases.1.schedule.minRatio', value: '0' });
    expect(fault({ strategy: { kind: 'curriculum' } })).toMatchObject({ field: 'strategy.kind', value: 'curriculum' });
    const channels = recipe.channels.map((channel) => ({ ...channel, role: 'domain' as const }));
    expect(fault({ channels })).toMatchObject({ field: 'phases.2.order', value: 'difficulty' });
    expect(fault({ phases: [] })).not.toBeNull();
  });

  it('follow a change of the steps and of the channels', () => {
    const steps = (of: Recipe) => of.phases!.map((phase) => phase.steps);
    expect(steps(parseRecipe(withSteps(recipe, 20)))).toEqual([6, 14]);
    expect(steps(parseRecipe(withSteps(recipe, 5)))).toEqual([3, 2]);
    expect(withPhases(recipe, null)).not.toHaveProperty('phases');
    expect(parseRecipe(removeChannel(recipe, 'zh')).phases![1]!.shares).toEqual({ domain: 1 });
    expect(parseRecipe(swapChannel(recipe, 'zh', { id: 'code', role: 'general' })).phases![1]!.shares).toEqual({ code: 0.9, domain: 0.1 });
  });

  it('branch from a plateau and decay', () => {
    const plateau = recipeWith({ schedule: { kind: 'wsd', peakLr: 1e-3, warmup: { unit: 'ratio', value: 0.1 }, decayRatio: 0.2 } });
    const branch = parseRecipe(decayFrom(plateau, 40, 10, 1e-3, 'exponential'));
    expect(branch.budget.steps).toBe(50);
    const rate = plannedRate(branch, plannedSettings(branch, 0).schedule, 0);
    // MiniCPM's decay: a tenth after all of its steps, the square root of it half way.
    expect([39, 40, 45].map((step) => rate(step))).toEqual([1e-3, 1e-3, expect.closeTo(1e-3 * 10 ** -0.5, 12)]);
    expect(parseRecipe(decayFrom(recipe, 8, 5, 1e-3, 'linear')).phases!.map((phase) => phase.steps)).toEqual([6, 2, 5]);
    expect(parseRecipe(decayFrom(recipe, 0, 5, 1e-3, 'linear')).phases).toHaveLength(1);
  });
});
