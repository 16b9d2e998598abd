import { describe, expect, it } from 'vitest';
import { defaultPipelineSettings as defaults } from '../../core/corpus/settings';
import { settingsFaults, synonymLines, termLines } from './settings-store';

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
