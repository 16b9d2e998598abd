import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultPipelineSettings as defaults } from '../../core/corpus/settings';
import { parseStored, settingsFaults, synonymLines, termLines } from './settings-store';

describe('settingsFaults', () => {
  it('finds nothing in the defaults', () => expect(settingsFaults(defaults)).toEqual([]));

  it('names bounds that exclude one another, and a selection without terms', () => {
    const quality = { ...defaults.quality, words: { least: 100, most: 50 } };
    const terms = { ...defaults.terms, lists: { en: [], zh: [] } };
    expect(settingsFaults({ ...defaults, quality })).toEqual(['words']);
    expect(settingsFaults({ ...defaults, terms })).toEqual([]);
    expect(settingsFaults({ ...defaults, terms, select: { ...defaults.select, enabled: true } })).toEqual(['terms']);
  });

  it('wants an operation that can change something', () => {
    const augment = { ...defaults.augment, enabled: true, deletion: 0, swap: 0, insertion: 0, noise: 0 };
    expect(settingsFaults({ ...defaults, augment })).toEqual(['augment']);
    expect(settingsFaults({ ...defaults, augment: { ...augment, synonyms: [['drug', 'medicine']] } })).toEqual([]);
    expect(settingsFaults({ ...defaults, augment: { ...augment, synonyms: [['drug']] } })).toEqual(['synonyms']);
  });
});

it('reads terms and synonyms line by line', () => {
  expect(termLines('病人\r\n heart failure \n\n病人')).toEqual(['病人', 'heart failure']);
  expect(synonymLines('drug, medicine\n\n药物、药品，药\n')).toEqual([
    ['drug', 'medicine'],
    ['药物', '药品', '药'],
  ]);
});

describe('settings that the page stored', () => {
  it('come back, also as version 1 wrote them', () => {
    expect(parseStored(JSON.stringify(defaults))).toEqual(defaults);
    const { exactDedup, minhashDedup, pii, version: _version, ...rest } = defaults;
    const former = {
      ...rest,
      version: 1,
      exact: { ...exactDedup, scope: 'within' },
      near: { ...minhashDedup, threshold: 0.9 },
      personal: { mask: { ...pii.mask, email: true } },
    };
    expect(parseStored(JSON.stringify(former))).toEqual({
      ...defaults,
      exactDedup: { ...exactDedup, scope: 'within' },
      minhashDedup: { ...minhashDedup, threshold: 0.9 },
      pii: { mask: { ...pii.mask, email: true } },
    });
  });

  it('are the defaults where nothing can be read', () => {
    for (const json of ['{}', 'null', 'no JSON', '{"version":3}', '{"version":1,"near":{"threshold":7}}'])
      expect(parseStored(json)).toEqual(defaults);
  });
});

describe('stored settings', () => {
  const stored = new Map<string, string>();
  const setItem = vi.fn((key: string, value: string) => void stored.set(key, value));

  beforeEach(() => {
    vi.resetModules();
    vi.stubGlobal('localStorage', { getItem: (key: string) => stored.get(key) ?? null, setItem });
  });
  afterEach(() => {
    stored.clear();
    setItem.mockClear();
    vi.unstubAllGlobals();
  });

  const pipeline = async () => (await import('./settings-store')).usePipelineSettings;

  it('are read from the bare value of earlier pages and written back as one', async () => {
    stored.set('crossfade.pipeline', JSON.stringify({ ...defaults, seed: 7 }));
    const store = await pipeline();
    expect(store.getState().settings).toEqual({ ...defaults, seed: 7 });
    store.getState().setSeed(8);
    expect(JSON.parse(stored.get('crossfade.pipeline')!)).toEqual({ ...defaults, seed: 8 });
  });

  it('are written when they change, not with the rest of the store', async () => {
    const store = await pipeline();
    store.getState().setBase('model');
    store.getState().takePart('a', false);
    expect(store.getState().settings).toEqual(defaults);
    store.getState().setSeed(8);
    store.getState().setBase(null);
    expect(setItem).toHaveBeenCalledTimes(1);
  });

  it('hold for the visit where they cannot be stored', async () => {
    setItem.mockImplementationOnce(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    const store = await pipeline();
    store.getState().setSeed(8);
    expect(store.getState().settings.seed).toBe(8);
  });
});
