/**
 * The server of a federated round: it hands its weights to each client, takes the clients' updates, clips and averages them, adds noise, and
 * moves by an optimizer of its own. FedAvg (McMahan et al. 2017, arXiv 1602.05629); momentum: FedAvgM (Hsu et al. 2019, arXiv 1909.06335); clipping and
 * noise: DP-FedAvg (McMahan et al. 2018, arXiv 1710.06963).
 */
import { add, div, minimum, mul, scalar, sub, tensor, tidy, variable, zerosLike } from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import type { HostTensor } from '../checkpoint/safetensors';
import { globalNorm } from '../ops/reductions';

export interface ServerOptions {
  /** Of the mean update that is taken; 1 is plain averaging. */
  rate: number;
  /** β: v ← β v + mean update, θ ← θ + rate · v. */
  momentum: number;
  /** Largest norm of a client's update, over all parameters. */
  clip?: number | undefined;
  /** Standard deviation of the noise on each element of the mean update, times `clip` over the round's clients. */
  noise?: number | undefined;
}

export interface LocalTraining {
  /** Of its update in the mean; those of a round sum to 1. */
  weight: number;
  /** Trains the parameters in place. */
  train: () => void;
}

/** torch's name for the momentum of SGD. */
const SLOT = 'momentum_buffer';

/** A copy that no kernel working in place reaches. */
const copied = (value: Tensor): Tensor => tidy(() => mul(value, 1));

export class FederatedServer {
  /** Weights at the start of the round by the parameters' names: what a proximal term holds clients to. */
  readonly start = new Map<string, Tensor>();
  private readonly velocity = new Map<string, Variable>();

  constructor(
    private readonly parameters: ReadonlyMap<string, Variable>,
    private readonly options: ServerOptions,
  ) {}

  /**
   * One round. The clients train one after another, each from the same weights.
   * With `clip` every client counts alike, as the privacy of the mean asks for.
   * @param normals standard normal numbers for the elements of a parameter; needed with noise
   * @returns norm of the update of the weights, on the device; the caller disposes it
   */
  round(clients: readonly LocalTraining[], normals: (name: string, size: number) => Float32Array): Scalar {
    const { rate, momentum, clip, noise = 0 } = this.options;
    const deviation = (noise * (clip ?? 0)) / clients.length;
    const trained = [...this.parameters].filter(([, parameter]) => parameter.trainable);
    for (const [name, parameter] of trained) this.start.set(name, copied(parameter));
    let sum = new Map<string, Tensor>();
    for (const [at, { weight, train }] of clients.entries()) {
      if (at > 0) for (const [name, parameter] of trained) put(parameter, this.start.get(name)!);
      train();
      const before = sum;
      sum = new Map(Object.entries(tidy(() => this.added(before, trained, clip === undefined ? weight : 1 / clients.length))));
      before.forEach((value) => value.dispose());
    }
    const norm = tidy(() => {
      const steps = trained.map(([name, parameter]) => {
        const mean = sum.get(name)!;
        const noisy = deviation > 0 ? add(mean, mul(tensor(normals(name, mean.size), mean.shape), deviation)) : mean;
        const velocity = momentum > 0 ? this.velocityOf(name, parameter) : null;
        velocity?.assign(add(mul(velocity, momentum), noisy));
        const step = mul(velocity ?? noisy, rate);
        parameter.assign(add(this.start.get(name)!, step));
        return step;
      });
      return globalNorm(steps);
    });
    for (const value of [...sum.values(), ...this.start.values()]) value.dispose();
    this.start.clear();
    return norm;
  }

  /** The sum of updates with that of the client whose weights these are. */
  private added(sum: ReadonlyMap<string, Tensor>, trained: readonly [string, Variable][], weight: number): Record<string, Tensor> {
    const { clip } = this.options;
    const moved = trained.map(([name, parameter]): [string, Tensor] => [name, sub(parameter, this.start.get(name)!)]);
    const scale = clip === undefined ? scalar(weight) : mul(minimum(1, div(clip, globalNorm(moved.map(([, value]) => value)))), weight);
    return Object.fromEntries(
      moved.map(([name, value]) => {
        const before = sum.get(name);
        return [name, before ? add(before, mul(value, scale)) : mul(value, scale)];
      }),
    );
  }

  /** By torch's names; empty without momentum. */
  state(): Map<string, Tensor> {
    return new Map([...this.velocity].map(([name, value]) => [`${SLOT}.${name}`, value]));
  }

  /** Continues with the momentum of a checkpoint; what is not given begins at 0. */
  restore(stored: Iterable<HostTensor>): void {
    for (const { name, shape, data } of stored) {
      const parameter = this.parameters.get(name.slice(SLOT.length + 1));
      if (!name.startsWith(`${SLOT}.`) || !parameter) continue;
      const value = tensor(data, shape);
      this.velocityOf(name.slice(SLOT.length + 1), parameter).assign(value);
      value.dispose();
    }
  }

  dispose(): void {
    for (const value of this.velocity.values()) value.dispose();
    this.velocity.clear();
  }

  private velocityOf(name: string, parameter: Tensor): Variable {
    let found = this.velocity.get(name);
    if (!found) this.velocity.set(name, (found = tidy(() => variable(zerosLike(parameter), false))));
    return found;
  }
}

function put(parameter: Variable, value: Tensor): void {
  const own = copied(value);
  parameter.assign(own);
  own.dispose();
}
