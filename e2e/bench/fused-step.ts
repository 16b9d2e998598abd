/** The studio's own training step, with or without activation checkpointing. */
import { createAdamW, DecoderModel, trainingGradients } from '../../workers/engine';
import type { Batch } from '../../workers/engine';
import type { BenchShape } from './shapes';
import { adam, initialWeights, randomBatch } from './step';
import type { TrainingStep } from './step';

export const fusedStep = (shape: BenchShape): TrainingStep => stepOf(shape, false);

export const checkpointedStep = (shape: BenchShape): TrainingStep => stepOf(shape, true);

function stepOf(shape: BenchShape, recompute: boolean): TrainingStep {
  const model = new DecoderModel(shape.config, initialWeights(shape));
  const optimizer = createAdamW(model.parameters, { ...adam, weightDecay: 0.1, maxGradNorm: 1 });
  const batch: Batch = {
    rows: shape.rows,
    context: shape.context,
    ...randomBatch(shape),
    channels: new Int32Array(shape.rows),
  };
  let last: ReturnType<typeof trainingGradients>['sums'] | undefined;
  return {
    run() {
      const { gradients, sums } = trainingGradients(model, [batch], { channels: 1, recompute });
      optimizer.apply(gradients, adam.lr).norm.dispose();
      last?.dispose();
      last = sums;
    },
    async loss() {
      const [nll, tokens] = await last!.data<'float32'>();
      return nll! / tokens!;
    },
  };
}
