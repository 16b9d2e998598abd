/**
 * METEOR of a text against one reference (Banerjee and Lavie 2005; Lavie and Agarwal 2007) as nltk 3.10 computes it, with the bundled synonyms
 * in place of WordNet: words are matched as they are, then by stem, then as synonyms; matches that follow one another in both texts are a
 * chunk, and few long chunks score higher than many short ones. Stems are Porter's (1980) with nltk's extensions.
 */
import { COMMON_SYNONYMS } from '../text/perturb';
import { rougeWords } from './text-overlap';

/** Weight of precision in the mean, exponent and weight of the penalty: nltk's defaults. */
const ALPHA = 0.9;
const BETA = 3;
const GAMMA = 0.5;

/** A word and where it stands. */
interface Placed {
  at: number;
  word: string;
}

/** @returns 0 to 1 */
export function meteor(reference: string, text: string): number {
  const given = meteorWords(text);
  const wanted = meteorWords(reference);
  const matches: [given: number, wanted: number][] = [];
  let open = given.map((word, at): Placed => ({ at, word }));
  let free = wanted.map((word, at): Placed => ({ at, word }));
  /** Matches from the end, each with the last word that is still free. */
  const match = (candidates: (word: string) => Iterable<string>) => {
    const left: Placed[] = [];
    for (const one of open.toReversed()) {
      const names = new Set(candidates(one.word));
      const found = free.findLastIndex(({ word }) => names.has(word));
      if (found < 0) left.unshift(one);
      else matches.push([one.at, free.splice(found, 1)[0]!.at]);
    }
    open = left;
  };
  match((word) => [word]);
  open = open.map(({ at, word }) => ({ at, word: stem(word) }));
  free = free.map(({ at, word }) => ({ at, word: stem(word) }));
  match((word) => [word]);
  // As in nltk it is stems that are looked up.
  match((word) => [word, ...(synonymsOfStem().get(word) ?? [])]);
  if (matches.length === 0) return 0;
  matches.sort(([one], [other]) => one - other);
  const chunks = matches.filter(([at, of], place) => {
    const before = matches[place - 1];
    return before?.[0] !== at - 1 || before[1] !== of - 1;
  }).length;
  const precision = matches.length / given.length;
  const recall = matches.length / wanted.length;
  const mean = (precision * recall) / (ALPHA * precision + (1 - ALPHA) * recall);
  return (1 - GAMMA * (chunks / matches.length) ** BETA) * mean;
}

const unspacedSynonyms = COMMON_SYNONYMS.flat().filter((name) => /\p{sc=Han}/u.test(name));
const unspacedSynonym = new RegExp(`(${unspacedSynonyms.join('|')})`, 'u');

/** Words as ROUGE-L has them, but for words of the bundled synonyms in a script that parts none: they are one word each. */
function meteorWords(text: string): string[] {
  return text.split(unspacedSynonym).flatMap((part, at) => (at % 2 === 1 ? [part] : rougeWords(part)));
}

let known: ReadonlyMap<string, ReadonlySet<string>> | null = null;

/** Stems of the single words that stand in a group with a word of this stem. */
function synonymsOfStem(): ReadonlyMap<string, ReadonlySet<string>> {
  if (known) return known;
  const found = new Map<string, Set<string>>();
  for (const group of COMMON_SYNONYMS) {
    const stems = group.filter((name) => !name.includes(' ')).map(stem);
    for (const one of stems) found.set(one, new Set([...(found.get(one) ?? []), ...stems]));
  }
  known = found;
  return known;
}

/** Irregular forms that nltk's stemmer knows. */
const IRREGULAR: Readonly<Record<string, string>> = {
  ...{ sky: 'sky', skies: 'sky', dying: 'die', lying: 'lie', tying: 'tie', news: 'news', howe: 'howe' },
  ...{ innings: 'inning', inning: 'inning', outings: 'outing', outing: 'outing', cannings: 'canning', canning: 'canning' },
  ...{ proceed: 'proceed', exceed: 'exceed', succeed: 'succeed' },
};

