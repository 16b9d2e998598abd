/** Import and export of whole models against the browser's own storage, with the bundled base as the model from elsewhere. */
import evaluation from '../../e2e/parity/fixtures/evaluation.json';
import { parseConfig } from '../../src/core/model/config';
import { recipeWith } from '../../src/core/run/example-run';
import { strFromU8, unzipSync, zipSync } from 'fflate';
import { fixtureBytes, fixtureJson } from '../../e2e/parity/fixtures';
import { openDB } from 'idb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseRecipe } from '../../src/core/recipe/parse';
import { viewOf } from '../../src/core/run/view';
import type { ModelRecord } from '../../src/contract/library';
import type { Progress } from '../../src/contract/progress';
import type { CheckpointRecord, EvaluationRow, MetricRow, RunRecord } from '../../src/core/run/types';
import type { SweepRecord } from '../../src/core/sweep/record';
import { readSafetensors } from '../engine/checkpoint/safetensors';
import { writeSafetensors } from '../engine/checkpoint/write';
import { saveCheckpoint } from '../storage/checkpoints';
import { files as storage } from '../storage/files';
import { sha256 } from '../storage/hash';
import { lockRun } from '../storage/locks';
import { openDatabase, putRecord } from '../storage/records';
import { appendMetrics, createRun, updateRun } from '../storage/runs';
import { storedSweeps } from '../storage/sweeps';
import { findModel, weightSources } from '../storage/models';
import { fetchBytes } from '../storage/public-files';
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

const pointer =
  'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 269060552\n';

type Change = Record<string, Uint8Array<ArrayBuffer> | string | null>;
const filesOf = (change: Change = {}): File[] =>
  Object.entries({ ...base, ...change }).flatMap(([name, content]) => (content === null ? [] : [new File([content], name)]));
const configWith = (fields: object): string => JSON.stringify({ ...(JSON.parse(strFromU8(base['config.json'])) as object), ...fields });

/** The base's tensors over two files, with their index. */
function sharded(change: (map: Record<string, string>) => void = () => undefined): Change {
  const list = [...readSafetensors('base', base['model.safetensors']).tensors.values()].map(({ name, shape, read }) => ({
    name,
    shape,
    data: read(),
  }));
  const [first, second] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
  const map = Object.fromEntries(list.map(({ name }, at) => [name, at < 10 ? first : second]));
  change(map);
  return {
    'model.safetensors': null,
    [first]: writeSafetensors(list.slice(0, 10), 'F16'),
    [second]: writeSafetensors(list.slice(10), 'F16'),
    'model.safetensors.index.json': JSON.stringify({ weight_map: map }),
  };
}

/** The base's weight file with one thing wrong. */
function broken(header: (text: string) => string, value?: number): Uint8Array<ArrayBuffer> {
  const bytes = base['model.safetensors'].slice();
  const end = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const text = header(strFromU8(bytes.subarray(8, end)));
  bytes.set(new TextEncoder().encode(text.padEnd(end - 8)).subarray(0, end - 8), 8);
  if (value !== undefined) new DataView(bytes.buffer).setUint16(bytes.length - 2, value, true);
  return bytes;
}

/** Index of the first value that is another one, −1 where all are the same: `toEqual` takes seconds over a million values. */
function firstOther(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Math.min(found.length, expected.length);
  return found.findIndex((value, at) => !Object.is(value, expected[at]));
}

/** A few bytes that claim to be 2 GB of weights. */
function claiming2GB(): Uint8Array<ArrayBuffer> {
  const header = JSON.stringify({ 'model.norm.weight': { dtype: 'F32', shape: [2 ** 29], data_offsets: [0, 2 ** 31] } });
  const bytes = new Uint8Array(1024);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  return bytes;
}

const zipOf = (entries: Record<string, Uint8Array>): File[] => [new File([zipSync(entries, { level: 1 })], 'model.zip')];
const wholeZip = (change: Record<string, Uint8Array> = {}, folder = ''): File[] =>
  zipOf(Object.fromEntries(Object.entries({ ...base, ...change }).map(([name, bytes]) => [folder + name, bytes])));

/** A packed zip whose directory says something else of its second entry, in the 32 bits at `field`. */
function patchedZip(field: number, change: (value: number) => number): File[] {
  const bytes = zipSync(base, { level: 6 });
  const view = new DataView(bytes.buffer);
  const entries: number[] = [];
  for (let at = view.getUint32(bytes.length - 22 + 16, true); entries.length < 4; at += 46 + view.getUint16(at + 28, true))
    entries.push(at);
  view.setUint32(entries[1]! + field, change(view.getUint32(entries[1]! + field, true)), true);
  return [new File([bytes], 'model.zip')];
}

