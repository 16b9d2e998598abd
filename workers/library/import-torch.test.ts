/** Files by torch.save, against values that torch gave (e2e/parity/make_torch_file_fixture.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../engine/checkpoint/safetensors';
import { safetensorsOfTorch } from './import-torch';

const fixture = (name: string) => readFileSync(new URL(`../../e2e/parity/fixtures/torch-file/${name}`, import.meta.url));
const values = JSON.parse(fixture('values.json').toString()) as Record<string, number[]>;

async function tensorsOf(name: string) {
  const made = await safetensorsOfTorch('pytorch_model.bin', new Blob([fixture(name)]));
  const parts: Uint8Array[] = [];
  for await (const piece of made.chunks()) parts.push(piece.slice());
  const bytes = new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  expect(bytes.length).toBe(made.bytes);
  return readSafetensors('model.safetensors', bytes).tensors;
}

describe('a file of torch.save', () => {
  it.each(['state.bin', 'wrapped.bin'])('%s: has the same tensors, those of floats', async (name) => {
    const tensors = await tensorsOf(name);
    expect([...tensors.keys()].sort()).toEqual(Object.keys(values).sort());
    for (const [tensor, { read }] of tensors) expect([...read()], tensor).toEqual(values[tensor]);
    expect(tensors.get('model.layers.0.q')!.shape).toEqual([2, 4]);
    expect(tensors.get('model.norm.weight')!.shape).toEqual([]);
  });

  it.each([
    ['calls.bin', 'a call of posix.system'],
    ['turned.bin', 'turned is not contiguous'],
  ])('%s: is refused, and nothing is called', async (name, detail) => {
    await expect(tensorsOf(name)).rejects.toMatchObject({ code: 'model-format', message: expect.stringContaining(detail) as string });
  });

  it('that is none is refused with the lines that convert one', async () => {
    for (const content of ['PK', 'no zip at all', fixture('state.bin').subarray(0, 700)])
      await expect(safetensorsOfTorch('pytorch_model.bin', new Blob([content]))).rejects.toMatchObject({
        code: 'model-format',
        values: { file: 'pytorch_model.bin' },
      });
  });
});
