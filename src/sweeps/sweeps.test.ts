import { describe, expect, it } from 'vitest';
import { recipeWith } from '../core/run/example-run';
import { plannedRuns } from '../core/sweep/plan';
import type { SweepRecord, SweepResult, SweepRun } from '../core/sweep/record';
import { parseSweep, sweepPresets } from '../core/sweep/schema';
import { sweepFields } from './fields';
import { checkDraft, draftOf, planOf, presetDraft, readNumber, readNumbers, writeNumber, type PlanDraft } from './plan-draft';
import { bestRun, countsOf, curveScale, figuresOf, leftOf, withLook } from './progress';

const base = recipeWith({ budget: { steps: 90 } });

describe('numbers as they are typed', () => {
  it('reads percent, fractions and powers', () => {
    expect(readNumbers('0, 10 %,1/6；10^-0.5 3e-4')).toEqual([0, 0.1, 1 / 6, 10 ** -0.5, 3e-4]);
    expect(readNumber('16.7%')).toBe(0.167);
    expect(readNumbers('1, ten')).toEqual([1, 'ten']);
  });

  it.each([0, 1 / 6, 10 ** -0.5, 10 ** 0.5, 0.1 + 0.2, 3e-4, 12345])('writes %d so that it reads back as the same', (value) => {
    expect(readNumber(writeNumber(value))).toBe(value);
  });
});

describe('a plan in fields', () => {
  it.each(Object.keys(sweepPresets) as (keyof typeof sweepPresets)[])('keeps the preset %s as it is', (preset) => {
    const plan = parseSweep(sweepPresets[preset](base));
    expect(parseSweep(planOf(draftOf(plan, plan.base)))).toEqual(plan);
  });

  it('keeps every form of axis, method, halving and limits', () => {
    const plan = parseSweep({
      version: 1,
      name: 'all',
      base,
      axes: [
        { field: 'schedule.peakLr', low: 1e-4, high: 1e-2, scale: 'log-uniform', points: 3 },
        { field: 'schedule.kind', values: ['cosine', 'wsd'] },
        { mixtures: [{ zh: 0.5, en: 0.25, domain: 0.25 }] },
      ],
      method: { kind: 'random', runs: 9, seed: 4 },
      seeds: [1, 2],
      halving: { kind: 'asha', reduction: 3, steps: 10, retention: 0.9 },
      keep: 'all',
      limits: { runs: 20, minutes: 7.5 },
    });
    expect(parseSweep(planOf(draftOf(plan, plan.base)))).toEqual(plan);
  });

  const draft = (change: Partial<PlanDraft>) => ({ ...presetDraft('learning-rate', base, 'rates'), ...change });
  const axis = (change: Partial<PlanDraft['axes'][number]>) => [{ ...draft({}).axes[0]!, ...change }];

  it('counts runs, tokens, minutes and the rungs of halving', () => {
    const checked = checkDraft(
      draft({
        axes: axis({ text: '1, 2, 3, 4, 5, 6, 7, 8, 9' }),
        halving: { kind: 'successive-halving', reduction: '3', steps: '10', retention: '0.95' },
      }),
      [],
    );
    expect(checked.refusal).toBeNull();
    if (checked.refusal) return;
    // 9 runs to step 10, 3 on to 30, 1 on to 90: 90 + 60 + 60 steps of 8 × 128 tokens.
    expect(checked.rungs).toEqual([
      { steps: 10, runs: 9 },
      { steps: 30, runs: 3 },
      { steps: 90, runs: 1 },
    ]);
    expect(checked.cost).toEqual({ runs: 9, tokens: 210 * 8 * 128, minutes: null });
  });

  it.each<[string, Partial<PlanDraft>, unknown]>([
    ['no axis', { axes: [] }, 'axes'],
    ['an axis without a field', { axes: axis({ field: '' }) }, 0],
    ['an axis without values', { axes: axis({ text: ' ' }) }, 0],
    ['a factor that is no number', { axes: axis({ text: '1, high' }) }, 0],
    ['a rate above 1', { axes: axis({ kind: 'values', text: '1e-3, 4' }) }, 0],
    ['a field that does not exist', { axes: axis({ kind: 'values', field: 'schedule.peak', text: '1' }) }, 0],
    ['a range upside down', { axes: axis({ kind: 'range', low: '1e-2', high: '1e-3' }) }, 0],
    ['shares that do not sum', { axes: axis({ kind: 'mixtures', field: '', mixtures: [{ zh: '50 %', en: '20 %', domain: '20 %' }] }) }, 0],
    ['too many runs', { axes: axis({ text: '1, 2' }), method: 'sobol', runs: '1000000' }, 'method'],
    ['a seed that is no number', { seeds: '1, x' }, 'seeds'],
    ['a first rung beyond the budget', { halving: { kind: 'asha', reduction: '3', steps: '90', retention: '0.95' } }, 'halving'],
    ['more runs than its limit', { limits: { runs: '3', tokens: '', minutes: '' } }, 'limits'],
    ['more tokens than its limit', { limits: { runs: '', tokens: '1000', minutes: '' } }, 'limits'],
    ['no name', { name: ' ' }, 'name'],
  ])('lays the refusal of %s at its field', (_, change, place) => {
    const { refusal } = checkDraft(draft(change), []);
    expect(refusal?.place).toBe(place);
    expect(refusal?.error.code).toBe('sweep-invalid');
  });

  it('refuses more minutes than the limit once a speed is known', () => {
    const limited = draft({ limits: { runs: '', tokens: '', minutes: '1' } });
    expect(checkDraft(limited, []).refusal).toBeNull();
    // 5 runs of 90 × 1024 tokens take 7.7 minutes at 1000 tokens/s.
    expect(checkDraft(limited, [1000]).refusal?.place).toBe('limits');
  });
});

