/**
 * The encoding of a text, told by its first bytes: byte order marks, NUL bytes, validity as UTF-8, and which of the older encodings
 * gives letters that are of common use. A guess: the person sees it and can change it.
 */
import type { TextEncodingName } from '../../../src/contract/ingest';

/** Bytes that detection looks at. */
export const HEAD_BYTES = 256 * 1024;
/** For the message that a file is no text. */
export const ENCODINGS_TRIED = 'UTF-8, UTF-16, GB18030, Big5, Shift_JIS, EUC-JP, EUC-KR, windows-1252, windows-1251';

/** Share of control characters that no text has. */
const MOST_CONTROLS = 0.02;
/** Share of NUL bytes at even or at odd places from which on they are halves of UTF-16's ASCII characters. */
const WIDE_NULS = 0.1;
/** Share of bytes that a text in UTF-8 may have damaged, as a file has that was cut or joined inside a character. */
const MOST_DAMAGED = 0.001;
/** Share of an older encoding's characters that may be undecodable or of private use. */
const MOST_STRANGE = 0.02;
/** Share of the characters beyond ASCII that are among the commonest of the script; a wrong encoding gives a few in a hundred. */
const LEAST_COMMON = 0.12;

/** Bytes beyond ASCII that may be more than chance. */
export const FEW_WORDS = 8;

const PUNCTUATION = '，。、；：？！“”‘’（）《》「」';
/** The commonest characters of newspapers, most frequent first. */
const SIMPLIFIED =
  '的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活';
const TRADITIONAL =
  '的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活';
const HANGUL =
  '이다는의에을가하고를지도은기로사한그자어나대인서아시리해라수일정전있들보제주부만구과여원상장조동니스으안거것비소성무게공화때면말적더내국위연교학오선경관회와생세모년문우방마식계신트된할했습았었요';
const KANA = [...Array(0x30fd - 0x3041).keys()].map((at) => String.fromCharCode(0x3041 + at)).join('');

/** Encodings of two bytes a character, with the characters that a text in them is mostly made of. */
const EAST_ASIAN = [
  ['gb18030', new Set(SIMPLIFIED + TRADITIONAL + PUNCTUATION)],
  ['big5', new Set(TRADITIONAL + PUNCTUATION)],
  ['shift_jis', new Set(KANA + PUNCTUATION)],
  ['euc-jp', new Set(KANA + PUNCTUATION)],
  ['euc-kr', new Set(HANGUL)],
] as const satisfies readonly (readonly [TextEncodingName, ReadonlySet<string>])[];
const CYRILLIC = new Set('оеаинтсрвлкмдпу');
const LATIN = /[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e]/u;
/** What stands in text of Latin script besides its letters: quotes, dashes, signs and the no-break space. */
const MARKS = /[\u00a0-\u00bf\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]/u;

/**
 * @param head the beginning of a file @param whole whether that is all of it
 * @returns null when the bytes are no text in any of the encodings
 */
export function detectEncoding(head: Uint8Array, whole: boolean): TextEncodingName | null {
  if (head[0] === 0xff && head[1] === 0xfe) return isText(decoded(head, 'utf-16le')) ? 'utf-16le' : null;
  if (head[0] === 0xfe && head[1] === 0xff) return isText(decoded(head, 'utf-16be')) ? 'utf-16be' : null;
  const wide = wideByNuls(head);
  if (wide && isText(decoded(head, wide))) return wide;
  if (isUtf8(head, whole)) return isText(decoded(head, 'utf-8')) ? 'utf-8' : null;
  return older(head) ?? unmarkedWide(head);
}

/** ASCII characters and line ends have their NUL on one side in UTF-16; a stray NUL in another text proves nothing. */
function wideByNuls(head: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  const nuls = [0, 0];
  for (let at = head.indexOf(0); at >= 0; at = head.indexOf(0, at + 1)) nuls[at & 1]!++;
  const [even, odd] = nuls as [number, number];
  if (Math.max(even, odd) <= (WIDE_NULS * head.length) / 2) return null;
  return odd > 9 * even ? 'utf-16le' : even > 9 * odd ? 'utf-16be' : null;
}

/** UTF-16 without a mark and nearly without ASCII: Han, kana or Hangul throughout one reading, with a line end or a blank at least. */
function unmarkedWide(head: Uint8Array): TextEncodingName | null {
  const common = new Set(SIMPLIFIED + TRADITIONAL + KANA + HANGUL + PUNCTUATION);
  const found = (['utf-16le', 'utf-16be'] as const).map((encoding) => ({ encoding, ...look(decoded(head, encoding), common) }));
  const best = found.reduce((a, b) => (b.common > a.common ? b : a));
  return best.common >= LEAST_COMMON && best.strange <= MOST_STRANGE && isText(decoded(head, best.encoding)) ? best.encoding : null;
}

