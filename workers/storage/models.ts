/** Files of models: bundled ones come from the origin, imported ones from OPFS, both in Hugging Face layout. */
import type { ModelRecord } from '../../src/contract/library';
import { StudioError } from '../../src/core/errors';
import type { ModelConfig } from '../../src/core/model/config';
import { parameterCount } from '../../src/core/model/parameters';
import { z } from '../../src/core/zod';
import { files, type Bytes, type FileStore } from './files';
import { fetchBlob, fetchBytes, fetchManifest } from './public-files';
import { records } from './records';

const manifestSchema = z.object({
  models: z.array(z.object({ id: z.string(), name: z.string(), files: z.array(z.string()) })),
});

export interface ModelListing {
  id: string;
  name: string;
  bundled: boolean;
  /** File names. */
  files: string[];
}

type Identity = Pick<ModelRecord, 'id' | 'name' | 'bundled' | 'createdAt'>;

/** The library's record of a model. @param fields config.json as it is; @param config what the engine read from it */
export function modelRecord(identity: Identity, fields: Record<string, unknown>, config: ModelConfig): ModelRecord {
  return {
    ...identity,
    architecture: config.architecture,
    parameters: parameterCount(config),
    vocabulary: config.vocabulary,
    context: config.context,
    config: fields,
  };
}

export const modelPath = (model: string): string => `models/${model}`;

export async function bundledModels(): Promise<ModelListing[]> {
  const { models } = manifestSchema.parse(await fetchManifest('models/manifest.json'));
  return models.map((model) => ({ ...model, bundled: true }));
}

/** Where a model is and what files it has. Throws `file-missing` when there is no such model. */
export async function findModel(model: string, store: FileStore = files): Promise<ModelListing> {
  const bundled = (await bundledModels()).find(({ id }) => id === model);
  if (bundled) return bundled;
  const record = await (await records()).get('models', model);
  if (!record) throw new StudioError('file-missing', `There is no model "${model}"`, { file: model, wanted: 'config.json' });
  const names = (await store.list(modelPath(model))).map(({ name }) => name);
  return { id: model, name: record.name, bundled: false, files: names };
}

/** One file of a model. Throws `file-missing` or `fetch-failed`. */
export async function readModelFile(
  { id, bundled }: Pick<ModelListing, 'id' | 'bundled'>,
  name: string,
  store: FileStore = files,
): Promise<Bytes> {
  return bundled ? fetchBytes(`models/${id}/${name}`) : store.read(`${modelPath(id)}/${name}`);
}

/** One file of a model, left on the disk where it lies there. Errors as above. */
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
export function weightFiles({ id, files: names }: ModelListing): string[] {
  if (names.includes('model.safetensors')) return ['model.safetensors'];
  const shards = names.filter((name) => name.endsWith('.safetensors')).sort();
  if (shards.length === 0)
    throw new StudioError('file-missing', `Model "${id}" has no *.safetensors`, { file: id, wanted: 'model.safetensors' });
  return shards;
}
