import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../checkpoint/safetensors';
import type { HostTensor } from '../checkpoint/safetensors';
import { writeSafetensors } from '../checkpoint/write';
import { parseConfig } from '../../../src/core/model/config';
import { fileTensors, fromFile, toFile } from './file-layout';
import { openModel } from './read';
import { decays, parameterCount, parameterShapes } from '../../../src/core/model/parameters';

const folder = 'e2e/parity/fixtures/families';
const families = readdirSync(folder);
const weightsOf = (name: string) => new Uint8Array(readFileSync(`${folder}/${name}/model.safetensors`));
const configOf = (name: string) => ({ name: 'config.json', text: readFileSync(`${folder}/${name}/config.json`, 'utf8') });
const open = (name: string, bytes: Uint8Array) => openModel({ config: configOf(name), weights: [{ name: 'model.safetensors', bytes }] });
const tensorsOf = (name: string): HostTensor[] =>
  [...readSafetensors('x', weightsOf(name)).tensors.values()].map(({ read, ...tensor }) => ({ ...tensor, data: read() }));

async function parametersOf(name: string, bytes: Uint8Array): Promise<Map<string, HostTensor>> {
  const found = new Map<string, HostTensor>();
  for await (const parameter of (await open(name, bytes)).parameters()) found.set(parameter.name, parameter);
  return found;
}

describe.each(families)('the tensors of %s', (name) => {
  const config = parseConfig('config.json', configOf(name).text);

  it('become the parameters and are written again as transformers wrote them, byte for byte', async () => {
    const parameters = await parametersOf(name, weightsOf(name));
    expect(new Map([...parameters].map(([parameter, { shape }]) => [parameter, shape]))).toEqual(parameterShapes(config));
    const again = fileTensors(config)
      .map((tensor) =>
        toFile(
          tensor,
          tensor.parameters.map((parameter) => parameters.get(parameter.name)!.data),
        ),
      )
      // The reference implementation sorts them by name.
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(Buffer.compare(writeSafetensors(again, 'F32', { format: 'pt' }), weightsOf(name))).toBe(0);
  });

  it('are as many numbers as transformers counts', () => {
    const { parameters } = JSON.parse(readFileSync(`${folder}/${name}/expected.json`, 'utf8')) as { parameters: number };
    expect(parameterCount(config)).toBe(parameters);
  });
});

describe('fused tensors', () => {
  it('are cut as GPT-2 and GPT-NeoX do, in a case done by hand', () => {
    const parameters = ['q', 'k', 'v'].map((name) => ({ name, shape: [2, 2] }));
    // GPT-2: x · [q k v], so columns are outputs.
    const columns = Float32Array.of(1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60);
    const whole = { name: 'w', shape: [2, 6], parameters, transposed: true, turns: 1 };
    expect(fromFile(whole, columns).map(({ data }) => [...data])).toEqual([
      [1, 10, 2, 20],
      [3, 30, 4, 40],
      [5, 50, 6, 60],
    ]);
    // GPT-NeoX with two heads of one component: rows are q₀ k₀ v₀ q₁ k₁ v₁.
    const rows = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    const byHead = { name: 'w', shape: [6, 2], parameters, transposed: false, turns: 2 };
    expect(fromFile(byHead, rows).map(({ data }) => [...data])).toEqual([
      [1, 2, 7, 8],
      [3, 4, 9, 10],
      [5, 6, 11, 12],
    ]);
  });
});

describe('openModel', () => {
  it("reads a file of the bare decoder, without the prefix, as GPT-2's own is", async () => {
    const bare = tensorsOf('gpt2').map((tensor) => ({ ...tensor, name: tensor.name.replace('transformer.', '') }));
    const mask = { name: 'h.0.attn.bias', shape: [1, 1, 4, 4], data: new Float32Array(16) };
    const found = await parametersOf('gpt2', writeSafetensors([...bare, mask], 'F32'));
    expect(found).toEqual(await parametersOf('gpt2', weightsOf('gpt2')));
  });

  it('takes a tied head that stands in the file as well, and refuses one with values of its own', async () => {
    const tensors = tensorsOf('qwen3');
    const embedding = tensors.find(({ name }) => name === 'model.embed_tokens.weight')!;
    const head = { ...embedding, name: 'lm_head.weight', data: embedding.data.slice() };
    const bytes = () => writeSafetensors([...tensors, head], 'F32');
    expect(await parametersOf('qwen3', bytes())).toEqual(await parametersOf('qwen3', weightsOf('qwen3')));
    head.data[7]! += 1;
    await expect(open('qwen3', bytes())).rejects.toMatchObject({ code: 'config-unsupported', values: { field: 'tie_word_embeddings' } });
  });

  it('refuses a fused tensor of another shape', async () => {
    const tensors = tensorsOf('gpt2').map((tensor) =>
      tensor.name === 'transformer.h.1.attn.c_attn.weight' ? { ...tensor, shape: [96, 32] } : tensor,
    );
    await expect(open('gpt2', writeSafetensors(tensors, 'F32'))).rejects.toMatchObject({
      code: 'tensor-shape',
      values: { tensor: 'transformer.h.1.attn.c_attn.weight', found: '[96, 32]', expected: '[32, 96]' },
    });
  });
});

describe('weight decay', () => {
  it('spares norms, biases and embeddings of every family', () => {
    const spared = (name: string) =>
      [...parameterShapes(parseConfig('config.json', configOf(name).text))]
        .filter(([parameter, shape]) => !decays(parameter, shape) && !/\d/.test(parameter))
        .map(([parameter]) => parameter);
    expect(spared('qwen3')).toEqual(['model.embed_tokens.weight', 'model.norm.weight']);
    expect(spared('gpt2')).toEqual([
      'transformer.wte.weight',
      'transformer.wpe.weight',
      'transformer.ln_f.weight',
      'transformer.ln_f.bias',
    ]);
    expect(spared('gpt-neox')).toEqual(['gpt_neox.embed_in.weight', 'gpt_neox.final_layer_norm.weight', 'gpt_neox.final_layer_norm.bias']);
    expect(decays('embed_out.weight', [61, 32])).toBe(true);
    expect(decays('transformer.h.0.attn.c_attn.query.weight', [32, 32])).toBe(true);
    expect(decays('model.layers.0.self_attn.q_proj.bias', [32])).toBe(false);
  });
});
