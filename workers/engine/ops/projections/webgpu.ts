import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../../webgpu/kernel';
import { multiplyAll } from '../../webgpu/product';
import { kernels } from '../kernels';
import { numbered } from './numbered';

export function registerWebgpu(engine: WebgpuEngine): void {
  registerWebgpuKernel<TensorInfo[]>(kernels.Projections, (inputs) => {
    const [x, ...weights] = inputs as [TensorInfo, ...TensorInfo[]];
    const [rows, depth] = x.shape as [number, number];
    const outputs = weights.map(({ shape }) => engine.activation([rows, shape[0]!]));
    multiplyAll(
      engine,
      weights.map((weight, index) => ({
        terms: [
          {
            a: { tensor: x, contiguous: 'depth', stride: depth },
            b: { tensor: weight, contiguous: 'depth', stride: depth },
            depth,
          },
        ],
        rows,
        columns: weight.shape[0]!,
        c: { tensor: outputs[index]! },
      })),
    );
    return outputs;
  });

  registerWebgpuKernel<Record<string, TensorInfo>>(kernels.ProjectionsGradInput, (inputs) => {
    const weights = numbered(inputs, 'weight');
    const columns = weights[0]!.shape[1]!;
    const dys = numbered(inputs, 'dy');
    const rows = dys[0]!.shape[0]!;
    const output = engine.activation([rows, columns]);
    const terms = dys.map((dy, index) => {
      const depth = dy.shape[1]!;
      return {
        a: { tensor: dy, contiguous: 'depth' as const, stride: depth },
        b: { tensor: weights[index]!, contiguous: 'side' as const, stride: columns },
        depth,
      };
    });
    multiplyAll(engine, [{ terms, rows, columns, c: { tensor: output } }]);
    return output;
  });

  registerWebgpuKernel<Record<string, TensorInfo>>(kernels.ProjectionsGradWeights, (inputs) => {
    const x = inputs['x']!;
    const [depth, columns] = x.shape as [number, number];
    const dys = numbered(inputs, 'dy');
    const outputs = dys.map(({ shape }) => engine.output([shape[1]!, columns]));
    multiplyAll(
      engine,
      dys.map((dy, index) => {
        const rows = dy.shape[1]!;
        return {
          terms: [
            {
              a: { tensor: dy, contiguous: 'side', stride: rows },
              b: { tensor: x, contiguous: 'side', stride: columns },
              depth,
            },
          ],
          rows,
          columns,
          c: { tensor: outputs[index]! },
        };
      }),
    );
    return outputs;
  });
}
