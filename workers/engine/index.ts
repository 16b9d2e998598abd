/**
 * The engine: tensors, model, optimizer, checkpoints. The trainer uses nothing else of this folder.
 *
 * ```ts
 * const device = await openBackend({ backend: null, threads: null, requireHardware: false });
 * const model = await loadModel({ config: { name: 'config.json', text }, weights: [{ name: 'model.safetensors', bytes }], tokenizerSize });
 * const optimizer: Optimizer = createAdamW(model.parameters, { beta1, beta2, epsilon, weightDecay, maxGradNorm, noDecay: noDecayNames(model) });
 *
 * // one step: all micro-batches (gradient accumulation) at once
 * const { gradients, sums } = trainingGradients(model, batches, { channels: 4, dropout: { rate: 0.1, seed, step } });
 * const { norm } = optimizer.apply(gradients, lr); // consumes (disposes) the gradients
 * // sums: [2, channels] on the device — nll sums, token counts; add them up over the window, read once, dispose
 *
 * // held-out
 * const sums = evaluationSums(model, batch, 4); // [2, channels], caller disposes
 * const nll = tokenLosses(model, batch);        // Tensor1D [rows · context], 0 where the target is −1, caller disposes
 *
 * // checkpoint
 * const bytes = writeSafetensors(await parameterTensors(model), 'F32', { format: 'pt' });
 * const moments = await optimizer.state(); // Map name → Float32Array holder, see HostTensor
 *
 * // generation
 * const { ids, stopped } = await generate(model, promptIds, { temperature, topK, topP, seed, maxTokens, stop: [eosId] }, (id) => …, signal);
 * ```
 */
export { openBackend, onDeviceLost, settled } from './backend';
export type { OpenOptions } from './backend';

export { parseConfig } from './model/config';
export type { ModelConfig } from './model/config';
export { LlamaModel } from './model/llama';
export type { HiddenStateOptions } from './model/llama';
export { loadModel, loadParameters, noDecayNames, parameterTensors, parameterCount } from './model/load';
export type { ModelFiles } from './model/load';
export { evaluationSums, tokenLosses, trainingGradients } from './model/loss';
export type { Batch, TrainingOptions, TrainingResult } from './model/loss';
export { Decoder, generate } from './model/decode';
export type { Generation, GenerationOptions } from './model/decode';
export { sampleToken } from './model/sample';
export type { SamplingOptions } from './model/sample';

export { createAdamW } from './optimizer/adamw';
export type { AdamWOptions, Optimizer } from './optimizer/adamw';

export { readSafetensors, writeSafetensors } from './checkpoint/safetensors';
export type { Dtype, HostTensor, SafetensorsFile } from './checkpoint/safetensors';
export { readIndex } from './checkpoint/sharded';
