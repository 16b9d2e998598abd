/**
 * Dropout with masks from a counter-based generator: any backend can draw number `counter` of stream `seed` by itself, so the same seed
 * and offset give the same mask on every backend. The generator is two rounds of MurmurHash3's 32-bit finaliser (Appleby), each with a
 * key from the seed.
 */
import { mul, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../../src/contract/device';
import { kernels } from '../kernels';
import { defineGradient, registerReferenceKernel, runKernel } from '../registry';

export interface DropoutAttributes {
  /** Probability of zeroing an element, 0 ≤ rate < 1. */
  rate: number;
  /** Unsigned 32-bit stream. */
  seed: number;
  /** Counter of the first element; element i draws number (offset + i) mod 2³². */
  offset: number;
}

/** x → x·mask/(1 − rate), same shape; at rate 0 it is x itself and no kernel runs. */
export function dropout<T extends Tensor>(x: T, attributes: DropoutAttributes): T {
  return attributes.rate === 0 ? x : runKernel<T>(kernels.Dropout, { x }, attributes);
}

defineGradient<DropoutAttributes>({
  kernel: kernels.Dropout,
  saveInputs: [],
  gradient: ([dy], _saved, attributes) => ({ x: () => runKernel(kernels.Dropout, { x: dy }, attributes) }),
});

/** MurmurHash3's finaliser; all arithmetic modulo 2³². */
export function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The two keys of a seed: mix(seed) and mix(seed + 0x9e3779b9). */
export function keysOf(seed: number): [number, number] {
  return [mix(seed), mix(seed + 0x9e3779b9)];
}

/** Uniform 32-bit number: mix(mix(counter ⊕ first) + second). */
export function draw(counter: number, [first, second]: [number, number]): number {
  return mix(mix(counter ^ first) + second);
}

/** An element is kept when its draw is at least ⌊rate · 2³²⌋. */
export function threshold(rate: number): number {
  return Math.floor(rate * 2 ** 32);
}

/** 1/(1 − rate) where an element is kept, else 0. */
export function dropoutMask(size: number, { rate, seed, offset }: DropoutAttributes): Float32Array {
  const keys = keysOf(seed);
  const limit = threshold(rate);
  const kept = 1 / (1 - rate);
  return Float32Array.from({ length: size }, (_, index) => (draw(offset + index, keys) >= limit ? kept : 0));
}

export function dropoutReference({ x }: { x: Tensor }, attributes: DropoutAttributes): Tensor {
  return mul(x, tensor(dropoutMask(x.size, attributes), x.shape));
}

export function registerReference(backend: BackendName): void {
  registerReferenceKernel(kernels.Dropout, backend, dropoutReference);
}
