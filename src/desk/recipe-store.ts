/** The recipe on the desk: chosen from the presets, from a link or a file, and edited strip by strip. Calls no worker. */
import { create } from 'zustand';
import { errorRecord, type ErrorRecord } from '../core/errors';
import type { NextRecipe } from '../lab/desk-recipes';
import { moveFader, muteChannel, type Shares } from '../core/mixture/mixture';
import type { ChannelRole, Recipe, Schedule, SpecialTokens } from '../core/recipe/schema';
import { presets as readPresets, useDeskRecipe, type Preset } from '../lab/desk-recipes';
import { addChannel, removeChannel, swapChannel, withSpecialTokens } from '../core/recipe/edits';
import { plannedSettings } from '../core/recipe/phases';
import { withSettings } from '../core/run/live-changes';

const FIRST_PRESET = 'golden-ratio';

/** What is restored when a change is undone. */
type DeskRecipe = Pick<RecipeStore, 'recipe' | 'presetId' | 'edited' | 'locked' | 'muted'>;

export interface RecipeStore {
  presets: readonly Preset[];
  /** Null until the presets are loaded. */
  recipe: Recipe | null;
  /** Preset the recipe came from, also when it was edited since; null for a link or a file. */
  presetId: string | null;
  edited: boolean;
  /** Channels whose share other faders leave alone. */
  locked: ReadonlySet<string>;
  /** Muted channel → share it had. */
  muted: Readonly<Record<string, number>>;
  /** The checkpoint of a run that the next run goes on from, instead of the base. */
  fork: { run: string; step: number; name: string } | null;
  problem: ErrorRecord | null;
  /** A change that a diagnosis made, until a run starts from it; `former` is what stood on the desk before. */
  changed: { changes: NextRecipe['changes']; former: DeskRecipe | null } | null;

  load(): Promise<void>;
  choose(presetId: string): void;
  /** A recipe from a link or a file. */
  take(recipe: Recipe): void;
  /** A recipe changed on a diagnosis's advice; what stands on the desk is kept. */
  apply(next: NextRecipe): void;
  putBack(): void;
  /** The next run begins at the base. */
  leaveFork(): void;
  /** Keeps the changed recipe and dismisses the banner that tells of it. */
  keepChange(): void;
  edit(change: (recipe: Recipe) => Recipe): void;
  setSchedule(change: Partial<Schedule>): void;
  toggleLock(id: string): void;
  rememberMute(id: string, share: number | null): void;
  add(corpus: { id: string; role: ChannelRole }): void;
  remove(id: string): void;
  swap(id: string, corpus: { id: string; role: ChannelRole }): void;
  /** What special tokens written out in a channel's text become. */
  readSpecialTokens(id: string, specialTokens: SpecialTokens): void;
  report(error: unknown): void;
  dismiss(): void;
}

const fresh = { edited: false, locked: new Set<string>(), muted: {}, fork: null, problem: null, changed: null } as const;

export const useRecipe = create<RecipeStore>((set, get) => ({
  presets: [],
  recipe: null,
  presetId: null,
  ...fresh,

  async load() {
    if (get().presets.length > 0) return;
    try {
      const presets = await readPresets();
      set({ presets });
      if (!get().recipe) get().choose(FIRST_PRESET);
    } catch (error) {
      set({ problem: errorRecord(error) });
    }
  },
  choose(presetId) {
    const preset = get().presets.find(({ id }) => id === presetId);
    if (preset) set({ ...fresh, recipe: preset.recipe, presetId });
  },
  take(recipe) {
    set({ ...fresh, recipe, presetId: null });
  },
  apply({ recipe, changes, fork = null }) {
    const { recipe: before, presetId, edited, locked, muted } = get();
    const former = before && { recipe: before, presetId, edited, locked, muted };
    set({ ...fresh, recipe, presetId: null, edited: true, fork, changed: fork ? null : { changes, former } });
  },
  putBack() {
    const { changed } = get();
    if (changed?.former) set({ ...fresh, ...changed.former });
  },
  keepChange() {
    set({ changed: null });
  },
  leaveFork() {
    set({ fork: null });
  },
  edit(change) {
    const { recipe } = get();
    if (!recipe) return;
    const next = change(recipe);
    if (next !== recipe) set({ recipe: next, edited: true });
  },
  setSchedule(change) {
    get().edit((recipe) => withSettings(recipe, { schedule: { ...plannedSettings(recipe, 0).schedule, ...change } }));
  },
  toggleLock(id) {
    const locked = new Set(get().locked);
    if (!locked.delete(id)) locked.add(id);
    set({ locked });
  },
  rememberMute(id, share) {
    const muted = { ...get().muted };
    if (share === null) delete muted[id];
    else muted[id] = share;
    set({ muted });
  },
  add(corpus) {
    get().edit((recipe) => addChannel(recipe, corpus));
  },
  remove(id) {
    get().edit((recipe) => removeChannel(recipe, id));
  },
  swap(id, corpus) {
    get().edit((recipe) => swapChannel(recipe, id, corpus));
  },
  readSpecialTokens(id, specialTokens) {
    get().edit((recipe) => withSpecialTokens(recipe, id, specialTokens));
  },
  report(error) {
    set({ problem: errorRecord(error) });
  },
  dismiss() {
    set({ problem: null });
  },
}));

useRecipe.subscribe(({ recipe }) => useDeskRecipe.setState({ recipe }));

/** Shares after a fader's move, under the desk's locks. */
export function movedShares(shares: Shares, id: string, value: number): Shares {
  return moveFader(shares, id, value, { locked: useRecipe.getState().locked });
}

/** Shares after muting, or after bringing back what a muted channel had. Remembers the muted share. */
export function toggledMute(shares: Shares, id: string): Shares {
  const { locked, muted, rememberMute } = useRecipe.getState();
  const before = muted[id];
  if (before !== undefined) {
    rememberMute(id, null);
    return moveFader(shares, id, before, { locked });
  }
  rememberMute(id, shares[id] ?? 0);
  return muteChannel(shares, id, locked);
}

export function applyShares(shares: Shares): void {
  useRecipe.getState().edit((recipe) => withSettings(recipe, { shares }));
}
