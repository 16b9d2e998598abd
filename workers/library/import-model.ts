/** Takes in a model from a person's files: checked in full as the engine would, then written. */
import { StudioError } from '../../src/core/errors';
import type { ModelRecord, OnProgress } from '../api';
import { parameterCount } from '../engine/model/parameters';
import { readIndex } from '../engine/checkpoint/sharded';
import { readModel } from '../engine/model/read';
import { files as storage } from '../storage/files';
import { modelPath } from '../storage/models';
import { putRecord } from '../storage/records';
import { TextTokenizer } from '../tokenizer/text-tokenizer';

/** One ArrayBuffer must hold it all, and again as float32 while it is checked. */
export const LARGEST_MODEL = 2 ** 30;
const LARGEST_TEXT = 64 * 2 ** 20;
const INDEX = 'model.safetensors.index.json';
const OPTIONAL = ['tokenizer_config.json', 'special_tokens_map.json', 'generation_config.json', 'README.md'] as const;

/** Throws what `readModel` and the tokenizer throw, `file-missing`, `file-too-large` and `quota`; then nothing has been stored. */
export async function importModel(given: readonly File[], name: string, onProgress: OnProgress): Promise<ModelRecord> {
  // Of files with the same name in different folders the outermost counts.
  const depth = (file: File) => file.webkitRelativePath.split('/').length;
  const byName = new Map([...given].sort((a, b) => depth(b) - depth(a)).map((file) => [file.name, file]));
  const weights = await chooseWeights(byName);
  const size = weights.reduce((sum, file) => sum + file.size, 0);
  if (size > LARGEST_MODEL) throw tooLarge(weights[0]!.name, size, LARGEST_MODEL);
  const total = size * 2;

  const config = await readText(byName, 'config.json');
  const tokenizer = new TextTokenizer({
    tokenizer: await readText(byName, 'tokenizer.json'),
    config: byName.has('tokenizer_config.json') ? await readText(byName, 'tokenizer_config.json') : null,
    model: config,
  });
  const read: { name: string; bytes: Uint8Array }[] = [];
  let done = 0;
  for (const file of weights) {
    onProgress({ phase: 'import', item: file.name, done, total });
    read.push({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
    done += file.size;
  }
  const index = weights.length > 1 && byName.has(INDEX) ? { name: INDEX, text: await readText(byName, INDEX) } : null;
  const checked = readModel({
    config: { name: 'config.json', text: config },
    weights: read,
    ...(index ? { index } : {}),
    tokenizerSize: tokenizer.size,
  });

  const fields = JSON.parse(config) as Record<string, unknown>;
  const record: ModelRecord = modelRecord(
    { id: `m-${crypto.randomUUID()}`, name, bundled: false, createdAt: Date.now() },
    fields,
    checked.config,
  );
  const kept = ['config.json', 'tokenizer.json', ...OPTIONAL, ...(index ? [INDEX] : [])].flatMap((wanted) => byName.get(wanted) ?? []);
  try {
    for (const file of kept) await storage.write(`${modelPath(record.id)}/${file.name}`, new Uint8Array(await file.arrayBuffer()));
    for (const { name: file, bytes } of read) {
      onProgress({ phase: 'import', item: file, done, total });
      await storage.write(`${modelPath(record.id)}/${file}`, bytes);
      done += bytes.byteLength;
    }
    await putRecord('models', record);
  } catch (error) {
    await storage.remove(modelPath(record.id));
    throw error;
  }
  onProgress({ phase: 'import', item: name, done: total, total });
  return record;
}

type Identity = Pick<ModelRecord, 'id' | 'name' | 'bundled' | 'createdAt'>;

export function modelRecord(
  identity: Identity,
  fields: Record<string, unknown>,
  config: ReturnType<typeof readModel>['config'],
): ModelRecord {
  return {
    ...identity,
    architecture: config.architecture,
    parameters: parameterCount(config),
    vocabulary: config.vocabulary,
    context: config.context,
    config: fields,
  };
}

/** model.safetensors where there is one, else the shards that the index lists, else every safetensors file. */
async function chooseWeights(byName: ReadonlyMap<string, File>): Promise<File[]> {
  const single = byName.get('model.safetensors');
  if (single) return [single];
  const names = byName.has(INDEX)
    ? [...new Set(readIndex(INDEX, await readText(byName, INDEX)).values())]
    : [...byName.keys()].filter((name) => name.endsWith('.safetensors'));
  if (names.length === 0)
    throw new StudioError('file-missing', 'There is no *.safetensors file', { file: listOf(byName), wanted: '*.safetensors' });
  return names.sort().map((name) => {
    const file = byName.get(name);
    if (!file) throw new StudioError('file-missing', `${INDEX} lists ${name}, which is missing`, { file: INDEX, wanted: name });
    return file;
  });
}

async function readText(byName: ReadonlyMap<string, File>, name: string): Promise<string> {
  const file = byName.get(name);
  if (!file) throw new StudioError('file-missing', `${name} is missing`, { file: listOf(byName), wanted: name });
  if (file.size > LARGEST_TEXT) throw tooLarge(name, file.size, LARGEST_TEXT);
  return file.text();
}

function listOf(byName: ReadonlyMap<string, File>): string {
  return [...byName.keys()].slice(0, 6).join(', ') || '—';
}

function tooLarge(file: string, bytes: number, limit: number): StudioError {
  return new StudioError('file-too-large', `${file} has ${bytes} bytes, more than ${limit}`, { file, bytes, limit });
}
