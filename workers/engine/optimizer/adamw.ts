/** AdamW with clipping by the global norm. Moments are keyed by parameter name; weights, moments and norm stay on the device. */
import { add, div, getBackend, minimum, reshape, scalar, slice, tensor, tensor1d, tidy, variable, zeros } from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { initialLossScale } from '../../../src/core/precision/loss-scale';
import type { BackendName } from '../../../src/contract/device';
import type { HostTensor } from '../checkpoint/safetensors';
import { adamwUpdatesOn, clipEpsilon, packHistory, scaledAdamwOn } from '../ops/adamw';
import { globalNorm } from '../ops/reductions';
import type { ScaleVariables } from '../ops/adamw';
import { decays } from '../../../src/core/model/parameters';

export interface AdamWOptions {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** On weights with two axes other than the embedding table. */
  weightDecay: number;
  /** 0: no clipping. */
  maxGradNorm: number;
  /** Dynamic loss scaling, for gradients of a loss multiplied by `lossScale`. Only on the backends that store halves. */
  scalesLoss?: boolean;
}

export interface Update {
  /** Norm of the gradients before clipping, on the device, without the loss scale; not finite in a skipped step. The caller disposes it. */
  norm: Scalar;
  /** With loss scaling: [norm, scale of the next step, steps skipped so far, 1 when this step was skipped]. The caller disposes it. */
  scaling?: Tensor1D;
}

export interface Optimizer {
  /** Updates asked for so far; with loss scaling some of them may have been skipped. */
  readonly steps: number;
  /** What the next step's loss must be multiplied by; on the device, and the optimizer's own. */
  readonly lossScale: Scalar | undefined;
  /**
   * One update. Parameters without a gradient stay as they are. Disposes the gradients.
   */
  apply(gradients: ReadonlyMap<string, Tensor>, lr: number): Update;
  /** The live moments, as `exp_avg.<parameter>` and `exp_avg_sq.<parameter>`, and the loss scale with its history, for reading only. */
  state(): Map<string, Tensor>;
  /** Goes on from stored moments; those of a parameter that are not given start at zero. */
  restore(steps: number, moments: Iterable<HostTensor>): void;
  dispose(): void;
}

interface Moments {
  first: Variable;
  second: Variable;
}

/** Names of the loss scale's tensors in `state`. */
const scaleNames = { scale: 'loss_scale', history: 'loss_scale_history' } as const;

export function createAdamW(parameters: ReadonlyMap<string, Variable>, options: AdamWOptions): Optimizer {
  const moments = new Map<string, Moments>();
  let steps = 0;
  let scaling: ScaleVariables | undefined;
  const startScaling = () => {
    if (!options.scalesLoss) return;
    const start = initialLossScale(steps);
    scaling = {
      scale: momentVariable(scalar(start.scale)) as Variable & Scalar,
      history: momentVariable(tensor1d(packHistory(start, options.beta1, options.beta2))) as Variable & Tensor1D,
    };
  };
  startScaling();

  const momentsOf = (name: string, parameter: Variable): Moments => {
    let found = moments.get(name);
    if (!found) {
      found = { first: momentVariable(zeros(parameter.shape)), second: momentVariable(zeros(parameter.shape)) };
      moments.set(name, found);
    }
    return found;
  };
  const dispose = () => {
    for (const { first, second } of moments.values()) {
      first.dispose();
      second.dispose();
    }
    moments.clear();
    scaling?.scale.dispose();
    scaling?.history.dispose();
    scaling = undefined;
  };

  return {
    get steps() {
      return steps;
    },
    get lossScale() {
      return scaling?.scale;
    },

    apply(gradients, lr) {
      steps += 1;
      const { beta1, beta2, epsilon, weightDecay, maxGradNorm } = options;
      const norm = globalNorm(gradients.values());
      const entries = [...gradients].map(([name, gradient]) => {
        const parameter = parameters.get(name);
        if (!parameter) throw new Error(`There is a gradient for "${name}", which is not a parameter`);
        const decay = decays(name, parameter.shape) ? weightDecay : 0;
        return {
          parameter,
          gradient,
          ...momentsOf(name, parameter),
          settings: { lr, beta1, beta2, epsilon, weightDecay: decay, step: steps },
        };
      });
      const backend = getBackend() as BackendName;
      try {
        if (scaling) {
          const report = scaledAdamwOn(backend)(entries, { norm, maxGradNorm }, scaling);
          norm.dispose();
          return { norm: tidy(() => reshape(slice(report, [0], [1]), [])), scaling: report };
        }
        const clipScale = maxGradNorm > 0 ? tidy(() => minimum<Scalar>(div(maxGradNorm, add(norm, clipEpsilon)), 1)) : scalar(1);
        adamwUpdatesOn(backend)(entries, clipScale);
        clipScale.dispose();
        return { norm };
      } finally {
        for (const gradient of gradients.values()) gradient.dispose();
      }
    },

    state() {
      const tensors = new Map<string, Tensor>();
      for (const [name, { first, second }] of moments) tensors.set(`exp_avg.${name}`, first).set(`exp_avg_sq.${name}`, second);
      if (scaling) tensors.set(scaleNames.scale, scaling.scale).set(scaleNames.history, scaling.history);
      return tensors;
    },

    restore(done, stored) {
      dispose();
      steps = done;
      startScaling();
      for (const { name, shape, data } of stored) {
        const part = name === scaleNames.scale ? 'scale' : name === scaleNames.history ? 'history' : undefined;
        if (part) {
          if (scaling) assign(scaling[part], tensor(data, shape));
          continue;
        }
        const kind = name.startsWith('exp_avg_sq.') ? 'second' : name.startsWith('exp_avg.') ? 'first' : undefined;
        const parameterName = name.slice(name.indexOf('.') + 1);
        const parameter = parameters.get(parameterName);
        if (!kind || !parameter) throw new Error(`The moment "${name}" belongs to no parameter`);
        assign(momentsOf(parameterName, parameter)[kind], tensor(data, shape));
      }
    },

    dispose,
  };
}

function assign(target: Variable, value: Tensor): void {
  target.assign(value);
  value.dispose();
}

function momentVariable(initial: Tensor): Variable {
  const moment = variable(initial, false);
  initial.dispose();
  return moment;
}