/** Every file of the storage, to see that nothing came and nothing went. */
async function stored(path = ''): Promise<string[]> {
  const found: string[] = [];
  for (const { name, kind } of await storage.list(path)) {
    const inner = path === '' ? name : `${path}/${name}`;
    if (kind === 'directory') found.push(...(await stored(inner)));
    else found.push(`${inner} ${await storage.size(inner)}`);
  }
  return found;
}

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
    expect(seen.at(-1)).toMatchObject({ phase: 'import', done: base['model.safetensors'].length, total: base['model.safetensors'].length });
    expect((await libraryApi.models()).map(({ id }) => id)).toEqual(['nano', record.id]);
    expect(await sha256(await storage.read(`models/${record.id}/model.safetensors`))).toBe(await sha256(base['model.safetensors']));
    expect(await storage.list('incoming')).toEqual([]);
  });

  it('imports shards, and nothing of the folder that is no part of the model', async () => {
    const record = await libraryApi.importModel(
      filesOf({ ...sharded(), 'model-00003-of-00003.safetensors': 'rubbish', 'pytorch_model.bin': 'more', 'README.md': '# Hello' }),
      'sharded',
      quiet,
    );
    models.push(record.id);
    expect((await storage.list(`models/${record.id}`)).map(({ name }) => name)).toEqual([
      ...['README.md', 'config.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
      ...['model.safetensors.index.json', 'tokenizer.json', 'tokenizer_config.json'],
    ]);
    expect(await libraryApi.modelCard(record.id)).toBe('# Hello');
  });

  it('gives the chat templates of models, from either file', async () => {
    const config = (template: unknown) => ({ 'tokenizer_config.json': JSON.stringify({ chat_template: template }) });
    const several = [
      { name: 'tool_use', template: '{# tools #}' },
      { name: 'default', template: '{# talk #}' },
    ];
    const texts = [
      config('{# one #}'),
      config(several),
      { ...config('{# old #}'), 'chat_template.jinja': '{# file #}' },
      config(undefined),
    ];
    for (const [at, change] of texts.entries()) models.push((await libraryApi.importModel(filesOf(change), `chat ${at}`, quiet)).id);
    const found = (await libraryApi.chatTemplates()).filter(({ model }) => models.includes(model));
    expect(found.map(({ name, template }) => [name, template])).toEqual([
      ['chat 0', '{# one #}'],
      ['chat 1', '{# talk #}'],
      ['chat 2', '{# file #}'],
    ]);
  });

  it('keeps a model that an open run needs, and names the run', async () => {
    const { id } = await libraryApi.importModel(filesOf(), 'needed', quiet);
    models.push(id);
    const run = await createRun({ recipe: recipeWith({ base: id }), name: 'needs it', device: 'cpu', trainTokens: {}, rules: 2 });
    runs.push(run.id);
    const lock = await lockRun(run.id);
    await expect(libraryApi.removeModel(id)).rejects.toMatchObject({ code: 'model-in-use', values: { model: id, run: 'needs it' } });
    lock.release();
    await expect.poll(async () => (await libraryApi.run(run.id)).state).toBe('interrupted');
    await libraryApi.removeModel(id);
    models.pop();
    expect((await libraryApi.models()).map((model) => model.id)).not.toContain(id);
  });

  it.each(['', 'nano-main/'])('imports a zip, its files below "%s", with packed and with stored weights', async (folder) => {
    for (const level of [0, 6] as const) {
      const entries = Object.fromEntries(Object.entries(base).map(([name, bytes]) => [folder + name, bytes]));
      const zip = zipSync({ ...entries, [`${folder}inner.zip`]: new Uint8Array(30) }, { level });
      const record = await libraryApi.importModel([new File([zip], 'Nano.zip')], 'zipped', quiet);
      models.push(record.id);
      expect(await sha256(await storage.read(`models/${record.id}/model.safetensors`))).toBe(await sha256(base['model.safetensors']));
      expect(await sha256(await storage.read(`models/${record.id}/tokenizer.json`))).toBe(await sha256(base['tokenizer.json']));
      expect(await storage.list('incoming')).toEqual([]);
    }
  });

  it('imports what merges and wrappers left, tells of it, and exports the model without it', async () => {
    const prefixed = [...readSafetensors('base', base['model.safetensors']).tensors.values()].map(({ name, shape, read }) => ({
      name: `_orig_mod.${name}`,
      shape,
      data: read(),
    }));
    const config = configWith({
      architectures: ['LLaMAForCausalLM'],
      quantization_config: { load_in_4bit: true, quant_method: 'bitsandbytes' },
      _model_name_or_path: 'somebody/nano',
    });
    const files = filesOf({ 'config.json': config, 'model.safetensors': writeSafetensors(prefixed, 'BF16'), LICENSE: 'Apache-2.0' });
    const record = await libraryApi.importModel(files, 'merged', quiet);
    models.push(record.id);
    expect(record.notices).toEqual([
      { kind: 'architecture', found: 'LLaMAForCausalLM', read: 'LlamaForCausalLM' },
      { kind: 'quantization-left', method: 'bitsandbytes' },
      { kind: 'unknown-fields', fields: ['_model_name_or_path'] },
      { kind: 'name-prefix', prefix: '_orig_mod.' },
    ]);
    expect((await libraryApi.models()).at(-1)).toEqual(record);

    const zip = unzipSync(new Uint8Array(await (await libraryApi.exportModel(record.id, 'F32', quiet)).arrayBuffer()));
    expect(Object.keys(zip).sort()).toEqual(['LICENSE', 'config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']);
    const written = JSON.parse(strFromU8(zip['config.json']!)) as Record<string, unknown>;
    expect(written['quantization_config']).toBeUndefined();
    expect(written).toMatchObject({ torch_dtype: 'float32', _model_name_or_path: 'somebody/nano' });
    const weights = readSafetensors('export', zip['model.safetensors']!).tensors;
    const bf16 = readSafetensors('given', writeSafetensors(prefixed, 'BF16')).tensors;
    expect([...weights.keys()].sort()).toEqual([...bf16.keys()].map((name) => name.replace('_orig_mod.', '')).sort());
    for (const [name, tensor] of bf16)
      expect(firstOther(weights.get(name.replace('_orig_mod.', ''))!.read(), tensor.read()), name).toBe(-1);
  });

  it('imports vocab.json with merges.txt, and added tokens beyond the table, and tells of both', async () => {
    const given = JSON.parse(strFromU8(base['tokenizer.json'])) as {
      added_tokens: object[];
      model: { vocab: Record<string, number>; merges: [string, string][] };
    };
    const { vocab, merges } = given.model;
    const lines = merges.map((pair) => (typeof pair === 'string' ? pair : pair.join(' ')));
    const config = '{"eos_token":"<|endoftext|>","tokenizer_class":"Qwen2Tokenizer"}';
    const old = {
      'tokenizer.json': null,
      'tokenizer_config.json': config,
      'vocab.json': JSON.stringify(vocab),
      'merges.txt': lines.join('\n'),
    };
    const record = await libraryApi.importModel(filesOf(old), 'old', quiet);
    models.push(record.id);
    expect(record.notices).toEqual([{ kind: 'tokenizer-made' }, { kind: 'tokenizer-class', found: 'Qwen2Tokenizer' }]);
    expect((await storage.list(`models/${record.id}`)).map(({ name }) => name)).not.toContain('vocab.json');
    const zip = unzipSync(new Uint8Array(await (await libraryApi.exportModel(record.id, 'F16', quiet)).arrayBuffer()));
    expect(JSON.parse(strFromU8(zip['tokenizer_config.json']!))).toMatchObject({ tokenizer_class: 'PreTrainedTokenizerFast' });
    expect(JSON.parse(strFromU8(zip['tokenizer.json']!))).toMatchObject({ model: { vocab } });

    const pad = { id: 4096, content: '[PAD]', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
    const padded = { ...given, added_tokens: [...given.added_tokens, pad] };
    const beyond = await libraryApi.importModel(filesOf({ 'tokenizer.json': JSON.stringify(padded) }), 'padded', quiet);
    models.push(beyond.id);
    expect(beyond.notices).toEqual([{ kind: 'tokens-beyond', rows: 4096, count: 1, names: ['[PAD]'] }]);
  });

  it('exports the bundled base, which can be imported again', async () => {
    const zip = await libraryApi.exportModel('nano', 'F16', quiet);
    const again = await libraryApi.importModel([new File([zip], 'nano.zip')], 'again', quiet);
    models.push(again.id);
    const given = readSafetensors('base', base['model.safetensors']).tensors;
    const found = readSafetensors('again', await storage.read(`models/${again.id}/model.safetensors`)).tensors;
    for (const [name, tensor] of given) expect(firstOther(found.get(name)!.read(), tensor.read()), name).toBe(-1);
    const disk = await (await navigator.storage.getDirectory()).getDirectoryHandle('test-disk', { create: true });
    expect(await libraryApi.exportModelToFolder('nano', 'F16', disk, 'nano', quiet)).toBe('nano');
    expect((await storage.list('test-disk/nano')).map(({ name }) => name)).toEqual(
      Object.keys(unzipSync(new Uint8Array(await zip.arrayBuffer()))).sort(),
    );
    await storage.remove('test-disk');
  });

  it('writes no float16 file with values that float16 does not have: the largest is 65504, from 65520 on it rounds to infinity', async () => {
    const withNorm = async (value: number): Promise<string> => {
      const tensors = [...readSafetensors('base', base['model.safetensors']).tensors.values()].map(({ name, shape, read }) => {
        const data = read().slice();
        if (name === 'model.norm.weight') data[7] = value;
        return { name, shape, data };
      });
      const record = await libraryApi.importModel(filesOf({ 'model.safetensors': writeSafetensors(tensors, 'F32') }), 'large', quiet);
      models.push(record.id);
      return record.id;
    };
    const [within, beyond] = [await withNorm(-65_519), await withNorm(70_000)];
    const exported = unzipSync(new Uint8Array(await (await libraryApi.exportModel(within, 'F16', quiet)).arrayBuffer()));
    expect(readSafetensors('F16', exported['model.safetensors']!).tensors.get('model.norm.weight')!.read()[7]).toBe(-65_504);
    await expect(libraryApi.exportModel(beyond, 'F16', quiet)).rejects.toMatchObject({
      code: 'tensor-beyond-f16',
      values: { tensor: 'model.norm.weight', value: 70_000, most: 65_504 },
    });
    for (const dtype of ['F32', 'BF16'] as const) {
      const zip = unzipSync(new Uint8Array(await (await libraryApi.exportModel(beyond, dtype, quiet)).arrayBuffer()));
      // bfloat16 has 8 bits of precision: 70000 = 136.71875 · 512 lies between 136 and 137.
      expect(readSafetensors(dtype, zip['model.safetensors']!).tensors.get('model.norm.weight')!.read()[7]).toBe(
        dtype === 'F32' ? 70_000 : 70_144,
      );
    }
  });

  it('takes in a GGUF file as transformers loads it, alone or in a zip, and gives it out again', async () => {
    const gguf = await fixtureBytes('gguf/tiny-q4_1.gguf');
    const { tensors: hashes } = await fixtureJson<{ tensors: Record<string, string> }>('gguf/tiny-q4_1.json');
    const taken = async (files: File[]) => {
      const record = await libraryApi.importModel(files, 'of a GGUF', quiet);
      models.push(record.id);
      return record;
    };
    const record = await taken([new File([gguf], 'tiny.gguf')]);
    expect(record).toMatchObject({ architecture: 'llama', vocabulary: 420, context: 64 });
    expect(record.notices).toEqual([{ kind: 'gguf', file: 'tiny.gguf', types: 'Q4_1, Q8_0', dequantised: true }]);
    const names = ['README.md', 'config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
    expect((await storage.list(`models/${record.id}`)).map(({ name }) => name).sort()).toEqual(names);
    expect(await storage.list('incoming')).toEqual([]);
    expect(await libraryApi.modelCard(record.id)).toContain('# Tiny \\<Llama\\> \\| of a test');
    const { tensors } = readSafetensors('w', await storage.read(`models/${record.id}/model.safetensors`));
    const read = await Promise.all(
      [...tensors].map(async ([name, one]) => [name, await sha256(new Uint8Array(one.read().slice().buffer))]),
    );
    expect(Object.fromEntries(read)).toEqual(hashes);

    const exported = unzipSync(new Uint8Array(await (await libraryApi.exportModel(record.id, 'GGUF-F16', quiet)).arrayBuffer()));
    expect(Object.keys(exported).sort()).toEqual(['Modelfile', 'README.md', 'of-a-GGUF-F16.gguf']);
    const again = await taken(zipOf({ 'm/of-a-GGUF-F16.gguf': exported['of-a-GGUF-F16.gguf']! }));
    expect(again.notices).toEqual([{ kind: 'gguf', file: 'of-a-GGUF-F16.gguf', types: 'F16', dequantised: false }]);
    expect({ ...again.shape }).toEqual({ ...record.shape });
    await expect(libraryApi.importModel([new File([gguf.slice(0, 70_000)], 'cut.gguf')], 'cut', quiet)).rejects.toMatchObject({
      code: 'gguf-invalid',
      values: { file: 'cut.gguf', reason: 'data-length' },
    });
    expect(await storage.list('incoming')).toEqual([]);
  });

  it('renames a model of the person, and no other', async () => {
    const { id } = await libraryApi.importModel(filesOf(), 'before', quiet);
    models.push(id);
    await libraryApi.renameModel(id, 'after');
    expect((await libraryApi.models()).map(({ name }) => name).at(-1)).toBe('after');
    await expect(libraryApi.renameModel('nano', 'mine')).rejects.toMatchObject({ code: 'file-missing' });
  });

  it('leaves nothing of an import that was cancelled', async () => {
    const before = await stored();
    for (const files of [filesOf(), wholeZip()]) {
      const importing = libraryApi.importModel(files, 'cancelled', ({ done }) => void (done > 0 && libraryApi.cancel('import')));
      await expect(importing).rejects.toMatchObject({ code: 'cancelled' });
      expect(await stored()).toEqual(before);
    }
    const record = await libraryApi.importModel(filesOf(), 'and again', quiet);
    models.push(record.id);
  });

  it('sweeps up what a tab that went away left behind', async () => {
    await storage.write('incoming/m-dead/model.safetensors', new Uint8Array(10));
    const record = await libraryApi.importModel(filesOf(), 'later', quiet);
    models.push(record.id);
    expect(await storage.list('incoming')).toEqual([]);
  });
});

describe('a hostile folder or zip', () => {
  let kept: string;
  beforeAll(async () => {
    kept = (await libraryApi.importModel(filesOf(), 'was there before', quiet)).id;
  });
  afterAll(() => libraryApi.removeModel(kept));

  const weights = (bytes: Uint8Array<ArrayBuffer>) => filesOf({ 'model.safetensors': bytes });
  const invalid = (reason: string, values: object = {}) => ({
    code: 'safetensors-invalid',
    values: { file: 'model.safetensors', reason, ...values },
  });
  it.each([
    [
      'a shard that is missing',
      () => filesOf({ ...sharded(), 'model-00002-of-00002.safetensors': null }),
      { code: 'file-missing', values: { file: 'model.safetensors.index.json', wanted: 'model-00002-of-00002.safetensors' } },
    ],
    [
      'an index that names a tensor which is not there',
      () => filesOf(sharded((map) => void (map['model.layers.9.absent'] = 'model-00001-of-00002.safetensors'))),
      { code: 'tensor-missing', values: { file: 'model-00001-of-00002.safetensors', tensor: 'model.layers.9.absent' } },
    ],
    [
      'an index that is no index',
      () => filesOf({ ...sharded(), 'model.safetensors.index.json': '{' }),
      { code: 'safetensors-invalid', values: { file: 'model.safetensors.index.json', reason: 'index-unreadable' } },
    ],
    [
      'an index that leads out of the folder',
      () => filesOf(sharded((map) => void (map['a'] = '../../secrets.safetensors'))),
      { code: 'safetensors-invalid', values: { reason: 'index-path', found: '../../secrets.safetensors' } },
    ],
    [
      'weights of a type that is none',
      () => weights(broken((text) => text.replace('"F16"', '"F61"'))),
      invalid('dtype-unknown', { found: '"F61"' }),
    ],
    [
      'weights of a type that is not float',
      () => weights(broken((text) => text.replace('"F16"', '"I16"'))),
      invalid('dtype-not-float', { found: 'I16' }),
    ],
    [
      'weights that are not numbers',
      () => weights(broken((text) => text, 0x7e00)),
      { code: 'tensor-not-finite', values: { file: 'model.safetensors' } },
    ],
    ['infinite weights', () => weights(broken((text) => text, 0xfc00)), { code: 'tensor-not-finite' }],
    ['2 GB claimed by 1 KB', () => weights(claiming2GB()), invalid('data-length', { expected: 2 ** 31 })],
    [
      'a header of 2⁶³ bytes',
      () => weights(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128, 1, 2)),
      invalid('header-beyond-file', { claimed: '9223372036854775808' }),
    ],
    [
      'a truncated weight file',
      () => weights(base['model.safetensors'].slice(0, 100_000)),
      invalid('data-length', { expected: 2 * 1_311_872 }),
    ],
    ['an empty weight file', () => weights(new Uint8Array()), invalid('too-short')],
    [
      'a config that is no JSON',
      () => filesOf({ 'config.json': '{"model_type": ' }),
      { code: 'json-invalid', values: { file: 'config.json' } },
    ],
    ['an empty config', () => filesOf({ 'config.json': '' }), { code: 'json-invalid', values: { file: 'config.json' } }],
    [
      'an unknown architecture',
      () => filesOf({ 'config.json': configWith({ model_type: 'mamba' }) }),
      { code: 'family-unsupported', values: { field: 'model_type', value: 'mamba', nearest: 'llama' } },
    ],
    [
      'a tokenizer too large for the model',
      () => filesOf({ 'config.json': configWith({ vocab_size: 4000 }) }),
      { code: 'tokenizer-mismatch', values: { tokenizerSize: 4096, modelSize: 4000 } },
    ],
    [
      'weights of another shape',
      () => filesOf({ 'config.json': configWith({ intermediate_size: 512 }) }),
      { code: 'tensor-shape', values: { expected: '[512, 128]' } },
    ],
    ['a missing tensor', () => filesOf({ 'config.json': configWith({ num_hidden_layers: 5 }) }), { code: 'tensor-missing' }],
    ['no tokenizer', () => filesOf({ 'tokenizer.json': null }), { code: 'file-missing', values: { wanted: 'tokenizer.json' } }],
    [
      'a broken tokenizer',
      () => filesOf({ 'tokenizer.json': '{"model":' }),
      { code: 'tokenizer-invalid', values: { file: 'tokenizer.json' } },
    ],
    [
      'a Git LFS pointer for weights',
      () => filesOf({ 'model.safetensors': pointer }),
      { code: 'file-pointer', values: { file: 'model.safetensors', bytes: 269_060_552 } },
    ],
    ['a Git LFS pointer in a zip', () => wholeZip({ 'tokenizer.json': new TextEncoder().encode(pointer) }), { code: 'file-pointer' }],
    [
      'a saved web page for a tokenizer',
      () => filesOf({ 'tokenizer.json': '<!DOCTYPE html><title>Log in</title>' }),
      { code: 'file-web-page', values: { file: 'tokenizer.json' } },
    ],
    [
      'a checkpoint of pickles',
      () => filesOf({ 'model.safetensors': null, 'pytorch_model.bin': 'PK' }),
      { code: 'model-format', values: { file: 'pytorch_model.bin' } },
    ],
    ['no weights', () => filesOf({ 'model.safetensors': null }), { code: 'file-missing', values: { wanted: '*.safetensors' } }],
    ['no file at all', () => [], { code: 'file-missing' }],
    [
      'a zip whose names lead out of the folder',
      () => wholeZip({ '../../evil.txt': new Uint8Array(1) }),
      { code: 'archive-invalid', values: { file: 'model.zip', reason: 'archive-path', entry: '../../evil.txt' } },
    ],
    [
      'a zip bomb',
      () => wholeZip({ 'model.safetensors': new Uint8Array(8 * 2 ** 20) }),
      { code: 'archive-invalid', values: { reason: 'archive-bomb', entry: 'model.safetensors', bytes: 8 * 2 ** 20 } },
    ],
    [
      'a zip whose entry unpacks to more than it claims',
      () => patchedZip(24, (size) => size - 1),
      { code: 'archive-invalid', values: { reason: 'archive-longer' } },
    ],
    [
      'a zip whose entry unpacks to less than it claims',
      () => patchedZip(24, (size) => size + 1),
      { code: 'archive-invalid', values: { reason: 'archive-damaged' } },
    ],
    [
      'a zip whose entry has another check sum',
      () => patchedZip(16, (crc) => crc ^ 1),
      { code: 'archive-invalid', values: { reason: 'archive-damaged' } },
    ],
    ['an encrypted zip', () => patchedZip(8, (flags) => flags | 1), { code: 'archive-invalid', values: { reason: 'archive-encrypted' } }],
    [
      'a zip packed in another way',
      () => patchedZip(10, (method) => (method & 0xffff_0000) | 14),
      { code: 'archive-invalid', values: { reason: 'archive-method', found: 14 } },
    ],
    ['a zip whose entries overlap', () => patchedZip(42, () => 0), { code: 'archive-invalid', values: { reason: 'archive-overlap' } }],
    [
      'a zip within a zip',
      () => zipOf({ 'model.zip': zipSync(base) }),
      { code: 'file-missing', values: { file: 'model.zip', wanted: 'config.json' } },
    ],
    [
      'a zip that is none',
      () => [new File(['PK, but not really'], 'model.zip')],
      { code: 'archive-invalid', values: { reason: 'archive-directory' } },
    ],
    ['a broken model in a zip', () => wholeZip({ 'model.safetensors': claiming2GB() }), invalid('data-length')],
  ])('refuses %s, stores nothing and touches nothing', async (_, files: () => File[], error) => {
    const before = await stored();
    await expect(libraryApi.importModel(files(), 'bad', quiet)).rejects.toMatchObject(error);
    expect(await stored()).toEqual(before);
    expect((await libraryApi.models()).map(({ id }) => id)).toEqual(['nano', kept]);
  });
});

