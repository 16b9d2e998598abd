/**
 * Files of models in Hugging Face layout. Bundled models are fetched from the studio's own origin; imported ones are in OPFS,
 * `models/<id>/`. While a model is imported its files are in `incoming/<id>/`, which no list of models reads; they are moved when
 * all of them have been checked. An incoming folder whose tab went away is removed by the next import.
 */
import type { ModelRecord } from '../../src/contract/library';
import type { OnProgress } from '../../src/contract/progress';
import { StudioError } from '../../src/core/errors';
import { editConfig, readConfig, type ModelConfig } from '../../src/core/model/config';
import { adapterScale } from '../../src/core/model/adapter';
import { addsToBase, unties } from '../../src/core/recipe/method';
import type { Method, SoftMethod } from '../../src/core/recipe/schema';
import { isSoft } from '../../src/core/model/soft-prompt';
import { parameterCount } from '../../src/core/model/parameters';
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, readPeftConfig } from '../../src/core/model/peft';
import { z } from '../../src/core/zod';
import { files, type Bytes, type FileStore } from './files';
import { sha256OfBlob } from './hash';
import { fetchBlob, fetchBytes, fetchManifest } from './public-files';
import { putRecord, records } from './records';

const manifestSchema = z.object({
  models: z.array(z.object({ id: z.string(), name: z.string(), files: z.array(z.string()) })),
});

export interface ModelListing {
  id: string;
  name: string;
  bundled: boolean;
  /** Names of its files. */
  files: string[];
  /** Its config says that the head is no part of the embeddings, whatever its file says: of a run that trains the head alone. */
  headApart?: boolean;
}

/** The files of a base for what a run made of it by this method. */
export const filesUnder = (base: ModelListing, method: Method | undefined): ModelListing =>
  unties(method) ? { ...base, headApart: true } : base;

type Identity = Pick<ModelRecord, 'id' | 'name' | 'bundled' | 'createdAt'>;

/** @param fields config.json as it is; @param config what was read from it */
export function modelRecord(identity: Identity, fields: Record<string, unknown>, config: ModelConfig): ModelRecord {
  return {
    ...identity,
    architecture: config.architecture,
    parameters: parameterCount(config),
    vocabulary: config.vocabulary,
    context: config.context,
    config: fields,
    shape: config,
  };
}

/** What the engine reads of a stored config.json; null where it would refuse it. */
export function shapeOf(fields: Record<string, unknown>): ModelConfig | null {
  try {
    return readConfig('config.json', fields);
  } catch {
    return null;
  }
}

export const modelPath = (model: string): string => `models/${model}`;

export async function bundledModels(): Promise<ModelListing[]> {
  const { models } = manifestSchema.parse(await fetchManifest('models/manifest.json'));
  return models.map((model) => ({ ...model, bundled: true }));
}

/** Throws `file-missing` when there is no model `model`. */
export async function findModel(model: string, store: FileStore = files): Promise<ModelListing> {
  const bundled = (await bundledModels()).find(({ id }) => id === model);
  if (bundled) return bundled;
  const record = await (await records()).get('models', model);
  if (!record) throw new StudioError('file-missing', `There is no model "${model}"`, { file: model, wanted: 'config.json' });
  const names = (await store.list(modelPath(model))).map(({ name }) => name);
  return { id: model, name: record.name, bundled: false, files: names };
}

/** Throws `file-missing` when no model `id` is stored; bundled models keep their names. */
export async function renameModel(id: string, name: string): Promise<void> {
  const transaction = (await records()).transaction('models', 'readwrite');
  const record = await transaction.store.get(id);
  if (record) await transaction.store.put({ ...record, name });
  await transaction.done;
  if (!record) throw new StudioError('file-missing', `There is no model "${id}"`, { file: id, wanted: 'config.json' });
}

