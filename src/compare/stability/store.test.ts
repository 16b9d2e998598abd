import { expect, it } from 'vitest';
import type { RobustnessCurve } from '../../contract/evaluation';
import { against, riseOf } from './store';

const curve = (kind: RobustnessCurve['kind'], ...bitsPerByte: number[][]): RobustnessCurve => ({
  kind,
  levels: [0, 0.1, 0.3],
  bitsPerByte,
});
const curves = [
  // Rises 1.5, 2, 1.52.
  curve('characters', [2, 3, 3.5], [1.5, 3, 3.5], [1.5, 2, 3.02]),
  // Rises 1, 0.5, 1.
  curve('deletion', [2, 2.5, 3], [1.5, 1.75, 2], [2, 2, 3]),
];

it('measures the rise from clean text to the strongest noise', () => {
  expect([0, 1, 2].map((model) => riseOf(curves[0]!, model))).toEqual([1.5, 2, expect.closeTo(1.52, 12)]);
});

it('names the noise that costs a model more than the base, and less; a hundredth is neither', () => {
  expect(against(curves, 1)).toEqual({ more: ['characters'], less: ['deletion'] });
  expect(against(curves, 2)).toEqual({ more: [], less: [] });
});
