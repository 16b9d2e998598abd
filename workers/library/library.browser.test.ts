/** Import and export of whole models against the browser's own storage, with the bundled base as the model from elsewhere. */
import { strFromU8, unzipSync } from 'fflate';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseRecipe } from '../../src/core/recipe/parse';
import type { Progress } from '../api';
import { readSafetensors } from '../engine/checkpoint/safetensors';
import { saveCheckpoint } from '../storage/checkpoints';
import { files as storage } from '../storage/files';
import { sha256 } from '../storage/hash';
import { lockRun } from '../storage/locks';
import { appendMetrics } from '../storage/metrics';
import { fetchBytes } from '../storage/public-files';
import { createRun, updateRun } from '../storage/runs';
import { libraryApi } from './api';

const quiet = () => undefined;
let base: Record<'config.json' | 'tokenizer.json' | 'tokenizer_config.json' | 'model.safetensors', Uint8Array<ArrayBuffer>>;
const models: string[] = [];
const runs: string[] = [];

beforeAll(async () => {
  const read = (name: string) => fetchBytes(`models/nano/${name}`);
  base = {
    'config.json': await read('config.json'),
    'tokenizer.json': await read('tokenizer.json'),
    'tokenizer_config.json': await read('tokenizer_config.json'),
    'model.safetensors': await read('model.safetensors'),
  };
});
afterEach(async () => {
  for (const id of models.splice(0)) await libraryApi.removeModel(id);
  for (const id of runs.splice(0)) await libraryApi.removeRun(id);
});

type Change = Record<string, Uint8Array<ArrayBuffer> | string | null>;
const filesOf = (change: Change = {}): File[] =>
  Object.entries({ ...base, ...change }).flatMap(([name, content]) => (content === null ? [] : [new File([content], name)]));
const configWith = (fields: object): string => JSON.stringify({ ...(JSON.parse(strFromU8(base['config.json'])) as object), ...fields });

describe('models', () => {
  it('lists the bundled base with its size', async () => {
    const [nano] = await libraryApi.models();
    // 4096·128 + 4·(128·128·2 + 64·128·2 + 384·128·3 + 2·128) + 128
    expect(nano).toMatchObject({ id: 'nano', bundled: true, parameters: 1_311_872, vocabulary: 4096, context: 256 });
    expect(await libraryApi.modelCard('nano')).toContain('#');
  });

  it('imports a model, byte for byte', async () => {
    const seen: Progress[] = [];
    const record = await libraryApi.importModel(filesOf(), 'from elsewhere', (progress) => seen.push(progress));
    models.push(record.id);
    expect(record).toMatchObject({ name: 'from elsewhere', bundled: false, parameters: 1_311_872 });
    expect(seen.at(-1)).toMatchObject({ phase: 'import', done: base['model.safetensors'].length });
    expect((await libraryApi.models()).map(({ id }) => id)).toEqual(['nano', record.id]);
    expect(await sha256(await storage.read(`models/${record.id}/model.safetensors`))).toBe(await sha256(base['model.safetensors']));
  });

  it.each([
    [
      'a truncated weight file',
      () => ({ 'model.safetensors': base['model.safetensors'].slice(0, 100_000) }),
      { code: 'safetensors-invalid', values: { file: 'model.safetensors' } },
    ],
    [
      'an unknown architecture',
      () => ({ 'config.json': configWith({ model_type: 'mamba' }) }),
      { code: 'config-unsupported', values: { field: 'model_type', value: 'mamba' } },
    ],
    [
      'a tokenizer too large for the model',
      () => ({ 'config.json': configWith({ vocab_size: 4000 }) }),
      { code: 'tokenizer-mismatch', values: { tokenizerSize: 4096, modelSize: 4000 } },
    ],
    [
      'weights of another shape',
      () => ({ 'config.json': configWith({ intermediate_size: 512 }) }),
      { code: 'tensor-shape', values: { expected: '[512, 128]' } },
    ],
    ['a missing tensor', () => ({ 'config.json': configWith({ num_hidden_layers: 5 }) }), { code: 'tensor-missing' }],
    ['no tokenizer', () => ({ 'tokenizer.json': null }), { code: 'file-missing', values: { wanted: 'tokenizer.json' } }],
    ['a broken tokenizer', () => ({ 'tokenizer.json': '{"model":' }), { code: 'tokenizer-invalid', values: { file: 'tokenizer.json' } }],
    ['no weights', () => ({ 'model.safetensors': null }), { code: 'file-missing', values: { wanted: '*.safetensors' } }],
    [
      'a missing shard',
      () => ({
        'model.safetensors': null,
        'model-00002.safetensors': base['model.safetensors'],
        'model.safetensors.index.json': '{"weight_map":{"model.norm.weight":"model-00001.safetensors"}}',
      }),
      { code: 'file-missing', values: { wanted: 'model-00001.safetensors' } },
    ],
  ])('refuses %s and stores nothing', async (_, change: () => Change, error) => {
    await expect(libraryApi.importModel(filesOf(change()), 'bad', quiet)).rejects.toMatchObject(error);
    expect(await storage.list('models')).toEqual([]);
    expect(await libraryApi.models()).toHaveLength(1);
  });
});

