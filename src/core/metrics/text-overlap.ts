/** Overlap of a generated text with a reference text: BLEU and chrF as sacreBLEU 2 computes them, and ROUGE-L. */

/** Longest n-grams that BLEU counts. */
const ORDERS = 4;

/** sacreBLEU's: words, Chinese characters beside words, single characters. */
type BleuTokenizer = '13a' | 'zh' | 'char';

export interface BleuOptions {
  tokenizer: BleuTokenizer;
  /** Leaves out orders longer than the text: for single sentences (sacreBLEU's sentence_bleu). */
  effectiveOrder?: boolean;
}

/**
 * BLEU of a corpus (Papineni et al. 2002) as sacreBLEU 2 computes it (Post 2018, arXiv 1804.08771): orders 1 to 4, exponential
 * smoothing, brevity penalty.
 * @param pairs texts, each with one reference
 * @returns 0 to 100
 */
export function bleu(pairs: readonly { text: string; reference: string }[], { tokenizer, effectiveOrder = false }: BleuOptions): number {
  const cut = { '13a': words13a, zh: chineseWords, char: characters }[tokenizer];
  const correct = new Array<number>(ORDERS).fill(0);
  const total = new Array<number>(ORDERS).fill(0);
  let length = 0;
  let wanted = 0;
  for (const { text, reference } of pairs) {
    const given = cut(text.trimEnd());
    const right = cut(reference.trimEnd());
    length += given.length;
    wanted += right.length;
    for (let order = 1; order <= ORDERS; order++) {
      const known = ngrams(right, order);
      for (const [gram, count] of ngrams(given, order)) {
        total[order - 1]! += count;
        correct[order - 1]! += Math.min(count, known.get(gram) ?? 0);
      }
    }
  }
  if (correct.every((count) => count === 0)) return 0;
  let used = ORDERS;
  let smoothing = 1;
  let logs = 0;
  for (let order = 1; order <= ORDERS; order++) {
    const all = total[order - 1]!;
    if (all === 0) {
      // Without effective order a missing one makes the score 0, as log(0) does.
      if (!effectiveOrder) return 0;
      break;
    }
    if (effectiveOrder) used = order;
    if (correct[order - 1] === 0) smoothing *= 2;
    logs += Math.log(correct[order - 1] === 0 ? 100 / (smoothing * all) : (100 * correct[order - 1]!) / all);
  }
  const brevity = length < wanted ? Math.exp(1 - wanted / length) : 1;
  return brevity * Math.exp(logs / used);
}

