/** Models to GGUF and back, against what llama.cpp's converter writes of them (e2e/parity/make_gguf_fixtures.py). */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig, type ModelConfig } from '../../../src/core/model/config';
import { openGguf, type GgufFile } from '../checkpoint/gguf';
import { encodeGguf } from '../checkpoint/gguf-quants';
import { ggufStream, tensorFormat, type GgufEntry } from '../checkpoint/gguf-write';
import { architectures, configOfGguf } from './gguf-families';
import { llama3Factors, llama3Scaling } from './gguf-rope';
import { fromGguf, toGguf } from './gguf-layout';
import { openModel } from './read';

const fixtures = 'e2e/parity/fixtures';
type Hashes = Record<string, Record<'F16' | 'Q8_0', Record<string, [type: string, hash: string]>>>;
const families = JSON.parse(readFileSync(`${fixtures}/gguf/families.json`, 'utf8')) as Hashes;

const opened = (family: string) =>
  openModel({
    config: { name: 'config.json', text: readFileSync(`${fixtures}/families/${family}/config.json`, 'utf8') },
    weights: [{ name: 'model.safetensors', bytes: new Uint8Array(readFileSync(`${fixtures}/families/${family}/model.safetensors`)) }],
  });

async function values(pieces: AsyncIterable<Float32Array>): Promise<Float32Array> {
  const all: number[] = [];
  for await (const piece of pieces) all.push(...piece);
  return Float32Array.from(all);
}

describe.each(Object.keys(families))('%s', (family) => {
  it.each(['F16', 'Q8_0'] as const)("is written in %s with the converter's names and bytes", async (format) => {
    const { config, used } = await opened(family);
    const found: [string, [string, string]][] = [];
    for (const { name, shape, pieces } of toGguf(config, used)) {
      const type = tensorFormat(format, name, shape);
      const hash = createHash('sha256')
        .update(encodeGguf(await values(pieces()), type))
        .digest('hex');
      found.push([name, [type, hash]]);
    }
    expect(Object.fromEntries(found)).toEqual(families[family]![format]);
  });
});

/** Models that llama.cpp computes as transformers does; the others' settings are refused. */
const computed = [
  'llama-linear',
  'llama-llama3',
  'mistral',
  'qwen3',
  'olmo2',
  'minicpm',
  'phi3',
  'stablelm',
  'stablelm-sequential',
  'gpt2',
  'gpt-neox',
];

describe.each(computed)('%s as a GGUF file', (family) => {
  it('is the same model when it is read again', async () => {
    const { config, used } = await opened(family);
    const file = await writtenFile(config, used);
    const read = parseConfig('m.gguf', JSON.stringify(await configOfGguf(file)));
    expect({ ...read, positions: null }).toEqual({ ...config, endOfText: [], positions: null });
    expect(frequencies(read)).toEqual(frequencies(config));
    const { tensors, unused } = fromGguf(read, 'm.gguf', file.tensors);
    expect(unused).toEqual([]);
    expect(tensors.map(({ name, shape }) => [name, shape])).toEqual(used.map(({ name, shape }) => [name, shape]));
    for (const [at, tensor] of tensors.entries()) {
      const original = await used[at]!.read();
      // One axis stays float32; the rest is what float16 keeps.
      const kept = tensor.as === 'F16' ? await values(halves(original)) : original;
      expect(await values(tensor.pieces())).toEqual(kept);
    }
  });
});

/** Where two settings give the same frequencies, either is right. */
function frequencies({ positions, headSize }: ModelConfig): unknown {
  if (positions.kind !== 'rotary' || positions.scaling?.kind !== 'llama3') return positions;
  const { theta, scaling } = positions;
  return [theta, scaling.factor, ...[...llama3Factors(scaling, theta, headSize)].map((factor) => factor.toFixed(5))];
}

async function* halves(data: Float32Array) {
  const { decodeGguf } = await import('../checkpoint/gguf-quants');
  yield decodeGguf(encodeGguf(data, 'F16'), 'F16');
}

async function writtenFile(
  config: Awaited<ReturnType<typeof opened>>['config'],
  used: Awaited<ReturnType<typeof opened>>['used'],
): Promise<GgufFile> {
  const architecture = architectures[config.architecture];
  const entries: GgufEntry[] = [
    ['general.architecture', 'text', architecture.name],
    ...architecture.write(config).map(([key, ...rest]) => [`${architecture.name}.${key}`, ...rest] as unknown as GgufEntry),
  ];
  const chunks: Uint8Array[] = [];
  for await (const chunk of ggufStream(entries, toGguf(config, used), 'F16').chunks()) chunks.push(chunk);
  return openGguf('m.gguf', new Uint8Array(Buffer.concat(chunks)));
}