const recipe = parseRecipe({
  version: 1,
  name: 'test',
  base: 'nano',
  context: 8,
  channels: [{ id: 'en', corpus: 'en', role: 'general', share: 1 }],
  strategy: { kind: 'mixed' },
  schedule: { kind: 'constant', peakLr: 1e-3, warmup: { unit: 'steps', value: 0 } },
  batch: { rows: 1 },
  optimizer: {},
  budget: { steps: 10 },
  evaluation: { everySteps: 5, rowsPerChannel: 1 },
  saving: { everySteps: 5 },
  logging: { everySteps: 1 },
  stopping: { early: null, forgetting: null },
  seed: 1,
});

async function storedRun(): Promise<string> {
  const { id } = await createRun({ recipe, name: 'stored', device: 'cpu', trainTokens: { en: 100 } });
  runs.push(id);
  const evaluation = { step: 0, channels: { en: { loss: 3, tokens: 8, bytes: 20 } }, retention: 1 };
  await updateRun(id, { state: 'finished', stopReason: 'budget', step: 10, base: evaluation });
  await appendMetrics(id, [
    { kind: 'evaluation', ...evaluation },
    { kind: 'window', step: 1, lr: 1e-3, gradNorm: 1, stepMs: 5, tokens: 8, loss: { en: 2.9 }, count: { en: 8 }, total: 2.9 },
  ]);
  const content = { model: base['model.safetensors'], optimizer: new Uint8Array(8), state: {} };
  await saveCheckpoint(id, 10, content, { reason: 'end', evaluation: { ...evaluation, step: 10 } });
  return id;
}

describe('runs', () => {
  it('shows a stored run as the desk would', async () => {
    const id = await storedRun();
    const snapshot = await libraryApi.snapshot(id);
    expect(snapshot).toMatchObject({
      runId: id,
      state: 'finished',
      step: 10,
      train: { en: { x: [1], y: [2.9] } },
      heldOut: { en: { x: [0], y: [3] } },
    });
    expect(snapshot.checkpoints).toEqual(await libraryApi.checkpoints(id));
    expect((await libraryApi.metrics(id)).rows).toHaveLength(1);
    const { used, quota } = await libraryApi.storage();
    expect(used).toBeGreaterThan(2_000_000);
    expect(quota).toBeGreaterThan(used);
  });

  it('does not remove a run that a tab trains', async () => {
    const id = await storedRun();
    const lock = await lockRun(id);
    await expect(libraryApi.removeRun(id)).rejects.toMatchObject({ code: 'run-locked' });
    lock.release();
  });

  it.each(['F32', 'F16', 'BF16'] as const)('exports a checkpoint in %s', async (dtype) => {
    const id = await storedRun();
    const seen: Progress[] = [];
    const zip = unzipSync(
      new Uint8Array(await (await libraryApi.exportRun(id, 10, dtype, (progress) => seen.push(progress))).arrayBuffer()),
    );
    expect(Object.keys(zip).sort()).toEqual(
      [
        ...['README.md', 'changes.json', 'config.json', 'generation_config.json', 'metrics.csv', 'metrics.jsonl'],
        ...['model.safetensors', 'recipe.json', 'tokenizer.json', 'tokenizer_config.json'],
      ].sort(),
    );
    expect(seen.every(({ done }, at) => at === 0 || done >= seen[at - 1]!.done)).toBe(true);
    expect(seen.at(-1)!.done).toBe(seen.at(-1)!.total);
    expect(parseRecipe(JSON.parse(strFromU8(zip['recipe.json']!)))).toEqual(recipe);
    expect(JSON.parse(strFromU8(zip['config.json']!))).toMatchObject({
      model_type: 'llama',
      torch_dtype: { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }[dtype],
    });
    expect(await sha256(zip['tokenizer.json']!)).toBe(await sha256(base['tokenizer.json']));

    const before = readSafetensors('base', base['model.safetensors']).tensors;
    const after = readSafetensors('export', zip['model.safetensors']!).tensors;
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, tensor] of after) {
      expect(tensor.dtype).toBe(dtype);
      const [found, expected] = [tensor.read(), before.get(name)!.read()];
      // The base is in half precision: F32 and F16 keep it exactly, BF16 rounds to 8 bits.
      const bound = dtype === 'BF16' ? 2 ** -8 : 0;
      expect(found.every((value, at) => Math.abs(value - expected[at]!) <= bound * Math.abs(expected[at]!))).toBe(true);
    }
  });

  it('says which run or checkpoint is missing', async () => {
    await expect(libraryApi.snapshot('nowhere')).rejects.toMatchObject({ code: 'run-missing', values: { run: 'nowhere' } });
    const id = await storedRun();
    await expect(libraryApi.exportRun(id, 3, 'F32', quiet)).rejects.toMatchObject({ code: 'checkpoint-missing', values: { step: 3 } });
  });
});
