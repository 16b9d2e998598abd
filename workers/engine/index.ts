/**
 * The engine: tensors, model, optimizer, checkpoints. Other workers' code uses nothing else of this folder.
 *
 * ```ts
 * const device = await openBackend({ backend: null, threads: null, requireHardware: false });
 * const model = await loadModel({ config: { name: 'config.json', text }, weights: [{ name: 'model.safetensors', bytes }], tokenizerSize });
 * const optimizer = createAdamW(model.parameters, { beta1, beta2, epsilon, weightDecay, maxGradNorm });
 *
 * // One step: all micro-batches (gradient accumulation) at once. Nothing is read back.
 * const { gradients, sums } = trainingGradients(model, batches, { channels: 4, dropout: { rate: 0.1, seed, step } });
 * const { norm } = optimizer.apply(gradients, lr); // disposes the gradients; caller disposes sums and norm
 *
 * // Held-out text.
 * const sums = evaluationSums(model, batch, 4); // [2, channels] on the device: Σ nll, tokens
 * const nll = tokenLosses(model, batch); // [rows · context], 0 where the target is −1
 *
 * // A checkpoint, and back.
 * const weights = writeSafetensors(await fileWeights(model), 'F32', { format: 'pt' });
 * const moments = writeSafetensors(await hostTensors(optimizer.state()), 'F32');
 * optimizer.restore(steps, [...readSafetensors('moments', moments).tensors.values()].map((t) => ({ ...t, data: t.read() })));
 *
 * // Generation.
 * const { ids, ended } = await generate(model, prompt, { temperature, topK, topP, seed, maxTokens, stop }, onToken, signal);
 * ```
 */
export { openBackend, onDeviceLost, settled, takenMemory } from './backend';
export { parseConfig } from '../../src/core/model/config';
export type { ModelConfig } from '../../src/core/model/config';
export { DecoderModel } from './model/decoder';
export { LowRankAdapter } from './model/adapter';
export { SoftPrompt } from './model/soft-prompt';
export { adapterWeights, checkpointWeights, fileWeights, hostTensors, loadModel, restoreHeads } from './model/load';
export { parameterShapes } from '../../src/core/model/parameters';
export { TrainingStep } from './model/step';
export type { StepResult } from './model/step';
export { embeddingGradients, evaluationSums, tensorsOf, tokenLosses, trainingGradients } from './model/loss';
export type { Batch, TrainingOptions } from './model/loss';
export { classification, labelProbabilities } from './model/classification';
export { FigureSums, nextToken } from './model/objective';
export type { Objective, Prepared, StepPreparation } from './model/objective';
export { HIDDEN_MAP, hiddenMap, sightMask } from './model/distillation';
export { contrastiveObjective, normalised, poolingWeights } from './model/contrastive';
export { maskedObjective, PADDING } from './model/masked';
export type { Teaching } from './model/distillation';
export * as policy from './model/policy';
export { dpoObjective, PairReferences, rewardObjective, withReference, type AnswerRow } from './model/preference';
export { drawnLabels, FisherDiagonal } from './model/fisher';
export { CachedDecoder, generate, sampleAnswers } from './model/decode';
export { sampleToken } from './model/sample';
export { softCapped } from './ops/activation';
export { checkPrecision } from './ops/half-storage';
export { createAdamW } from './optimizer/optimizer';
export type { AdamWOptions, Optimizer, ParameterGroup, WeightHold } from './optimizer/optimizer';
export { ModelAverage } from './optimizer/average';
export { FederatedServer } from './optimizer/federated-server';

export { readSafetensors } from './checkpoint/safetensors';
export type { HostTensor } from './checkpoint/safetensors';
export { writeSafetensors } from './checkpoint/write';