it.each([
  ['qwen2', { field: 'sliding_window', value: 4 }],
  ['gpt2-untied', { field: 'activation_function', value: 'gelu' }],
  ['gpt2-scaled', { field: 'the factor on attention scores' }],
  ['gpt-neo', { field: 'model_type', value: 'gpt_neo' }],
  ['llama-dynamic', { field: 'rope_scaling', value: 'dynamic' }],
  ['smollm3', { field: 'no_rope_layers', value: '[1, 0]' }],
  ['gemma2', { field: 'tie_word_embeddings' }],
  ['gemma3', { field: 'layer_types' }],
  ['gpt-neox-sequential', { field: 'rope_scaling' }],
])('%s is not written, since llama.cpp computes something else', async (family, said) => {
  const { config } = await opened(family);
  expect(() => architectures[config.architecture].write(config)).toThrow(
    expect.objectContaining({ code: 'gguf-unwritable', values: expect.objectContaining(said) as object }),
  );
});

describe('the factors of rope type llama3', () => {
  // Llama 3.1 and 3.2 by their published configs, and one with other limits.
  it.each([
    [{ factor: 8, lowFrequency: 1, highFrequency: 4, originalContext: 8192 }, 500_000, 128],
    [{ factor: 32, lowFrequency: 1, highFrequency: 4, originalContext: 8192 }, 500_000, 64],
    [{ factor: 4, lowFrequency: 1, highFrequency: 6, originalContext: 2048 }, 10_000, 64],
  ])('%o are found again', (settings, theta, size) => {
    const scaling = { kind: 'llama3', ...settings } as const;
    expect(llama3Scaling(llama3Factors(scaling, theta, size), theta, size)).toEqual(scaling);
  });
  it('are told from others', () => {
    expect(llama3Scaling(Float32Array.of(1, 2, 3, 4), 10_000, 8)).toBeNull();
    expect(llama3Scaling(Float32Array.of(1, 1, 1, 1), 10_000, 8)).toBeNull();
  });
});

describe('a model of metadata', () => {
  const tiny = new Uint8Array(readFileSync(`${fixtures}/gguf/tiny-q4_1.gguf`));
  const expected = JSON.parse(readFileSync(`${fixtures}/gguf/tiny-q4_1.json`, 'utf8')) as { tensors: Record<string, string> };

  it('has the weights that transformers loads of the file', async () => {
    const file = await openGguf('tiny.gguf', tiny);
    const config = parseConfig('tiny.gguf', JSON.stringify(await configOfGguf(file)));
    expect(config).toMatchObject({ hidden: 64, heads: 4, kvHeads: 2, tied: true, norm: { kind: 'rms', epsilon: 1e-5 }, endOfText: [2] });
    const { tensors } = fromGguf(config, 'tiny.gguf', file.tensors);
    const hashes: [string, string][] = [];
    for (const { name, pieces } of tensors)
      hashes.push([
        name,
        createHash('sha256')
          .update(new Uint8Array((await values(pieces())).buffer))
          .digest('hex'),
      ]);
    expect(Object.fromEntries(hashes)).toEqual(expected.tensors);
  });

  const changed = async (change: (file: GgufFile) => GgufFile) => {
    const file = change(await openGguf('tiny.gguf', tiny));
    const config = parseConfig('tiny.gguf', JSON.stringify(await configOfGguf(file)));
    return fromGguf(config, 'tiny.gguf', file.tensors);
  };
  it('has a tied head also where the embedding is repeated as a head of its own', async () => {
    const repeated = async (change: (value: number) => number) => {
      const file = await openGguf('tiny.gguf', tiny);
      const embedding = file.tensors.get('token_embd.weight')!;
      const pieces = async function* () {
        for await (const piece of embedding.pieces()) yield piece.map(change);
      };
      file.tensors.set('output.weight', { ...embedding, name: 'output.weight', pieces });
      return configOfGguf(file);
    };
    expect(await repeated((value) => value)).toMatchObject({ tie_word_embeddings: true });
    expect(await repeated((value) => 2 * value)).toMatchObject({ tie_word_embeddings: false });
  });
  it('names the tensor that lacks, and one of another shape', async () => {
    await expect(changed((file) => (file.tensors.delete('blk.1.attn_k.weight'), file))).rejects.toMatchObject({
      ...{ code: 'tensor-missing', values: { file: 'tiny.gguf', tensor: 'blk.1.attn_k.weight' } },
    });
    const wrong = (file: GgufFile) => (
      file.tensors.set('output_norm.weight', { ...file.tensors.get('output_norm.weight')!, shape: [63] }),
      file
    );
    await expect(changed(wrong)).rejects.toMatchObject({
      code: 'tensor-shape',
      values: { tensor: 'output_norm.weight', found: '[63]', expected: '[64]' },
    });
  });
});
