/** The faders' values: the run's settings while one is active, else the recipe's; and the scale of the learning-rate fader. */
import { useShallow } from 'zustand/react/shallow';
import type { Shares } from '../core/mixture/mixture';
import { effectiveShares, moveFader } from '../core/mixture/mixture';
import { withWeight } from '../core/recipe/edits';
import { plannedSettings } from '../core/recipe/phases';
import type { Channel, Recipe, Schedule } from '../core/recipe/schema';
import { applyShares, movedShares, toggledMute, useRecipe } from './recipe-store';
import { useFollows } from '../lab/follow-store';
import { isActive, useRun } from './run-store';

/** The learning-rate fader's scale: leftmost is exactly 0, the rest is logarithmic from 1e-6 to 1e-1. */
const LOWEST_LR = 1e-6;
export const HIGHEST_LR = 1e-1;
/** Left part of the track that means 0. */
const ZERO = 0.04;
const DECADES = Math.log10(HIGHEST_LR / LOWEST_LR);

/** @returns two significant digits, so that a value can be met again */
export function lrAt(position: number): number {
  if (position < ZERO / 2) return 0;
  const along = Math.min(1, Math.max(0, (position - ZERO) / (1 - ZERO)));
  return Number((LOWEST_LR * 10 ** (along * DECADES)).toPrecision(2));
}

export function lrPosition(lr: number): number {
  if (lr <= 0) return 0;
  const along = Math.log10(lr / LOWEST_LR) / DECADES;
  return Math.min(1, ZERO + (1 - ZERO) * Math.max(0, along));
}

/** What an arrow key, one with Shift, and a page key make of a learning rate. */
const LR_FACTORS = { fine: 1.05, coarse: 2, page: 10 } as const;

/** The rate one key further on, up (1) or down (−1), with three significant digits; below the scale is 0, and from 0 up its lowest. */
export function steppedLr(lr: number, way: 1 | -1, grain: keyof typeof LR_FACTORS): number {
  if (lr === 0) return way > 0 ? LOWEST_LR : 0;
  const next = Number((lr * LR_FACTORS[grain] ** way).toPrecision(3));
  return next < LOWEST_LR ? 0 : Math.min(HIGHEST_LR, next);
}

const NO_CHANNELS: readonly Channel[] = [];

function readShares(): Shares {
  const { run, draft } = useRun.getState();
  if (run && isActive(run)) return draft?.shares ?? run.settings.shares;
  const { recipe } = useRecipe.getState();
  return recipe ? plannedSettings(recipe, 0).shares : {};
}

function readSchedule(): Schedule | null {
  const { run, draft } = useRun.getState();
  if (run && isActive(run)) return draft?.schedule ?? run.settings.schedule;
  const { recipe } = useRecipe.getState();
  return recipe && plannedSettings(recipe, 0).schedule;
}

/** @param id the channel that the hand moves: under automation it leaves the rule */
function writeShares(id: string, shares: Shares, final: boolean): void {
  const { run, draft, change } = useRun.getState();
  if (!run || !isActive(run)) applyShares(shares, final);
  else if (run.recipe.automation) change({ shares, held: [...new Set([...(draft?.held ?? run.settings.held ?? []), id])] }, final);
  else change({ shares }, final);
}

/** The channel goes back to the recipe's rule. */
export function giveBack(id: string): void {
  const { run, draft, change } = useRun.getState();
  if (run) change({ held: (draft?.held ?? run.settings.held ?? []).filter((one) => one !== id) }, true);
}

/** @param final the end of a movement: a live change goes out at once */
export function moveShare(id: string, share: number, final: boolean): void {
  const { muted, rememberMute } = useRecipe.getState();
  writeShares(id, movedShares(readShares(), id, share), final);
  if (muted[id] !== undefined && share > 0) rememberMute(id, null);
}

