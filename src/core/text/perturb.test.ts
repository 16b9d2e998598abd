import { describe, expect, it } from 'vitest';
import { Rng } from '../rng/rng';
import { addNoise, COMMON_SYNONYMS, deleteWords, Synonyms, WORD } from './perturb';

const text = 'The doctor saw 3 patients, and the drug helped. 病人需要治疗，因为他病了。'.repeat(40);
const words = (value: string) => value.match(WORD)?.length ?? 0;

describe('perturbations', () => {
  it('change nothing at rate 0, and the same things for the same seed', () => {
    const synonyms = new Synonyms(COMMON_SYNONYMS);
    for (const change of [deleteWords, addNoise, synonyms.swap.bind(synonyms)]) {
      expect(change(text, 0, new Rng(1))).toBe(text);
      expect(change(text, 0.3, new Rng(1))).toBe(change(text, 0.3, new Rng(1)));
      expect(change(text, 0.3, new Rng(1))).not.toBe(change(text, 0.3, new Rng(2)));
    }
  });

  it('delete the share of words that was asked for, and no signs', () => {
    const less = deleteWords(text, 0.25, new Rng(3));
    expect(words(less) / words(text)).toBeCloseTo(0.75, 1);
    expect(less.replace(/[^,.，。]/g, '')).toBe(text.replace(/[^,.，。]/g, ''));
    expect(deleteWords('all gone, 全部', 1, new Rng(1))).toBe(' , ');
  });

  it('make noise in letters only', () => {
    const noisy = addNoise(text, 0.2, new Rng(5));
    expect(noisy.replace(/[\p{L}\p{N}]/gu, '').length).toBe(text.replace(/[\p{L}\p{N}]/gu, '').length);
  });

  it('swap words for others of their group, whole words only', () => {
    const synonyms = new Synonyms([['drug', 'medicine'], ['病人', '患者'], ['alone']]);
    expect(synonyms.swap('Drug, drugs and 病人 alone', 1, new Rng(1))).toBe('medicine, drugs and 患者 alone');
    expect(new Synonyms([]).empty).toBe(true);
    expect(new Synonyms([]).swap('drug', 1, new Rng(1))).toBe('drug');
  });
});
