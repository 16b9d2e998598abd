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
  /** A kernel that reads and writes tensors of one shape element by element, four at once where that divides their size. */
  const eachOf = (
    kernel: string,
    reads: Record<string, TensorInfo>,
    writes: Record<string, TensorInfo>,
    body: (unit: Unit) => string,
    form?: GeluForm,
  ): void => {
    const size = util.sizeFromShape(Object.values(reads)[0]!.shape);
    const unit = unitFor(size);
    const count = size / unit.width;
    engine.run({
      kernel,
      ...(form === undefined ? {} : { variant: form }),
      reads,
      writes,
      vectors: unit.width === 4 ? [...Object.keys(reads), ...Object.keys(writes)] : [],
      integers: { count },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      body: () => `${eachElement.begin}${body(unit)}`,
    });
  };
  /** Declares what GELU and its slope are made of. */
  const geluTerms = (form: GeluForm, unit: Unit): string => (form === 'exact' ? distribution(unit) : gateOf(unit));

  registerWebgpuKernel<{ gate: TensorInfo; up: TensorInfo }>(kernels.Swiglu, ({ gate, up }) => {
    const y = engine.activation(gate.shape);
    eachOf(
      kernels.Swiglu,
      { gate, up },
      { y },
      (unit) => `
  let value = gate[index];
  y[index] = value * (${sigmoid('value', unit)}) * up[index];`,
    );
    return y;
  });

  registerWebgpuKernel<{ gate: TensorInfo; up: TensorInfo; dy: TensorInfo }>(kernels.SwigluGrad, ({ gate, up, dy }) => {
    const [dgate, dup] = [engine.activation(gate.shape), engine.activation(gate.shape)];
    eachOf(
      kernels.SwigluGrad,
      { gate, up, dy },
      { dgate, dup },
      (unit) => `
  let value = gate[index];
  let open = ${sigmoid('value', unit)};
  let slope = dy[index];
  dup[index] = slope * value * open;
  dgate[index] = slope * up[index] * open * (1.0 + value * (1.0 - open));`,
    );
    return [dgate, dup];
  });

  registerWebgpuKernel<{ gate: TensorInfo; up: TensorInfo }, GeluAttributes>(kernels.Geglu, ({ gate, up }, { form }) => {
    const y = engine.activation(gate.shape);
    const body = (unit: Unit) => `
  let value = gate[index];
  ${geluTerms(form, unit)}
  y[index] = value * ${geluPart(form)} * up[index];`;
    eachOf(kernels.Geglu, { gate, up }, { y }, body, form);
    return y;
  });

  registerWebgpuKernel<{ gate: TensorInfo; up: TensorInfo; dy: TensorInfo }, GeluAttributes>(
    kernels.GegluGrad,
    ({ gate, up, dy }, { form }) => {
      const [dgate, dup] = [engine.activation(gate.shape), engine.activation(gate.shape)];
      const body = (unit: Unit) => `
  let value = gate[index];
  ${geluTerms(form, unit)}
  let slope = dy[index];
  dup[index] = slope * value * ${geluPart(form)};
  dgate[index] = slope * up[index] * (${geluSlope(form)});`;
      eachOf(kernels.GegluGrad, { gate, up, dy }, { dgate, dup }, body, form);
      return [dgate, dup];
    },
  );

  registerWebgpuKernel<{ x: TensorInfo }, GeluAttributes>(kernels.Gelu, ({ x }, { form }) => {
    const y = engine.activation(x.shape);
    const body = (unit: Unit) => `
  let value = x[index];
  ${geluTerms(form, unit)}
  y[index] = value * ${geluPart(form)};`;
    eachOf(kernels.Gelu, { x }, { y }, body, form);
    return y;
  });

  registerWebgpuKernel<{ x: TensorInfo; dy: TensorInfo }, GeluAttributes>(kernels.GeluGrad, ({ x, dy }, { form }) => {
    const dx = engine.activation(x.shape);
    const body = (unit: Unit) => `
  let value = x[index];
  ${geluTerms(form, unit)}
  dx[index] = dy[index] * (${geluSlope(form)});`;
    eachOf(kernels.GeluGrad, { x, dy }, { dx }, body, form);
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
