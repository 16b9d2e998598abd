import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/core/errors';
import { readSafetensors, writeSafetensors } from '../checkpoint/safetensors';
import type { HostTensor } from '../checkpoint/safetensors';
import { readModel } from './load';
import type { ModelFiles } from './load';

const folder = 'e2e/parity/fixtures/tiny-untied';
const config = { name: 'config.json', text: readFileSync(`${folder}/config.json`, 'utf8') };
const original = new Uint8Array(readFileSync(`${folder}/model.safetensors`));
const tensors = (): HostTensor[] =>
  [...readSafetensors('model.safetensors', original).tensors.values()].map(({ name, shape, read }) => ({ name, shape, data: read() }));
const weights = (list: HostTensor[], name = 'model.safetensors') => ({ name, bytes: writeSafetensors(list, 'BF16') });

function refused(files: Partial<ModelFiles>, code: ErrorCode, values: Record<string, unknown>): void {
  expect(() => readModel({ config, weights: [weights(tensors())], ...files })).toThrow(
    expect.objectContaining({ code, values: expect.objectContaining(values) as unknown }),
  );
}

describe('readModel', () => {
  it('reads a model that transformers saved', () => {
    const { config: parsed, weights: read } = readModel({
      config,
      weights: [{ name: 'model.safetensors', bytes: original }],
      tokenizerSize: 160,
    });
    expect(parsed).toMatchObject({ heads: 4, kvHeads: 2, headSize: 12, tied: false });
    expect(read.map(({ name }) => name).sort()).toEqual([...readSafetensors('x', original).tensors.keys()].sort());
  });

  it('reads shards, in any order', () => {
    const list = tensors();
    const shards = [weights(list.slice(9), 'b.safetensors'), weights(list.slice(0, 9), 'a.safetensors')];
    const weightMap = Object.fromEntries(list.map(({ name }, at) => [name, at < 9 ? 'a.safetensors' : 'b.safetensors']));
    const index = { name: 'model.safetensors.index.json', text: JSON.stringify({ weight_map: weightMap }) };
    expect(readModel({ config, weights: shards, index }).weights).toEqual(readModel({ config, weights: [weights(list)] }).weights);
    refused({ weights: shards.slice(0, 1), index }, 'file-missing', { file: index.name, wanted: 'a.safetensors' });
  });

  it('ignores tensors that the model does not use', () => {
    const extra = { name: 'model.layers.0.self_attn.rotary_emb.inv_freq', shape: [6], data: new Float32Array(6) };
    expect(readModel({ config, weights: [weights([...tensors(), extra])] }).weights).toHaveLength(tensors().length);
  });

  it('refuses a missing tensor', () => {
    refused({ weights: [weights(tensors().filter(({ name }) => name !== 'model.norm.weight'))] }, 'tensor-missing', {
      tensor: 'model.norm.weight',
    });
  });

  it('refuses a tensor of another shape', () => {
    const list = tensors().map((tensor) => (tensor.name === 'lm_head.weight' ? { ...tensor, shape: [48, 160] } : tensor));
    refused({ weights: [weights(list)] }, 'tensor-shape', { tensor: 'lm_head.weight', found: '[48, 160]', expected: '[160, 48]' });
  });

  it.each([NaN, Infinity])('refuses weights that hold %f', (value) => {
    const list = tensors();
    list[3]!.data[17] = value;
    refused({ weights: [weights(list)] }, 'tensor-not-finite', { file: 'model.safetensors', tensor: list[3]!.name });
  });

  it('refuses a tokenizer larger than the vocabulary', () => {
    refused({ tokenizerSize: 161 }, 'tokenizer-mismatch', { tokenizerSize: 161, modelSize: 160 });
  });

  it('refuses a tensor that stands in two files', () => {
    refused({ weights: [weights(tensors()), weights(tensors().slice(0, 1), 'b.safetensors')] }, 'safetensors-invalid', {
      file: 'b.safetensors',
    });
  });
});
