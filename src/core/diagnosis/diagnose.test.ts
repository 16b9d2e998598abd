import { describe, expect, it } from 'vitest';
import { recipeSchema, type Recipe } from '../recipe/schema';
import { exampleRecipe, exampleRun } from '../run/example-run';
import type { RunView } from '../run/view';
import { adviceFor } from './advice';
import { diagnose, recipeAtEnd } from './diagnose';

const share = (recipe: Recipe, id: string) => recipe.channels.find((channel) => channel.id === id)!.share;

describe('diagnose', () => {
  it('shows forgetting by retention and held-out curves, and lowers the domain share to the golden ratio', () => {
    const [finding] = diagnose(exampleRun({ zh: [4, 4.1, 4.2], en: [3, 3.1, 3.2], domain: [5, 4, 3] }, { step: 60 }));
    expect(finding).toMatchObject({ kind: 'forgetting', advice: { kind: 'lower-domain-share' } });
    expect(finding!.evidence.filter(({ curve }) => curve === 'held-out')).toEqual([
      { curve: 'held-out', channel: 'zh', from: { step: 0, value: 4 }, to: { step: 20, value: 4.2 } },
      { curve: 'held-out', channel: 'en', from: { step: 0, value: 3 }, to: { step: 20, value: 3.2 } },
      { curve: 'held-out', channel: 'domain', from: { step: 0, value: 5 }, to: { step: 20, value: 3 } },
    ]);
    const { recipe, changes } = finding!.advice!;
    expect(share(recipe, 'domain')).toBeCloseTo(1 / 6, 12);
    expect(share(recipe, 'zh') / share(recipe, 'en')).toBeCloseTo(5 / 3, 12);
    expect(changes.map(({ field }) => field)).toEqual(['channels.zh.share', 'channels.en.share', 'channels.domain.share']);
    expect(recipeSchema.safeParse(recipe).success).toBe(true);
  });

  it('names the methods that a run which forgets did not use, each as a recipe that can be run', () => {
    const forgets = exampleRun({ zh: [4, 4.1, 4.2], en: [3, 3.1, 3.2], domain: [5, 4, 3] }, { step: 60 });
    const ways = (recipe: Recipe) => diagnose({ ...forgets, recipe })[0]!.others;
    // General text is trained on: there is old data.
    expect(ways(exampleRecipe).map(({ kind }) => kind)).toEqual(['lora', 'ewc']);
    const alone = ways({ ...exampleRecipe, strategy: { kind: 'domain-only' } });
    expect(alone.map(({ kind }) => kind)).toEqual(['lora', 'ewc', 'echo']);
    for (const { recipe } of alone) expect(recipeSchema.safeParse(recipe).error).toBeUndefined();
    const { recipe } = alone[2]!;
    expect(recipe.strategy.kind).toBe('mixed');
    expect(['zh', 'en', 'domain', 'echo'].map((id) => share(recipe, id))).toEqual([0, 0, 0.5, 0.5]);
    const anchored = { ...exampleRecipe, regularisation: { ewc: { lambda: 1, sequences: 8, labels: 'model' as const } } };
    expect(ways(anchored).map(({ kind }) => kind)).toEqual(['lora']);
    expect(ways(alone[0]!.recipe).map(({ kind }) => kind)).toEqual(['echo']);
    expect(ways(recipe).map(({ kind }) => kind)).toEqual(['lora', 'ewc']);
  });

  it('blames the learning rate where the domain got worse as well', () => {
    const [finding] = diagnose(exampleRun({ zh: [4, 5, 6], en: [3, 4, 5], domain: [5, 6, 7] }, { step: 60 }));
    expect(finding).toMatchObject({ kind: 'forgetting', advice: { kind: 'lower-lr', recipe: { schedule: { peakLr: 3e-5 } } } });
  });

  it('shows a spike up to its top, and warms up longer', () => {
    const [finding] = diagnose(exampleRun({ zh: [4, 4.3, 4.05], en: [3, 3.2, 3.02], domain: [5, 4.8, 4.5] }, { step: 40 }));
    expect(finding).toMatchObject({
      kind: 'recovering',
      evidence: [{ channel: 'zh', from: { step: 0, value: 4 }, to: { step: 10, value: 4.3 } }],
      advice: { kind: 'longer-warmup', changes: [{ field: 'schedule.warmup.value', a: '3.0 %', b: '9.0 %' }] },
    });
  });

  it('finds nothing in a run that is on course', () => {
    expect(diagnose(exampleRun({ zh: [4, 4, 4], en: [3, 3, 3], domain: [5, 4.8, 4.5] }, { step: 60 }))).toEqual([]);
  });

  it('starts from the settings the run ended with', () => {
    const run = exampleRun({ zh: [4, 4.1, 4.2], en: [3, 3.1, 3.2], domain: [5, 4, 3] }, { step: 60 });
    run.settings = { shares: { zh: 0.1, en: 0.1, domain: 0.8 }, schedule: { ...exampleRecipe.schedule, peakLr: 1e-3 } };
    expect(share(recipeAtEnd(run), 'domain')).toBe(0.8);
    expect(diagnose(run)[0]!.advice!.changes).toContainEqual({ field: 'channels.domain.share', a: '80.0 %', b: '16.7 %' });
  });
});