function isUtf8(head: Uint8Array, whole: boolean): boolean {
  try {
    // In streaming mode a character that the end of the head cuts is no error.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: !whole });
    return true;
  } catch {
    const text = new TextDecoder('utf-8').decode(head);
    const sound = text.replaceAll('\uFFFD', '');
    const damaged = head.length - utf8Bytes(sound);
    if (/[^\0-\x7f]/.test(sound)) {
      // A piece of a larger file may begin and end inside a character, however short it is.
      return damaged - edges(head) <= MOST_DAMAGED * head.length;
    }
    // Where all else is ASCII, a few words of another encoding are more likely than damage, if they make sense in it.
    return damaged <= MOST_DAMAGED * head.length && !(damaged >= FEW_WORDS && older(head) !== null);
  }
}

/** Bytes of a character that is cut by the beginning, and of one that is cut by the end. */
function edges(head: Uint8Array): number {
  let begin = 0;
  while (begin < 3 && (head[begin]! & 0xc0) === 0x80) begin++;
  let end = 0;
  while (end < 3 && (head[head.length - 1 - end]! & 0xc0) === 0x80) end++;
  const lead = head[head.length - 1 - end] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
  return begin + (length > end + 1 ? end + 1 : 0);
}

function older(head: Uint8Array): TextEncodingName | null {
  let best: TextEncodingName | null = null;
  let most = LEAST_COMMON;
  for (const [encoding, frequent] of EAST_ASIAN) {
    const text = decoded(head, encoding);
    const { common, strange } = look(text, frequent);
    if (common >= most && strange <= MOST_STRANGE && isText(text)) [best, most] = [encoding, common];
  }
  const latin = decoded(head, 'windows-1252');
  if (isText(latin) && isLatin(latin)) return best !== null && most > 2 * LEAST_COMMON ? best : 'windows-1252';
  if (best) return best;
  const cyrillic = decoded(head, 'windows-1251');
  if (isText(cyrillic) && look(cyrillic, CYRILLIC).common > 0.4) return 'windows-1251';
  // A few words may have none of the commonest characters; those of GB2312's first level are at least of common use.
  return firstLevel(head) ? 'gb18030' : null;
}

/** Of the characters beyond ASCII: the share of those in `frequent`, and of those that no text has. */
function look(text: string, frequent: ReadonlySet<string>): { common: number; strange: number } {
  let beyond = 0;
  let hits = 0;
  let strange = 0;
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (point < 128) continue;
    beyond++;
    if (frequent.has(character)) hits++;
    else if (point === 0xfffd || point < 0xa0 || (point >= 0xe000 && point < 0xf900)) strange++;
  }
  return { common: hits / Math.max(1, beyond), strange: strange / Math.max(1, beyond) };
}

/** Letters of Latin script stand beside ASCII ones, in words that are mostly ASCII. */
function isLatin(text: string): boolean {
  let letters = 0;
  let beside = 0;
  let marks = 0;
  let strange = 0;
  let ascii = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character < '\x80') {
      if (/[a-z]/i.test(character)) ascii++;
    } else if (LATIN.test(character)) {
      letters++;
      if (/[a-z]/i.test(text[at - 1] ?? '') || /[a-z]/i.test(text[at + 1] ?? '')) beside++;
    } else if (MARKS.test(character)) marks++;
    else strange++;
  }
  const all = letters + marks + strange;
  return strange <= MOST_STRANGE * all && beside >= 0.6 * letters && letters <= 0.5 * ascii + 2 && marks <= 0.2 * ascii;
}

/** Whether bytes beyond ASCII are pairs, nearly all of them of GB2312's first level, whose 3,755 characters are the common ones. */
function firstLevel(head: Uint8Array): boolean {
  let pairs = 0;
  let first = 0;
  for (let at = 0; at < head.length; at++) {
    if (head[at]! < 128) continue;
    const [lead, trail] = [head[at++]!, head[at] ?? 0];
    if (trail < 0xa1) return false;
    pairs++;
    if ((lead >= 0xb0 && lead <= 0xd7) || lead === 0xa1 || lead === 0xa3) first++;
  }
  return first >= 0.9 * pairs;
}

function isText(text: string): boolean {
  let controls = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // Tab, line ends, form feed, escape (colours in logs) and RS (before each JSON value, RFC 7464) are in honest text.
    if (unit < 32 && unit !== 9 && unit !== 10 && unit !== 12 && unit !== 13 && unit !== 27 && unit !== 30) controls++;
  }
  return controls <= text.length * MOST_CONTROLS;
}

function decoded(bytes: Uint8Array, encoding: TextEncodingName): string {
  // What the end of the head cuts is left out.
  return new TextDecoder(encoding).decode(bytes, { stream: true });
}

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
