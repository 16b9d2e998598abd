import { util } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmEngine } from '../../wasm/engine';
import { partition, SMALL } from '../../wasm/engine';
import { registerWasmKernel } from '../registry';
import { kernels } from '../kernels';
import type { GeluAttributes } from '.';

export function registerWasm(engine: WasmEngine): void {
  registerWasmKernel<{ gate: TensorInfo; up: TensorInfo }>(kernels.Swiglu, ({ gate, up }) => {
    const output = engine.output(gate.shape);
    const count = util.sizeFromShape(gate.shape);
    const { block, chunks } = partition(count, SMALL);
    engine.run('swiglu', chunks, [engine.address(gate), engine.address(up), engine.address(output), count, block]);
    return output;
  });

  registerWasmKernel<{ gate: TensorInfo; up: TensorInfo; dy: TensorInfo }>(kernels.SwigluGrad, ({ gate, up, dy }) => {
    const dgate = engine.output(gate.shape);
    const dup = engine.output(gate.shape);
    const count = util.sizeFromShape(gate.shape);
    const { block, chunks } = partition(count, SMALL);
    const addresses = [gate, up, dy, dgate, dup].map((tensor) => engine.address(tensor));
    engine.run('swigluGrad', chunks, [...addresses, count, block]);
    return [dgate, dup];
  });

  registerWasmKernel<{ gate: TensorInfo; up: TensorInfo }, GeluAttributes>(kernels.Geglu, ({ gate, up }, { form }) => {
    const output = engine.output(gate.shape);
    const count = util.sizeFromShape(gate.shape);
    const { block, chunks } = partition(count, SMALL);
    const addresses = [gate, up, output].map((tensor) => engine.address(tensor));
    engine.run('geglu', chunks, [...addresses, count, Number(form === 'exact'), block]);
    return output;
  });

  registerWasmKernel<{ gate: TensorInfo; up: TensorInfo; dy: TensorInfo }, GeluAttributes>(
    kernels.GegluGrad,
    ({ gate, up, dy }, { form }) => {
      const dgate = engine.output(gate.shape);
      const dup = engine.output(gate.shape);
      const count = util.sizeFromShape(gate.shape);
      const { block, chunks } = partition(count, SMALL);
      const addresses = [gate, up, dy, dgate, dup].map((tensor) => engine.address(tensor));
      engine.run('gegluGrad', chunks, [...addresses, count, Number(form === 'exact'), block]);
      return [dgate, dup];
    },
  );

  registerWasmKernel<{ x: TensorInfo }, GeluAttributes>(kernels.Gelu, ({ x }, { form }) => {
    const output = engine.output(x.shape);
    const count = util.sizeFromShape(x.shape);
    const { block, chunks } = partition(count, SMALL);
    engine.run('gelu', chunks, [engine.address(x), engine.address(output), count, Number(form === 'exact'), block]);
    return output;
  });

  registerWasmKernel<{ x: TensorInfo; dy: TensorInfo }, GeluAttributes>(kernels.GeluGrad, ({ x, dy }, { form }) => {
    const dx = engine.output(x.shape);
    const count = util.sizeFromShape(x.shape);
    const { block, chunks } = partition(count, SMALL);
    const addresses = [x, dy, dx].map((tensor) => engine.address(tensor));
    engine.run('geluGrad', chunks, [...addresses, count, Number(form === 'exact'), block]);
    return dx;
  });
}
