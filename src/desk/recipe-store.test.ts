import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Recipe } from '../core/recipe/schema';
import golden from '../../public/recipes/golden-ratio.json';
import { sharesOf } from '../core/recipe/edits';
import { moveShare, toggleMute } from './live-settings';
import { followDraft, useRecipe } from './recipe-store';

const recipe = golden.recipe as unknown as Recipe;
const desk = () => useRecipe.getState();
const domain = () => sharesOf(desk().recipe!)['domain'];

const stored = new Map<string, string>();
vi.stubGlobal('localStorage', {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => void stored.set(key, value),
  removeItem: (key: string) => void stored.delete(key),
});

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  stored.clear();
  useRecipe.setState({ recipe, presetId: 'golden-ratio', edited: false, locked: new Set(), muted: {}, past: [], future: [], fork: null });
});

describe('undo and redo', () => {
  it('takes the drag of a fader as one step, and the next drag as another', () => {
    const before = domain();
    for (const share of [0.2, 0.25, 0.3]) moveShare('domain', share, false);
    moveShare('domain', 0.3, true);
    for (const share of [0.35, 0.4]) moveShare('domain', share, false);
    moveShare('domain', 0.4, true);
    expect(desk().past).toHaveLength(2);
    desk().undo();
    expect(domain()).toBe(0.3);
    desk().undo();
    expect(domain()).toBe(before);
    expect(desk()).toMatchObject({ recipe, edited: false, past: [] });
    desk().redo();
    desk().redo();
    expect(domain()).toBe(0.4);
    expect(desk()).toMatchObject({ edited: true, future: [] });
  });

  it('takes a number that is typed digit by digit as one step', () => {
    for (const seed of [4, 42, 421]) desk().edit((before) => ({ ...before, seed }));
    vi.advanceTimersByTime(5000);
    desk().edit((before) => ({ ...before, seed: 7 }));
    desk().undo();
    expect(desk().recipe!.seed).toBe(421);
    desk().undo();
    expect(desk().recipe!.seed).toBe(recipe.seed);
  });

  it('brings back a muted channel with its share, and edits after choosing a preset', () => {
    toggleMute('en');
    expect(desk().muted).toHaveProperty('en');
    desk().undo();
    expect(desk().muted).toEqual({});
    desk().edit((before) => ({ ...before, seed: 5 }));
    useRecipe.setState({ presets: [{ id: 'golden-ratio', recipe, title: { en: '', zh: '' }, watch: { en: '', zh: '' } }] });
    desk().choose('golden-ratio');
    expect(desk().recipe!.seed).toBe(recipe.seed);
    desk().undo();
    expect(desk()).toMatchObject({ edited: true, recipe: { seed: 5 } });
  });

  it('forgets what could be redone at the next edit', () => {
    desk().edit((before) => ({ ...before, seed: 5 }));
    desk().undo();
    desk().edit((before) => ({ ...before, batchSize: 2 }));
    desk().redo();
    expect(desk().recipe).toMatchObject({ seed: recipe.seed, batchSize: 2 });
  });
});

describe('draft', () => {
  it('brings an edited recipe back at the next visit, and nothing once it is the preset again', () => {
    const { stop } = followDraft(null);
    desk().edit((before) => ({ ...before, seed: 77 }));
    vi.advanceTimersByTime(1000);
    stop();
    useRecipe.setState({ recipe: null });
    expect(followDraft(null).found).toBe(true);
    expect(desk()).toMatchObject({ edited: true, presetId: 'golden-ratio', recipe: { seed: 77 } });
    const { stop: end } = followDraft(null);
    useRecipe.setState({ recipe, edited: false });
    vi.advanceTimersByTime(1000);
    end();
    useRecipe.setState({ recipe: null });
    expect(followDraft(null).found).toBe(false);
  });

  it('belongs to the address that asked for its recipe', () => {
    const { stop } = followDraft('a-link');
    desk().edit((before) => ({ ...before, seed: 78 }));
    stop();
    useRecipe.setState({ recipe: null });
    expect(followDraft(null).found).toBe(false);
    expect(followDraft('another').found).toBe(false);
    expect(followDraft('a-link').found).toBe(true);
  });

  it('leaves one that is no recipe alone', () => {
    stored.set('crossfade.draft', '{"recipe":{"name":"x"}}');
    useRecipe.setState({ recipe: null });
    expect(followDraft(null).found).toBe(false);
    expect(desk().recipe).toBeNull();
  });
});
