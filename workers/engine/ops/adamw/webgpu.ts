/** AdamW in place, as many parameters in a dispatch as the device can bind: on a GPU most of them are too small to fill it. */
import { engine as tensorEngine } from '@tensorflow/tfjs-core';
import type { Tensor1D, TensorInfo, Variable } from '@tensorflow/tfjs-core';
import { lossScaleRules } from '../../../../src/core/precision/loss-scale';
import type { WebgpuEngine } from '../../webgpu/engine';
import { eachElement, groupIndex, groupsOf, unitFor } from '../../webgpu/layout';
import { clipEpsilon, setAdamwUpdates, setScaledAdamw } from '.';
import type { AdamwEntry } from '.';

/** Tensors of a parameter: itself, its gradient and its two moments. */
const TENSORS = 4;

export function registerWebgpu(engine: WebgpuEngine): void {
  setAdamwUpdates('webgpu', (entries, clipScale) => {
    ownVariables(
      engine,
      entries.flatMap(({ parameter, first, second }) => [parameter, first, second]),
    );
    updateParameters(engine, entries, clipScale, false);
  });
  registerScaledAdamw(engine);
}

/**
 * Updates parameters whose variables are `ownVariables` already.
 *
 * @param control what the gradients are multiplied by; when the loss was `scaled`, that, 1/(1 − β₁ᵗ), √(1 − β₂ᵗ), and 0 for a step to be skipped
 */
function updateParameters(engine: WebgpuEngine, entries: readonly AdamwEntry[], control: TensorInfo, scaled: boolean): void {
  const most = Math.floor((engine.storageBuffers - 1) / TENSORS);
  for (let start = 0; start < entries.length; start += most) update(engine, entries.slice(start, start + most), control, scaled);
}

function update(engine: WebgpuEngine, entries: readonly AdamwEntry[], control: TensorInfo, scaled: boolean): void {
  const { beta1, beta2, epsilon } = entries[0]!.settings;
  // Not the entries: their gradients are gone when the settings are asked for again.
  const settings = entries.map((entry) => entry.settings);
  const [rates, decays] = ['rate', 'decay'].map((name) => entries.map((_, i) => `${name}${i}`)) as [string[], string[]];
  const still = entries.map(({ settings: { lr } }) => lr === 0);
  const parts = entries.map(({ parameter: { size } }) => {
    const unit = unitFor(size);
    return { vector: unit.width === 4, count: size / unit.width, groups: Math.ceil(size / unit.width / eachElement.workgroupSize) };
  });
  const ends = parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, { groups }) => sum + groups, 0));
  const named = <T>(name: string, of: (entry: AdamwEntry, i: number) => T) =>
    Object.fromEntries(entries.map((entry, i) => [`${name}${i}`, of(entry, i)]));
  engine.run({
    kernel: 'adamw',
    // At a rate of 0 the weights must stay bit for bit, so they are not even written.
    variant: `${still.includes(true) ? `moments of ${still.map(Number).join('')}` : ''}${scaled ? ' scaled' : ''}`,
    reads: { control, ...named('gradient', ({ gradient }) => gradient) },
    writes: {
      ...named('parameter', ({ parameter }) => parameter),
      ...named('first', ({ first }) => first),
      ...named('second', ({ second }) => second),
    },
    vectors: parts.flatMap(({ vector }, i) => (vector ? ['gradient', 'parameter', 'first', 'second'].map((name) => `${name}${i}`) : [])),
    integers: { ...named('count', (_, i) => parts[i]!.count), ...named('end', (_, i) => ends[i]!) },
    floats: {
      beta1,
      rest1: 1 - beta1,
      beta2,
      rest2: 1 - beta2,
      epsilon,
    },
    live: () => ({
      ...(scaled ? {} : { root: Math.sqrt(1 - beta2 ** settings[0]!.step) }),
      ...Object.fromEntries(settings.map(({ lr, step }, i) => [rates[i]!, scaled ? lr : lr / (1 - beta1 ** step)])),
      ...Object.fromEntries(settings.map(({ lr, weightDecay }, i) => [decays[i]!, 1 - lr * weightDecay])),
    }),
    workgroupSize: eachElement.workgroupSize,
    groups: groupsOf(ends.at(-1)!),
    body: () => `${scaled ? skipping : plain}${entries.map((_, i) => updateBody(i, scaled, still[i]!)).join(' else ')}`,
  });
}

