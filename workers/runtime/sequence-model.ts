/** Loaded weights as a model that scores sequences. */
import { tokenLosses } from '../engine';
import type { LoadedWeights } from './weights';
import type { SequenceModel } from './sequences';

/** @param context shorter than the model's own, to measure several alike */
export function sequenceModel({ model }: LoadedWeights, context = model.config.context): SequenceModel {
  return {
    context,
    async tokenLosses(batch) {
      const losses = tokenLosses(model, batch);
      try {
        return await losses.data<'float32'>();
      } finally {
        losses.dispose();
      }
    },
  };
}
