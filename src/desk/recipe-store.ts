/**
 * The recipe on the desk: chosen from the presets, from a link or a file, and edited strip by strip; every edit can be undone, and what is
 * no preset is kept for the next visit. Calls no worker.
 */
import { create } from 'zustand';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { diffRecipes } from '../core/recipe/diff';
import { parseRecipe } from '../core/recipe/parse';
import { plainStorage } from '../ui/plain-storage';
import type { NextRecipe } from '../lab/desk-recipes';
import { moveFader, muteChannel, type Shares } from '../core/mixture/mixture';
import type { ChannelRole, Recipe, Schedule, SpecialTokens } from '../core/recipe/schema';
import { presets as readPresets, useDeskRecipe, type Preset } from '../lab/desk-recipes';
import { addChannel, removeChannel, swapChannel, withSpecialTokens } from '../core/recipe/edits';
import { plannedSettings } from '../core/recipe/phases';
import { withSettings } from '../core/run/live-changes';

const FIRST_PRESET = 'golden-ratio';

/** What is restored when a change is undone. */
type DeskRecipe = Pick<RecipeStore, 'recipe' | 'presetId' | 'edited' | 'locked' | 'muted' | 'fork'>;

/** Edits that can be undone; older ones are forgotten. */
const MOST_STEPS = 100;
/** Milliseconds within which edits of the same fields are one step: a number that is typed digit by digit. */
const ONE_STEP_MS = 900;

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
  /** What undo and redo bring back, the nearest last. */
  past: readonly DeskRecipe[];
  future: readonly DeskRecipe[];

  load(): Promise<void>;
  choose(presetId: string): void;
  /** A recipe from a link or a file. */
  take(recipe: Recipe): void;
  undo(): void;
  redo(): void;
  /** A recipe changed on a diagnosis's advice; what stands on the desk is kept. */
  apply(next: NextRecipe): void;
  putBack(): void;
  /** The next run begins at the base. */
  leaveFork(): void;
  /** Keeps the changed recipe and dismisses the banner that tells of it. */
  keepChange(): void;
  /** @param final false within a movement, whose edits are one step to undo together with the final one */
  edit(change: (recipe: Recipe) => Recipe, final?: boolean): void;
  setSchedule(change: Partial<Schedule>, final?: boolean): void;
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

/** The step that edits are still joined to: a movement until its end, or fields that were edited a moment ago. */
let joined: { moving: boolean; fields: string; at: number } | null = null;

const deskRecipe = ({ recipe, presetId, edited, locked, muted, fork }: DeskRecipe): DeskRecipe => ({
  recipe,
  presetId,
  edited,
  locked,
  muted,
  fork,
});

export const useRecipe = create<RecipeStore>((set, get) => {
  /** What stands on the desk now as a step to come back to. */
  const step = (): Pick<RecipeStore, 'past' | 'future'> => {
    const { recipe, past } = get();
    return recipe ? { past: [...past.slice(1 - MOST_STEPS), deskRecipe(get())], future: [] } : { past, future: [] };
  };
  const replace = (next: Partial<RecipeStore>) => {
    joined = null;
    set({ ...step(), ...fresh, ...next });
  };
  const travel = (from: 'past' | 'future', to: 'past' | 'future') => {
    const target = get()[from].at(-1);
    if (!target) return;
    joined = null;
    const steps = { [from]: get()[from].slice(0, -1), [to]: [...get()[to], deskRecipe(get())] };
    set({ ...steps, ...target, problem: null, changed: null });
  };
  return {
    presets: [],
    recipe: null,
    presetId: null,
    ...fresh,
    past: [],
    future: [],

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
      if (preset) replace({ recipe: preset.recipe, presetId });
    },
    take(recipe) {
      if (JSON.stringify(recipe) === JSON.stringify(get().recipe)) set({ ...fresh, presetId: null });
      else replace({ recipe, presetId: null });
    },
    undo: () => travel('past', 'future'),
    redo: () => travel('future', 'past'),
    apply({ recipe, changes, fork = null }) {
      const former = get().recipe && deskRecipe(get());
      replace({ recipe, presetId: null, edited: true, fork, changed: fork ? null : { changes, former } });
    },
    putBack() {
      const { changed } = get();
      if (changed?.former) replace(changed.former);
    },
    keepChange() {
      set({ changed: null });
    },
    leaveFork() {
      set({ fork: null });
    },
    edit(change, final = true) {
      const { recipe } = get();
      if (!recipe) return;
      const next = change(recipe);
      if (next === recipe) return;
      const moving = joined?.moving === true;
      // Within a movement, which comes many times a second, it does not matter which.
      const fields = moving
        ? ''
        : diffRecipes(recipe, next)
            .map(({ field }) => field)
            .join(' ');
      const now = Date.now();
      const typed = final && joined !== null && joined.fields === fields && now - joined.at < ONE_STEP_MS;
      const steps = moving || typed || fields === '' ? {} : step();
      joined = final && moving ? null : { moving: !final, fields, at: now };
      set({ ...steps, recipe: next, edited: true });
    },
    setSchedule(change, final) {
      get().edit((recipe) => withSettings(recipe, { schedule: { ...plannedSettings(recipe, 0).schedule, ...change } }), final);
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
  };
});

