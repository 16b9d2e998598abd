/**
 * How varied a text is, so that one which a model wrote can be set beside one that people wrote: distinct n-grams (Li et al. 2016, arXiv
 * 1510.03055), equal documents, and scripts. All depend on how much text is looked at: only samples of the same size compare.
 */

/** Writing systems that are told apart; `broken` is U+FFFD, which stands for bytes that are no character. */
export const SCRIPTS = ['han', 'kana', 'hangul', 'latin', 'cyrillic', 'greek', 'arabic', 'other', 'broken'] as const;
export type Script = (typeof SCRIPTS)[number];

const patterns: readonly (readonly [Script, RegExp])[] = [
  ['latin', /\p{Script=Latin}/u],
  ['han', /\p{Script=Han}/u],
  ['kana', /\p{Script=Hiragana}|\p{Script=Katakana}/u],
  ['hangul', /\p{Script=Hangul}/u],
  ['cyrillic', /\p{Script=Cyrillic}/u],
  ['greek', /\p{Script=Greek}/u],
  ['arabic', /\p{Script=Arabic}/u],
];
const LETTER = /\p{L}/u;

export interface TextDescription {
  /** Of the sample. */
  documents: number;
  tokens: number;
  bytes: number;
  /** Distinct n-grams of tokens to all of them, for n = 1, 2, 3; 1 repeats nothing. */
  distinct: [number, number, number];
  /** Bytes after gzip to bytes before: low where the text repeats itself. */
  compression: number;
  /** Documents that are equal to one before, 0 to 1. */
  duplicates: number;
  /** Share of the letters, those of no script named under `other`. */
  scripts: Record<Script, number>;
}

/** @param documents token ids of each; n-grams do not reach from one into the next */
export function distinctNgrams(documents: readonly ArrayLike<number>[], n: number): number {
  const seen = new Set<string>();
  let all = 0;
  for (const ids of documents)
    for (let at = 0; at + n <= ids.length; at++) {
      let gram = '';
      for (let of = 0; of < n; of++) gram += `${ids[at + of]},`;
      seen.add(gram);
      all++;
    }
  return all === 0 ? 1 : seen.size / all;
}

export function duplicateShare(texts: readonly string[]): number {
  return texts.length === 0 ? 0 : 1 - new Set(texts).size / texts.length;
}

/** Shares of all letters and broken characters; all 0 where there are none. */
export function scriptShares(texts: readonly string[]): Record<Script, number> {
  const counts = Object.fromEntries(SCRIPTS.map((script) => [script, 0])) as Record<Script, number>;
  let all = 0;
  const known = new Map<string, Script | null>();
  for (const text of texts)
    for (const character of text) {
      let script = known.get(character);
      if (script === undefined) known.set(character, (script = scriptOf(character)));
      if (!script) continue;
      counts[script]++;
      all++;
    }
  for (const script of SCRIPTS) counts[script] = all === 0 ? 0 : counts[script] / all;
  return counts;
}

function scriptOf(character: string): Script | null {
  if (character === '\uFFFD') return 'broken';
  const named = patterns.find(([, pattern]) => pattern.test(character));
  return named?.[0] ?? (LETTER.test(character) ? 'other' : null);
}
