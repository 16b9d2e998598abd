/**
 * Phases of a run, pretraining-like plateau and decay with better data among them (MiniCPM, arXiv 2404.06395; Llama 3.1, arXiv 2407.21783). Each
 * begins with the settings that the recipe gives it; what a hand changes holds to the end of its phase. A recipe without phases is one phase.
 */
import { effectiveShares } from '../mixture/mixture';
import type { LiveSettings } from '../run/types';
import { learningRateAt } from '../schedule/schedule';
import { sharesOf } from './edits';
import type { Phase, Recipe, Schedule } from './schema';

/** Where a phase lies in its run. */
interface PhaseSpan {
  /** From 0. */
  index: number;
  /** Its first step, 0-based. */
  start: number;
  steps: number;
  /** Null where the recipe has no phases. */
  phase: Phase | null;
}

type Timed = Pick<Recipe, 'budget' | 'phases'>;

export function phaseSpans({ phases, budget }: Timed): PhaseSpan[] {
  if (!phases) return [{ index: 0, start: 0, steps: budget.steps, phase: null }];
  let start = 0;
  return phases.map((phase, index) => {
    const span = { index, start, steps: phase.steps, phase };
    start += phase.steps;
    return span;
  });
}

/** The phase of a 0-based step; the last one for a step behind the end. */
export function phaseAt(recipe: Timed, step: number): PhaseSpan {
  const spans = phaseSpans(recipe);
  return spans.findLast(({ start }) => start <= step) ?? spans[0]!;
}

/** What the recipe says for a step, without a hand's changes. */
export function plannedSettings(recipe: Recipe, step: number): LiveSettings {
  const { phase } = phaseAt(recipe, step);
  return {
    shares: phase?.shares ? Object.fromEntries(recipe.channels.map(({ id }) => [id, phase.shares![id] ?? 0])) : sharesOf(recipe),
    schedule: phase?.schedule ?? recipe.schedule,
  };
}

/** The steps that the schedule of a step runs over: those of its phase where it has a schedule of its own, else all. */
export function scheduleSpan(recipe: Timed, step: number): { start: number; steps: number } {
  const { phase, start, steps } = phaseAt(recipe, step);
  return phase?.schedule ? { start, steps } : { start: 0, steps: recipe.budget.steps };
}

/** Learning rate of a 0-based step under the schedule in effect there. */
export function rateAt(recipe: Timed, schedule: Schedule, step: number): number {
  const { start, steps } = scheduleSpan(recipe, step);
  return learningRateAt(schedule, step - start, steps);
}

/** Learning rate over the whole run: `schedule` in the phase of step `present`, as planned in the others. */
export function plannedRate(recipe: Recipe, schedule: Schedule, present: number): (step: number) => number {
  const here = phaseAt(recipe, present).index;
  return (step) => rateAt(recipe, phaseAt(recipe, step).index === here ? schedule : plannedSettings(recipe, step).schedule, step);
}

/** Rows that a channel is expected to give in a phase, at least 1. */
export function rowsInPhase(recipe: Recipe, id: string, { start, steps }: PhaseSpan): number {
  const shares = effectiveShares(recipe, plannedSettings(recipe, start).shares, start);
  return Math.max(1, Math.round((shares[id] ?? 0) * steps * recipe.batchSize * recipe.gradientAccumulationSteps));
}

/** All steps of the run are `steps`: the last phase is longer or shorter; where it would have none, all are in proportion. */
export function withSteps(recipe: Recipe, steps: number): Recipe {
  const budget = { ...recipe.budget, steps };
  const { phases } = recipe;
  if (!phases) return { ...recipe, budget };
  const before = phaseSpans(recipe).at(-1)!.start;
  if (steps > before) return { ...recipe, budget, phases: [...phases.slice(0, -1), { ...phases.at(-1)!, steps: steps - before }] };
  const all = phases.reduce((sum, phase) => sum + phase.steps, 0);
  const scaled = phases.map((phase) => ({ ...phase, steps: Math.max(1, Math.round((phase.steps / all) * steps)) }));
  return withPhases(recipe, scaled);
}

/** With these phases, whose steps are the run's; null or none: without. */
export function withPhases(recipe: Recipe, phases: readonly Phase[] | null): Recipe {
  const { phases: _, ...rest } = recipe;
  if (!phases || phases.length === 0) return rest;
  return { ...rest, phases: [...phases], budget: { ...rest.budget, steps: phases.reduce((sum, { steps }) => sum + steps, 0) } };
}
