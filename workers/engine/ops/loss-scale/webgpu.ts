import { engine as tensorEngine } from '@tensorflow/tfjs-core';
import type { Tensor1D } from '@tensorflow/tfjs-core';
import { lossScaleRules } from '../../../../src/core/precision/loss-scale';
import type { WebgpuEngine } from '../../webgpu/engine';
import { clipEpsilon } from '../adamw';
import { ownVariables, updateParameters } from '../adamw/webgpu';
import { setScaledAdamw } from '.';

export function registerWebgpu(engine: WebgpuEngine): void {
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
