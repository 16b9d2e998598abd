import type { TensorInfo } from '@tensorflow/tfjs-core';
import { columnSums } from '../../webgpu/column-sums';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../../webgpu/kernel';
import { multiply } from '../../webgpu/product';
import { kernels } from '../kernels';

export function registerWebgpu(engine: WebgpuEngine): void {
  registerWebgpuKernel<{ x: TensorInfo; weight: TensorInfo; bias?: TensorInfo; residual?: TensorInfo }>(
    kernels.Linear,
    ({ x, weight, bias, residual }) => {
      const [rows, depth] = x.shape as [number, number];
      const columns = weight.shape[0]!;
      const output = engine.activation([rows, columns]);
      multiply(engine, {
        a: { tensor: x, contiguous: 'depth', stride: depth },
        b: { tensor: weight, contiguous: 'depth', stride: depth },
        rows,
        columns,
        depth,
        c: { tensor: output },
        bias,
        residual,
      });
      return output;
    },
  );

  registerWebgpuKernel<{ dy: TensorInfo; weight: TensorInfo }>(kernels.LinearGradInput, ({ dy, weight }) => {
    const [rows, depth] = dy.shape as [number, number];
    const columns = weight.shape[1]!;
    const output = engine.activation([rows, columns]);
    multiply(engine, {
      a: { tensor: dy, contiguous: 'depth', stride: depth },
      b: { tensor: weight, contiguous: 'side', stride: columns },
      rows,
      columns,
      depth,
      c: { tensor: output },
    });
    return output;
  });

  registerWebgpuKernel<{ dy: TensorInfo; x: TensorInfo }>(kernels.LinearGradWeight, ({ dy, x }) => {
    const [depth, rows] = dy.shape as [number, number];
    const columns = x.shape[1]!;
    const output = engine.output([rows, columns]);
    multiply(engine, {
      a: { tensor: dy, contiguous: 'side', stride: rows },
      b: { tensor: x, contiguous: 'side', stride: columns },
      rows,
      columns,
      depth,
      c: { tensor: output },
    });
    return output;
  });

  registerWebgpuKernel<{ dy: TensorInfo }>(kernels.LinearGradBias, ({ dy }) => {
    const [rows, columns] = dy.shape as [number, number];
    const output = engine.output([columns]);
    columnSums(engine, { kernel: kernels.LinearGradBias, reads: { dy }, rows, columns, sums: { sum: { output, term: 'dy[at]' } } });
    return output;
  });
}
