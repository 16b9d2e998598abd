/** Personal data by examples that others published: standards, card issuers' test numbers, number ranges kept for fiction. */
import { describe, expect, it } from 'vitest';
import { findPii, isCardNumber, isNationalIdCn, luhn, maskPii } from './pii';

const found = (text: string) => findPii(text).map(({ kind, start, end }) => `${kind} ${text.slice(start, end)}`);
const all = { email: true, phone: true, nationalIdCn: true, ssnUs: true, card: true };

describe('check digits', () => {
  it('knows the examples of GB 11643-1999', () => {
    expect(isNationalIdCn('11010519491231002X')).toBe(true);
    expect(isNationalIdCn('440524188001010014')).toBe(true);
    for (const last of '0123456789') expect(isNationalIdCn(`11010519491231002${last}`)).toBe(false);
    // 30 February, check digit right.
    const sum = [...'11010519490230002'].reduce((total, digit, at) => total + Number(digit) * (2 ** (17 - at) % 11), 0);
    expect(isNationalIdCn(`11010519490230002${'10X98765432'[sum % 11]}`)).toBe(false);
  });

  it('knows Luhn’s example in ISO/IEC 7812-1 and the test numbers of card issuers', () => {
    expect(luhn('79927398713')).toBe(true);
    for (const last of '012456789') expect(luhn(`7992739871${last}`)).toBe(false);
    for (const card of [
      '4111111111111111',
      '4012888888881881',
      '5555555555554444',
      '5105105105105100',
      '2223003122003222',
      '378282246310005',
      '371449635398431',
      '6011111111111117',
      '6011000990139424',
      '3530111333300000',
      '30569309025904',
      '38520000023237',
      '6200000000000005',
    ]) {
      expect(isCardNumber(card)).toBe(true);
      expect(isCardNumber(card.slice(0, -1) + ((Number(card.at(-1)) + 1) % 10))).toBe(false);
    }
    // Luhn holds, but no issuer has the range.
    expect(luhn('0000000000000000')).toBe(true);
    expect(isCardNumber('0000000000000000')).toBe(false);
  });
});

describe('personal data in text', () => {
  it.each([
    ['写信到 zhang.san@example.com.cn，谢谢', ['email zhang.san@example.com.cn']],
    ['<mailto:a+b@x-y.example.org>.', ['email a+b@x-y.example.org']],
    ['身份证号：11010519491231002X。', ['nationalIdCn 11010519491231002X']],
    ['SSN 219-09-9999, not 000-12-3456, 666-12-3456, 900-12-3456, 123-00-4567 or 123-45-0000', ['ssnUs 219-09-9999']],
    ['pay 4111 1111 1111 1111 or 3782-822463-10005', ['card 4111 1111 1111 1111', 'card 3782-822463-10005']],
    ['手机13800138000，或 138-0013-8000，或+86 138 0013 8000', ['phone 13800138000', 'phone 138-0013-8000', 'phone +86 138 0013 8000']],
    ['电话 010-62781234、(021) 6278 1234？', ['phone 010-62781234', 'phone (021) 6278 1234']],
    ['call (202) 555-0143 or 202-555-0143 or +1 202 555 0143', ['phone (202) 555-0143', 'phone 202-555-0143', 'phone +1 202 555 0143']],
    ['London +44 20 7946 0958; Berlin +49 30 23125 000', ['phone +44 20 7946 0958', 'phone +49 30 23125 000']],
  ])('finds in %j', (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it.each([
    'import x from "@scope/package"; @property; a @ b; user@localhost',
    'π = 3.14159265358979323846, 1949-12-31, 2026-11-22 03:08:11, 192.168.100.200, v1.2.3-4567',
    '1234567812345670 0x13800138000 id_13800138000 13800138000.5 1380013800012',
    '0.138001380001 and 12345-67-89012 and 100-000-0000',
    '',
  ])('finds nothing in %j', (text) => {
    expect(found(text)).toEqual([]);
  });

  it('masks the kinds that were chosen and no others', () => {
    const text = '张三 13800138000, a@b.example, 4111111111111111, 11010519491231002X, 219-09-9999.';
    expect(maskPii(text, all)).toBe('张三 [PHONE], [EMAIL], [CARD], [ID], [SSN].');
    expect(maskPii(text, { ...all, phone: false, card: false })).toBe('张三 13800138000, [EMAIL], 4111111111111111, [ID], [SSN].');
    expect(maskPii('nothing here', all)).toBe('nothing here');
    expect(findPii(maskPii(text, all))).toEqual([]);
  });

  it('comes to an end on long runs that lead nowhere', () => {
    for (const text of ['1'.repeat(200_000), '@'.repeat(50_000), `${'a'.repeat(100_000)}@`, '1-'.repeat(100_000), '(('.repeat(90_000)])
      expect(found(text)).toEqual([]);
    expect(found('call 202-555-0143 '.repeat(2000))).toHaveLength(2000);
  });
});
