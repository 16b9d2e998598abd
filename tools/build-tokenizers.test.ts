import { expect, it } from 'vitest';
import { takeApart } from './build-tokenizers.mjs';

it('refuses a package of another form', () => {
  expect(() => takeApart('export const nothing = 1;')).toThrow('built otherwise');
});
