/** How far training moved each parameter of a model from the base: Euclidean norms of the difference and of the base. */
import { sqrt, square, stack, sub, sum, tidy } from '@tensorflow/tfjs-core';
import { StudioError } from '../../src/core/errors';
import type { ParameterChange } from '../../src/core/metrics/model-change';
import { unmergeable } from '../../src/core/model/soft-prompt';
import { parameterShapes, type DecoderModel } from '../engine';

/** @throws StudioError `tensor-shape` when the two are not of one shape, `model-unmergeable` */
export async function weightChanges(a: DecoderModel, b: DecoderModel): Promise<ParameterChange[]> {
  requireSameShape(a, b);
  const names = parameterNames(a);
  const norms = tidy(() =>
    stack(
      names.flatMap((name) => {
        const before = a.mergedWeight(name);
        return [sqrt(sum(square(sub(b.mergedWeight(name), before)))), sqrt(sum(square(before)))];
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

/** Of the model itself, without those of an adapter beside it. */
export const parameterNames = ({ config }: DecoderModel): string[] => [...parameterShapes(config).keys()];

/**
 * @throws StudioError `tensor-shape` naming the first parameter that one of the two lacks (a head of its own) or has in another shape;
 * `model-unmergeable` where one has learnt what is no weight
 */
export function requireSameShape(a: DecoderModel, b: DecoderModel): void {
  const prompt = a.softPrompt ?? b.softPrompt;
  if (prompt) throw unmergeable(prompt.method);
  const names = [...parameterNames(a), ...parameterNames(b)];
  const shapeOf = (model: DecoderModel, name: string) => `[${model.parameters.get(name)?.shape.join(', ') ?? ''}]`;
  const different = names.find((name) => shapeOf(a, name) !== shapeOf(b, name));
  if (different !== undefined) {
    const [expected, found] = [shapeOf(a, different), shapeOf(b, different)];
    const message = `${different} is ${found} in one model and ${expected} in the other`;
    throw new StudioError('tensor-shape', message, { file: 'model.safetensors', tensor: different, found, expected });
  }
}