useRecipe.subscribe(({ recipe }) => useDeskRecipe.setState({ recipe }));

/** What stands on the desk and is no preset as it is, for the next visit. */
type Draft = Pick<RecipeStore, 'recipe' | 'presetId' | 'fork'> & {
  /** What the address asked for when it was edited; null where it asked for none. */
  address: string | null;
};

/** Milliseconds after an edit at which it is written down. */
const WRITE_AFTER_MS = 300;

function readDraft(text: string): Draft | null {
  try {
    const { recipe, presetId, fork, address } = JSON.parse(text) as Partial<Draft>;
    return { recipe: parseRecipe(recipe), presetId: presetId ?? null, fork: fork ?? null, address: address ?? null };
  } catch {
    return null;
  }
}

/**
 * Puts the draft of an earlier visit on an empty desk, and writes down what is edited from now on, a moment after each edit.
 * @param address a recipe or a run that the address asks for, whose edits are a draft of their own
 * @returns whether a draft was found, and what ends the writing
 */
export function followDraft(address: string | null): { found: boolean; stop: () => void } {
  const name = address === null ? 'crossfade.draft' : 'crossfade.draft-of-address';
  const drafts = plainStorage<Draft | null>(null, readDraft, (draft) => (draft ? JSON.stringify(draft) : ''));
  const { state: draft } = (drafts.getItem(name) as { state: Draft | null } | null) ?? { state: null };
  const found = draft !== null && draft.address === address && !useRecipe.getState().recipe;
  if (found) {
    const { recipe, presetId, fork } = draft;
    useRecipe.setState({ ...fresh, recipe, presetId, fork, edited: true });
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = () => {
    timer = undefined;
    const { recipe, presetId, edited, fork } = useRecipe.getState();
    const own = edited || (presetId === null && address === null);
    void drafts.setItem(name, { state: own ? { recipe, presetId, fork, address } : null });
  };
  const unsubscribe = useRecipe.subscribe((now, before) => {
    if (now.recipe === before.recipe && now.edited === before.edited && now.fork === before.fork) return;
    clearTimeout(timer);
    timer = setTimeout(write, WRITE_AFTER_MS);
  });
  const stop = () => {
    unsubscribe();
    if (timer === undefined) return;
    clearTimeout(timer);
    write();
  };
  return { found, stop };
}

/** Shares after a fader's move, under the desk's locks. */
export function movedShares(shares: Shares, id: string, value: number): Shares {
  return moveFader(shares, id, value, { locked: useRecipe.getState().locked });
}

/** Shares after muting, or after bringing back what a muted channel had; `remembered` is the share of a channel that is muted now. */
export function toggledMute(shares: Shares, id: string): { shares: Shares; remembered: number | null } {
  const { locked, muted } = useRecipe.getState();
  const before = muted[id];
  if (before !== undefined) return { shares: moveFader(shares, id, before, { locked }), remembered: null };
  return { shares: muteChannel(shares, id, locked), remembered: shares[id] ?? 0 };
}

export function applyShares(shares: Shares, final: boolean): void {
  useRecipe.getState().edit((recipe) => withSettings(recipe, { shares }), final);
}
