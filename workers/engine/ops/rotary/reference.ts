import { add, concat, mul, neg, reshape, slice, sub } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { registerReferenceKernel } from '../kernel';
import { kernels } from '../kernels';
import type { RotaryAttributes } from '.';

export function rotaryReference(
  { x, cos, sin }: { x: Tensor2D; cos: Tensor2D; sin: Tensor2D },
  { context, heads, inverse }: RotaryAttributes,
): Tensor {
  const [rows, width] = x.shape;
  const turning = cos.shape[1];
  const half = turning / 2;
  const split = reshape(x, [rows / context, context, heads, width / heads]);
  const part = (from: number, count: number) => slice(split, [0, 0, 0, from], [-1, -1, -1, count]);
  const turned = concat([neg(part(half, half)), part(0, half)], 3);
  const along = mul(part(0, turning), reshape(cos, [1, context, 1, turning]));
  const across = mul(turned, reshape(sin, [1, context, 1, turning]));
  const result = inverse ? sub(along, across) : add(along, across);
  return reshape(turning * heads === width ? result : concat([result, part(turning, width / heads - turning)], 3), [rows, width]);
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.Rotary, backend, rotaryReference);
}