const recipe = recipeWith({
  sequenceLength: 8,
  channels: [{ id: 'en', corpus: 'en', role: 'general', share: 1 }],
  schedule: { kind: 'constant', peakLr: 1e-3, warmup: { unit: 'steps', value: 0 } },
  batchSize: 1,
  budget: { steps: 10 },
  evaluation: { everySteps: 5, rowsPerChannel: 1 },
  saving: { everySteps: 5 },
  logging: { everySteps: 1 },
});

async function storedRun(): Promise<string> {
  const { id } = await createRun({ recipe, name: 'stored', device: 'cpu', trainTokens: { en: 100 }, rules: 2 });
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

/** A run whose checkpoint is an adapter of the queries above the bundled base, r 2 at scale 3. */
async function adapterRun(): Promise<{ id: string; factors: Map<string, { a: Float32Array; b: Float32Array }> }> {
  const method = { kind: 'lora' as const, r: 2, alpha: 6, dropout: 0, targets: ['q'], rankStabilised: false, modulesToSave: [] };
  const { id } = await createRun({ recipe: parseRecipe({ ...recipe, method }), name: 'adapter', device: 'cpu', trainTokens: {}, rules: 2 });
  runs.push(id);
  const factors = new Map<string, { a: Float32Array; b: Float32Array }>();
  const tensors = Array.from({ length: 4 }, (_, layer) => {
    const module = `model.layers.${layer}.self_attn.q_proj`;
    const [a, b] = [0, 1].map((factor) => Float32Array.from({ length: 256 }, (__, at) => Math.sin(at * (layer + 1) + factor) / 8));
    factors.set(`${module}.weight`, { a: a!, b: b! });
    return [
      { name: `base_model.model.${module}.lora_A.weight`, shape: [2, 128], data: a! },
      { name: `base_model.model.${module}.lora_B.weight`, shape: [128, 2], data: b! },
    ];
  }).flat();
  const content = { model: writeSafetensors(tensors, 'F32'), optimizer: new Uint8Array(8), state: {} };
  await saveCheckpoint(id, 10, content, { reason: 'end', evaluation: null });
  return { id, factors };
}

describe('a run that trained the head alone', () => {
  it('has a head of its own beside the tied table: exports say so, and a merge with the base is refused', async () => {
    const method = { kind: 'partial' as const, lastLayers: 0, finalNorm: false, head: true };
    const { id } = await createRun({ recipe: parseRecipe({ ...recipe, method }), name: 'head', device: 'cpu', trainTokens: {}, rules: 2 });
    runs.push(id);
    const stored = readSafetensors('base', base['model.safetensors']).tensors;
    const tensors = [...stored.values()].map(({ name, shape, read }) => ({ name, shape, data: read() }));
    const table = tensors.find(({ name }) => name === 'model.embed_tokens.weight')!;
    const head = { ...table, name: 'lm_head.weight', data: table.data.map((value) => 2 * value) };
    const content = { model: writeSafetensors([...tensors, head], 'F32'), optimizer: new Uint8Array(8), state: {} };
    await saveCheckpoint(id, 10, content, { reason: 'end', evaluation: null });
    const whole = unzipSync(new Uint8Array(await (await libraryApi.exportRun(id, 10, 'F32', quiet)).arrayBuffer()));
    expect(JSON.parse(strFromU8(whole['config.json']!))).toMatchObject({ tie_word_embeddings: false });
    const exported = readSafetensors('whole', whole['model.safetensors']!).tensors;
    expect(firstOther(exported.get('lm_head.weight')!.read(), head.data)).toBe(-1);
    expect(firstOther(exported.get(table.name)!.read(), table.data)).toBe(-1);
    const merge = { base: { kind: 'model' as const, model: recipe.base }, tuned: [{ kind: 'checkpoint' as const, run: id, step: 10 }] };
    await expect(libraryApi.keepMerge(merge, [0.5], 'x', quiet)).rejects.toMatchObject({
      ...{ code: 'tensor-shape', values: { tensor: 'lm_head.weight' } },
    });
  });
});

describe('adapters', () => {
  it("are exported as the whole model and in PEFT's format, and come in again as the base with the adapter added", async () => {
    const { id, factors } = await adapterRun();
    const whole = unzipSync(new Uint8Array(await (await libraryApi.exportRun(id, 10, 'F32', quiet)).arrayBuffer()));
    const before = readSafetensors('base', base['model.safetensors']).tensors;
    const after = readSafetensors('whole', whole['model.safetensors']!).tensors;
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, tensor] of after) {
      const { a, b } = factors.get(name) ?? {};
      const expected = before.get(name)!.read();
      if (a && b)
        for (let at = 0; at < expected.length; at++) {
          const [output, input] = [Math.floor(at / 128), at % 128];
          expected[at] = Math.fround(expected[at]! + 3 * (b[2 * output]! * a[input]! + b[2 * output + 1]! * a[128 + input]!));
        }
      expect(firstOther(tensor.read(), expected), name).toBe(-1);
    }

    const peft = unzipSync(new Uint8Array(await (await libraryApi.exportRun(id, 10, 'PEFT', quiet)).arrayBuffer()));
    expect(Object.keys(peft).sort()).toEqual(
      [
        'README.md',
        'adapter_config.json',
        'adapter_model.safetensors',
        'changes.json',
        'metrics.csv',
        'metrics.jsonl',
        'recipe.json',
      ].sort(),
    );
    const written = JSON.parse(strFromU8(peft['adapter_config.json']!)) as Record<string, unknown>;
    expect(written).toMatchObject({ peft_type: 'LORA', r: 2, lora_alpha: 6, target_modules: ['q_proj'], modules_to_save: null });

    const adapter = (config: object): File[] => [
      new File([JSON.stringify({ ...written, ...config })], 'adapter_config.json'),
      new File([peft['adapter_model.safetensors']!.slice()], 'adapter_model.safetensors'),
    ];
    const record = await libraryApi.importModel(adapter({}), 'merged', quiet);
    models.push(record.id);
    const merged = readSafetensors('merged', new Uint8Array(await storage.read(`models/${record.id}/model.safetensors`))).tensors;
    for (const [name, tensor] of after) expect(firstOther(merged.get(name)!.read(), tensor.read()), name).toBe(-1);
    expect(await libraryApi.modelCard(record.id)).toContain('- base: ');

    // The base and what was just made of it have the same sizes.
    await expect(libraryApi.importModel(adapter({ base_model_name_or_path: 'org/elsewhere' }), 'lost', quiet)).rejects.toMatchObject({
      code: 'adapter-base',
      values: { base: 'org/elsewhere', found: expect.stringContaining('merged') as string },
    });
    await expect(libraryApi.importModel(adapter({ use_dora: true }), 'dora', quiet)).rejects.toMatchObject({
      code: 'config-unsupported',
      values: { field: 'use_dora', value: 'true' },
    });
    await expect(libraryApi.exportRun(await storedRun(), 10, 'PEFT', quiet)).rejects.toMatchObject({ code: 'recipe-invalid' });
  });
});

