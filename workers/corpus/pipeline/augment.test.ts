import { describe, expect, it } from 'vitest';
import { pipelineSettingsSchema, type PipelineSettingsInput } from '../../../src/core/corpus/settings';
import { Augmenter } from './augment';

type Augment = NonNullable<PipelineSettingsInput['augment']>;
const off: Augment = { deletion: 0, swap: 0, insertion: 0, synonym: 0, noise: 0 };
const copies = (text: string, augment: Augment, seed = 1, row = 0) =>
  new Augmenter(pipelineSettingsSchema.parse({ seed, augment: { enabled: true, ...augment } })).copies(text, row);
const text = Array.from({ length: 400 }, (_, at) => `word${at}`).join(' ') + '.';
const words = (of: string) => of.match(/[\p{L}\p{N}]+/gu)!;
/** Within 5 standard deviations of 400 draws at 0.1. */
const about40 = (count: number) => expect(Math.abs(count - 40)).toBeLessThan(5 * Math.sqrt(400 * 0.1 * 0.9));

describe('augmented copies', () => {
  it('lose, exchange or gain about a tenth of their words', () => {
    const [lost] = copies(text, { ...off, deletion: 0.1 });
    expect(lost!.augmented).toBe('deletion');
    about40(400 - words(lost!.text).length);
    const [swapped] = copies(text, { ...off, swap: 0.1 });
    expect(words(swapped!.text).sort()).toEqual(words(text).sort());
    const moved = words(swapped!.text).filter((word, at) => word !== `word${at}`).length;
    expect(moved).toBeGreaterThan(30);
    expect(moved).toBeLessThan(110);
    const [more] = copies(text, { ...off, insertion: 0.1 });
    about40(words(more!.text).length - 400);
    expect(new Set(words(more!.text))).toEqual(new Set(words(text)));
    expect(more!.text.endsWith('.')).toBe(true);
  });

  it('use synonyms of the list only, whole words only, and none where there are none', () => {
    const synonyms = [
      ['ill', 'sick'],
      ['高血压', '血压升高'],
    ];
    const [copy] = copies('Ill, not illness; 高血压病', { ...off, synonym: 1, synonyms });
    expect(copy).toEqual({ text: 'sick, not illness; 血压升高病', augmented: 'synonym' });
    expect(copies('ill', { ...off, synonym: 1 })).toEqual([]);
  });

  it('take noise in letters and digits, not in what stands between', () => {
    const [noisy] = copies(text, { ...off, noise: 0.1 });
    expect(noisy!.text).not.toBe(text);
    expect(noisy!.text.split(' ')).toHaveLength(400);
  });

  it('work on the characters of Chinese, and never split one', () => {
    const chinese = '天地玄黄，宇宙洪荒。𠀀𠀁日月盈昃。'.repeat(20);
    for (const operation of ['deletion', 'swap', 'insertion', 'noise'] as const)
      for (const { text: copy } of copies(chinese, { ...off, [operation]: 0.2 })) {
        expect(copy).not.toMatch(/\p{Cs}/u);
        expect(new Set(copy)).toEqual(new Set(chinese));
        expect(copy).not.toContain(' ');
      }
  });

  it('are the same for a seed, differ by row, and are left out where nothing changed', () => {
    const augment: Augment = { copies: 4 };
    expect(copies(text, augment)).toEqual(copies(text, augment));
    expect(copies(text, augment).map(({ augmented }) => augmented)).toEqual(['deletion', 'swap', 'insertion', 'noise']);
    expect(copies(text, augment, 2)).not.toEqual(copies(text, augment));
    expect(copies(text, { ...off, deletion: 0.1 }, 1, 1)).not.toEqual(copies(text, { ...off, deletion: 0.1 }, 1, 2));
    expect(copies('…', augment)).toEqual([]);
    expect(new Augmenter(pipelineSettingsSchema.parse({})).copies(text, 0)).toEqual([]);
  });
});
