/** From the files of a Hugging Face model to a model on the device; and back to plain memory. */
import { tensor, type Tensor } from '@tensorflow/tfjs-core';
import { checkBinding, largestBinding } from '../binding';
import type { HostTensor } from '../checkpoint/safetensors';
import { quantisedParameters, type Quantisation } from '../../../src/core/model/quantisation';
import { quantisedWeight, type QuantisedWeight } from '../ops/linear/quantised';
import { isHead } from '../../../src/core/recipe/objective';
import { PEFT_PREFIX } from '../../../src/core/model/names';
import type { ByteSource } from '../checkpoint/safetensors';
import { adapterHeads } from './adapter';
import { DecoderModel, type DeviceTensor } from './decoder';
import { fileTensors, toFile } from './file-layout';
import { openModel, type ModelFiles } from './read';
import { SoftPrompt } from './soft-prompt';

export { openModel, type ModelFiles } from './read';

/**
 * As `openModel`, then puts the weights on the device, each as soon as it is read: the host holds one tensor at a time. A soft prompt is
 * attached.
 * @param quantisation the maps of the blocks are put there in few bits, to be frozen under an adapter
 * @throws StudioError those of `openModel`, `tensor-not-finite` and `tensor-too-large`
 */
export async function loadModel({ softPrompt, ...files }: ModelFiles, quantisation?: Quantisation): Promise<DecoderModel> {
  const { config, parameters, heads } = await openModel(files);
  checkBinding(config, largestBinding());
  const placed: DeviceTensor[] = [];
  const shapes = quantisation ? quantisedParameters(config) : new Map<string, [number, number]>();
  const quantised = new Map<string, QuantisedWeight>();
  try {
    for await (const { name, shape, data } of parameters()) {
      const matrix = shapes.get(name);
      if (quantisation && matrix) quantised.set(name, quantisedWeight(quantisation, data, matrix));
      else placed.push({ name, tensor: tensor(data, shape) });
    }
  } catch (error) {
    for (const { tensor: lost } of placed) lost.dispose();
    for (const { words } of quantised.values()) words.dispose();
    throw error;
  }
  const model = new DecoderModel(config, placed, quantised);
  try {
    for (const head of heads) model.addHead(head.name, head.shape[0]!, await head.read());
    if (!softPrompt) return model;
    model.attachPrompt(new SoftPrompt(config, softPrompt.method));
    await model.softPrompt!.restore(softPrompt.name, softPrompt.bytes);
    await restoreHeads(model, softPrompt.name, softPrompt.bytes);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Copies tensors from the device, in the map's order: parameters or moments, for a checkpoint. */
export async function hostTensors(tensors: ReadonlyMap<string, Tensor>): Promise<HostTensor[]> {
  return Promise.all(
    // A copy: tfjs's cpu backend hands out its own array, which must not leave with a transfer.
    [...tensors].map(async ([name, tensor]) => ({ name, shape: [...tensor.shape], data: (await tensor.data<'float32'>()).slice() })),
  );
}

/** The weights of the model's adapter, and those trained beside it, under PEFT's names. */
export async function adapterWeights(model: DecoderModel): Promise<HostTensor[]> {
  const trained = new Map([...model.parameters].filter(([, { trainable }]) => trainable));
  const values = await hostTensors(trained);
  const beside = (model.softPrompt ?? model.adapter!).fileTensors(new Map(values.map((parameter) => [parameter.name, parameter])));
  return [...beside, ...values.filter(({ name }) => isHead(name)).map((head) => ({ ...head, name: PEFT_PREFIX + head.name }))];
}

/** Takes the heads that a checkpoint of what stands beside a model holds. */
export async function restoreHeads(model: DecoderModel, name: string, bytes: ByteSource): Promise<void> {
  for (const head of await adapterHeads({ name, bytes })) model.addHead(head.name, head.shape[0]!, await head.read());
}

/** What a checkpoint has of a model: of a frozen one what stands beside it alone, since the rest stays as it is in the base. */
export const checkpointWeights = (model: DecoderModel): Promise<HostTensor[]> =>
  model.adapter || model.softPrompt ? adapterWeights(model) : fileWeights(model);

/** The model's weights as a Hugging Face file of its family has them, and its heads. */
export async function fileWeights(model: DecoderModel): Promise<HostTensor[]> {
  const all = await hostTensors(model.parameters);
  const parameters = new Map(all.map((parameter) => [parameter.name, parameter.data]));
  const own = fileTensors(model.config).map((tensor) =>
    toFile(
      tensor,
      tensor.parameters.map(({ name }) => parameters.get(name)!),
    ),
  );
  return [...own, ...all.filter(({ name }) => isHead(name))];
}
