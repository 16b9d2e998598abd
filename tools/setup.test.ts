import { expect, test } from 'vitest';
import { nodeIsSupported, packagesAreCurrent } from './setup.mjs';

test.each([
  ['18.20.4', false],
  ['20.18.3', false],
  ['20.19.0', true],
  ['20.20.2', true],
  ['21.7.3', false],
  ['22.12.0', false],
  ['22.13.0', true],
  ['23.9.0', false],
  ['24.0.1', true],
  ['26.1.0', true],
])('Node %s is supported: %s', (version, supported) => {
  expect(nodeIsSupported(version)).toBe(supported);
});

const lock = {
  packages: { '': {}, 'node_modules/a': { version: '1.0.0' }, 'node_modules/b-win32': { version: '2.0.0', optional: true } },
};

test('packages are current when every needed one is there in its version', () => {
  expect(packagesAreCurrent(lock, { packages: { 'node_modules/a': { version: '1.0.0' } } })).toBe(true);
});

test('packages are not current when one is missing, or another version, or nothing is installed', () => {
  expect(packagesAreCurrent(lock, { packages: {} })).toBe(false);
  expect(packagesAreCurrent(lock, { packages: { 'node_modules/a': { version: '1.0.1' } } })).toBe(false);
  const otherOptional = { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b-win32': { version: '1.0.0' } };
  expect(packagesAreCurrent(lock, { packages: otherOptional })).toBe(false);
  expect(packagesAreCurrent(lock, null)).toBe(false);
});
