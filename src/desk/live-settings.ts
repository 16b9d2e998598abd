/** The faders' values: the run's settings while one is active, else the recipe's; and the scale of the learning-rate fader. */
import { useShallow } from 'zustand/react/shallow';
import type { Shares } from '../core/mixture/mixture';
import { effectiveShares } from '../core/mixture/mixture';
import { plannedSettings } from '../core/recipe/phases';
import type { Channel, Recipe, Schedule } from '../core/recipe/schema';
import { applyShares, movedShares, toggledMute, useRecipe } from './recipe-store';
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

function writeShares(shares: Shares, final: boolean): void {
  const { run, change } = useRun.getState();
  if (isActive(run)) change({ shares }, final);
  else applyShares(shares);
}

/** @param final the end of a movement: a live change goes out at once */
export function moveShare(id: string, share: number, final: boolean): void {
  const { muted, rememberMute } = useRecipe.getState();
  if (muted[id] !== undefined && share > 0) rememberMute(id, null);
  writeShares(movedShares(readShares(), id, share), final);
}

export function toggleMute(id: string): void {
  writeShares(toggledMute(readShares(), id), true);
}

export function changeSchedule(change: Partial<Schedule>, final: boolean): void {
  const schedule = readSchedule();
  if (!schedule) return;
  const { run, change: send } = useRun.getState();
  if (isActive(run)) send({ schedule: { ...schedule, ...change } }, final);
  else useRecipe.getState().setSchedule(change);
}

export function useActive(): boolean {
  return useRun((state) => isActive(state.run));
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
