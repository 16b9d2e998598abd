import { describe, expect, it } from 'vitest';
import golden from '../../../public/recipes/golden-ratio.json';
import reference from '../../../public/recipes/reference-7b.json';
import { StudioError } from '../errors';
import { readMeasuredRuns } from '../laws/measured-runs';
import { presetMethod } from '../recipe/method';
import { parseRecipe } from '../recipe/parse';
import type { LoraMethod, Recipe } from '../recipe/schema';
import { parseSweep } from '../sweep/schema';
import english from '../../i18n/en/cluster.json';
import { estimates, hardwareOf } from './estimate';
import { exportToTransformers } from './export';
import { folderFor, RECIPE_TARGETS, type RecipeTarget } from './folder';
import { LACK_WORDS } from './lacks';
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
        ...['ruff.toml', 'run.sh', 'serve.py', 'train.py'],
      ].sort(),
    );
    for (const text of Object.values(one.files)) expect(text).not.toMatch(/\/(home|work|Users|root)\//);
  });

  it('has a short train.py, typed, with a licence', () => {
    const { files } = exportToTransformers(base);
    expect(files['train.py']!.split('\n').length).toBeLessThanOrEqual(351);
    for (const name of ['train.py', 'data.py', 'model.py', 'plan.py', 'serve.py']) {
      expect(files[name]).toMatch(/^# SPDX-License-Identifier: Apache-2\.0\n"""/);
      for (const head of files[name]!.match(/^ *def .*:$/gm)!) expect(head).toContain(' -> ');
    }
  });

  it('names what it does not do, and takes it out of the recipe that it trains', () => {
    const { files, lacks } = exportToTransformers(
      recipe({
        dropout: 0.1,
        evaluation: { ...base.evaluation, probesPerGroup: 32, attentionRows: 4, adversarialDocuments: 2 },
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
      ...['dropout', 'evaluation.probesPerGroup', 'evaluation.attentionRows', 'evaluation.adversarialDocuments'],
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

describe('a recipe for a trainer that others run', () => {
  const folder = (target: RecipeTarget, change: Partial<Recipe> = {}, given = {}) =>
    folderFor({ kind: 'recipe', recipe: recipe(change) }, target, given);
  const yamlOf = (target: RecipeTarget, change: Partial<Recipe> = {}, given = {}) =>
    Object.fromEntries(
      folder(target, change, given)
        .files['train.yaml']!.trimEnd()
        .split('\n')
        .map((line) => line.split(/: (.*)/s).slice(0, 2)),
    ) as Record<string, string>;

  it.each(RECIPE_TARGETS.filter((target) => target !== 'flower'))(
    'for %s is the same folder each time, lists what it lacks, and keeps the rows of a step',
    (target) => {
      const { files, lacks } = folder(target);
      expect(folder(target)).toEqual({ files, lacks });
      for (const { field, value, instead } of lacks) expect(files['README.md']).toContain(`- \`${field}\` = ${value}: ${instead}`);
      for (const text of Object.values(files)) expect(text).not.toMatch(/\/(home|work|Users|root)\//);
      expect(files['README.md']).toContain('8 rows of 128 tokens a step');
    },
  );

  it('has the mixture, the schedule and the batch in each target’s own names', () => {
    expect(yamlOf('llama-factory')).toMatchObject({
      ...{ stage: 'pt', mix_strategy: 'interleave_over', interleave_probs: '"0.35,0.35,0.133,0.167"', eval_on_each_dataset: 'true' },
      ...{ max_steps: '900', lr_scheduler_type: 'cosine_with_min_lr', lr_scheduler_kwargs: '{min_lr_rate: 0.1}', warmup_steps: '27' },
      ...{ per_device_train_batch_size: '1', gradient_accumulation_steps: '1', cutoff_len: '128' },
    });
    expect(yamlOf('ms-swift')).toMatchObject({
      interleave_prob: '[0.35, 0.35, 0.133, 0.167]',
      enable_channel_loss: 'true',
      tuner_type: 'full',
    });
    expect(yamlOf('axolotl')).toMatchObject({
      lr_scheduler: 'cosine_with_min_lr',
      micro_batch_size: '1',
      shuffle_merged_datasets: 'false',
    });
    expect(folder('megatron').files['train.sh']).toContain(
      '--train-data-path 0.35 blend/train-zh_text_document 0.35 blend/train-en_text_document 0.133 blend/train-code_text_document 0.167 blend/train-domain_text_document',
    );
  });

  it('writes numbers as PyYAML reads them, and WSD as transformers and Megatron have it', () => {
    const schedule = { ...base.schedule, kind: 'wsd' as const, peakLr: 1e-7, decayShape: 'sqrt' as const, decayRatio: 0.2 };
    const values = yamlOf('llama-factory', { schedule });
    // Without the point it would be a text.
    expect([values['learning_rate'], values['adam_epsilon']]).toEqual(['1.0e-7', '1.0e-8']);
    expect(values['lr_scheduler_kwargs']).toBe(
      '{num_stable_steps: 693, num_decay_steps: 180, decay_type: 1-sqrt, min_lr_ratio: 0.1}'.replace('1-sqrt', '"1-sqrt"'),
    );
    const { files } = folder('megatron', { schedule });
    for (const argument of ['--lr-decay-style WSD', '--lr-wsd-decay-style minus_sqrt', '--lr-wsd-decay-iters 180', '--lr-warmup-iters 27'])
      expect(files['train.sh']).toContain(argument);
  });

  it('has a LoRA where the target has one, and refuses every other method', () => {
    const method = { ...(presetMethod('qkv') as LoraMethod), quantisation: 'nf4' as const };
    expect(yamlOf('llama-factory', { method })).toMatchObject({
      finetuning_type: 'lora',
      quantization_bit: '4',
      lora_target: '"q_proj,k_proj,v_proj"',
    });
    expect(yamlOf('axolotl', { method })).toMatchObject({ adapter: 'qlora', load_in_4bit: 'true' });
    expect(() => folder('megatron', { method })).toThrow('no method "lora"; accepted: —');
    expect(() => folder('ms-swift', { method: presetMethod('head') })).toThrow('no method "partial"; accepted: lora | —');
  });

  it('names what only the studio’s own loop does', () => {
    const lacks = folder('ms-swift', {
      strategy: { kind: 'domain-only' },
      packing: 'joined',
      regularisation: { l2sp: { lambda: 0.5 } },
      stopping: { early: null, forgetting: { retention: 0.95 } },
    }).lacks.map(({ field, value }) => `${field} ${value}`);
    expect(lacks).toEqual(
      expect.arrayContaining([
        ...['control.json faders', 'strategy.kind domain-only', 'regularisation.l2sp λ 0.5'],
        ...['stopping.forgetting 0.95', 'packing joined'],
      ]),
    );
    expect(english.lack).toEqual(LACK_WORDS);
  });

  it('measures held-out losses by channel by the callbacks that the trainer takes', () => {
    expect(yamlOf('ms-swift', {})).toMatchObject({ external_plugins: '[channel_loss.py]', callbacks: '[channel_loss]' });
    expect(yamlOf('axolotl', {})).toMatchObject({ plugins: '[channel_loss.ChannelLossPlugin]' });
    const { files } = folder('llama-factory', {});
    expect(files['README.md']).toContain('channel_loss.py train.yaml');
    expect(Object.keys(files)).toEqual(expect.arrayContaining(['channel_loss.py', 'data.py', 'plan.py']));
  });
});

describe('a federated recipe as a Flower app', () => {
  const federated = { participation: 1, server: { rate: 1, momentum: 0 } };
  const recipe = parseRecipe({ ...base, gradientAccumulationSteps: 8, federated });

  it('is the same folder each time, names its clients, and keeps text and weights out of what is sent to the nodes', () => {
    const { files, lacks } = folderFor({ kind: 'recipe', recipe }, 'flower');
    expect(folderFor({ kind: 'recipe', recipe: structuredClone(recipe) }, 'flower')).toEqual({ files, lacks });
    expect(lacks.map(({ field }) => field)).toEqual(['evaluation.probesPerGroup', 'control.json', 'saving.everySteps']);
    for (const [path, text] of Object.entries(files)) {
      expect(text, path).not.toMatch(/\/(home|work|Users|root)\//);
      if (!path.endsWith('.py')) continue;
      expect(text).toMatch(/^# SPDX-License-Identifier: Apache-2\.0\n"""/);
      for (const head of text.match(/^ *def .*:$/gm)!) expect(head).toContain(' -> ');
    }
    expect(parseRecipe(read(files, 'recipe.json')).federated).toEqual(federated);
    expect(files['pyproject.toml']).toContain('fab-include = ["/*.py", "/recipe.json", "/data.json", "/README.md"]');
    expect(files['README.md']).toContain('"num-supernodes=4"');
    expect(files['README.md']).toContain('| 3 | domain | 0.167 |');
  });

  it('says what it does not do of the rounds, and refuses a recipe without', () => {
    const own = {
      ...recipe,
      federated: { ...federated, split: { clients: 3, alpha: 1 }, secure: { dropout: 0.1 } },
      stopping: { ...recipe.stopping, forgetting: { retention: 0.9 } },
    };
    const { files, lacks } = folderFor({ kind: 'recipe', recipe: own }, 'flower');
    expect(lacks.map(({ field }) => field).slice(-2)).toEqual(['federated.secure', 'stopping.forgetting']);
    expect(read(files, 'recipe.json')).not.toHaveProperty('federated.secure');
    expect(files['README.md']).toMatch(/\| 2 \| all channels \| 0\.\d+ \|/);
    expect(() => folderFor({ kind: 'recipe', recipe: base }, 'flower')).toThrow('accepted: a recipe with the field federated');
  });
});

describe('hardware', () => {
  it('is filled from the seeds’ table where a size is named, and divides the rows of a step evenly', () => {
    const of = (given: Parameters<typeof hardwareOf>[1]) => hardwareOf(parseRecipe(reference.recipe), given);
    expect(of({})).toMatchObject({ gpus: 8, rows: 256, rowsPerGpu: 16, strategy: 'ddp', asGiven: false });
    expect(of({ size: '7B' })).toMatchObject({ gpus: 8, rows: 256, rowsPerGpu: 16, strategy: 'zero2', asGiven: true });
    expect(of({ size: '70B', gpus: 64 })).toMatchObject({ rows: 256, rowsPerGpu: 2, strategy: 'zero3' });
    expect(of({ size: '1B', gpu: 'A100 40 GB', gpus: 4 })).toMatchObject({ rowsPerGpu: 64 });
    expect(hardwareOf(base, { size: '3B' })).toMatchObject({ rows: 256, rowsPerGpu: 32 });
    expect(() => of({ gpus: 5 })).toThrow('gpus is 5; accepted: 1 | 2 | 4 | 8 | 16 | 32 | 64 | 128 | 256');
    expect(() => of({ gpus: 8, rowsPerGpu: 7 })).toThrow('rowsPerGpu is 7; accepted: 1 | 2 | 4 | 8 | 16 | 32');
  });

  it('goes into the scripts, and a step of other rows is listed', () => {
    const { files, lacks } = exportToTransformers(base, { size: '7B', gpus: 16 });
    expect(files['run.sh']).toContain('STRATEGY="${STRATEGY:-zero2}"\nPROCESSES="${PROCESSES:-16}"\nset -- --rows-per-device 16 "$@"');
    expect(files['job.sbatch']).toContain('accelerate launch --config_file configs/zero2.yaml');
    expect(lacks[0]).toMatchObject({ field: 'batchSize × gradientAccumulationSteps', value: '8', code: 'rows' });
    expect(read(files, 'recipe.json')).toMatchObject({ batchSize: 16, gradientAccumulationSteps: 16 });
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
