/** AdamW with clipping by the global norm. Moments are keyed by parameter name; weights, moments and norm stay on the device. */
import { add, div, getBackend, minimum, scalar, tensor, tidy, variable, zeros } from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../api';
import type { HostTensor } from '../checkpoint/safetensors';
import { adamwUpdatesOn } from '../ops/adamw';
import { globalNorm } from '../ops/global-norm';
import { decays } from '../model/parameters';

export interface AdamWOptions {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** On weights with two axes other than the embedding table. */
  weightDecay: number;
  /** 0: no clipping. */
  maxGradNorm: number;
}

export interface Optimizer {
  /** Updates done so far. */
  readonly steps: number;
  /**
   * One update. Parameters without a gradient stay as they are. Disposes the gradients.
   * Returns the norm of the gradients before clipping, on the device; the caller disposes it.
   */
  apply(gradients: ReadonlyMap<string, Tensor>, lr: number): { norm: Scalar };
  /** The live moments, as `exp_avg.<parameter>` and `exp_avg_sq.<parameter>`, for reading only. */
  state(): Map<string, Tensor>;
  /** Goes on from stored moments; those of a parameter that are not given start at zero. */
  restore(steps: number, moments: Iterable<HostTensor>): void;
  dispose(): void;
}

interface Moments {
  first: Variable;
  second: Variable;
}

/** Keeps the norm's reciprocal finite, as torch.nn.utils.clip_grad_norm_ does. */
const clipEpsilon = 1e-6;

export function createAdamW(parameters: ReadonlyMap<string, Variable>, options: AdamWOptions): Optimizer {
  const moments = new Map<string, Moments>();
  let steps = 0;

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
  };

  return {
    get steps() {
      return steps;
    },

    apply(gradients, lr) {
      steps += 1;
      const { beta1, beta2, epsilon, weightDecay, maxGradNorm } = options;
      const norm = globalNorm(gradients.values());
      const clipScale = maxGradNorm > 0 ? tidy(() => minimum<Scalar>(div(maxGradNorm, add(norm, clipEpsilon)), 1)) : scalar(1);
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
      adamwUpdatesOn(getBackend() as BackendName)(entries, clipScale);
      for (const gradient of gradients.values()) gradient.dispose();
      clipScale.dispose();
      return { norm };
    },

    state() {
      const tensors = new Map<string, Tensor>();
      for (const [name, { first, second }] of moments) tensors.set(`exp_avg.${name}`, first).set(`exp_avg_sq.${name}`, second);
      return tensors;
    },

    restore(done, stored) {
      dispose();
      steps = done;
      for (const { name, shape, data } of stored) {
        const kind = name.startsWith('exp_avg_sq.') ? 'second' : name.startsWith('exp_avg.') ? 'first' : undefined;
        const parameterName = name.slice(name.indexOf('.') + 1);
        const parameter = parameters.get(parameterName);
        if (!kind || !parameter) throw new Error(`The moment "${name}" belongs to no parameter`);
        const value = tensor(data, shape);
        momentsOf(parameterName, parameter)[kind].assign(value);
        value.dispose();
      }
    },

    dispose,
  };
}

function momentVariable(initial: Tensor): Variable {
  const moment = variable(initial, false);
  initial.dispose();
  return moment;
}