function ngrams(words: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at + order <= words.length; at++) {
    const gram = words.slice(at, at + order).join(' ');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

function words13a(line: string): string[] {
  const plain = line
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  return westernWords(` ${plain} `);
}

function characters(line: string): string[] {
  return [...line].filter((character) => /\S/.test(character));
}

function chineseWords(line: string): string[] {
  let spaced = '';
  for (const character of line.trim()) spaced += isChinese(character.codePointAt(0)!) ? ` ${character} ` : character;
  return westernWords(spaced);
}

/** The part that `13a` and `zh` share: punctuation apart, but not points and commas inside numbers. */
function westernWords(line: string): string[] {
  return line
    .replace(/([{-~[-` -&(-+:-@/])/g, ' $1 ')
    .replace(/([^0-9])([.,])/gu, '$1 $2 ')
    .replace(/([.,])([^0-9])/gu, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ')
    .split(/\s+/)
    .filter((word) => word !== '');
}

/**
 * sacreBLEU's ranges. Its two ranges beyond U+FFFF are written with four-digit escapes there and so mean U+2001–U+2A6D and
 * U+2F81–U+2FA1; equal scores need the same.
 */
const chineseRanges: readonly [number, number][] = [
  [0x3400, 0x4db5],
  [0x4e00, 0x9fbb],
  [0xf900, 0xfa2d],
  [0xfa30, 0xfa6a],
  [0xfa70, 0xfad9],
  [0x2001, 0x2a6d],
  [0x2e80, 0x2fdf],
  [0x2ff0, 0x303f],
  [0x3100, 0x312f],
  [0x31a0, 0x31bf],
  [0x31c0, 0x31ef],
  [0x3200, 0x33ff],
  [0xfe10, 0xfe1f],
  [0xfe30, 0xfe4f],
  [0xff00, 0xffef],
];

function isChinese(code: number): boolean {
  return chineseRanges.some(([first, last]) => code >= first && code <= last);
}

/** Longest n-grams of characters that chrF counts, and how many times more recall weighs than precision. */
const CHARACTER_ORDERS = 6;
const CHRF_BETA = 2;

/**
 * chrF of a corpus (Popović 2015) as sacreBLEU 2 computes chrF2: n-grams of 1 to 6 characters without white space, precision and recall meant
 * over the orders that both texts have.
 * @returns 0 to 100
 */
export function chrF(pairs: readonly { text: string; reference: string }[]): number {
  const orders = Array.from({ length: CHARACTER_ORDERS }, (_, at) => at + 1);
  const counts = orders.map(() => ({ given: 0, wanted: 0, common: 0 }));
  for (const { text, reference } of pairs) {
    const [given, wanted] = [text, reference].map((one) => [...one.replace(/\s+/gu, '')]) as [string[], string[]];
    for (const order of orders) {
      const sought = ngrams(wanted, order);
      const found = ngrams(given, order);
      const count = counts[order - 1]!;
      count.wanted += Math.max(0, wanted.length - order + 1);
      // Where the reference has no n-gram of this order, those of the text are not held against it.
      if (sought.size === 0) continue;
      count.given += Math.max(0, given.length - order + 1);
      for (const [gram, times] of found) count.common += Math.min(times, sought.get(gram) ?? 0);
    }
  }
  const used = counts.filter(({ given, wanted }) => given > 0 && wanted > 0);
  const meanOf = (share: (count: (typeof counts)[number]) => number) => used.reduce((sum, count) => sum + share(count), 0) / used.length;
  const precision = meanOf(({ common, given }) => common / given);
  const recall = meanOf(({ common, wanted }) => common / wanted);
  if (used.length === 0 || precision + recall === 0) return 0;
  const factor = CHRF_BETA ** 2;
  return (100 * (1 + factor) * precision * recall) / (factor * precision + recall);
}

/** Each 0 to 1. */
export interface RougeScore {
  precision: number;
  recall: number;
  /** Harmonic mean of the two. */
  f: number;
}

/** ROUGE-L of one text against a reference (Lin 2004): longest common subsequence of words. */
export function rougeL(reference: string, text: string): RougeScore {
  const wanted = rougeWords(reference);
  const given = rougeWords(text);
  if (wanted.length === 0 || given.length === 0) return { precision: 0, recall: 0, f: 0 };
  const common = commonSubsequence(wanted, given);
  const precision = common / given.length;
  const recall = common / wanted.length;
  return { precision, recall, f: common === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

/** Letters of scripts that part no words. */
const unspaced = String.raw`[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}ー]`;
const rougeWord = new RegExp(
  String.raw`(?=[\p{L}\p{N}])${unspaced}\p{M}*|(?:(?!${unspaced})[\p{L}\p{N}])(?:(?!${unspaced})[\p{L}\p{N}\p{M}]|\p{M})*`,
  'gu',
);
const partsNoWords = new RegExp(unspaced, 'u');

/** Is it written, at least in part, in a script that parts no words? */
export const isUnspaced = (text: string): boolean => partsNoWords.test(text);

/**
 * Lower-case runs of letters and digits, which for ASCII is Google's rouge-score; of a script that parts no words each character with its marks.
 * rouge-score itself drops all but ASCII.
 */
export function rougeWords(text: string): string[] {
  return text.normalize('NFC').toLowerCase().match(rougeWord) ?? [];
}

/** Length of the longest common subsequence, in one row of the table. */
function commonSubsequence(a: readonly string[], b: readonly string[]): number {
  const row = new Int32Array(b.length + 1);
  for (const word of a) {
    let diagonal = 0;
    for (let at = 1; at <= b.length; at++) {
      const above = row[at]!;
      row[at] = word === b[at - 1] ? diagonal + 1 : Math.max(above, row[at - 1]!);
      diagonal = above;
    }
  }
  return row[b.length]!;
}