/** Whole thousandths, so that a weight can be met again. */
const thousandths = (weight: number): number => Math.round(weight * 1000) / 1000;

/** A channel's weight in the objective; the others make room in proportion. */
export function moveWeight(id: string, weight: number, final: boolean): void {
  const { run, draft, change } = useRun.getState();
  if (!run || !isActive(run)) {
    useRecipe.getState().edit((recipe) => withWeight(recipe, id, thousandths(weight)), final);
    return;
  }
  const weights = draft?.weights ?? run.settings.weights;
  if (weights) change({ weights: moveFader(weights, id, thousandths(weight), { locked: new Set() }) }, final);
}

export function useWeight(id: string): number {
  const running = useRun(({ run, draft }) => (run && isActive(run) ? ((draft?.weights ?? run.settings.weights)?.[id] ?? 0) : null));
  const own = useRecipe((state) => state.recipe?.channels.find((channel) => channel.id === id)?.weight ?? 0);
  return running ?? own;
}

export function toggleMute(id: string): void {
  const { shares, remembered } = toggledMute(readShares(), id);
  writeShares(id, shares, true);
  useRecipe.getState().rememberMute(id, remembered);
}

export function changeSchedule(change: Partial<Schedule>, final: boolean): void {
  const schedule = readSchedule();
  if (!schedule) return;
  const { run, change: send } = useRun.getState();
  if (isActive(run)) send({ schedule: { ...schedule, ...change } }, final);
  else useRecipe.getState().setSchedule(change, final);
}

/** Do the faders rest: is the run trained elsewhere, where no hand reaches it? */
export function useHeld(): boolean {
  const remote = useRun((state) => state.remote);
  return useFollows(({ follows }) => remote !== null && follows[remote]?.control !== 'takes');
}

export function useActive(): boolean {
  return useRun((state) => isActive(state.run));
}

/** Does a rule move the faders, of the run that is active or of the desk's recipe? */
export function useAutomated(): boolean {
  const own = useRecipe((state) => state.recipe?.automation !== undefined);
  const running = useRun(({ run }) => (run && isActive(run) ? run.recipe.automation !== undefined : null));
  return running ?? own;
}

/** Channels whose strips stand on the desk. */
export function useDeskChannels(): readonly Channel[] {
  const own = useRecipe((state) => state.recipe?.channels);
  const running = useRun(({ run }) => (run && isActive(run) ? run.recipe.channels : null));
  return running ?? own ?? NO_CHANNELS;
}

export function useShare(id: string): number {
  const running = useRun(({ run, draft }) => (run && isActive(run) ? ((draft?.shares ?? run.settings.shares)[id] ?? 0) : null));
  const own = useRecipe(({ recipe }) => (recipe ? (plannedSettings(recipe, 0).shares[id] ?? 0) : 0));
  return running ?? own;
}

export function useSchedule(): Schedule | null {
  const running = useRun(({ run, draft }) => (run && isActive(run) ? (draft?.schedule ?? run.settings.schedule) : null));
  const own = useRecipe(({ recipe }) => recipe && plannedSettings(recipe, 0).schedule);
  return running ?? own;
}

/** Shares that the strategy really draws at the present step; null while they are the faders'. */
export function useDrawnShares(): Shares | null {
  const active = useActive();
  const running = useRun(useShallow(({ run }) => (run && isActive(run) ? drawnShares(run.recipe, run.settings.shares, run.step) : null)));
  const own = useRecipe(useShallow(({ recipe }) => (recipe ? drawnShares(recipe, plannedSettings(recipe, 0).shares, 0) : null)));
  return active ? running : own;
}

function drawnShares(recipe: Recipe, shares: Shares, step: number): Shares | null {
  if (recipe.strategy.kind === 'mixed') return null;
  try {
    return effectiveShares(recipe, shares, step);
  } catch {
    // A recipe in the middle of an edit may draw nothing at all; the transport says so.
    return null;
  }
}