describe('soft prompts', () => {
  it("are exported in PEFT's format alone, and come in again beside their base, as a model that nothing merges", async () => {
    const method = { kind: 'prefix' as const, tokens: 2, init: 'random' as const };
    const { id } = await createRun({
      recipe: parseRecipe({ ...recipe, method }),
      name: 'prefix',
      device: 'cpu',
      trainTokens: {},
      rules: 2,
    });
    runs.push(id);
    const config = parseConfig('config.json', strFromU8(base['config.json']));
    const width = 2 * config.layers * config.kvHeads * config.headSize;
    const data = Float32Array.from({ length: 2 * width }, (_, at) => Math.sin(at));
    const content = {
      model: writeSafetensors([{ name: 'prompt_embeddings', shape: [2, width], data }], 'F32'),
      optimizer: new Uint8Array(8),
      state: {},
    };
    await saveCheckpoint(id, 10, content, { reason: 'end', evaluation: null });
    const unmergeable = { code: 'model-unmergeable', values: { method: 'prefix' } };
    for (const type of ['F32', 'GGUF-F16'] as const)
      await expect(libraryApi.exportRun(id, 10, type, quiet)).rejects.toMatchObject(unmergeable);

    const peft = unzipSync(new Uint8Array(await (await libraryApi.exportRun(id, 10, 'PEFT', quiet)).arrayBuffer()));
    const written = JSON.parse(strFromU8(peft['adapter_config.json']!)) as Record<string, unknown>;
    expect(written).toMatchObject({
      peft_type: 'PREFIX_TUNING',
      num_virtual_tokens: 2,
      num_layers: config.layers,
      prefix_projection: false,
    });
    expect(readSafetensors('adapter', peft['adapter_model.safetensors']!).tensors.get('prompt_embeddings')!.read()).toEqual(data);

    const files = (fields: object): File[] => [
      new File([JSON.stringify({ ...written, ...fields })], 'adapter_config.json'),
      new File([peft['adapter_model.safetensors']!.slice()], 'adapter_model.safetensors'),
    ];
    const record = await libraryApi.importModel(files({}), 'with a prefix', quiet);
    models.push(record.id);
    expect((await storage.list(`models/${record.id}`)).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors', 'model.safetensors']),
    );
    const sources = await weightSources(await findModel(record.id), null);
    expect(sources.softPrompt).toMatchObject({ method });
    await expect(libraryApi.exportModel(record.id, 'F32', quiet)).rejects.toMatchObject(unmergeable);
    await expect(libraryApi.importModel(files({ num_virtual_tokens: 3 }), 'wrong', quiet)).rejects.toMatchObject({ code: 'tensor-shape' });
  });
});