/** v for each vowel, c for each consonant; a y is a vowel behind a consonant. */
function form(word: string): string {
  let letters = '';
  for (const letter of word) letters += 'aeiou'.includes(letter) || (letter === 'y' && letters.endsWith('c')) ? 'v' : 'c';
  return letters;
}

/** Porter's m: how often a vowel comes before a consonant. */
const measure = (word: string): number => form(word).split('vc').length - 1;
const doubleConsonant = (word: string): boolean => word.length >= 2 && word.at(-1) === word.at(-2) && form(word).endsWith('c');
/** Ends consonant, vowel, consonant other than w, x, y; or is a vowel and a consonant. */
const endsShort = (word: string): boolean => (form(word).endsWith('cvc') && !/[wxy]$/.test(word)) || form(word) === 'vc';

type Rule = readonly [suffix: string, replacement: string, holds?: (stem: string) => boolean];

/** The first rule whose suffix fits decides, whether it holds or not. */
function applied(word: string, rules: readonly Rule[]): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix));
  if (!rule) return word;
  const [suffix, replacement, holds] = rule;
  const rest = word.slice(0, word.length - suffix.length);
  return !holds || holds(rest) ? rest + replacement : word;
}

const some = (rest: string) => measure(rest) > 0;
const more = (rest: string) => measure(rest) > 1;
const rules = (list: string, holds: (rest: string) => boolean): Rule[] =>
  list.split(' ').map((rule) => {
    const [suffix = '', replacement = ''] = rule.split('>');
    return [suffix, replacement, holds];
  });

const STEP_1A: readonly Rule[] = [
  ['sses', 'ss'],
  ['ies', 'i'],
  ['ss', 'ss'],
  ['s', ''],
];
const STEP_2: readonly Rule[] = [
  ...rules('ational>ate tional>tion enci>ence anci>ance izer>ize bli>ble alli>al entli>ent eli>e ousli>ous ization>ize ation>ate', some),
  ...rules('ator>ate alism>al iveness>ive fulness>ful ousness>ous aliti>al iviti>ive biliti>ble fulli>ful', some),
  // The l counts with the stem, so that "geology" goes as "archaeology" does.
  ['logi', 'log', (rest) => some(`${rest}l`)],
];
const STEP_3 = rules('icate>ic ative> alize>al iciti>ic ical>ic ful> ness>', some);
const STEP_4: readonly Rule[] = [
  ...rules('al ance ence er ic able ible ant ement ment ent', more),
  ['ion', '', (rest) => more(rest) && /[st]$/.test(rest)],
  ...rules('ou ism ate iti ous ive ize', more),
];

/** Stem of an English word in lower case; words of other scripts stay. */
export function stem(word: string): string {
  const irregular = Object.hasOwn(IRREGULAR, word) ? IRREGULAR[word] : undefined;
  if (irregular !== undefined) return irregular;
  if (word.length <= 2) return word;
  let left = /^.ies$/.test(word) ? word.slice(0, -1) : applied(word, STEP_1A);
  left = withoutEnding(left);
  left = applied(left, [['y', 'i', (rest) => rest.length > 1 && form(rest).endsWith('c')]]);
  left = secondStep(left);
  left = applied(applied(left, STEP_3), STEP_4);
  left = applied(left, [['e', '', (rest) => more(rest) || (measure(rest) === 1 && !endsShort(rest))]]);
  return applied(left, [['ll', 'l', (rest) => more(`${rest}l`)]]);
}

/** Step 1b: -ed and -ing, and what their loss leaves to be mended. */
function withoutEnding(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith('eed')) return applied(word, [['eed', 'ee', some]]);
  const rest = /^(.*)(?:ed|ing)$/.exec(word)?.[1];
  if (rest === undefined || !form(rest).includes('v')) return word;
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`;
  if (doubleConsonant(rest)) return /[lsz]$/.test(rest) ? rest : rest.slice(0, -1);
  return measure(rest) === 1 && endsShort(rest) ? `${rest}e` : rest;
}

function secondStep(word: string): string {
  if (word.endsWith('alli') && some(word.slice(0, -4))) return secondStep(word.slice(0, -2));
  return applied(word, STEP_2);
}
