/**
 * The same step as a person would write it in tfjs: its own ops, its own gradients and its own Adam; attention with the whole
 * score matrix, one-hot rows for the embedding and the targets (tfjs's wasm backend has no gradient for a gather).
 */
import {
  add,
  cast,
  concat,
  keep,
  linalg,
  logSoftmax,
  matMul,
  mean,
  mul,
  neg,
  oneHot,
  ones,
  reshape,
  rsqrt,
  sigmoid,
  slice,
  softmax,
  square,
  sub,
  sum,
  tensor,
  tensor1d,
  tensor2d,
  tidy,
  tile,
  train,
  transpose,
  variable,
} from '@tensorflow/tfjs';
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs';
import { namesOf } from '../../src/core/model/names';
import { rotaryAngles } from '../../workers/engine/model/rotary-tables';
import type { BenchShape } from './shapes';
import { adam, initialWeights, randomBatch } from './step';
import type { TrainingStep } from './step';

export function plainStep(shape: BenchShape): TrainingStep {
  const { config, rows, context } = shape;
  const {
    vocabulary,
    heads,
    kvHeads,
    headSize,
    layers,
    norm: { epsilon },
    hidden,
  } = config;
  const names = namesOf(config.architecture);
  const weights = new Map<string, Variable>(
    initialWeights(shape).map(({ name, shape: sides, data }) => [name, variable(tensor(data, sides))]),
  );
  const weight = (module: string): Tensor => weights.get(`${module}.weight`)!;
  const angles = rotaryAngles(context, { theta: 10_000, dimensions: headSize, scaling: null });
  const [cos, sin] = [angles.cos, angles.sin].map((table) => keep(tensor2d(table, [context, headSize])));
  const batch = randomBatch(shape);
  const ids = keep(tensor1d(batch.ids, 'int32'));
  const targets = keep(tensor1d(batch.targets, 'int32'));
  const later = keep(tidy(() => mul(sub(linalg.bandPart(ones([context, context]), -1, 0), 1), 1e9)));

  const project = (x: Tensor, name: string) => matMul(x, weight(name), false, true);
  const norm = (x: Tensor, name: string) => mul(mul(x, rsqrt(add(mean(square(x), -1, true), epsilon))), weight(name));
  /** [N, count·h] → [rows, count, context, h] */
  const split = (x: Tensor, count: number) => transpose(reshape(x, [rows, context, count, headSize]), [0, 2, 1, 3]);
  const turn = (x: Tensor) => {
    const half = headSize / 2;
    const first = slice(x, [0, 0, 0, 0], [-1, -1, -1, half]);
    const second = slice(x, [0, 0, 0, half], [-1, -1, -1, half]);
    return add(mul(x, cos!), mul(concat([neg(second), first], 3), sin!));
  };
  const repeat = (x: Tensor) => {
    if (heads === kvHeads) return x;
    // In four axes: tfjs has no gradient for a tile of five.
    const single = reshape(x, [rows * kvHeads, 1, context, headSize]);
    return reshape(tile(single, [1, heads / kvHeads, 1, 1]), [rows, heads, context, headSize]);
  };

  const loss = (): Scalar => {
    let x: Tensor = matMul(cast(oneHot(ids, vocabulary), 'float32'), weight(names.embedding));
    for (let layer = 0; layer < layers; layer += 1) {
      const own = names.layer(layer);
      const normed = norm(x, own.attentionNorm);
      const q = turn(split(project(normed, own.query), heads));
      const k = repeat(turn(split(project(normed, own.key), kvHeads)));
      const v = repeat(split(project(normed, own.value), kvHeads));
      const scores = add(mul(matMul(q, k, false, true), headSize ** -0.5), later);
      const mixed = reshape(transpose(matMul(softmax(scores), v), [0, 2, 1, 3]), [rows * context, heads * headSize]);
      x = add(x, project(mixed, own.output));
      const fed = norm(x, own.feedForwardNorm);
      const gate = project(fed, own.gate);
      x = add(x, project(mul(mul(gate, sigmoid(gate)), project(fed, own.up)), own.down));
    }
    const logits = matMul(reshape(norm(x, names.finalNorm), [rows * context, hidden]), weight(names.embedding), false, true);
    return neg(mean(sum(mul(logSoftmax(logits), oneHot(targets, vocabulary)), -1)));
  };

  const optimizer = train.adam(adam.lr, adam.beta1, adam.beta2, adam.epsilon);
  let last: Scalar | undefined;
  return {
    run() {
      last?.dispose();
      last = optimizer.minimize(loss, true, [...weights.values()])!;
    },
    loss: async () => (await last!.data<'float32'>())[0]!,
  };
}
