import { add, concat, mul, neg, reshape, slice, sub } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../api';
import { registerReferenceKernel } from '../kernel';
import { kernels } from '../kernels';
import type { RotaryAttributes } from '.';

export function rotaryReference(
  { x, cos, sin }: { x: Tensor2D; cos: Tensor2D; sin: Tensor2D },
  { context, heads, inverse }: RotaryAttributes,
): Tensor {
  const [rows, width] = x.shape;
  const size = width / heads;
  const half = size / 2;
  const split = reshape(x, [rows / context, context, heads, size]);
  const first = slice(split, [0, 0, 0, 0], [-1, -1, -1, half]);
  const second = slice(split, [0, 0, 0, half], [-1, -1, -1, half]);
  const turned = concat([neg(second), first], 3);
  const along = mul(split, reshape(cos, [1, context, 1, size]));
  const across = mul(turned, reshape(sin, [1, context, 1, size]));
  return reshape(inverse ? sub(along, across) : add(along, across), [rows, width]);
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.Rotary, backend, rotaryReference);
}