interface StoredRelease {
  version: string;
  database: number;
  records: { runs: RunRecord[]; sweeps: SweepRecord[]; models: ModelRecord[]; checkpoints: CheckpointRecord[] };
  /** Run → metrics.jsonl */
  logs: Record<string, string>;
}
/** What releases have stored (e2e/parity/make-stored-records.mjs). */
const releases = Object.values(
  import.meta.glob<StoredRelease>('../../e2e/parity/fixtures/stored/*.json', { eager: true, import: 'default' }),
);

describe.each(releases)('what release $version stored', ({ version, database, records: stored, logs }) => {
  const name = `crossfade-of-${version}`;
  const all: [store: string, rows: object[]][] = Object.entries(stored);
  afterAll(() => void indexedDB.deleteDatabase(name));

  it('is in the database after this version has opened it', async () => {
    const former = await openDB(name, database, {
      upgrade(db) {
        for (const store of Object.keys(stored))
          db.createObjectStore(store, { keyPath: store === 'checkpoints' ? ['runId', 'step'] : 'id' });
      },
    });
    for (const [store, rows] of all) for (const row of rows) await former.put(store, row);
    former.close();
    const now = await openDatabase(name);
    for (const [store, rows] of all) {
      const kept: object[] = await now.getAll(store as 'runs');
      expect(kept, store).toHaveLength(rows.length);
      expect(kept, store).toEqual(expect.arrayContaining(rows));
    }
    now.close();
  });

  it('is shown as it was: runs with their curves, changes and ends, and the sweep', async () => {
    for (const run of stored.runs) {
      runs.push(run.id);
      await putRecord('runs', run);
      await storage.write(`runs/${run.id}/metrics.jsonl`, logs[run.id]!);
      expect(await libraryApi.run(run.id)).toEqual(run);
      const view = viewOf(await libraryApi.feed(run.id));
      expect(view).toMatchObject({ name: run.name, state: 'finished', step: run.step, tokens: run.tokens, recipe: run.recipe });
      const lines = logs[run.id]!.trim()
        .split('\n')
        .map((line) => JSON.parse(line) as MetricRow & EvaluationRow & { kind: string });
      const windows = lines.filter(({ kind }) => kind === 'window');
      expect(view.train['total']).toEqual({ x: windows.map(({ step }) => step), y: windows.map(({ total }) => total) });
      const last = lines.filter(({ kind }) => kind === 'evaluation').at(-1)!;
      expect(view.retention).toBe(last.retention);
      expect(view.heldOut['en']!.y.at(-1)).toBe(last.channels['en']!.loss);
      expect(view.settings.schedule.peakLr).toBe(run.changes.at(-1)?.settings.schedule?.peakLr ?? run.recipe.schedule.peakLr);
      expect(view.events.filter(({ type }) => type === 'failed')).toEqual([]);
    }
    for (const sweep of stored.sweeps) {
      await putRecord('sweeps', sweep);
      expect(await storedSweeps.sweep(sweep.id)).toEqual(sweep);
      await storedSweeps.removeSweep(sweep.id);
    }
  });
});

