import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/core/errors';
import { StudioError } from '../../../src/core/errors';
import { readSafetensors, type HostTensor } from '../checkpoint/safetensors';
import { writeSafetensors } from '../checkpoint/write';
import { checkBinding } from '../binding';
import { openModel } from './load';
import type { ModelFiles } from './load';

const folder = 'e2e/parity/fixtures/tiny-untied';
const config = { name: 'config.json', text: readFileSync(`${folder}/config.json`, 'utf8') };
const original = new Uint8Array(readFileSync(`${folder}/model.safetensors`));
const tensors = (): HostTensor[] =>
  [...readSafetensors('model.safetensors', original).tensors.values()].map(({ name, shape, read }) => ({ name, shape, data: read() }));
const weights = (list: HostTensor[], name = 'model.safetensors') => ({ name, bytes: writeSafetensors(list, 'BF16') });

async function readModel(files: ModelFiles): Promise<HostTensor[]> {
  const read: HostTensor[] = [];
  for await (const parameter of (await openModel(files)).parameters()) read.push(parameter);
  return read;
}

async function refused(files: Partial<ModelFiles>, code: ErrorCode, values: Record<string, unknown>): Promise<void> {
  await expect(readModel({ config, weights: [weights(tensors())], ...files })).rejects.toMatchObject({ code, values });
}

