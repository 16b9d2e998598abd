import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { duration, experimentOptions, progressLine, readRecipe } from './experiment.mjs';

describe('options of an experiment', () => {
  it('are read from the command line', () => {
    const options = experimentOptions(['r.json', '--out', '/results', '--backend', 'webgpu', '--require-hardware', '--threads', '2']);
    expect(options).toMatchObject({ recipe: 'r.json', out: '/results', backend: 'webgpu', requireHardware: true, threads: 2, name: null });
  });

  it.each([
    [['r.json'], /--out is missing/],
    [['--out', 'x'], /Name one recipe file/],
    [['a.json', 'b.json', '--out', 'x'], /Name one recipe file/],
    [['r.json', '--out', 'x', '--backend', 'cuda'], /--backend is "cuda"; accepted: webgpu, wasm, cpu/],
    [['r.json', '--out', 'x', '--threads', '0'], /--threads is "0"/],
    [['r.json', '--out', 'x', '--fast'], /--fast/],
  ])('%j is refused in plain words', (args, words) => {
    expect(() => experimentOptions(args)).toThrow(words);
  });
});

describe('readRecipe', () => {
  it('takes a recipe as it is and out of a preset, and says which file is not JSON', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'experiment-test-'));
    const file = (name: string) => join(folder, name);
    await writeFile(file('plain.json'), '{"version":1}');
    await writeFile(file('preset.json'), '{"recipe":{"version":1},"title":{}}');
    await writeFile(file('broken.json'), '{');
    expect(await readRecipe(file('plain.json'))).toEqual({ version: 1 });
    expect(await readRecipe(file('preset.json'))).toEqual({ version: 1 });
    await expect(readRecipe(file('broken.json'))).rejects.toThrow(/broken\.json could not be read/);
    await expect(readRecipe(file('absent.json'))).rejects.toThrow(/absent\.json could not be read/);
  });
});

it('a progress line says where the run stands', () => {
  const snapshot = {
    step: 5,
    steps: 20,
    state: 'running',
    retention: 0.98765,
    tokensPerSecond: 1234.5,
    channels: [{ id: 'domain', trainLoss: 3.25, heldOutLoss: null }],
  };
  expect(progressLine(snapshot, 125)).toBe('step 5/20 · train/held-out domain 3.250/– · retention 0.988 · 1235 tok/s · 2 min 5 s left');
  expect([duration(59.4), duration(61), duration(3720), duration(null)]).toEqual(['59 s', '1 min 1 s', '1 h 2 min', '–']);
});
