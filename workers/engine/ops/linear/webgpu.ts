import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Quantisation } from '../../../../src/core/model/quantisation';
import { columnSums } from '../../webgpu/layout';
import type { WebgpuEngine } from '../../webgpu/engine';
import { numberedInputs, registerWebgpuKernel } from '../registry';
import { multiply, multiplyAll } from '../../webgpu/product';
import { kernels } from '../kernels';
import type { QuantisedAttributes } from './quantised';

interface LinearInputs {
  x: TensorInfo;
  weight: TensorInfo;
  bias?: TensorInfo;
  residual?: TensorInfo;
}

interface GradInputs {
  dy: TensorInfo;
  weight: TensorInfo;
}

export function registerWebgpu(engine: WebgpuEngine): void {
  /** x·weightᵀ + bias + residual */
  const forward = ({ x, weight, bias, residual }: LinearInputs, columns: number, format?: Quantisation): TensorInfo => {
    const [rows, depth] = x.shape as [number, number];
    const output = engine.activation([rows, columns]);
    multiply(engine, {
      a: { tensor: x, contiguous: 'depth', stride: depth },
      b: { tensor: weight, contiguous: 'depth', stride: depth, quantised: format && { format, size: columns * depth } },
      rows,
      columns,
      depth,
      c: { tensor: output },
      bias,
      residual,
    });
    return output;
  };

  /** dy·weight */
  const gradInput = ({ dy, weight }: GradInputs, columns: number, format?: Quantisation): TensorInfo => {
    const [rows, depth] = dy.shape as [number, number];
    const output = engine.activation([rows, columns]);
    multiply(engine, {
      a: { tensor: dy, contiguous: 'depth', stride: depth },
      b: { tensor: weight, contiguous: 'side', stride: columns, quantised: format && { format, size: columns * depth } },
      rows,
      columns,
      depth,
      c: { tensor: output },
    });
    return output;
  };

  registerWebgpuKernel<LinearInputs>(kernels.Linear, (inputs) => forward(inputs, inputs.weight.shape[0]!));
  registerWebgpuKernel<GradInputs>(kernels.LinearGradInput, (inputs) => gradInput(inputs, inputs.weight.shape[1]!));
  registerWebgpuKernel<LinearInputs, QuantisedAttributes>(kernels.QuantisedLinear, (inputs, { format, outputs }) =>
    forward(inputs, outputs, format),
  );
  registerWebgpuKernel<GradInputs, QuantisedAttributes>(kernels.QuantisedLinearGradInput, (given, { format, inputs }) =>
    gradInput(given, inputs, format),
  );

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

  registerWebgpuKernel<TensorInfo[]>(kernels.LinearGroup, (inputs) => {
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

  registerWebgpuKernel<Record<string, TensorInfo>>(kernels.LinearGroupGradInput, (inputs) => {
    const weights = numberedInputs(inputs, 'weight');
    const columns = weights[0]!.shape[1]!;
    const dys = numberedInputs(inputs, 'dy');
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

  registerWebgpuKernel<Record<string, TensorInfo>>(kernels.LinearGroupGradWeights, (inputs) => {
    const x = inputs['x']!;
    const [depth, columns] = x.shape as [number, number];
    const dys = numberedInputs(inputs, 'dy');
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