describe('runs', () => {
  it('shows a stored run as the desk would', async () => {
    const id = await storedRun();
    const view = viewOf(await libraryApi.feed(id));
    expect(view).toMatchObject({
      runId: id,
      state: 'finished',
      step: 10,
      train: { en: { x: [1], y: [2.9] } },
      heldOut: { en: { x: [0], y: [3] } },
    });
    expect(view.checkpoints).toEqual(await libraryApi.checkpoints(id));
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

  it('writes the same files into a new folder, and touches nothing beside it', async () => {
    const id = await storedRun();
    const disk = await (await navigator.storage.getDirectory()).getDirectoryHandle('test-disk', { create: true });
    const zip = unzipSync(new Uint8Array(await (await libraryApi.exportRun(id, 10, 'BF16', quiet)).arrayBuffer()));
    await storage.write('test-disk/stored-step-10/mine.txt', 'mine');
    expect(await libraryApi.exportRunToFolder(id, 10, 'BF16', disk, 'stored-step-10', quiet)).toBe('stored-step-10-2');
    expect(await storage.readText('test-disk/stored-step-10/mine.txt')).toBe('mine');
    const written = await storage.list('test-disk/stored-step-10-2');
    expect(written.map(({ name }) => name)).toEqual(Object.keys(zip).sort());
    for (const { name } of written)
      expect(await sha256(await storage.read(`test-disk/stored-step-10-2/${name}`)), name).toBe(await sha256(zip[name]!));

    const cancelled = libraryApi.exportRunToFolder(
      id,
      10,
      'F32',
      disk,
      'cancelled',
      ({ done }) => void (done > 5000 && libraryApi.cancel('export')),
    );
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect((await storage.list('test-disk')).map(({ name }) => name)).toEqual(['stored-step-10', 'stored-step-10-2']);
    await storage.remove('test-disk');
    await expect(libraryApi.exportRunToFolder(id, 10, 'F32', disk, 'gone', quiet)).rejects.toMatchObject({
      code: 'folder-refused',
      values: { folder: 'test-disk' },
    });
  });

  it('stops making a zip when it is told to', async () => {
    const id = await storedRun();
    const exporting = libraryApi.exportRun(id, 10, 'F32', ({ done }) => void (done > 5000 && libraryApi.cancel('export')));
    await expect(exporting).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('says which run or checkpoint is missing', async () => {
    await expect(libraryApi.feed('nowhere')).rejects.toMatchObject({ code: 'run-missing', values: { run: 'nowhere' } });
    const id = await storedRun();
    await expect(libraryApi.exportRun(id, 3, 'F32', quiet)).rejects.toMatchObject({ code: 'checkpoint-missing', values: { step: 3 } });
  });
});

describe('a merge that is kept', () => {
  it('has the weights that torch computes, bit for bit, and says what it was made of', async () => {
    const tensors = [...readSafetensors('base', base['model.safetensors']).tensors.values()];
    const moved = tensors.map(({ name, shape, read }) => ({
      ...{ name, shape },
      data: read().map((value, at) => value + ((at % 17) - 8) * 0.0005),
    }));
    const other = await libraryApi.importModel(filesOf({ 'model.safetensors': writeSafetensors(moved, 'F32') }), 'moved', quiet);
    models.push(other.id);
    const merge = { base: { kind: 'model' as const, model: 'nano' }, tuned: [{ kind: 'model' as const, model: other.id }] };
    for (const { factor, sha256: wanted } of evaluation.merges.slice(2, 4)) {
      const kept = await libraryApi.keepMerge(merge, [factor], 'between', quiet);
      models.push(kept.id);
      expect(kept).toMatchObject({ name: 'between', bundled: false, parameters: other.parameters });
      const bytes = await storage.read(`models/${kept.id}/model.safetensors`);
      const names = [...readSafetensors('kept', bytes).tensors.entries()].sort(([one], [two]) => (one < two ? -1 : 1));
      const all = names.map(([, tensor]) => tensor.read().slice());
      expect(await sha256(new Uint8Array(await new Blob(all).arrayBuffer()))).toBe(wanted);
      expect(kept.config).toMatchObject({ torch_dtype: 'float32' });
      const card = await libraryApi.modelCard(kept.id);
      expect(card).toContain(`factor ${factor}: moved`);
      expect(card).toContain(await sha256(base['model.safetensors']));
    }
  });

  it('is refused where shapes differ, before anything is stored', async () => {
    const narrow = { ...JSON.parse(strFromU8(base['config.json'])) } as Record<string, unknown>;
    const cut = [...readSafetensors('base', base['model.safetensors']).tensors.values()].map(({ name, shape, read }) =>
      name.includes('.mlp.') && shape[0] === 384
        ? { name, shape: [192, shape[1]!], data: read().slice(0, 192 * shape[1]!) }
        : name.includes('down_proj')
          ? { name, shape: [128, 192], data: new Float32Array(128 * 192) }
          : { name, shape, data: read() },
    );
    const files = filesOf({
      'config.json': JSON.stringify({ ...narrow, intermediate_size: 192 }),
      'model.safetensors': writeSafetensors(cut, 'F32'),
    });
    const other = await libraryApi.importModel(files, 'narrow', quiet);
    models.push(other.id);
    const before = (await libraryApi.models()).length;
    const merge = { base: { kind: 'model' as const, model: 'nano' }, tuned: [{ kind: 'model' as const, model: other.id }] };
    await expect(libraryApi.keepMerge(merge, [0.5], 'x', quiet)).rejects.toMatchObject({ code: 'tensor-shape' });
    expect(await libraryApi.models()).toHaveLength(before);
  });
});
