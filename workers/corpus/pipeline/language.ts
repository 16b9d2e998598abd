/**
 * Language of a row: Chinese and Japanese by script, source code by its marks, plain English by its commonest words, everything else by
 * eld (n-grams, 60 languages, its smallest set). eld costs more than all other stages together on short rows, and half the world's
 * text is English, hence the words. It reads the first 350 bytes or so of a text.
 */
import type { eld as Detector } from 'eld/extrasmall';
import { HAN, KANA, LETTER, Scanner } from './scan';

/** What a row's language may be. `und`: too little text, or no language that stands out. */
export const languages = (
  'und code zh ja ko en am ar az be bg bn ca cs da de el es et eu fa fi fr gu he hi hr hu hy is it ka kn ku lo lt lv ml mr ms nl no or pa ' +
  'pl pt ro ru sk sl sq sr sv ta te th tl tr uk ur vi yo'
).split(' ');
const numbers = new Map(languages.map((language, at) => [language, at]));

const UNDETERMINED = 0;
const CODE = 1;
const ZH = 2;
const JA = 3;
const KO = 4;
const EN = 5;

/** Fewer letters (about eight words) are left undetermined: names and headings look like any language. */
const LEAST_LETTERS = 40;
const PREFIX = 480;

/** Words that are common in English and rare in other languages written with Latin letters. */
const englishWords = hashesOf('the of and that with this which was were from have has by it is are be for not as they their would been');
const WORDS_READ = 200;

let detector: typeof Detector | undefined;

/** Loads eld's n-grams (about 1 MB of script) once; `languageOf` needs them. */
export async function loadDetector(): Promise<void> {
  detector ??= (await import('eld/extrasmall')).eld;
}

/** Index into `languages`, of a text that has been scanned. `expected` is its channel's language. */
export function languageOf(text: string, scanner: Scanner, expected: string | null): number {
  const { counts, words } = scanner;
  const han = counts[HAN]!;
  const kana = counts[KANA]!;
  const letters = counts[LETTER]!;
  const cjk = (han + kana) / 1.5;
  const code = looksLikeCode(scanner, expected === 'code');
  // Chinese text about software holds many Latin names, and code may hold Chinese comments.
  if (cjk > 0 && cjk >= (code ? 0.6 : 0.3) * words) return kana > 0.1 * (han + kana) ? JA : ZH;
  if (code && letters > 0) return CODE;
  if (scanner.hangul > 0.5 * letters) return KO;
  if (letters < LEAST_LETTERS) return UNDETERMINED;
  if (isPlainEnglish(scanner)) return EN;
  if (!detector) throw new Error('loadDetector() comes first');
  const result = detector.detect(text.slice(0, PREFIX));
  return result.isReliable() ? (numbers.get(result.language) ?? UNDETERMINED) : UNDETERMINED;
}

/**
 * Brackets, operators, semicolons, comment signs, calls: 5 % of prose's units at the very most, 10 % of code's as a rule. Where their
 * share lies between, it is code if lines begin or end with them. In a channel of code a row that is mostly comment is code still.
 */
function looksLikeCode(scanner: Scanner, expected: boolean): boolean {
  const marks = scanner.codeMarks / Math.max(1, scanner.visible);
  const lines = scanner.codeLines / Math.max(1, scanner.lines);
  if (expected && marks >= 0.025) return true;
  return marks >= 0.09 || (marks >= 0.05 && lines >= 0.1) || (marks >= 0.03 && lines >= 0.4 && scanner.lines >= 3);
}

function isPlainEnglish({ hashes, tokens }: Scanner): boolean {
  const read = Math.min(tokens, WORDS_READ);
  let hits = 0;
  for (let at = 0; at < read; at++) if (englishWords.has(hashes[at]!)) hits++;
  return hits >= 3 && hits >= 0.08 * read;
}

function hashesOf(words: string): Set<number> {
  const scanner = new Scanner();
  scanner.scan(words);
  return new Set(scanner.hashes.subarray(0, scanner.tokens));
}
