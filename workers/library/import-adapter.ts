/**
 * Imports an adapter in PEFT's format: added to its base, which must be in the library, it becomes a model of its own, in float32; a soft prompt
 * stands beside the weights. The model's README.md says of what it was made.
 */
import { StudioError } from '../../src/core/errors';
import type { ModelRecord } from '../../src/contract/library';
import type { OnProgress } from '../../src/contract/progress';
import { namesOf, PEFT_PREFIX } from '../../src/core/model/names';
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, readPeftConfig, type PeftAdapter } from '../../src/core/model/peft';
import { openSafetensors, type StoredTensor } from '../engine/checkpoint/safetensors';
import { safetensorsStream } from '../engine/checkpoint/write';
import { methodLine } from '../../src/core/recipe/method';
import { checkMethod } from '../../src/core/model/trained';
import { openModel, readSoftPrompt, type ReadableModel } from '../engine/model/read';
import { sha256OfBlob } from '../storage/hash';
import {
  bundledModels,
  findModel,
  storeNewModel,
  weightHashes,
  weightSources,
  type ModelListing,
  type WeightSources,
} from '../storage/models';
import { records } from '../storage/records';
import { derivedTexts } from './merge-models';
import { plain } from './model-card';

interface Merged {
  listing: ModelListing;
  sources: WeightSources;
  model: ReadableModel;
}

/**
 * @param config adapter_config.json @param weights adapter_model.safetensors
 * @throws StudioError `adapter-base`, `model-adapter`, `config-unsupported`, `tensor-shape`, `quota`, `cancelled`, those of reading the files
 */
export async function importAdapter(
  config: string,
  weights: Blob,
  name: string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ModelRecord> {
  const adapter = readPeftConfig(config);
  const { soft } = adapter;
  const { listing, sources, model } = await findBase(adapter, weights);
  if (!soft) await checkTied(adapter, weights, model);
  const hashes = await weightHashes(sources);
  const card = [
    `# ${plain(name)}`,
    soft
      ? `Made in Crossfade: a base in float32 with a soft prompt (PEFT, ${methodLine(soft)}) beside its weights. Load it with \`peft\`: \`PeftModel.from_pretrained(base, folder)\`.`
      : 'Made in Crossfade: base + scale · B A of a low-rank adapter (PEFT), weight by weight, in float32.',
    `- base: ${plain(listing.name)} (weights: SHA-256 ${hashes.join(', ')})\n- adapter: made above ${plain(adapter.base) || 'a base that it does not name'} (weights: SHA-256 ${await sha256OfBlob(weights)})`,
    'The licences of the base, of the adapter and of the text that it learnt from hold for this model too.',
  ].join('\n\n');
  const texts = await derivedTexts(listing, sources.config.text, `${card}\n`);
  if (soft) texts.set(ADAPTER_CONFIG, config);
  const beside = soft ? { adapter: new Uint8Array(await weights.arrayBuffer()) } : {};
  return storeNewModel(
    { name, texts, config: model.config, weights: safetensorsStream(model.used, 'F32', { format: 'pt' }), ...beside },
    onProgress,
    signal,
  );
}

/** The model that bears the name of the adapter's base, else the only one that the adapter fits. @throws StudioError `adapter-base` */
async function findBase(adapter: PeftAdapter, weights: Blob): Promise<Merged> {
  const stored = await (await records()).getAll('models');
  const ids = [...(await bundledModels()).map(({ id }) => id), ...stored.map(({ id }) => id)];
  const listings: ModelListing[] = [];
  for (const id of ids) listings.push(await findModel(id));
  const lastPart = (text: string) => text.replace(/\/+$/, '').split('/').at(-1)!.toLowerCase();
  const wanted = lastPart(adapter.base);
  const named = listings.filter(({ id, name }) => wanted !== '' && [id, name].some((one) => lastPart(one) === wanted));
  const open = async (listing: ModelListing): Promise<Merged> => {
    const sources = await weightSources(listing, null);
    if (adapter.soft) {
      const model = await openModel(sources);
      checkMethod(model.config, adapter.soft);
      await readSoftPrompt(model.config, { name: ADAPTER_WEIGHTS, bytes: weights, method: adapter.soft });
      return { listing, sources, model };
    }
    return {
      listing,
      sources,
      model: await openModel({ ...sources, adapter: { name: ADAPTER_WEIGHTS, bytes: weights, scaleOf: adapter.scaleOf } }),
    };
  };
  if (named.length === 1) return open(named[0]!);
  const fitting: Merged[] = [];
  for (const listing of named.length > 1 ? named : listings) {
    try {
      fitting.push(await open(listing));
    } catch (error) {
      // Another base, or one whose files cannot be read.
      if (!(error instanceof StudioError)) throw error;
    }
  }
  if (fitting.length === 1) return fitting[0]!;
  const found = fitting.map(({ listing }) => listing.name).join(', ') || '—';
  throw new StudioError('adapter-base', `${ADAPTER_CONFIG} names the base "${adapter.base}"; models that it fits: ${found}`, {
    ...{ file: ADAPTER_CONFIG, base: adapter.base || '—', found },
  });
}

/** Of a tied model PEFT may train embeddings and head apart from each other, which no config of the model can say. */
async function checkTied({ ties }: PeftAdapter, weights: Blob, { config }: ReadableModel): Promise<void> {
  if (!config.tied) return;
  const { embedding, head } = namesOf(config.architecture);
  const { tensors } = await openSafetensors(ADAPTER_WEIGHTS, weights);
  const [own, other] = [embedding, head].map((module) => tensors.get(`${PEFT_PREFIX}${module}.weight`));
  if ((!own && !other) || (own && ties && !other) || (own && other && (await sameValues(own, other)))) return;
  const values = { file: ADAPTER_CONFIG, field: 'modules_to_save', value: own ? embedding : head, accepted: `${embedding} = ${head}` };
  throw new StudioError('config-unsupported', `${values.file}: ${values.field} is ${values.value}; accepted: ${values.accepted}`, values);
}

async function sameValues(a: StoredTensor, b: StoredTensor): Promise<boolean> {
  const [left, right] = [await a.read(), await b.read()];
  return left.length === right.length && left.every((value, at) => value === right[at]);
}
