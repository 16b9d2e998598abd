import { describe, expect, it } from 'vitest';
import golden from '../public/recipes/golden-ratio.json';
import { readdirSync } from 'node:fs';
import * as estimating from '../src/core/cluster/estimate';
import * as folders from '../src/core/cluster/folder';
import * as parsing from '../src/core/recipe/parse';
import * as sweeps from '../src/core/sweep/schema';
import { exportOptions, folderOf } from './export.mjs';

const core = { ...estimating, ...folders, ...parsing, ...sweeps };
const sweep = { version: 1, name: 's', base: golden.recipe, axes: [{ field: 'domainShare', values: [0.1, 0.3] }] };

describe('npm run export', () => {
  it.each([
    [['--to', 'transformers', '--out', 'x'], /Name one recipe/],
    [['a.json', 'b.json', '--to', 'ray', '--out', 'x'], /Name one recipe/],
    [['a.json', '--out', 'x'], /--to is missing/],
    [['a.json', '--to', 'ray'], /--out is missing/],
    [['a.json', '--fast'], /--fast/],
  ])('refuses %j in plain words', (args, words) => {
    expect(() => exportOptions(args)).toThrow(words);
  });

  it('refuses a target that it does not have, with those that there are', () => {
    expect(() => folderOf(core, golden.recipe, 'nemo')).toThrow(
      '--to is "nemo"; accepted for a recipe: transformers, llama-factory, ms-swift, axolotl, megatron, flower.',
    );
    expect(() => folderOf(core, golden.recipe, 'transformers', { gpu: 'TPU' })).toThrow('--gpu is "TPU"; accepted: H100 80 GB');
    expect(() => folderOf(core, golden.recipe, 'transformers', { gpus: 3 })).toThrow('gpus is 3; accepted: 1 | 2 | 4 | 8');
    expect(() => exportOptions(['a.json', '--to', 'axolotl', '--out', 'x', '--gpus', '0'])).toThrow('--gpus is "0"');
    expect(() => folderOf(core, sweep, 'transformers')).toThrow('accepted for a sweep: ray, slurm, skypilot.');
  });

  it('refuses a recipe or plan that is wrong, with the field', () => {
    expect(() => folderOf(core, { ...golden.recipe, batchSize: 0 }, 'transformers')).toThrow(/batchSize/);
    expect(() => folderOf(core, { ...sweep, axes: [] }, 'slurm')).toThrow(/axes/);
  });

  it('knows every file of the bundled base', () => {
    expect([...folders.BASE_FILES].sort()).toEqual(readdirSync('public/models/nano').sort());
  });

  it('gives the folder with the recipe whose texts and base go into it', () => {
    expect(folderOf(core, golden.recipe, 'transformers')).toMatchObject({
      recipe: { base: 'nano' },
      lacks: [{ field: 'evaluation.probesPerGroup' }],
    });
    expect(Object.keys(folderOf(core, sweep, 'slurm').files)).toContain('sweep.sbatch');
  });
});
