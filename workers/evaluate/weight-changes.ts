/** Where training acted: how far each part of a model moved from the base, relative to its size. */
import { sqrt, square, sub, sum, stack, tidy } from '@tensorflow/tfjs-core';
import { StudioError } from '../../src/core/errors';
import type { DecoderModel } from '../engine';

export interface WeightChange {
  /** Parameter by Hugging Face's name. */
  name: string;
  /** Index of its block; null outside the blocks (embeddings, last norm, head). */
  layer: number | null;
  parameters: number;
  /** ‖b − a‖₂ and ‖a‖₂. */
  change: number;
  size: number;
}

/** @throws StudioError `tensor-shape` when the two are not of one shape */
export async function weightChanges(a: DecoderModel, b: DecoderModel): Promise<WeightChange[]> {
  const names = [...a.parameters.keys()];
  const norms = tidy(() =>
    stack(
      names.flatMap((name) => {
        const [before, after] = [a.parameters.get(name)!, b.parameters.get(name)];
        if (!after || after.shape.join() !== before.shape.join())
          throw new StudioError(
            'tensor-shape',
            `${name} is [${after?.shape.join() ?? ''}] in one model and [${before.shape.join()}] in the other`,
            {
              file: '',
              tensor: name,
              found: `[${after?.shape.join() ?? ''}]`,
              expected: `[${before.shape.join()}]`,
            },
          );
        return [sqrt(sum(square(sub(after, before)))), sqrt(sum(square(before)))];
      }),
    ),
  );
  try {
    const values = await norms.data<'float32'>();
    return names.map((name, at) => {
      const layer = /\.(?:layers|h)\.(\d+)\./.exec(name);
      return {
        name,
        layer: layer ? Number(layer[1]) : null,
        parameters: a.parameters.get(name)!.size,
        change: values[2 * at]!,
        size: values[2 * at + 1]!,
      };
    });
  } finally {
    norms.dispose();
  }
}
