/** The studio's own training step, with or without activation checkpointing, or under a teacher as large as the model. */
import { keep, tidy, type Tensor2D } from '@tensorflow/tfjs-core';
import { createAdamW, DecoderModel, TrainingStep as ModelStep } from '../../workers/engine';
import type { Batch, StepResult, Teaching } from '../../workers/engine';
import { tensorsOf } from '../../workers/engine/model/loss';
import type { BenchShape } from './shapes';
import { adam, initialWeights, randomBatch } from './step';
import type { TrainingStep } from './step';

export const fusedStep = (shape: BenchShape): TrainingStep => stepOf(shape, false);

export const checkpointedStep = (shape: BenchShape): TrainingStep => stepOf(shape, true);

/** All rows are taught by the logits of a frozen model. */
export const taughtStep = (shape: BenchShape): TrainingStep =>
  stepOf(shape, false, () => new DecoderModel(shape.config, initialWeights(shape)));

/**
 * The same where a cache has the teacher's logits of every token: neither its forward pass nor its head is computed. Whole logits that lie ready
 * cost less than any k of each token that must be put in their places, so no cache of the k highest makes a step shorter than this.
 */
export const cachedStep = (shape: BenchShape): TrainingStep =>
  stepOf(shape, false, (batch) => {
    const teacher = new DecoderModel(shape.config, initialWeights(shape));
    const { ids } = tensorsOf(batch);
    const states = keep(tidy(() => teacher.hiddenStates(ids, { batch: batch.rows, context: batch.context })));
    const ready = new Map<number, Tensor2D>();
    const logits = teacher.logits.bind(teacher);
    let at = 0;
    const tokens = batch.rows * batch.context;
    // Blocks are asked for in their order, over and over.
    teacher.logits = (hidden) => {
      const from = at;
      at = (at + hidden.shape[0]) % tokens;
      const known = ready.get(from) ?? keep(logits(hidden));
      ready.set(from, known);
      return known.clone();
    };
    teacher.hiddenStates = () => states.clone();
    return teacher;
  });

function stepOf(shape: BenchShape, recompute: boolean, teacherOf?: (batch: Batch) => DecoderModel): TrainingStep {
  const model = new DecoderModel(shape.config, initialWeights(shape));
  const optimizer = createAdamW(model.parameters, { ...adam, weightDecay: 0.1, maxGradNorm: 1 });
  const batch: Batch = {
    rows: shape.rows,
    context: shape.context,
    ...randomBatch(shape),
    channels: new Int32Array(shape.rows),
  };
  const teaching: Teaching | undefined = teacherOf && {
    ...{ model: teacherOf(batch), withoutAdapter: false, channels: [true], temperature: 2 },
    ...{ crossEntropy: 0.5, logits: 0.5, hidden: 0, allLayers: false, attention: 0 },
  };
  const training = new ModelStep(model, optimizer);
  let last: StepResult['sums'] | undefined;
  return {
    run(how = 'run') {
      const { sums, norm } = training[how]([batch], { channels: 1, recompute, teaching }, adam.lr);
      norm.dispose();
      last?.dispose();
      last = sums;
    },
    async loss() {
      const [nll, tokens] = await last!.data<'float32'>();
      return nll! / tokens!;
    },
  };
}
