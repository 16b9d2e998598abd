/** From the files of a Hugging Face model to a model on the device; and back to plain memory. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { HostTensor } from '../checkpoint/safetensors';
import { LlamaModel } from './llama';
import { readModel, type ModelFiles } from './read';

export { readModel, type ModelFiles } from './read';

/** As `readModel`, then puts the weights on the device. */
export function loadModel(files: ModelFiles): LlamaModel {
  const { config, weights } = readModel(files);
  return new LlamaModel(config, weights);
}

/** Copies tensors from the device, in the map's order: parameters or moments, for a checkpoint. */
export async function hostTensors(tensors: ReadonlyMap<string, Tensor>): Promise<HostTensor[]> {
  return Promise.all(
    // A copy: tfjs's cpu backend hands out its own array, which must not leave with a transfer.
    [...tensors].map(async ([name, tensor]) => ({ name, shape: [...tensor.shape], data: (await tensor.data<'float32'>()).slice() })),
  );
}
