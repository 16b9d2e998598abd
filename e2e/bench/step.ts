/** What the benchmark drives: a model in training, one step at a time. */
import type { HostTensor } from '../../workers/engine';
import { parameterShapes } from '../../src/core/model/parameters';
import { Rng } from '../../src/core/rng/rng';
import type { BenchShape } from './shapes';

export interface TrainingStep {
  /** Trains once on the same batch, by a replay where the backend can, unless told to `compute`. Returns without waiting for the device. */
  run(how?: 'run' | 'compute'): void;
  /** Mean nll of the last step, nats; waits for the device. */
  loss(): Promise<number>;
}

export const adam = { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Weights N(0, 0.02²) and norms of 1, the same for every implementation. */
export function initialWeights({ config }: BenchShape): HostTensor[] {
  const rng = new Rng(1234);
  return [...parameterShapes(config)].map(([name, shape]) => {
    const size = shape.reduce((product, side) => product * side, 1);
    const normal = () => 0.02 * Math.sqrt(-2 * Math.log(1 - rng.uniform())) * Math.cos(2 * Math.PI * rng.uniform());
    return { name, shape, data: Float32Array.from({ length: size }, () => (shape.length === 1 ? 1 : normal())) };
  });
}

export function randomBatch({ config, rows, context }: BenchShape): { ids: Int32Array; targets: Int32Array } {
  const rng = new Rng(4321);
  const draw = () => Int32Array.from({ length: rows * context }, () => Math.floor(rng.uniform() * config.vocabulary));
  return { ids: draw(), targets: draw() };
}
