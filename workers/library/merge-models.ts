/** Writes θ = θ_base + Σ factor_k · (θ_k − θ_base) as a model of its own, tensor by tensor, without a device. */
import type { MergeRef, WeightsRef } from '../../src/contract/evaluation';
import type { ModelRecord } from '../../src/contract/library';
import type { OnProgress } from '../../src/contract/progress';
import { StudioError } from '../../src/core/errors';
import { editConfig } from '../../src/core/model/config';
import type { StoredTensor } from '../engine/checkpoint/safetensors';
import { safetensorsStream, type WritableTensor } from '../engine/checkpoint/write';
import { openModel, type ReadableModel } from '../engine/model/read';
import { openCheckpointModel } from '../storage/checkpoints';
import { findModel, readModelText, storeNewModel, weightHashes, weightSources, type ModelListing } from '../storage/models';
import { records } from '../storage/records';
import { readRun } from '../storage/runs';
import { plain } from './model-card';

/** Files of the base that hold for its merges too. */
const KEPT_TEXTS = ['tokenizer.json', 'tokenizer_config.json', 'generation_config.json', 'special_tokens_map.json'];

interface Part {
  listing: ModelListing;
  config: string;
  model: ReadableModel;
  /** For the model card: name, step and SHA-256 of the weights. */
  origin: string;
  /** SHA-256 of each weight file, an adapter's last. */
  hashes: string[];
}

/**
 * @param factors one for each tuned model
 * @throws StudioError `tensor-shape` when a tuned model has another shape than the base, those of reading the files, `quota`, `cancelled`;
 * then nothing has been stored
 */
export async function keepMerge(
  { base, tuned }: MergeRef,
  factors: readonly number[],
  name: string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ModelRecord> {
  const first = await openPart(base);
  const others: Part[] = [];
  for (const ref of tuned) others.push(await openPart(ref));
  const tensors = first.model.used.map((tensor) =>
    mergedTensor(
      tensor,
      others.map(({ model }) => sameTensor(tensor, model)),
      factors,
    ),
  );
  for (const { model } of others) for (const tensor of model.used) sameTensor(tensor, first.model);
  const texts = await derivedTexts(first.listing, first.config, card(name, first, others, factors));
  const weights = safetensorsStream(tensors, 'F32', { format: 'pt' });
  return storeNewModel({ name, texts, config: first.model.config, weights }, onProgress, signal);
}

/**
 * The weights of a run at a checkpoint as a model of their own, bit for bit but for an adapter, which is added to them.
 * @throws StudioError `run-missing`, `checkpoint-missing`, those of reading the files, `quota`, `cancelled`; then nothing has been stored
 */
export async function keepRun(run: string, step: number, name: string, onProgress: OnProgress, signal: AbortSignal): Promise<ModelRecord> {
  const { listing, config, model, origin, hashes } = await openPart({ kind: 'checkpoint', run, step });
  const sha256 = hashes.at(-1)!;
  const models = await (await records()).getAll('models');
  const stored = models.find((record) => record.keptFrom?.run === run && record.keptFrom.sha256 === sha256);
  if (stored) return stored;
  const tensors = model.used.map((tensor): WritableTensor => ({
    name: tensor.name,
    shape: tensor.shape,
    async *pieces() {
      yield await tensor.read();
    },
  }));
  const licences = 'The licences of its base and of the text that it learnt from hold for this model too.';
  const readme = `${[`# ${plain(name)}`, `The weights of a run in Crossfade: ${origin}.`, licences].join('\n\n')}\n`;
  const texts = await derivedTexts(listing, config, readme);
  const weights = safetensorsStream(tensors, 'F32', { format: 'pt' });
  return storeNewModel({ name, keptFrom: { run, step, sha256 }, texts, config: model.config, weights }, onProgress, signal);
}

/** The texts of a model in float32 that was made of another's weights. @param config text of the base's config.json */
export async function derivedTexts(base: ModelListing, config: string, readme: string): Promise<Map<string, string>> {
  // transformers 5 writes the type as `dtype`.
  const float32 = editConfig(config, (fields) => ({
    ...fields,
    ...('dtype' in fields ? { dtype: 'float32' } : { torch_dtype: 'float32' }),
  }));
  const texts = new Map([
    ['config.json', float32],
    ['README.md', readme],
  ]);
  for (const file of KEPT_TEXTS) {
    const text = await readModelText(base, file);
    if (text !== null) texts.set(file, text);
  }
  return texts;
}

async function openPart(ref: WeightsRef): Promise<Part> {
  const run = ref.kind === 'checkpoint' ? await readRun(ref.run) : null;
  const listing = await findModel(ref.kind === 'model' ? ref.model : run!.recipe.base);
  const trained =
    ref.kind === 'checkpoint' ? { file: await openCheckpointModel(ref.run, ref.step, ref.average), method: run!.recipe.method } : null;
  const sources = await weightSources(listing, trained);
  const model = await openModel(sources);
  const hashes = await weightHashes(sources);
  const step = ref.kind === 'checkpoint' ? `, step ${ref.step}${ref.average ? ', average of its weights' : ''}` : '';
  return {
    listing,
    config: sources.config.text,
    model,
    hashes,
    origin: `${plain(run?.name ?? listing.name)}${step} (weights: SHA-256 ${hashes.join(', ')})`,
  };
}

function sameTensor(tensor: StoredTensor, model: ReadableModel): StoredTensor {
  const same = model.used.find(({ name }) => name === tensor.name);
  const [expected, found] = [`[${tensor.shape.join(', ')}]`, `[${same?.shape.join(', ') ?? ''}]`];
  if (same && found === expected) return same;
  throw new StudioError('tensor-shape', `${tensor.name} is ${found} in one model and ${expected} in the other`, {
    ...{ file: same?.file ?? 'model.safetensors', tensor: tensor.name, found, expected },
  });
}

/** Every sum and product rounded to float32, in the order in which the engine merges on the device. */
function mergedTensor(base: StoredTensor, tuned: readonly StoredTensor[], factors: readonly number[]): WritableTensor {
  return {
    name: base.name,
    shape: base.shape,
    async *pieces() {
      const from = await base.read();
      const merged = from.slice();
      for (const [part, tensor] of tuned.entries()) {
        const to = await tensor.read();
        const factor = Math.fround(factors[part]!);
        for (let at = 0; at < merged.length; at++) merged[at]! += Math.fround(factor * Math.fround(to[at]! - from[at]!));
      }
      yield merged;
    },
  };
}

function card(name: string, base: Part, tuned: readonly Part[], factors: readonly number[]): string {
  const parts = tuned.map(({ origin }, at) => `- factor ${factors[at]!}: ${origin}`);
  return (
    [
      `# ${plain(name)}`,
      'Merged in Crossfade: base + Σ factor · (tuned − base), weight by weight, in float32.',
      `- base: ${base.origin}\n${parts.join('\n')}`,
      'The licences of the base and of the text that the tuned weights learnt from hold for this model too.',
    ].join('\n\n') + '\n'
  );
}
