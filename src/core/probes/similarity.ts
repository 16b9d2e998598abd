/**
 * Pairs of sentences with how alike they say the same, in both languages, made by rule: a sentence has four parts, and a pair is as alike as
 * the share of its parts that are the same or stand for one another.
 */
import { deriveSeed, Rng } from '../rng/rng';

export interface SimilarityPair {
  a: string;
  b: string;
  /** 0 to 1 */
  alike: number;
}

/** Of each part the choices, each in two wordings. */
type Parts = readonly (readonly (readonly [string, string])[])[];

const ENGLISH: Parts = [
  [
    ['The doctor', 'The physician'],
    ['A farmer', 'Someone who farms'],
    ['My sister', 'The sister I have'],
    ['The teacher', 'The school teacher'],
  ],
  [
    ['often reads', 'frequently reads'],
    ['seldom writes', 'rarely writes'],
    ['wants to buy', 'would like to buy'],
    ['lost', 'can no longer find'],
  ],
  [
    ['a thick book', 'a fat book'],
    ['the daily newspaper', 'the paper of the day'],
    ['a long letter', 'a lengthy letter'],
    ['the report', 'the written report'],
  ],
  [
    ['at home.', 'in the house.'],
    ['in the city.', 'in town.'],
    ['on the train.', 'while travelling by train.'],
    ['near the river.', 'close to the river.'],
  ],
];
const CHINESE: Parts = [
  [
    ['医生', '大夫'],
    ['农民', '种地的人'],
    ['我的姐姐', '我姐'],
    ['老师', '教师'],
  ],
  [
    ['在家里', '在屋里'],
    ['在城里', '在城市里'],
    ['在火车上', '坐火车时'],
    ['在河边', '在河岸旁'],
  ],
  [
    ['经常读', '常常看'],
    ['很少写', '不怎么写'],
    ['想买', '打算买'],
    ['弄丢了', '找不到'],
  ],
  [
    ['一本厚书。', '一本很厚的书。'],
    ['当天的报纸。', '今天的报纸。'],
    ['一封长信。', '一封很长的信。'],
    ['那份报告。', '那份书面报告。'],
  ],
];

/** Pairs of a language: as many of each degree of likeness. */
const EACH = 12;

export function similarityPairs(language: 'en' | 'zh'): SimilarityPair[] {
  const parts = language === 'en' ? ENGLISH : CHINESE;
  const random = new Rng(deriveSeed(7, 'similarity', language));
  const join = (words: readonly string[]) => words.join(language === 'en' ? ' ' : '');
  return Array.from({ length: (parts.length + 1) * EACH }, (_, at): SimilarityPair => {
    const changed = Math.floor(at / EACH);
    const order = random.shuffle(parts.map((__, part) => part));
    const first = parts.map((choices) => random.integer(choices.length));
    const second = first.map((choice, part) =>
      order.indexOf(part) < changed ? (choice + 1 + random.integer(parts[part]!.length - 1)) % parts[part]!.length : choice,
    );
    return {
      a: join(first.map((choice, part) => parts[part]![choice]![0])),
      b: join(second.map((choice, part) => parts[part]![choice]![1])),
      alike: 1 - changed / parts.length,
    };
  });
}
