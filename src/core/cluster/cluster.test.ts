import { describe, expect, it } from 'vitest';
import golden from '../../../public/recipes/golden-ratio.json';
import reference from '../../../public/recipes/reference-7b.json';
import { StudioError } from '../errors';
import { readMeasuredRuns } from '../laws/measured-runs';
import { presetMethod } from '../recipe/method';
import { parseRecipe } from '../recipe/parse';
import type { LoraMethod, Recipe } from '../recipe/schema';
import { parseSweep } from '../sweep/schema';
import { estimates } from './estimate';
import { exportToTransformers } from './export';
import { exportSweep, SWEEP_TARGETS } from './sweep-job';

const base = parseRecipe(golden.recipe);
const recipe = (change: Partial<Recipe>) => parseRecipe({ ...base, ...change });
const lacksOf = (change: Partial<Recipe>) => exportToTransformers(recipe(change)).lacks.map(({ field }) => field);
const read = (files: Record<string, string>, path: string): unknown => JSON.parse(files[path]!);

describe('a recipe for transformers', () => {
  it('is the same folder each time, without a path of this machine', () => {
    const [one, other] = [exportToTransformers(base), exportToTransformers(structuredClone(base))];
    expect(one).toEqual(other);
    expect(Object.keys(one.files).sort()).toEqual(
      [
        ...['README.md', 'configs/ddp.yaml', 'configs/fsdp.yaml', 'configs/zero2.json', 'configs/zero2.yaml', 'configs/zero3.json'],
        ...['configs/zero3.yaml', 'data.json', 'data.py', 'job.sbatch', 'model.py', 'plan.py', 'recipe.json', 'requirements.txt'],
        ...['ruff.toml', 'run.sh', 'train.py'],
      ].sort(),
    );
    for (const text of Object.values(one.files)) expect(text).not.toMatch(/\/(home|work|Users|root)\//);
  });

  it('has a short train.py, typed, with a licence', () => {
    const { files } = exportToTransformers(base);
    expect(files['train.py']!.split('\n').length).toBeLessThanOrEqual(351);
    for (const name of ['train.py', 'data.py', 'model.py', 'plan.py']) {
      expect(files[name]).toMatch(/^# SPDX-License-Identifier: Apache-2\.0\n"""/);
      for (const head of files[name]!.match(/^ *def .*:$/gm)!) expect(head).toContain(' -> ');
    }
  });

  it('names what it does not do, and takes it out of the recipe that it trains', () => {
    const { files, lacks } = exportToTransformers(
      recipe({
        dropout: 0.1,
        evaluation: { ...base.evaluation, probesPerGroup: 32, attentionRows: 4 },
        regularisation: {
          ewc: { lambda: 10, sequences: 8, labels: 'model', online: { gamma: 0.9 } },
          distillation: {
            ...{ rows: 'general', alpha: 0.5, temperature: 2, warmup: 0 },
            states: { last: 1, all: 0, attention: 0, hiddenWeight: 1, attentionWeight: 1 },
          },
        },
      }),
    );
    expect(lacks.map(({ field }) => field)).toEqual([
      ...['dropout', 'evaluation.probesPerGroup', 'evaluation.attentionRows'],
      ...['regularisation.ewc.online', 'regularisation.distillation.states'],
    ]);
    const trained = parseRecipe(read(files, 'recipe.json'));
    expect(trained).toMatchObject({ dropout: 0, evaluation: { probesPerGroup: 0 }, regularisation: { ewc: { lambda: 10 } } });
    expect(trained.regularisation).toEqual({
      ewc: { lambda: 10, sequences: 8, labels: 'model' },
      distillation: { rows: 'general', alpha: 0.5, temperature: 2, warmup: 0 },
    });
    for (const { field, value, instead } of lacks) expect(files['README.md']).toContain(`- \`${field}\` = ${value}: ${instead}`);
  });

  it('lists what belongs to a method', () => {
    const evaluation = { ...base.evaluation, probesPerGroup: 0 };
    const method = presetMethod('qkv') as LoraMethod;
    expect(lacksOf({ evaluation, method })).toEqual([]);
    expect(lacksOf({ evaluation, method, regularisation: { l2sp: { lambda: 1 } } })).toEqual(['regularisation.l2sp']);
    expect(lacksOf({ evaluation, method: { ...method, quantisation: 'int8' } })).toEqual(['method.quantisation']);
    expect(lacksOf({ evaluation, method: presetMethod('unfreezing') })).toEqual(['method.unfreezing']);
    expect(lacksOf({ evaluation, method: presetMethod('isolation') })).toEqual(['method.isolation']);
    expect(lacksOf({ evaluation, method: presetMethod('head') })).toEqual(['method.head']);
  });

  it('says of a field that it does not read that it is left out, and names a teacher’s place', () => {
    const distillation = { rows: 'general', alpha: 0.5, temperature: 2, warmup: 0 } as const;
    const evaluation = { ...base.evaluation, probesPerGroup: 0 };
    const averaged = {
      evaluation,
      average: { decay: 0.99, start: 0, every: 1 },
      regularisation: { distillation: { ...distillation, teacher: 'ema' } },
    };
    expect(lacksOf(averaged)).toEqual(['average', 'regularisation.distillation.teacher']);
    expect(read(exportToTransformers(recipe(averaged)).files, 'recipe.json')).not.toHaveProperty('regularisation');
    const taught = exportToTransformers(recipe({ evaluation, regularisation: { distillation: { ...distillation, teacher: 'big' } } }));
    expect(taught.lacks).toEqual([]);
    expect(read(taught.files, 'data.json')).toMatchObject({ teacher: { local: 'teacher' } });
  });

  it('refuses a method that it has nothing near to', () => {
    const method = presetMethod('prefix');
    expect(() => exportToTransformers(recipe({ method }))).toThrow(StudioError);
    expect(() => exportToTransformers(recipe({ method }))).toThrow('no method "prefix"; accepted: lora | partial');
  });

  it('starts as many processes as share the rows of a step evenly', () => {
    const processes = (batchSize: number) => /PROCESSES:-(\d+)/.exec(exportToTransformers(recipe({ batchSize })).files['run.sh']!)![1];
    expect([8, 6, 5, 1, 14].map(processes)).toEqual(['8', '6', '5', '1', '7']);
  });

  it('gives DeepSpeed the recipe’s clipping and precision', () => {
    const { files } = exportToTransformers(parseRecipe(reference.recipe));
    expect(read(files, 'configs/zero3.json')).toMatchObject({
      ...{ bf16: { enabled: true }, fp16: { enabled: false }, gradient_clipping: 1, gradient_accumulation_steps: 'auto' },
      zero_optimization: { stage: 3, stage3_gather_16bit_weights_on_model_save: true },
    });
    expect(files['configs/fsdp.yaml']).toContain("mixed_precision: 'bf16'");
  });
});

describe('estimates', () => {
  const work = { context: 2048, rows: 256, steps: 2000 };

  it('take rows from the seeds’ table, and 16 bytes a parameter divided as the strategy does', () => {
    const table = estimates(work);
    expect(table.map(({ size, rows }) => [size, rows])).toEqual([
      ...[['1B', 32] as const, ['3B', 32] as const, ['7B', 16] as const, ['13B', 8] as const, ['30B', 4] as const, ['70B', 2] as const],
    ]);
    const seven = table[2]!;
    // ZeRO's paper, 7.5B on 64 GPUs: 120 GB, and stage 3 is 16/N of a parameter; here the difference of two strategies is free of activations.
    expect((seven.memory.ddp - seven.memory.zero3) * 2 ** 30).toBeCloseTo(6.7e9 * (16 - 2), -3);
    expect((seven.memory.zero2 - seven.memory.zero3) * 2 ** 30).toBeCloseTo(6.7e9 * (2 + 14 / 8 - 2), -3);
  });

  it('count 6·N·D', () => {
    // 6 · 6.7e9 · 1.048576e9 tokens at 8 · 395.6 TFLOP/s.
    expect(estimates(work)[2]!.hours).toBeCloseTo(3.7, 1);
  });
});

describe('a sweep as a job', () => {
  const plan = parseSweep({
    ...{ version: 1, name: 'Share × rate', base, seeds: [1, 2] },
    axes: [
      { field: 'domainShare', values: [0.1, 0.3] },
      { field: 'optimizer.weightDecay', values: [0, 0.1] },
    ],
  });

  it.each(SWEEP_TARGETS)('for %s holds a recipe for each planned run, and its own file', (target) => {
    const { files, lacks } = exportSweep(plan, target);
    expect(exportSweep(plan, target).files).toEqual(files);
    expect(Object.keys(files).filter((path) => path.startsWith('recipes/'))).toHaveLength(8);
    expect(parseRecipe(read(files, 'recipes/5.json'))).toMatchObject({ seed: 2, optimizer: { weightDecay: 0.1 } });
    expect(read(files, 'sweep.json')).toMatchObject({ columns: ['optimizer.weightDecay'], runs: { length: 8 } });
    expect(lacks.map(({ field }) => field)).toEqual(['evaluation.probesPerGroup']);
    const own = { ray: 'requirements.txt', slurm: 'sweep.sbatch', skypilot: 'sky.yaml' }[target];
    expect(files[own]).toContain({ ray: 'ray[tune]==', slurm: '--array=0-7%8', skypilot: '"$SKYPILOT_NUM_NODES" 7)' }[target]);
    expect(files['README.md']).toContain('8 planned runs');
  });

  it('comes back as a table of measured runs', () => {
    // Written by `sweep.py ray` and `sweep.py collect`: two runs of three steps on nano.
    const table = readMeasuredRuns(
      [
        'run,seed,lr,warmup,tokens,share_zh,share_en,share_code,share_domain,loss_zh,loss_en,loss_code,loss_domain,state,seconds',
        'base,,,,,,,,,3.6385398330145646,3.7049527734913665,2.8813466830633843,4.230954877460484,,',
        '0,1,0.0003,0.03,3072,0.37815126050420167,0.37815126050420167,0.14369747899159666,0.1,3.637741631081969,3.7014875768197815,2.880187680808042,4.218598840966073,finished,21.5',
        '1,1,0.0003,0.03,3072,0.29411764705882354,0.29411764705882354,0.11176470588235295,0.3,3.6365894939552335,3.702661127853626,2.8768569053231587,4.215569047554008,finished,52.5',
      ].join('\n'),
    );
    expect(table).toMatchObject({ channels: ['zh', 'en', 'code', 'domain'], targets: ['zh', 'en', 'code', 'domain'] });
    // Before training: what the studio measured of the same recipe.
    const studio = { zh: 3.638539553835945, en: 3.704952705549314, code: 2.8813461661338806, domain: 4.230954739416069 };
    for (const [id, loss] of Object.entries(studio)) expect(table.base![id]).toBeCloseTo(loss, 4);
    expect(table.runs.map(({ name, seed, lr, tokens, shares }) => ({ name, seed, lr, tokens, domain: shares['domain'] }))).toEqual([
      { name: '0', seed: 1, lr: 0.0003, tokens: 3072, domain: 0.1 },
      { name: '1', seed: 1, lr: 0.0003, tokens: 3072, domain: 0.3 },
    ]);
  });
});
