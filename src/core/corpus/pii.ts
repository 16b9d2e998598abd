/**
 * Personal data in a text: e-mail addresses, phone numbers (China, United States, international with +), Chinese identity numbers
 * (GB 11643: ISO 7064 MOD 11-2 check digit and a possible date), US social security numbers, payment cards (ISO/IEC 7812: issuer's
 * range and Luhn's check digit). Numbers without a check digit are believed only in their customary writing.
 */
import type { PiiKind } from './settings';

export interface PiiFinding {
  kind: PiiKind;
  /** UTF-16 units: first, and one past the last. */
  start: number;
  end: number;
}

const masks: Record<PiiKind, string> = {
  email: '[EMAIL]',
  phone: '[PHONE]',
  nationalIdCn: '[ID]',
  ssnUs: '[SSN]',
  card: '[CARD]',
};

/** Runs of digits with the separators people write between them: where numbers are looked for at all. */
const run = /[+(]{0,2}\d[\d() .\-–]{5,}[\dXx]/g;
const numbers: readonly { kind: PiiKind; pattern: RegExp; holds?: (digits: string) => boolean }[] = [
  { kind: 'nationalIdCn', pattern: /(?<![\w-])[1-9]\d{16}[\dXx](?![\w-])/g, holds: isNationalIdCn },
  {
    kind: 'card',
    pattern: /(?<![\w.-])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|3\d{3}([ -])\d{6}\2\d{4,5})(?![\w-]|\.\d)/g,
    holds: isCardNumber,
  },
  { kind: 'ssnUs', pattern: /(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g },
  // China: mobile, and land lines with their area code set off.
  { kind: 'phone', pattern: /(?<![\w.+-])(?:(?:\+?86|0086)[ -]?)?1[3-9]\d([ -]?)\d{4}\1\d{4}(?![\w-]|\.\d)/g },
  { kind: 'phone', pattern: /(?<![\w.+-])\(?0(?:10|2\d|[3-9]\d{2})(?:\)[ -]?|[ -])[2-8]\d{2,3}[ -]?\d{4}(?![\w-]|\.\d)/g },
  // North American numbering plan: neither area code nor exchange begins with 0 or 1.
  {
    kind: 'phone',
    pattern: /(?<![\w.+-])(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}([.-]| (?=[2-9]\d{2}[ -])))[2-9]\d{2}[ .-]\d{4}(?![\w-]|\.\d)/g,
  },
  // ITU-T E.164: + and at most 15 digits.
  {
    kind: 'phone',
    pattern: /(?<![\w+])\+[1-9]\d{0,2}(?:[ .-]?\(?\d{1,5}\)?){2,6}(?![\w-])/g,
    holds: (digits) => digits.length >= 8 && digits.length <= 15,
  },
];

const local = /[A-Za-z0-9._%+-]/;
const domain = /[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.[A-Za-z]{2,24}/y;

/** In order, none overlapping another. */
export function findPii(text: string): PiiFinding[] {
  const emails = findEmails(text);
  const found = [...emails];
  let next = 0;
  for (const { index, 0: digits } of text.matchAll(run)) {
    const end = index + digits.length;
    while (next < emails.length && emails[next]!.end <= index) next++;
    const within: PiiFinding[] = [];
    for (let at = next; at < emails.length && emails[at]!.start < end; at++) within.push(emails[at]!);
    const before = within.length;
    findNumbers(text, index, end, within);
    for (const finding of within.slice(before)) found.push(finding);
  }
  return found.length > 1 ? found.sort((a, b) => a.start - b.start) : found;
}

/** The text with findings of the chosen kinds replaced by [EMAIL], [PHONE], [ID], [SSN], [CARD]. */
export function maskPii(text: string, chosen: Readonly<Record<PiiKind, boolean>>): string {
  let masked = '';
  let done = 0;
  for (const { kind, start, end } of findPii(text)) {
    if (!chosen[kind]) continue;
    masked += text.slice(done, start) + masks[kind];
    done = end;
  }
  return done === 0 ? text : masked + text.slice(done);
}

function findEmails(text: string): PiiFinding[] {
  const found: PiiFinding[] = [];
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > 0 && at - start < 64 && local.test(text[start - 1]!)) start--;
    while (start < at && text[start] === '.') start++;
    domain.lastIndex = at + 1;
    const match = start < at ? domain.exec(text) : null;
    if (match) found.push({ kind: 'email', start, end: at + 1 + match[0].length });
  }
  return found;
}

/** Adds to `found` what overlaps with none of it. */
function findNumbers(text: string, from: number, to: number, found: PiiFinding[]): void {
  // One unit before and two after, for what must not stand there.
  const before = Math.max(0, from - 1);
  const piece = text.slice(before, to + 2);
  for (const { kind, pattern, holds } of numbers)
    for (const match of piece.matchAll(pattern)) {
      const start = before + match.index;
      const end = start + match[0].length;
      if (holds && !holds(match[0].replace(/[^\dXx]/g, ''))) continue;
      if (found.every((other) => end <= other.start || start >= other.end)) found.push({ kind, start, end });
    }
}

/** 17 digits and a check digit such that Σ digit · 2^(17 − i) leaves 1 modulo 11 (X is 10), with a date of birth that exists. */
export function isNationalIdCn(id: string): boolean {
  let sum = 0;
  for (let at = 0; at < 18; at++) sum += (id[at] === 'X' || id[at] === 'x' ? 10 : Number(id[at])) * (2 ** (17 - at) % 11);
  const [year, month, day] = [Number(id.slice(6, 10)), Number(id.slice(10, 12)), Number(id.slice(12, 14))];
  const date = new Date(Date.UTC(year, month - 1, day));
  return id.length === 18 && sum % 11 === 1 && year >= 1800 && year < 2100 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** Visa, Mastercard, American Express, Discover, JCB, Diners Club, UnionPay, with Luhn's check digit. */
export function isCardNumber(digits: string): boolean {
  const issued =
    /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d{2}|7[01]\d|720)\d{12}|3[47]\d{13}|6(?:011|4[4-9]\d|5\d{2})\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|62\d{14,17})$/;
  return issued.test(digits) && luhn(digits);
}

/** Every second digit from the right doubled (9 off when above 9), the sum a multiple of 10. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at]);
    sum += at % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit;
  }
  return sum % 10 === 0;
}