const plain = `
  let root = params.root;
  `;

const skipping = `
  if (control[3] == 0.0) { return; }
  let root = control[2];
  `;

/** Updates parameter `i` where the workgroup is one of its own. */
function updateBody(i: number, scaled: boolean, momentsOnly: boolean): string {
  const before = i === 0 ? '0u' : `params.end${i - 1}`;
  return `if (${groupIndex} < params.end${i}) {
    let index = (${groupIndex} - ${before}) * ${eachElement.workgroupSize}u + lane;
    if (index >= params.count${i}) { return; }
    let rate = params.rate${i}${scaled ? ' * control[1]' : ''};
    let g = gradient${i}[index] * control[0];
    let m = first${i}[index] * params.beta1 + g * params.rest1;
    let v = second${i}[index] * params.beta2 + g * g * params.rest2;
    first${i}[index] = m;
    second${i}[index] = v;
    ${momentsOnly ? '' : `parameter${i}[index] = parameter${i}[index] * params.decay${i} - m / (sqrt(v) / root + params.epsilon) * rate;`}
  }`;
}

/** A variable may share its memory with the tensor it was made from; writing in place would change that one too. */
function ownVariables(engine: WebgpuEngine, variables: readonly Variable[]): void {
  for (const variable of variables) {
    if (engine.isAliased(variable)) {
      const copy = engine.output(variable.shape);
      engine.copyElements(variable, copy);
      const tensor = tensorEngine().makeTensorFromTensorInfo(copy);
      variable.assign(tensor);
      tensor.dispose();
    }
    engine.keepOffHost(variable);
  }
}

function registerScaledAdamw(engine: WebgpuEngine): void {
  const { growth, backoff, interval } = lossScaleRules;
  setScaledAdamw('webgpu', (entries, { norm, maxGradNorm }, { scale, history }) => {
    ownVariables(engine, [scale, history, ...entries.flatMap(({ parameter, first, second }) => [parameter, first, second])]);
    const { beta1, beta2 } = entries[0]!.settings;
    const [control, report] = [engine.output([4]), engine.output([4])];
    engine.run({
      kernel: 'loss scale',
      reads: { norm },
      writes: { scale, history, control, report },
      integers: { interval },
      floats: { beta1, rest1: 1 - beta1, beta2, rest2: 1 - beta2, most: maxGradNorm, growth, backoff, epsilon: clipEpsilon },
      workgroupSize: 1,
      groups: [1, 1, 1],
      // Whether a number is finite is read from its bits: WGSL lets an implementation assume that all are.
      body: () => `
  let finite = (bitcast<u32>(norm[0]) & 0x7f800000u) != 0x7f800000u;
  let before = scale[0];
  let plain = norm[0] / before;
  if (finite) {
    history[2] += 1.0;
    history[3] = history[3] * params.beta1 + params.rest1;
    history[4] = history[4] * params.beta2 + params.rest2;
    let good = history[0] + 1.0;
    let grows = good >= f32(params.interval);
    history[0] = select(good, 0.0, grows);
    // Doubling the largest power of two would overflow.
    if (grows && before < 3.4e38 / params.growth) { scale[0] = before * params.growth; }
    var clip = 1.0;
    if (params.most > 0.0) { clip = min(params.most / (plain + params.epsilon), 1.0); }
    control[0] = clip / before;
    control[1] = 1.0 / history[3];
    control[2] = sqrt(history[4]);
  } else {
    history[0] = 0.0;
    history[1] += 1.0;
    scale[0] = before * params.backoff;
  }
  control[3] = select(0.0, 1.0, finite);
  report[0] = plain;
  report[1] = scale[0];
  report[2] = history[1];
  report[3] = select(1.0, 0.0, finite);`,
    });
    updateParameters(engine, entries, control, true);
    engine.release(control);
    return tensorEngine().makeTensorFromTensorInfo(report) as Tensor1D;
  });
}