/** One file of a model. Throws `file-missing` or `fetch-failed`. */
export async function readModelFile(
  { id, bundled, headApart = false }: Pick<ModelListing, 'id' | 'bundled' | 'headApart'>,
  name: string,
  store: FileStore = files,
): Promise<Bytes> {
  const bytes = await (bundled ? fetchBytes(`models/${id}/${name}`) : store.read(`${modelPath(id)}/${name}`));
  if (!headApart || name !== 'config.json') return bytes;
  return new TextEncoder().encode(editConfig(new TextDecoder().decode(bytes), (fields) => ({ ...fields, tie_word_embeddings: false })));
}

/** One file of a model as a Blob, whose bytes are read when asked for. Throws `file-missing` or `fetch-failed`. */
export async function openModelFile(
  { id, bundled }: Pick<ModelListing, 'id' | 'bundled'>,
  name: string,
  store: FileStore = files,
): Promise<Blob> {
  return bundled ? fetchBlob(`models/${id}/${name}`) : store.blob(`${modelPath(id)}/${name}`);
}

/** The file's text, or null when the model comes without it. */
export async function readModelText(model: ModelListing, name: string, store: FileStore = files): Promise<string | null> {
  return model.files.includes(name) ? new TextDecoder().decode(await readModelFile(model, name, store)) : null;
}

/** The weight files of a model by name: one, or all shards. Throws `file-missing` when there is none. */
function weightFiles({ id, files: names }: ModelListing): string[] {
  if (names.includes(WEIGHTS)) return [WEIGHTS];
  const shards = names.filter((name) => name.endsWith('.safetensors')).sort();
  if (shards.length === 0)
    throw new StudioError('file-missing', `Model "${id}" has no *.safetensors`, { file: id, wanted: 'model.safetensors' });
  return shards;
}

const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** Weights that a run trained: those of a checkpoint, and by which method. */
export interface TrainedWeights {
  file: Blob;
  method: Method | undefined;
}

/** What a model is read from. */
export interface WeightSources {
  config: { name: string; text: string };
  weights: { name: string; bytes: Blob }[];
  index?: { name: string; text: string };
  adapter?: { name: string; bytes: Blob; scaleOf: () => number };
  /** A soft prompt, which is no part of any weight. */
  softPrompt?: { name: string; bytes: Blob; method: SoftMethod };
}

/** The files of a model; `trained` stands in the place of its weights, or, where it is an adapter, beside them. */
export async function weightSources(base: ModelListing, trained: TrainedWeights | null): Promise<WeightSources> {
  const listing = filesUnder(base, trained?.method);
  const config = { name: 'config.json', text: new TextDecoder().decode(await readModelFile(listing, 'config.json')) };
  const method = trained?.method;
  if (trained && !addsToBase(method)) return { config, weights: [{ name: WEIGHTS, bytes: trained.file }] };
  const weights: WeightSources['weights'] = [];
  for (const name of weightFiles(listing)) weights.push({ name, bytes: await openModelFile(listing, name) });
  const index = await readModelText(listing, INDEX);
  const own = trained && { name: ADAPTER_WEIGHTS, bytes: trained.file };
  const prompt = await softPromptOf(base);
  const scale = method?.kind === 'lora' ? adapterScale(method) : undefined;
  return {
    config,
    weights,
    ...(index === null ? {} : { index: { name: INDEX, text: index } }),
    ...(own && scale !== undefined ? { adapter: { ...own, scaleOf: () => scale } } : {}),
    ...(own && isSoft(method) ? { softPrompt: { ...own, method } } : prompt ? { softPrompt: prompt } : {}),
  };
}

/** What stands beside the weights of a model that was imported as a base with a soft prompt of PEFT. */
async function softPromptOf(model: ModelListing): Promise<WeightSources['softPrompt'] | null> {
  const config = await readModelText(model, ADAPTER_CONFIG);
  const method = config === null ? null : readPeftConfig(config).soft;
  return method && { name: ADAPTER_WEIGHTS, bytes: await openModelFile(model, ADAPTER_WEIGHTS), method };
}