describe('a model in files', () => {
  it('is read as transformers saved it, from the disk as from memory', async () => {
    const files = (bytes: Blob | Uint8Array) => ({ config, weights: [{ name: 'model.safetensors', bytes }], tokenizerSize: 160 });
    expect((await openModel(files(original))).config).toMatchObject({ heads: 4, kvHeads: 2, headSize: 12, tied: false });
    const read = await readModel(files(new Blob([original])));
    expect(read.map(({ name }) => name).sort()).toEqual([...readSafetensors('x', original).tensors.keys()].sort());
    expect(read).toEqual(await readModel(files(original)));
  });

  it('is read from shards, in any order', async () => {
    const list = tensors();
    const shards = [weights(list.slice(9), 'b.safetensors'), weights(list.slice(0, 9), 'a.safetensors')];
    const weightMap = Object.fromEntries(list.map(({ name }, at) => [name, at < 9 ? 'a.safetensors' : 'b.safetensors']));
    const index = { name: 'model.safetensors.index.json', text: JSON.stringify({ weight_map: weightMap }) };
    expect(await readModel({ config, weights: shards, index })).toEqual(await readModel({ config, weights: [weights(list)] }));
    await refused({ weights: shards.slice(0, 1), index }, 'file-missing', { file: index.name, wanted: 'a.safetensors' });
  });

  it('may hold tensors that the model does not use, of any type and value', async () => {
    const extra = { name: 'model.layers.0.self_attn.rotary_emb.inv_freq', shape: [1], data: Float32Array.of(NaN) };
    expect(await readModel({ config, weights: [weights([...tensors(), extra])] })).toHaveLength(tensors().length);
  });

  const named = (rename: (name: string) => string): HostTensor[] => tensors().map((tensor) => ({ ...tensor, name: rename(tensor.name) }));
  it.each([
    ['torch.compile', '_orig_mod.', (name: string) => `_orig_mod.${name}`],
    ['torch.compile of the decoder alone', '_orig_mod.', (name: string) => name.replace(/^model\./, 'model._orig_mod.')],
    ['DataParallel', 'module.', (name: string) => `module.${name}`],
    ['a merged adapter', 'base_model.model.', (name: string) => `base_model.model.${name}`],
    ['both', 'module._orig_mod.', (name: string) => `module._orig_mod.${name}`],
    [
      'activation checkpointing',
      '_checkpoint_wrapped_module.',
      (name: string) => name.replace(/layers\.(\d+)\./, 'layers.$1._checkpoint_wrapped_module.'),
    ],
    ['some tool, and no prefix of the family', 'decoder.', (name: string) => `decoder.${name.replace(/^model\./, '')}`],
  ])('has the names that %s left: %s', async (_, prefix, rename) => {
    const opened = await openModel({ config, weights: [weights(named(rename))] });
    expect(opened.notices).toEqual([{ kind: 'name-prefix', prefix }]);
    expect(await readModel({ config, weights: [weights(named(rename))] })).toEqual(
      await readModel({ config, weights: [weights(tensors())] }),
    );
  });

  it('names tensors that it does not use, buffers of transformers aside', async () => {
    const extra = ['model.layers.0.self_attn.rotary_emb.inv_freq', 'model.layers.0.self_attn.q_proj.bias', 'mtp.weight'];
    const list = [...tensors(), ...extra.map((name) => ({ name, shape: [1], data: Float32Array.of(1) }))];
    expect((await openModel({ config, weights: [weights(list)] })).notices).toEqual([
      { kind: 'unused-tensors', count: 2, names: extra.slice(1) },
    ]);
    expect((await openModel({ config, weights: [weights(tensors())] })).notices).toEqual([]);
  });

  it.each([
    ['base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight', 'model-adapter'],
    ['base_model.model.model.layers.0.self_attn.q_proj.base_layer.weight', 'model-adapter'],
    ['model.layers.0.self_attn.q_proj.weight.absmax', 'model-quantized'],
    ['model.layers.0.mlp.up_proj.qweight', 'model-quantized'],
    ['model.layers.0.mlp.up_proj.weight_scale_inv', 'model-quantized'],
  ] as const)('is refused with a tensor %s: %s', (name, code) =>
    refused({ weights: [weights([...tensors(), { name, shape: [1], data: Float32Array.of(1) }])] }, code, { tensor: name }),
  );

  it('is refused when a weight is of a quantised type, with or without a quantization_config', async () => {
    const name = 'model.layers.0.mlp.up_proj.weight';
    const entry = (text: string) => new RegExp(`("${name.replaceAll('.', '\\.')}":\\{"dtype":")[^"]+(","shape":)\\[[^\\]]+\\]`).exec(text)!;
    const bytes = writeSafetensors(tensors(), 'BF16');
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    const [whole, before, between] = entry(header);
    const elements = tensors().find((tensor) => tensor.name === name)!.data.length;
    const changed = header
      .replace(whole, `${before}U8${between}[${elements * 2}]`)
      .trimEnd()
      .padEnd(length);
    bytes.set(new TextEncoder().encode(changed), 8);
    const files = { weights: [{ name: 'model.safetensors', bytes }] };
    await refused(files, 'model-quantized', { tensor: name, found: 'U8' });
    const quantization_config = { load_in_4bit: true, quant_method: 'bitsandbytes' };
    const left = { name: 'config.json', text: JSON.stringify({ ...(JSON.parse(config.text) as object), quantization_config }) };
    await refused({ ...files, config: left }, 'model-quantized', { tensor: name, found: 'U8' });
    expect(await readModel({ config: left, weights: [weights(tensors())] })).toEqual(
      await readModel({ config, weights: [weights(tensors())] }),
    );
  });

  it('is refused when a tensor is missing', () =>
    refused({ weights: [weights(tensors().filter(({ name }) => name !== 'model.norm.weight'))] }, 'tensor-missing', {
      tensor: 'model.norm.weight',
    }));

  it('is refused when a tensor has another shape', () => {
    const list = tensors().map((tensor) => (tensor.name === 'lm_head.weight' ? { ...tensor, shape: [48, 160] } : tensor));
    return refused({ weights: [weights(list)] }, 'tensor-shape', { tensor: 'lm_head.weight', found: '[48, 160]', expected: '[160, 48]' });
  });

  it.each([NaN, Infinity])('is refused when its weights hold %f', (value) => {
    const list = tensors();
    list[3]!.data[17] = value;
    return refused({ weights: [weights(list)] }, 'tensor-not-finite', { file: 'model.safetensors', tensor: list[3]!.name });
  });

  it('is refused when its tokenizer is larger than the vocabulary', () =>
    refused({ tokenizerSize: 161 }, 'tokenizer-mismatch', { tokenizerSize: 161, modelSize: 160 }));

  it('is refused when a tensor stands in two files', () =>
    refused({ weights: [weights(tensors()), weights(tensors().slice(0, 1), 'b.safetensors')] }, 'safetensors-invalid', {
      file: 'b.safetensors',
    }));

  it('is refused, or untouched, whichever byte of its header is broken', async () => {
    const whole = await readModel({ config, weights: [{ name: 'model.safetensors', bytes: original }] });
    const headerEnd = 8 + Number(new DataView(original.buffer).getBigUint64(0, true));
    let refusals = 0;
    // Changes that a scratch or a hostile hand would make; safetensors.test.ts goes through every byte of a smaller header.
    for (let at = 0; at < headerEnd; at += 3) {
      const bytes = original.slice();
      bytes[at] = [bytes[at]! ^ 1, 0x22, 0x30, 0x5d, bytes[at]! ^ 0x80][at % 5]!;
      try {
        expect(await readModel({ config, weights: [{ name: 'model.safetensors', bytes }] })).toEqual(whole);
      } catch (error) {
        if (!(error instanceof StudioError)) throw error;
        refusals += 1;
      }
    }
    expect(refusals).toBeGreaterThan((headerEnd / 3) * 0.9);
  });
});

it('is refused by its largest weight where a GPU cannot bind it', async () => {
  const { config: read } = await openModel({ config, weights: [{ name: 'model.safetensors', bytes: original }] });
  // 160 · 48 floats, as large as the head.
  const tensor = 'model.embed_tokens.weight';
  expect(() => checkBinding(read, 30_719)).toThrow(
    expect.objectContaining({ code: 'tensor-too-large', values: { tensor, bytes: 30_720, limit: 30_719 } }) as StudioError,
  );
  expect(() => checkBinding(read, 30_720)).not.toThrow();
  expect(() => checkBinding(read, null)).not.toThrow();
});
