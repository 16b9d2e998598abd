/**
 * Changed copies of rows for small domains: random deletion, swap and insertion of words and replacement by synonyms (Wei & Zou, EDA,
 * 2019), and noise in the characters. A CJK character is a word here. Seeded by the row's number, so that the same run gives the same copies.
 */
import type { Augmentation } from '../../../src/core/corpus/row';
import type { PipelineSettings } from '../../../src/core/corpus/settings';
import { Rng } from '../../../src/core/rng/rng';
import { addNoise, deleteWords, WORD } from '../../../src/core/text/perturb';
import { mix } from './hash';

export interface AugmentedCopy {
  text: string;
  augmented: Augmentation;
}

export class Augmenter {
  private readonly operations: Augmentation[];
  private readonly synonyms = new Map<string, string[]>();
  private readonly phrase: RegExp | null;

  constructor(private readonly settings: PipelineSettings) {
    const { augment } = settings;
    for (const group of augment.synonyms)
      for (const name of group)
        this.synonyms.set(
          name.toLowerCase(),
          group.filter((other) => other !== name),
        );
    for (const [name, others] of this.synonyms) if (others.length === 0) this.synonyms.delete(name);
    const names = [...this.synonyms.keys()]
      .sort((a, b) => b.length - a.length)
      .map((name) => {
        const literal = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
        return /^\w.*\w$|^\w$/.test(name) ? `\\b${literal}\\b` : literal;
      });
    this.phrase = names.length > 0 ? new RegExp(names.join('|'), 'giu') : null;
    this.operations = (['deletion', 'swap', 'insertion', 'synonym', 'noise'] as const).filter(
      (operation) => augment[operation] > 0 && (operation !== 'synonym' || this.phrase),
    );
  }

  /** None where augmentation is off; a copy that an operation left as it was is left out. */
  copies(text: string, row: number): AugmentedCopy[] {
    const { augment, seed } = this.settings;
    if (!augment.enabled || this.operations.length === 0) return [];
    const copies: AugmentedCopy[] = [];
    for (let copy = 0; copy < augment.copies; copy++) {
      const augmented = this.operations[(row + copy) % this.operations.length]!;
      const rng = new Rng(mix(mix(mix(seed) ^ row) ^ copy));
      const changed = this.change(text, augmented, augment[augmented], rng);
      if (changed !== text && changed.trim() !== '') copies.push({ text: changed, augmented });
    }
    return copies;
  }

  private change(text: string, operation: Augmentation, rate: number, rng: Rng): string {
    switch (operation) {
      case 'deletion':
        return deleteWords(text, rate, rng);
      case 'swap':
        return swapped(text, rate, rng);
      case 'insertion': {
        const words = text.match(WORD) ?? [];
        const gap = (found: string) => (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(found) ? '' : ' ');
        return text.replace(WORD, (found) => {
          if (rng.uniform() >= rate) return found;
          const more = words[rng.integer(words.length)]!;
          return `${found}${gap(found)}${more}`;
        });
      }
      case 'synonym':
        return text.replace(this.phrase!, (found) => {
          if (rng.uniform() >= rate) return found;
          const others = this.synonyms.get(found.toLowerCase())!;
          return others[rng.integer(others.length)]!;
        });
      case 'noise':
        return addNoise(text, rate, rng);
    }
  }
}

/** Words change places with their next neighbour; what stands between them stays. */
function swapped(text: string, rate: number, rng: Rng): string {
  const words = [...text.matchAll(WORD)].map((match) => ({ start: match.index, text: match[0] }));
  const order = words.map(({ text: own }) => own);
  for (let at = 0; at + 1 < order.length; at++)
    if (rng.uniform() < rate) {
      [order[at], order[at + 1]] = [order[at + 1]!, order[at]!];
      at++;
    }
  let result = '';
  let done = 0;
  words.forEach(({ start, text: own }, at) => {
    result += text.slice(done, start) + order[at]!;
    done = start + own.length;
  });
  return result + text.slice(done);
}