/** SHA-256 of each weight file, an adapter's last. */
export async function weightHashes({ weights, adapter, softPrompt }: WeightSources): Promise<string[]> {
  const hashes: string[] = [];
  for (const { bytes } of [...weights, ...[adapter ?? softPrompt ?? []].flat()]) hashes.push(await sha256OfBlob(bytes));
  return hashes;
}

const INCOMING = 'incoming';
const lockName = (id: string): string => `crossfade:incoming:${id}`;

export const incomingPath = (id: string): string => `${INCOMING}/${id}`;

export interface IncomingFolder {
  /** Removes the folder with what is still in it, and releases its lock. */
  close(): Promise<void>;
}

/** Makes an incoming folder and holds its lock, so that no other tab removes it before `close`. */
export function openIncoming(id: string, store: FileStore = files): Promise<IncomingFolder> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(lockName(id), async () => {
        await sweep(id, store);
        await new Promise<void>((release) => resolve({ close: () => store.remove(incomingPath(id)).finally(release) }));
      })
      .catch(reject);
  });
}

/** Moves checked files from the incoming folder `id` to the folder of model `id`. */
export async function settleIncoming(id: string, names: readonly string[], store: FileStore = files): Promise<void> {
  for (const name of names) await store.move(`${incomingPath(id)}/${name}`, `${modelPath(id)}/${name}`);
}

/** The run and the step whose weights a model is; null where it is none of a run, or is not stored. */
export async function keptFrom(model: string): Promise<ModelRecord['keptFrom'] | null> {
  return (await (await records()).get('models', model))?.keptFrom ?? null;
}

export interface NewModel {
  name: string;
  keptFrom?: ModelRecord['keptFrom'];
  /** Contents by file name, config.json among them. */
  texts: ReadonlyMap<string, string>;
  /** What was read of that config.json. */
  config: ModelConfig;
  /** model.safetensors. */
  weights: { bytes: number; chunks(): AsyncIterable<Uint8Array> };
  /** An adapter beside it, whose config is one of the texts. */
  adapter?: Uint8Array<ArrayBuffer>;
}

/**
 * Stores a model that was made here from another, completely or not at all.
 * @throws StudioError `quota`, `cancelled`, and those of reading the weights
 */
export async function storeNewModel(
  { name, keptFrom: origin, texts, config, weights, adapter }: NewModel,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ModelRecord> {
  const id = `m-${crypto.randomUUID()}`;
  const place = await openIncoming(id);
  try {
    const tell = (done: number) => onProgress({ phase: 'import', item: name, done, total: weights.bytes });
    for (const [file, content] of texts) await files.write(`${incomingPath(id)}/${file}`, content);
    if (adapter) await files.write(`${incomingPath(id)}/${ADAPTER_WEIGHTS}`, adapter);
    let done = 0;
    async function* chunks() {
      for await (const chunk of weights.chunks()) {
        signal.throwIfAborted();
        yield chunk;
        tell((done += chunk.length));
      }
    }
    tell(0);
    await files.write(`${incomingPath(id)}/${WEIGHTS}`, chunks());
    const fields = JSON.parse(texts.get('config.json')!) as Record<string, unknown>;
    const record = {
      ...modelRecord({ id, name, bundled: false, createdAt: Date.now() }, fields, config),
      ...(origin ? { keptFrom: origin } : {}),
    };
    signal.throwIfAborted();
    try {
      await settleIncoming(id, [...texts.keys(), ...(adapter ? [ADAPTER_WEIGHTS] : []), WEIGHTS]);
      await putRecord('models', record);
    } catch (error) {
      await files.remove(modelPath(id));
      throw error;
    }
    return record;
  } finally {
    await place.close();
  }
}

async function sweep(own: string, store: FileStore): Promise<void> {
  const { held = [] } = await navigator.locks.query();
  const busy = new Set(held.map(({ name }) => name));
  for (const { name } of await store.list(INCOMING)) if (name !== own && !busy.has(lockName(name))) await store.remove(incomingPath(name));
}
