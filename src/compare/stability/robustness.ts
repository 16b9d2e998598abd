/** What curves over rising noise say: how much the strongest noise adds, and whether a model became more brittle than the base. */
import type { NoiseKind, RobustnessCurve } from '../../contract/evaluation';

/** Bits per byte; a smaller difference of two rises counts as none. */
export const SAME_RISE = 0.05;

/** Bits per byte at the strongest noise less those of clean text. */
export const riseOf = ({ bitsPerByte }: RobustnessCurve, model: number): number => bitsPerByte[model]!.at(-1)! - bitsPerByte[model]![0]!;

/** Kinds of noise that cost a model more than the base, and less. */
export function against(curves: readonly RobustnessCurve[], model: number): { more: NoiseKind[]; less: NoiseKind[] } {
  const difference = (curve: RobustnessCurve) => riseOf(curve, model) - riseOf(curve, 0);
  return {
    more: curves.filter((curve) => difference(curve) > SAME_RISE).map(({ kind }) => kind),
    less: curves.filter((curve) => difference(curve) < -SAME_RISE).map(({ kind }) => kind),
  };
}
