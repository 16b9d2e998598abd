/** The studio's own training step. */
import { createAdamW, DecoderModel, trainingGradients } from '../../workers/engine';
import type { Batch } from '../../workers/engine';
import type { BenchShape } from './shapes';
import { adam, initialWeights, randomBatch } from './step';
import type { TrainingStep } from './step';

export function fusedStep(shape: BenchShape): TrainingStep {
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
      const { gradients, sums } = trainingGradients(model, [batch], { channels: 1 });
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
