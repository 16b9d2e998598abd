import type { TensorInfo } from '@tensorflow/tfjs-core';

/** 'dy0', 'dy1', … of a kernel's inputs. */
export function numbered(inputs: Record<string, TensorInfo>, name: string): TensorInfo[] {
  return Object.keys(inputs)
    .filter((key) => key.startsWith(name))
    .map((_, index) => inputs[`${name}${index}`]!);
}
