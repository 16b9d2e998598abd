/** The sets the studio ships are usable in full and as large as they claim. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ABILITY_GROUPS } from '../metrics/forgetting-risk';
import { parseProbes } from './probe';

const folder = new URL('../../../public/probes/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
const { sets } = JSON.parse(read('manifest.json')) as { sets: { file: string; language: string; group: string; items: number }[] };

describe.each(sets)('$file', ({ file, language, group, items }) => {
  const { probes, bad } = parseProbes(read(file));

  it('has as many usable items as the manifest says', () => {
    expect(bad).toEqual([]);
    expect(probes).toHaveLength(items);
    expect(new Set(probes.map((probe) => JSON.stringify(probe))).size).toBe(items);
    expect(probes.every((probe) => probe.group === group)).toBe(true);
    const chinese = (text: string) => /\p{Script=Han}/u.test(text);
    const question = (probe: (typeof probes)[number]) =>
      probe.kind === 'pair' ? probe.good : probe.kind === 'choice' ? probe.prompt + probe.choices.join('') : probe.prompt;
    const suits = probes.filter((probe) => chinese(question(probe)) === (language === 'zh'));
    // A sequence of digits belongs to no language.
    expect(items - suits.length).toBeLessThanOrEqual(1);
  });

  it('favours no place among the choices', () => {
    const first = probes.filter((probe) => probe.kind === 'choice' && probe.answer === 0).length;
    const choices = probes.filter((probe) => probe.kind === 'choice').length;
    if (choices > 0) expect(first / choices).toBeLessThan(0.65);
  });
});

it('covers every group of ability in both languages with at least 60 items', () => {
  for (const language of ['en', 'zh'])
    for (const group of ABILITY_GROUPS) {
      const items = sets.filter((set) => set.language === language && set.group === group).reduce((sum, set) => sum + set.items, 0);
      expect(items, `${language} ${group}`).toBeGreaterThanOrEqual(60);
    }
});