describe('a run that failed', () => {
  const failed = (code: 'internal' | 'device-lost' | 'gradient-not-finite', detail: string): RunView => {
    const error = { code, message: '', values: { detail } };
    const events: RunView['events'] = [{ type: 'failed', step: 50, at: null, error }];
    return { ...exampleRun({ zh: [4], en: [3], domain: [5] }, { train: [4, 3.9, 5, 8] }), state: 'failed', error, events };
  };

  it.each([
    ['internal', 'RangeError: Array buffer allocation failed'],
    ['device-lost', 'D3D12 create texture failed with E_OUTOFMEMORY (0x8007000E)'],
  ] as const)('ran out of memory: %s, %s', (code, detail) => {
    const [finding] = diagnose(failed(code, detail));
    expect(finding).toMatchObject({
      kind: 'out-of-memory',
      advice: { kind: 'smaller-batch', recipe: { batchSize: 4, gradientAccumulationSteps: 2 } },
    });
  });

  it('is said to have diverged from the lowest loss on', () => {
    const findings = diagnose(failed('gradient-not-finite', ''));
    expect(findings.filter(({ kind }) => kind === 'diverged')).toMatchObject([
      {
        evidence: [{ curve: 'train', channel: 'total', from: { step: 10, value: 3.9 }, to: { step: 30, value: 8 } }],
        advice: { kind: 'lower-lr', changes: [{ field: 'schedule.peakLr', a: '3.0e-4', b: '3.0e-5' }] },
      },
    ]);
  });

  it('finds nothing in a device that went away for another reason', () => {
    expect(diagnose(failed('device-lost', 'the driver was updated'))).toEqual([]);
  });
});

describe('adviceFor', () => {
  const golden: Recipe = {
    ...exampleRecipe,
    channels: exampleRecipe.channels.map((channel) => ({ ...channel, share: channel.role === 'domain' ? 1 / 6 : 5 / 12 })),
  };
  const withLr = (recipe: Recipe, peakLr: number): Recipe => ({ ...recipe, schedule: { ...recipe.schedule, peakLr } });

  it('against forgetting takes back in turn strategy, share and learning rate', () => {
    expect(adviceFor('forgetting', { ...golden, strategy: { kind: 'domain-only' } }, {})).toMatchObject({
      kind: 'mix-general',
      recipe: { strategy: { kind: 'mixed' } },
    });
    expect(adviceFor('forgetting', withLr(golden, 3e-3), {})).toMatchObject({ kind: 'lower-lr', recipe: { schedule: { peakLr: 3e-4 } } });
    // The presets write the golden ratio as 16.7 %: the rate is to blame, not the third digit of the share.
    const preset: Recipe = {
      ...golden,
      channels: golden.channels.map((channel) => ({ ...channel, share: channel.role === 'domain' ? 0.167 : 0.4165 })),
    };
    expect(adviceFor('forgetting', withLr(preset, 3e-3), {})!.changes).toEqual([{ field: 'schedule.peakLr', a: '3.0e-3', b: '3.0e-4' }]);
    const least = adviceFor('forgetting', golden, {})!;
    expect(least.kind).toBe('lower-domain-share');
    expect(share(least.recipe, 'domain')).toBeCloseTo(1 / 9, 12);
    expect(adviceFor('forgetting', least.recipe, {})).toMatchObject({ kind: 'lower-lr', recipe: { schedule: { peakLr: 1e-4 } } });
  });

  it('for a domain that stays raises the learning rate, then the steps', () => {
    expect(adviceFor('domain-flat', withLr(golden, 1e-5), {})).toMatchObject({ kind: 'raise-lr', recipe: { schedule: { peakLr: 1e-4 } } });
    expect(adviceFor('domain-flat', golden, {})).toMatchObject({ kind: 'more-steps', recipe: { budget: { steps: 200 } } });
  });

  it('stops memorising after an epoch, and a growing loss by a tenth of the learning rate', () => {
    expect(adviceFor('memorising', golden, { channel: 'domain', epochs: 4 })).toMatchObject({ recipe: { budget: { steps: 25 } } });
    expect(adviceFor('growing', withLr(golden, 3e-3), {})).toMatchObject({ recipe: { schedule: { peakLr: 3e-4 } } });
    expect(adviceFor('oscillating', withLr(golden, 3e-3), {})).toMatchObject({ recipe: { schedule: { peakLr: 1e-3 } } });
    expect(adviceFor('lr-zero', withLr(golden, 0), {})).toMatchObject({ recipe: { schedule: { peakLr: 3e-4 } } });
  });

  it('gives a channel that the base saw little of more room, not at the cost of the domain', () => {
    const { recipe } = adviceFor('uneven-base', exampleRecipe, { channel: 'zh' })!;
    expect(share(recipe, 'zh')).toBeCloseTo(0.75, 12);
    expect(share(recipe, 'domain')).toBeCloseTo(0.2, 12);
    expect(share(recipe, 'en')).toBeCloseTo(0.05, 12);
  });

  it('needs less memory by fewer rows, then by computing layers again, then by a shorter context', () => {
    const withRows = (rows: number): Recipe => ({ ...golden, batchSize: rows, gradientAccumulationSteps: 3 });
    expect(adviceFor('out-of-memory', withRows(5), {})!.recipe).toMatchObject({ batchSize: 2, gradientAccumulationSteps: 8 });
    const recomputed = adviceFor('out-of-memory', withRows(1), {})!;
    expect(recomputed).toMatchObject({ kind: 'recompute', changes: [{ field: 'activationCheckpointing', a: 'false', b: 'true' }] });
    expect(adviceFor('out-of-memory', recomputed.recipe, {})).toMatchObject({ kind: 'shorter-context', recipe: { sequenceLength: 64 } });
  });

  it('changes nothing where no setting is to blame', () => {
    expect(adviceFor('on-course', golden, {})).toBeNull();
    const warm: Recipe = { ...golden, schedule: { ...golden.schedule, warmup: { unit: 'ratio', value: 0.1 } } };
    expect(adviceFor('spike', warm, {})).toBeNull();
  });
});
