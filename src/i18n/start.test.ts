import { describe, expect, it } from 'vitest';
import { preferredLanguage } from './start';

describe('preferredLanguage', () => {
  it.each([
    ['zh', ['en-US'], 'zh'],
    [null, ['zh-TW', 'en'], 'zh'],
    [null, ['fr-FR', 'zh-CN'], 'zh'],
    [null, ['fr-FR'], 'en'],
    ['fr', [], 'en'],
  ])('stored %s, browser %j: %s', (stored, browser, expected) => {
    expect(preferredLanguage(stored, browser)).toBe(expected);
  });
});
