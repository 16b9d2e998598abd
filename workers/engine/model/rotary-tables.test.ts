/** Frequencies of rotary positions, of every form that rope settings have in config.json, against transformers. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readConfig } from '../../../src/core/model/config';
import { rotaryAngles } from './rotary-tables';

interface RotaryCases {
  families: Record<
    string,
    {
      config: Record<string, unknown>;
      rope?: { change: Record<string, unknown>; inverseFrequencies: number[]; attentionScaling: number }[];
    }
  >;
}
const byTransformers = JSON.parse(readFileSync('e2e/parity/fixtures/config-fields.json', 'utf8')) as RotaryCases;
const rotary = Object.entries(byTransformers.families).flatMap(([family, { config, rope = [] }]) =>
  rope.map(({ change, ...expected }) => ({ family, config: { ...config, rope_parameters: undefined, ...change }, change, expected })),
);

/** Tokens of the text that transformers read before it was asked for its frequencies. */
const TEXT = 16;

it.each(rotary)('$family, rotary frequencies of $change', ({ config, expected }) => {
  const { positions } = readConfig('config.json', config);
  if (positions.kind !== 'rotary') throw new Error('no rotary positions');
  expect(positions.dimensions).toBe(2 * expected.inverseFrequencies.length);
  // Position 1 is turned by the frequencies themselves.
  const sines = rotaryAngles(2, positions, TEXT).sin.subarray(positions.dimensions);
  expected.inverseFrequencies.forEach((value, at) => expect(sines[at]! / (Math.sin(value) * expected.attentionScaling)).toBeCloseTo(1, 6));
});
