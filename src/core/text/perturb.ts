/**
 * Small changes of a text that leave its sense: words deleted, exchanged for synonyms, noise in the characters. For augmentation
 * (Wei & Zou, EDA, 2019) and for robustness under noise. A CJK character is a word here. All randomness comes from the caller.
 */
import type { Rng } from '../rng/rng';

/** A word without the spaces and signs around it. */
export const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{M}\p{N}_']+/gu;

/** Shares of words that an adversarial set replaces by near ones (workers/runtime/adversarial.ts), and of what noise changes. */
export const ADVERSARIAL_LEVELS: readonly number[] = [0, 0.05, 0.1, 0.2, 0.3];

/** @param rate share of words that go */
export function deleteWords(text: string, rate: number, random: Rng): string {
  return text.replace(WORD, (found) => (random.uniform() < rate ? '' : found));
}

/** At each chosen letter: it is lost, doubled or changes places with the next, each as likely. @param rate share of letters */
export function addNoise(text: string, rate: number, random: Rng): string {
  const characters = [...text];
  let result = '';
  for (let at = 0; at < characters.length; at++) {
    const own = characters[at]!;
    if (!/[\p{L}\p{N}]/u.test(own) || random.uniform() >= rate) {
      result += own;
      continue;
    }
    const kind = random.integer(3);
    const next = characters[at + 1];
    if (kind === 1) result += own + own;
    if (kind === 2) {
      if (next === undefined || /\s/.test(next)) result += own;
      else {
        result += next + own;
        at++;
      }
    }
  }
  return result;
}

/** Replaces words by others of their group. */
export class Synonyms {
  private readonly others = new Map<string, string[]>();
  private readonly phrase: RegExp | null;

  /** @param groups words that may stand for one another */
  constructor(groups: readonly (readonly string[])[]) {
    for (const group of groups)
      for (const name of group) {
        const others = group.filter((other) => other !== name);
        if (others.length > 0) this.others.set(name.toLowerCase(), others);
      }
    const names = [...this.others.keys()]
      .sort((a, b) => b.length - a.length)
      .map((name) => {
        const literal = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
        return /^\w.*\w$|^\w$/.test(name) ? `\\b${literal}\\b` : literal;
      });
    this.phrase = names.length > 0 ? new RegExp(names.join('|'), 'giu') : null;
  }

  get empty(): boolean {
    return this.phrase === null;
  }

  /** @param rate share of the places where a word has synonyms */
  swap(text: string, rate: number, random: Rng): string {
    if (!this.phrase) return text;
    return text.replace(this.phrase, (found) => {
      if (random.uniform() >= rate) return found;
      const others = this.others.get(found.toLowerCase())!;
      return others[random.integer(others.length)]!;
    });
  }
}

/** Words of both languages that mostly may stand for one another, for tests of robustness. */
export const COMMON_SYNONYMS: readonly (readonly string[])[] = [
  ['big', 'large'],
  ['small', 'little'],
  ['begin', 'start'],
  ['end', 'finish'],
  ['many', 'numerous'],
  ['often', 'frequently'],
  ['important', 'significant'],
  ['various', 'different'],
  ['use', 'employ'],
  ['uses', 'employs'],
  ['used', 'employed'],
  ['show', 'indicate'],
  ['shows', 'indicates'],
  ['cause', 'produce'],
  ['caused', 'produced'],
  ['usually', 'generally'],
  ['near', 'close to'],
  ['part', 'portion'],
  ['whole', 'entire'],
  ['people', 'persons'],
  ['make', 'create'],
  ['get', 'obtain'],
  ['need', 'require'],
  ['needs', 'requires'],
  ['help', 'assist'],
  ['illness', 'disease'],
  ['doctor', 'physician'],
  ['drug', 'medicine', 'medication'],
  ['treatment', 'therapy'],
  ['identify', 'determine'],
  ['value', 'quantity'],
  ['kind', 'type', 'sort'],
  ['使用', '运用'],
  ['开始', '起始'],
  ['结束', '终止'],
  ['显示', '展示'],
  ['选择', '选取'],
  ['创建', '建立'],
  ['删除', '去除'],
  ['所有', '全部'],
  ['如果', '若是', '假如'],
  ['但是', '可是', '然而'],
  ['因为', '由于'],
  ['疾病', '病症'],
  ['药物', '药品'],
  ['医生', '大夫'],
  ['治疗', '医治'],
  ['病人', '患者'],
  ['高兴', '快乐'],
  ['美丽', '漂亮'],
];
