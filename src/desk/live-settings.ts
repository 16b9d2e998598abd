/**
 * The faders' values, wherever they live: while a run is active they are the run's settings and moving one is a live change;
 * before a run they are the recipe's and moving one edits it.
 */
import { useMemo } from 'react';
import type { Shares } from '../core/mixture/shares';
import { effectiveShares } from '../core/mixture/strategy';
import type { Channel, Recipe, Schedule } from '../core/recipe/schema';
import { applyShares, movedShares, sharesOf, toggledMute, useRecipe } from './recipe-store';
import { isActive, useRun } from './run-store';

const NO_CHANNELS: readonly Channel[] = [];

function readShares(): Shares {
  const { snapshot, draft } = useRun.getState();
  if (snapshot && isActive(snapshot)) return draft?.shares ?? snapshot.settings.shares;
  const { recipe } = useRecipe.getState();
  return recipe ? sharesOf(recipe) : {};
}

function readSchedule(): Schedule | null {
  const { snapshot, draft } = useRun.getState();
  if (snapshot && isActive(snapshot)) return draft?.schedule ?? snapshot.settings.schedule;
  return useRecipe.getState().recipe?.schedule ?? null;
}

function writeShares(shares: Shares, final: boolean): void {
  const { snapshot, change } = useRun.getState();
  if (isActive(snapshot)) change({ shares }, final);
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
  const { snapshot, change: send } = useRun.getState();
  if (isActive(snapshot)) send({ schedule: { ...schedule, ...change } }, final);
  else useRecipe.getState().setSchedule(change);
}

export function useActive(): boolean {
  return useRun((state) => isActive(state.snapshot));
}

/** Channels whose strips stand on the desk. */
export function useDeskChannels(): readonly Channel[] {
  const active = useActive();
  const own = useRecipe((state) => state.recipe?.channels);
  // The trainer sends a new recipe object with each snapshot; its text tells whether it is another one.
  const running = useRun((state) => (state.snapshot ? JSON.stringify(state.snapshot.recipe.channels) : '[]'));
  return useMemo(() => (active ? (JSON.parse(running) as Channel[]) : (own ?? NO_CHANNELS)), [active, own, running]);
}

export function useShare(id: string): number {
  const running = useRun((state) =>
    state.snapshot && isActive(state.snapshot) ? ((state.draft?.shares ?? state.snapshot.settings.shares)[id] ?? 0) : null,
  );
  const own = useRecipe((state) => state.recipe?.channels.find((channel) => channel.id === id)?.share ?? 0);
  return running ?? own;
}

/** The schedule as a stable object: the same while its content is. */
export function useSchedule(): Schedule | null {
  const running = useRun((state) =>
    state.snapshot && isActive(state.snapshot) ? JSON.stringify(state.draft?.schedule ?? state.snapshot.settings.schedule) : null,
  );
  const own = useRecipe((state) => state.recipe?.schedule ?? null);
  return useMemo(() => (running === null ? own : (JSON.parse(running) as Schedule)), [running, own]);
}

/** Shares that the strategy really draws at the present step; null while they are the faders'. */
export function useDrawnShares(): Shares | null {
  const running = useRun(({ snapshot }) =>
    snapshot && isActive(snapshot) ? drawnKey(snapshot.recipe, snapshot.settings.shares, snapshot.step) : null,
  );
  const own = useRecipe(({ recipe }) => (recipe ? drawnKey(recipe, sharesOf(recipe), 0) : null));
  const active = useActive();
  const key = active ? running : own;
  return useMemo(() => (key === null ? null : (JSON.parse(key) as Shares)), [key]);
}

/** As text, so that a snapshot that changes nothing draws nothing. */
function drawnKey(recipe: Recipe, shares: Shares, step: number): string | null {
  if (recipe.strategy.kind === 'mixed') return null;
  try {
    return JSON.stringify(effectiveShares(recipe, shares, step));
  } catch {
    // A recipe in the middle of an edit may draw nothing at all; the transport says so.
    return null;
  }
}
