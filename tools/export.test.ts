import { describe, expect, it } from 'vitest';
import golden from '../public/recipes/golden-ratio.json';
import * as exporting from '../src/core/cluster/export';
import * as job from '../src/core/cluster/sweep-job';
import * as parsing from '../src/core/recipe/parse';
import * as sweeps from '../src/core/sweep/schema';
import { exportOptions, folderOf } from './export.mjs';

const core = { ...exporting, ...job, ...parsing, ...sweeps };
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
    expect(() => folderOf(core, golden.recipe, 'axolotl')).toThrow('--to is "axolotl"; accepted for a recipe: transformers.');
    expect(() => folderOf(core, sweep, 'transformers')).toThrow('accepted for a sweep: ray, slurm, skypilot.');
  });

  it('refuses a recipe or plan that is wrong, with the field', () => {
    expect(() => folderOf(core, { ...golden.recipe, batchSize: 0 }, 'transformers')).toThrow(/batchSize/);
    expect(() => folderOf(core, { ...sweep, axes: [] }, 'slurm')).toThrow(/axes/);
  });

  it('gives the folder with the recipe whose texts and base go into it', () => {
    expect(folderOf(core, golden.recipe, 'transformers')).toMatchObject({
      recipe: { base: 'nano' },
      lacks: [{ field: 'evaluation.probesPerGroup' }],
    });
    expect(Object.keys(folderOf(core, sweep, 'slurm').files)).toContain('sweep.sbatch');
  });
});
