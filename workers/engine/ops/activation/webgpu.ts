import { util } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../registry';
import { eachElement, unitFor } from '../../webgpu/layout';
import type { Unit } from '../../webgpu/layout';
import { kernels } from '../kernels';
import type { GeluAttributes, GeluForm } from '.';
import { densityAtZero, tailCoefficients, tailScale, tanhForm, tanhFormLimit } from '.';

/** σ of `value`: its exponential is kept finite, since WGSL may assume that no value is infinite. */
const sigmoid = (value: string, { type }: Unit): string => `1.0 / (1.0 + exp(min(-${value}, ${type}(88.0))))`;

export function registerWebgpu(engine: WebgpuEngine): void {
  registerWebgpuKernel<{ gate: TensorInfo; up: TensorInfo }>(kernels.Swiglu, ({ gate, up }) => {
    const y = engine.activation(gate.shape);
    const size = util.sizeFromShape(gate.shape);
    const unit = unitFor(size);
    const count = size / unit.width;
    engine.run({
      kernel: kernels.Swiglu,
      reads: { gate, up },
      writes: { y },
      vectors: unit.width === 4 ? ['gate', 'up', 'y'] : [],
      integers: { count },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      body: () => `${eachElement.begin}
  let value = gate[index];
  y[index] = value * (${sigmoid('value', unit)}) * up[index];`,
    });
    return y;
  });

  registerWebgpuKernel<{ gate: TensorInfo; up: TensorInfo; dy: TensorInfo }>(kernels.SwigluGrad, ({ gate, up, dy }) => {
    const [dgate, dup] = [engine.activation(gate.shape), engine.activation(gate.shape)];
    const size = util.sizeFromShape(gate.shape);
    const unit = unitFor(size);
    const count = size / unit.width;
    engine.run({
      kernel: kernels.SwigluGrad,
      reads: { gate, up, dy },
      writes: { dgate, dup },
      vectors: unit.width === 4 ? ['gate', 'up', 'dy', 'dgate', 'dup'] : [],
      integers: { count },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      body: () => `${eachElement.begin}
  let value = gate[index];
  let open = ${sigmoid('value', unit)};
  let slope = dy[index];
  dup[index] = slope * value * open;
  dgate[index] = slope * up[index] * open * (1.0 + value * (1.0 - open));`,
    });
    return [dgate, dup];
  });

  registerWebgpuKernel<{ gate: TensorInfo; up: TensorInfo }, GeluAttributes>(kernels.Geglu, ({ gate, up }, { form }) => {
    const y = engine.activation(gate.shape);
    const size = util.sizeFromShape(gate.shape);
    const unit = unitFor(size);
    const count = size / unit.width;
    engine.run({
      kernel: kernels.Geglu,
      variant: form,
      reads: { gate, up },
      writes: { y },
      vectors: unit.width === 4 ? ['gate', 'up', 'y'] : [],
      integers: { count },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      body: () => `${eachElement.begin}
  let value = gate[index];
  ${form === 'exact' ? distribution(unit) : gateOf(unit)}
  y[index] = value * ${geluPart(form)} * up[index];`,
    });
    return y;
  });

  registerWebgpuKernel<{ gate: TensorInfo; up: TensorInfo; dy: TensorInfo }, GeluAttributes>(
    kernels.GegluGrad,
    ({ gate, up, dy }, { form }) => {
      const [dgate, dup] = [engine.activation(gate.shape), engine.activation(gate.shape)];
      const size = util.sizeFromShape(gate.shape);
      const unit = unitFor(size);
      const count = size / unit.width;
      engine.run({
        kernel: kernels.GegluGrad,
        variant: form,
        reads: { gate, up, dy },
        writes: { dgate, dup },
        vectors: unit.width === 4 ? ['gate', 'up', 'dy', 'dgate', 'dup'] : [],
        integers: { count },
        workgroupSize: eachElement.workgroupSize,
        groups: eachElement.groups(count),
        body: () => `${eachElement.begin}
  let value = gate[index];
  ${form === 'exact' ? distribution(unit) : gateOf(unit)}
  let slope = dy[index];
  dup[index] = slope * value * ${geluPart(form)};
  dgate[index] = slope * up[index] * (${geluSlope(form)});`,
      });
      return [dgate, dup];
    },
  );

  registerWebgpuKernel<{ x: TensorInfo }, GeluAttributes>(kernels.Gelu, ({ x }, { form }) => {
    const y = engine.activation(x.shape);
    const size = util.sizeFromShape(x.shape);
    const unit = unitFor(size);
    const count = size / unit.width;
    engine.run({
      kernel: kernels.Gelu,
      variant: form,
      reads: { x },
      writes: { y },
      vectors: unit.width === 4 ? ['x', 'y'] : [],
      integers: { count },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      body: () => `${eachElement.begin}
  let value = x[index];
  ${form === 'exact' ? `${distribution(unit)} let part = below;` : `${gateOf(unit)} let part = open;`}
  y[index] = value * part;`,
    });
    return y;
  });

  registerWebgpuKernel<{ x: TensorInfo; dy: TensorInfo }, GeluAttributes>(kernels.GeluGrad, ({ x, dy }, { form }) => {
    const dx = engine.activation(x.shape);
    const size = util.sizeFromShape(x.shape);
    const unit = unitFor(size);
    const count = size / unit.width;
    engine.run({
      kernel: kernels.GeluGrad,
      variant: form,
      reads: { x, dy },
      writes: { dx },
      vectors: unit.width === 4 ? ['x', 'dy', 'dx'] : [],
      integers: { count },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      body: () => `${eachElement.begin}
  let value = x[index];
  ${form === 'exact' ? distribution(unit) : gateOf(unit)}
  dx[index] = dy[index] * (${geluSlope(form)});`,
    });
    return dx;
  });
}

/** Declares `bell` = e^(−x²/2) and `below` = Φ(x) of `value`. */
const distribution = ({ type }: Unit): string => `
  let bell = exp(max(-0.5 * value * value, ${type}(-87.0)));
  let u = 1.0 / (1.0 + ${tailScale} * abs(value));
  let tail = bell * ${tailCoefficients.reduceRight((sum, coefficient) => `u * (${coefficient} + ${sum})`, `${type}()`)};
  let below = select(1.0 - tail, tail, value < ${type}());`;

/** Declares `limited`, which keeps x³ finite, and `open` = σ of the tanh form's argument. */
const gateOf = (unit: Unit): string => `
  let limited = clamp(value, ${unit.type}(-${tanhFormLimit}), ${unit.type}(${tanhFormLimit}));
  let argument = limited * (${tanhForm.cubic} * limited * limited + ${tanhForm.linear});
  let open = ${sigmoid('argument', unit)};`;

/** What GELU multiplies `value` with. */
const geluPart = (form: GeluForm): string => (form === 'exact' ? 'below' : 'open');

/** GELU's derivative at `value`. */
const geluSlope = (form: GeluForm): string =>
  form === 'exact'
    ? `below + value * ${densityAtZero} * bell`
    : `open + limited * (${3 * tanhForm.cubic} * limited * limited + ${tanhForm.linear}) * open * (1.0 - open)`;