describe('fields of a recipe', () => {
  it('are those that a sweep can vary, with their choices', () => {
    const fields = sweepFields(base);
    const paths = fields.map(({ path }) => path);
    expect(paths.slice(0, 4)).toEqual(['domainShare', 'channels.zh.share', 'channels.en.share', 'channels.domain.share']);
    expect(paths).toEqual(
      expect.arrayContaining(['schedule.peakLr', 'schedule.warmup.value', 'budget.steps', 'regularisation.l2sp.lambda', 'tokens']),
    );
    expect(paths.some((path) => /^(seed|name|base|version)$|method\.|generalRatio/.test(path))).toBe(false);
    expect(fields.find(({ path }) => path === 'schedule.kind')).toMatchObject({
      kind: 'choice',
      choices: ['constant', 'linear', 'cosine', 'wsd'],
      base: 'cosine',
    });
    expect(fields.find(({ path }) => path === 'tokens')?.base).toBe(90 * 8 * 128);
    const lora = sweepFields(recipeWith({ method: { kind: 'lora' } }));
    expect(lora.find(({ path }) => path === 'method.r')).toMatchObject({ kind: 'integer', base: 8 });
    expect(lora.some(({ path }) => path === 'method.lastLayers')).toBe(false);
  });

  it('can each be planned with the value that the recipe has', () => {
    for (const { path, base: value } of sweepFields(base)) {
      if (value === null) continue;
      const plan = parseSweep({ version: 1, name: 'one', base, axes: [{ field: path, values: [value] }] });
      expect(plannedRuns(plan), path).toHaveLength(1);
    }
  });
});

const plan = parseSweep({ version: 1, name: 'shares', base, axes: [{ field: 'domainShare', values: [0, 0.1, 0.2, 0.5] }] });
const result = (losses: SweepResult['losses'], tokens = 1000, seconds = 10): SweepResult => ({
  ...{ steps: 90, tokens, losses, seconds, train: {}, device: 'wasm' },
  heldOut: Object.fromEntries(Object.entries(losses).map(([id, loss]) => [id, { x: [0, 90], y: [4, loss] }])),
});
function sweepWith(runs: Partial<SweepRun>[]): SweepRecord {
  const planned = plannedRuns(plan).map((run, at): SweepRun => ({
    ...{ ...run, state: 'planned', run: null, rung: 0, error: null, result: null, measured: null },
    ...runs[at],
  }));
  const channels = base.channels.map(({ id, corpus, role }) => ({ id, corpus, role }));
  return {
    id: 's',
    name: 's',
    createdAt: 0,
    revision: 1,
    plan,
    state: 'running',
    channels,
    base: { zh: 4, en: 4, domain: 4 },
    size: null,
    runs: planned,
  };
}

describe('how a sweep stands', () => {
  const sweep = sweepWith([
    { state: 'finished', result: result({ zh: 4, en: 4, domain: 3.5 }) },
    { state: 'finished', result: result({ zh: 4.2, en: 4.2, domain: 3 }) },
    { state: 'training', run: 'r' },
    { state: 'dropped' },
  ]);

  it('tells gain and retention of a run against the base', () => {
    expect(figuresOf(sweep.runs[0]!, sweep)).toEqual({ gain: 0.5, retention: 1 });
    // e^−0.2 for both general channels.
    expect(figuresOf(sweep.runs[1]!, sweep).retention).toBeCloseTo(0.818731, 6);
    expect(figuresOf(sweep.runs[2]!, sweep)).toEqual({ gain: null, retention: null });
  });

  it('names the best run above the retention line, not the one that learnt most', () => {
    expect(bestRun(sweep)?.run.index).toBe(0);
    expect(countsOf(sweep)).toMatchObject({ finished: 2, training: 1, dropped: 1, all: 3, done: 2 });
  });

  it('tells what is left, with the time at the measured speeds', () => {
    const live = { r: { step: 45, tokens: 45 * 1024, heldOut: {} } };
    const left = leftOf(sweep, live, [512, 1024, 2048], 1);
    expect(left.tokens).toBe(45 * 1024);
    expect(left.minutes!.value).toBeCloseTo(45 / 60, 9);
    expect(left.minutes!.interval.high).toBeGreaterThan(left.minutes!.value);
    expect(leftOf(sweep, live, [1024], 2).minutes!.value).toBeCloseTo(45 / 120, 9);
    expect(leftOf(sweep, {}, [], 1)).toEqual({ tokens: 90 * 1024, minutes: null });
  });

  it('measures how fast one and two tabs are together', () => {
    let speeds = withLook({}, { a: 0 }, { a: 2000 }, 2);
    speeds = withLook(speeds, { a: 2000, b: 0 }, { a: 3500, b: 1500 }, 2);
    // One run begins in between: nobody knows how many tabs trained.
    speeds = withLook(speeds, { a: 3500 }, { a: 4000, b: 200 }, 2);
    speeds = withLook(speeds, { a: 3500, b: 1500 }, { b: 2500 }, 2);
    expect(speeds).toEqual({ 1: { tokens: 2000, seconds: 2 }, 2: { tokens: 3000, seconds: 2 } });
  });

  it('puts all curves on one scale that holds the base', () => {
    const { low, high } = curveScale(sweep)!;
    expect(low).toBeLessThan(-0.9);
    expect(high).toBeGreaterThan(0.18);
  });
});
