import { describe, expect, it } from 'vitest';
import fixture from '../../../e2e/parity/fixtures/laws.json';
import golden from '../../../public/recipes/golden-ratio.json';
import { StudioError } from '../errors';
import { domainShare } from '../recipe/edits';
import { parseRecipe } from '../recipe/parse';
import { rangeTestRates, suggestRange, sweepPresets, parseSweep, type SweepInput } from './schema';
import {
  gridOf,
  onRange,
  sobol,
  uniformPoints,
  nextJob,
  ranked,
  rungSteps,
  runsOnRungs,
  stoppedRuns,
  type Job,
  type RungResult,
} from './search';
import { plannedRuns, sweepCost } from './plan';

const base = parseRecipe(golden.recipe);
const plan = (change: Partial<SweepInput>): SweepInput => ({
  version: 1,
  name: 'test',
  base,
  axes: [{ field: 'schedule.peakLr', values: [1e-4, 3e-4] }],
  ...change,
});
const runsOf = (change: Partial<SweepInput>) => plannedRuns(parseSweep(plan(change)));
const refusal = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof StudioError) return { code: error.code, ...error.values };
    throw error;
  }
  return null;
};
const refused = (change: Partial<SweepInput>) => refusal(() => runsOf(change));

describe('planned runs', () => {
  it('lays out a grid with its seeds, the first seed first', () => {
    const runs = runsOf({
      axes: [
        { field: 'schedule.peakLr', factors: [0.1, 1] },
        { field: 'domainShare', values: [0, 0.25, 1] },
      ],
      seeds: [3, 4],
    });
    expect(runs.map(({ seed }) => seed)).toEqual([3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4]);
    expect(runs[1]!.setting).toEqual({ 'schedule.peakLr': base.schedule.peakLr * 0.1, domainShare: 0.25 });
    for (const { recipe, setting, seed } of runs) {
      expect(recipe.schedule.peakLr).toBe(setting['schedule.peakLr']);
      expect(domainShare(recipe)).toBeCloseTo(setting['domainShare'] as number, 12);
      expect(recipe.channels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
      expect(recipe.seed).toBe(seed);
    }
  });

  it('sets any field of the recipe, also ones that the base leaves out, shares with the others scaled, and the budget in tokens', () => {
    const perStep = base.batchSize * base.gradientAccumulationSteps * base.sequenceLength;
    const [first, second] = runsOf({
      axes: [
        { field: 'regularisation.l2sp.lambda', values: [0.1, 1] },
        { field: 'channels.domain.share', values: [0.1, 0.4] },
        { field: 'channels.code.share', values: [0.2, 0.1] },
        { field: 'tokens', values: [100 * perStep, 50 * perStep] },
        { field: 'schedule.kind', values: ['cosine', 'linear'] },
      ],
      method: { kind: 'list' },
    });
    expect(first!.recipe).toMatchObject({
      regularisation: { l2sp: { lambda: 0.1 } },
      budget: { steps: 100 },
      schedule: { kind: 'cosine' },
    });
    const shares = Object.fromEntries(second!.recipe.channels.map(({ id, share }) => [id, share]));
    expect(shares).toMatchObject({ domain: 0.4, code: 0.1 });
    expect(shares['zh']).toBeCloseTo(0.25, 12);
    expect(second!.recipe.budget.steps).toBe(50);
    const [mixed] = runsOf({ axes: [{ mixtures: [{ zh: 0.5, domain: 0.5 }] }] });
    expect(mixed!.recipe.channels.map(({ id, share }) => [id, share])).toEqual([
      ['zh', 0.5],
      ['en', 0],
      ['code', 0],
      ['domain', 0.5],
    ]);
  });

  it('draws at random from a seed, and by Sobol', () => {
    const axes: SweepInput['axes'] = [
      { field: 'schedule.peakLr', low: 1e-5, high: 1e-2, scale: 'log-uniform' },
      { field: 'domainShare', low: 0.1, high: 0.5, scale: 'uniform' },
      { field: 'budget.steps', low: 10, high: 20, scale: 'integer' },
      { field: 'schedule.kind', values: ['cosine', 'linear'] },
    ];
    const random = { axes, method: { kind: 'random' as const, runs: 40, seed: 5 } };
    expect(runsOf(random)).toEqual(runsOf(random));
    const rates = runsOf(random).map(({ recipe }) => recipe.schedule.peakLr);
    expect(new Set(rates).size).toBe(40);
    // As many below the middle of the logarithms as above, to chance.
    expect(Math.abs(rates.filter((rate) => rate < 10 ** -3.5).length - 20)).toBeLessThan(10);
    const spread = runsOf({ axes, method: { kind: 'sobol', runs: 4 } });
    expect(spread.map(({ recipe }) => recipe.schedule.peakLr).map((rate) => Number(rate.toPrecision(4)))).toEqual([
      1e-5, 3.162e-4, 1.778e-3, 5.623e-5,
    ]);
    expect(spread.map(({ recipe }) => recipe.schedule.kind)).toEqual(['cosine', 'linear', 'cosine', 'linear']);
  });

  it("has SciPy's Sobol points", () => {
    expect(sobol(8, 16)).toEqual(fixture.sobol);
    expect(() => sobol(9, 1)).toThrow(RangeError);
  });

  it('spans a range with both ends', () => {
    expect(gridOf(3, { low: 1, high: 100, scale: 'log-uniform' }).map((x) => Number(x.toFixed(9)))).toEqual([1, 10, 100]);
    expect(gridOf(5, { low: 1, high: 3, scale: 'integer' })).toEqual([1, 2, 3]);
    const whole = uniformPoints(1, 300, 2).map(([at]) => onRange(at!, { low: 1, high: 3, scale: 'integer' }));
    expect([1, 2, 3].map((value) => Math.round(whole.filter((one) => one === value).length / 100))).toEqual([1, 1, 1]);
  });
});

describe('bad plans are refused with the field', () => {
  it.each<[string, Partial<SweepInput>, Record<string, unknown>]>([
    ['no axis', { axes: [] }, { field: 'axes', accepted: '≥ 1' }],
    [
      '10⁶ runs',
      {
        axes: [
          { field: 'schedule.peakLr', low: 1e-5, high: 1e-3, scale: 'log-uniform', points: 100 },
          { field: 'domainShare', low: 0, high: 1, scale: 'uniform', points: 100 },
        ],
        seeds: Array.from({ length: 100 }, (_, seed) => seed),
      },
      { field: 'runs', value: '1000000', accepted: '≤ 2000' },
    ],
    ['10⁶ random runs', { method: { kind: 'random', runs: 1e6, seed: 1 } }, { field: 'runs', value: '1000000' }],
    ['more runs than its limit', { limits: { runs: 1 } }, { field: 'limits.runs', value: '2', accepted: '≤ 1' }],
    [
      'a mixture that does not sum',
      { axes: [{ mixtures: [{ zh: 0.5, domain: 0.6 }] }] },
      { field: 'axes.0.mixtures.0', value: 'Σ share = 1.1', accepted: 'Σ share = 1' },
    ],
    [
      'a mixture of an unknown channel',
      { axes: [{ mixtures: [{ zh: 0.5, law: 0.5 }] }] },
      { field: 'axes.0.mixtures.0.law', accepted: 'zh | en | code | domain' },
    ],
    [
      'shares beyond 1',
      {
        axes: [
          { field: 'channels.zh.share', values: [0.7] },
          { field: 'channels.en.share', values: [0.7] },
        ],
      },
      { field: 'channels.en.share', value: 'Σ share = 1.4' },
    ],
    [
      'a share of no number',
      { axes: [{ field: 'domainShare', values: [1.5] }] },
      { field: 'domainShare', value: '1.5', accepted: '0 … 1' },
    ],
    ['a field that does not exist', { axes: [{ field: 'schedule.peekLr', values: [1] }] }, { field: 'axes (schedule.peekLr)' }],
    [
      'a field of nothing',
      { axes: [{ field: 'lr', values: [1] }] },
      { field: 'lr', value: 'missing', accepted: expect.stringContaining('schedule') as string },
    ],
    [
      'a channel that is not there',
      { axes: [{ field: 'channels.law.share', values: [0.1] }] },
      { field: 'channels.law.share', accepted: 'zh | en | code | domain' },
    ],
    [
      'a value that the field refuses',
      { axes: [{ field: 'schedule.peakLr', values: [2] }] },
      { field: 'axes (schedule.peakLr)', value: '2', accepted: '≤ 1' },
    ],
    [
      'factors of no number',
      { axes: [{ field: 'schedule.kind', factors: [2] }] },
      { field: 'schedule.kind', accepted: 'number (factors)' },
    ],
    [
      'a range on its head',
      { axes: [{ field: 'domainShare', low: 0.5, high: 0.1, scale: 'uniform', points: 3 }] },
      { field: 'axes.0.low' },
    ],
    [
      'a grid over a range without points',
      { axes: [{ field: 'domainShare', low: 0, high: 1, scale: 'uniform' }] },
      { field: 'axes.0.points' },
    ],
    [
      'a logarithm of 0',
      { axes: [{ field: 'schedule.peakLr', low: 0, high: 1, scale: 'log-uniform', points: 3 }] },
      { field: 'axes.0.low', accepted: '> 0 (log-uniform)' },
    ],
    [
      'one field twice',
      {
        axes: [
          { field: 'seed', values: [1] },
          { field: 'seed', values: [2] },
        ],
      },
      { field: 'axes.1.field', value: 'seed' },
    ],
    ['seeds as an axis', { axes: [{ field: 'seed', values: [1] }] }, { field: 'axes.field', accepted: 'seeds: [1, 2, …]' }],
    [
      'lists of two lengths',
      {
        axes: [
          { field: 'domainShare', values: [0.1, 0.2] },
          { field: 'schedule.peakLr', values: [1e-3] },
        ],
        method: { kind: 'list' },
      },
      { field: 'axes.1' },
    ],
    ['a first rung beyond the last', { halving: { kind: 'asha', steps: base.budget.steps } }, { field: 'halving.steps' }],
    ['a word too many', { colour: 'red' } as Partial<SweepInput>, { field: 'colour', accepted: '—' }],
  ])('%s', (_, change, wanted) => {
    expect(refused(change)).toMatchObject({ code: 'sweep-invalid', ...wanted });
  });

  it("names the base recipe's own fault", () => {
    expect(refused({ base: { ...base, batchSize: 0 } })).toMatchObject({ code: 'recipe-invalid', field: 'batchSize' });
  });
});

describe('cost', () => {
  const perStep = base.batchSize * base.gradientAccumulationSteps * base.sequenceLength;
  const runs = runsOf({
    axes: [
      { field: 'budget.steps', values: [81] },
      { field: 'schedule.peakLr', low: 1e-5, high: 1e-3, scale: 'log-uniform', points: 9 },
    ],
  });

  it('counts tokens, and minutes with their interval from the speeds that were measured', () => {
    const cost = sweepCost({ limits: {} }, runs, [900, 1000, 1000, 1100]);
    expect(cost).toMatchObject({ runs: 9, tokens: 9 * 81 * perStep });
    expect(cost.minutes!.value).toBeCloseTo((9 * 81 * perStep) / 1000 / 60, 9);
    // NumPy's 5 and 95 % points of the speeds: 915 and 1085.
    expect(cost.minutes!.interval.high).toBeCloseTo((9 * 81 * perStep) / 915 / 60, 9);
    expect(cost.minutes!.interval.low).toBeCloseTo((9 * 81 * perStep) / 1085 / 60, 9);
    expect(sweepCost({ limits: {} }, runs, []).minutes).toBeNull();
  });

  it('counts what halving leaves: 9 × 9 + 3 × 18 + 1 × 54 steps of 9 × 81', () => {
    const cost = sweepCost({ limits: {}, halving: { kind: 'asha', reduction: 3, steps: 9, retention: 0.95 } }, runs, []);
    expect(cost.tokens).toBe((81 + 54 + 54) * perStep);
  });

  it('is refused over a limit', () => {
    expect(refusal(() => sweepCost({ limits: { tokens: 1000 } }, runs, []))).toMatchObject({ field: 'limits.tokens', accepted: '≤ 1000' });
    expect(refusal(() => sweepCost({ limits: { minutes: 1 } }, runs, [1]))).toMatchObject({ field: 'limits.minutes' });
  });
});

describe('successive halving', () => {
  it("has the rungs of the papers' tables", () => {
    // Hyperband, table 1: R 81, η 3, brackets s = 4 and 3.
    expect(rungSteps(1, 81, 3)).toEqual([1, 3, 9, 27, 81]);
    expect(runsOnRungs(81, 5, 3)).toEqual([81, 27, 9, 3, 1]);
    expect(runsOnRungs(34, 4, 3)).toEqual([34, 11, 3, 1]);
    // ASHA, figure 1: n 9, r 1, R 9.
    expect(runsOnRungs(9, 3, 3)).toEqual([9, 3, 1]);
    expect(rungSteps(20, 100, 3)).toEqual([20, 60, 100]);
  });

  it('ranks by gain within the retention line, then by what was kept, and what broke last', () => {
    const result = (run: number, gain: number, retention: number): RungResult => ({ run, rung: 0, gain, retention });
    const results = [
      result(0, 0.9, 0.9),
      result(1, 0.2, 0.97),
      result(2, 0.4, 0.96),
      result(3, NaN, 0.99),
      result(4, 2, 0.5),
      result(5, 0.4, 0.99),
    ];
    expect(ranked(results, 0.95).map(({ run }) => run)).toEqual([2, 5, 1, 0, 4, 3]);
  });

  /** Nine runs whose gain is their number, one worker: what is trained, in order. */
  const simulate = (kind: 'asha' | 'successive-halving', workers: number) => {
    const rule = { kind, reduction: 3, retention: 0.95 };
    const results: RungResult[] = [];
    const promoted: { run: number; rung: number }[] = [];
    const order: string[] = [];
    const underWay: { run: number; rung: number }[] = [];
    const gains = [3, 1, 4, 0.5, 5, 9, 2, 6, 0.7];
    let begun = 0;
    for (;;) {
      let job: Job = nextJob(rule, 3, 9, begun, results, promoted);
      while (underWay.length < workers && (job.kind === 'start' || job.kind === 'promote')) {
        if (job.kind === 'promote') promoted.push({ run: job.run, rung: job.rung });
        const next = job.kind === 'start' ? { run: begun++, rung: 0 } : { run: job.run, rung: job.rung };
        order.push(`${next.run}@${next.rung}`);
        underWay.push(next);
        job = nextJob(rule, 3, 9, begun, results, promoted);
      }
      if (underWay.length === 0) {
        expect(job.kind).toBe('done');
        return { order, stopped: stoppedRuns(rule, 3, 9, begun, results, promoted) };
      }
      const { run, rung } = underWay.shift()!;
      results.push({ run, rung, gain: gains[run]!, retention: 0.99 });
    }
  };

  it('waits for a rung, or promotes at once (by hand)', () => {
    const halving = simulate('successive-halving', 2);
    expect(halving.order.join(' ')).toBe('0@0 1@0 2@0 3@0 4@0 5@0 6@0 7@0 8@0 5@1 7@1 4@1 5@2');
    expect(Object.fromEntries(halving.stopped)).toEqual({ 0: 0, 1: 0, 2: 0, 3: 0, 6: 0, 8: 0, 7: 1, 4: 1 });
    // Of 0 1 2 the best third is 2, of 0 … 4 it is 4, of 0 … 5 it is 5 and 4, of 0 … 7 it is 5 and 7; of 2 4 5 on the rung above it is 5.
    const asha = simulate('asha', 1);
    expect(asha.order.join(' ')).toBe('0@0 1@0 2@0 2@1 3@0 4@0 4@1 5@0 5@1 5@2 6@0 7@0 7@1 8@0');
    expect(Object.fromEntries(asha.stopped)).toEqual({ 0: 0, 1: 0, 3: 0, 6: 0, 8: 0, 2: 1, 4: 1, 7: 1 });
  });

  it('goes on with what did not break', () => {
    const rule = { kind: 'successive-halving' as const, reduction: 3, retention: 0.95 };
    const rung = (at: number, gains: number[]) => gains.map((gain, run): RungResult => ({ run, rung: at, gain, retention: 1 }));
    const first = rung(0, [1, ...new Array<number>(8).fill(NaN)]);
    expect(nextJob(rule, 3, 9, 9, first, [])).toEqual({ kind: 'promote', run: 0, rung: 1 });
    expect(nextJob(rule, 3, 9, 9, [...first, ...rung(1, [1])], [{ run: 0, rung: 1 }])).toEqual({ kind: 'promote', run: 0, rung: 2 });
    expect(nextJob(rule, 3, 9, 9, first, [{ run: 0, rung: 1 }])).toEqual({ kind: 'wait' });
  });
});

describe('presets', () => {
  it('are plans that can be laid out', () => {
    const counts = Object.entries(sweepPresets).map(([name, preset]) => [name, plannedRuns(parseSweep(preset(base))).length]);
    expect(counts).toEqual([
      ['golden-ratio', 6],
      ['learning-rate', 5],
      ['warmup', 5],
      ['share-and-rate', 16],
    ]);
    const shares = plannedRuns(parseSweep(sweepPresets['golden-ratio'](base))).map(({ recipe }) => Number(domainShare(recipe).toFixed(3)));
    expect(shares).toEqual([0, 0.1, 0.167, 0.25, 0.5, 1]);
    const rates = plannedRuns(parseSweep(sweepPresets['learning-rate'](base))).map(
      ({ recipe }) => recipe.schedule.peakLr / base.schedule.peakLr,
    );
    expect(rates[0]).toBeCloseTo(0.1, 12);
    expect(rates[4]).toBeCloseTo(10, 12);
  });

  it('suggests rates by a range test', () => {
    const rates = rangeTestRates({ low: 1e-6, high: 1, steps: 121 });
    expect(rates[0]).toBe(1e-6);
    expect(rates[120]).toBeCloseTo(1, 12);
    expect(rates[60]).toBeCloseTo(1e-3, 12);
    // Falls fastest at 1e-4, is lowest near 1e-3 and breaks beyond 1e-2.
    const loss = (lr: number) => 4 - 1.5 / (1 + (1e-4 / lr) ** 1.5) + (lr / 1e-2) ** 2;
    const found = suggestRange(
      rates,
      rates.map((lr, step) => loss(lr) + 0.01 * Math.sin(step * 7)),
    )!;
    // The smoothed loss lags by ten steps, half a power of ten.
    expect(Math.abs(Math.log10(found.steepest / 1e-4))).toBeLessThan(0.7);
    expect(Math.abs(Math.log10(found.lowest / 2e-3))).toBeLessThan(0.7);
    expect(found.breaks!).toBeGreaterThan(1e-2);
    expect(found.from).toBeLessThan(found.to);
    expect(found.to).toBeLessThan(found.lowest);
    expect(
      suggestRange(
        rates,
        rates.map((lr) => 4 + lr),
      ),
    ).toBeNull();
    const broken = rates.map((lr) => (lr > 5e-3 ? NaN : loss(lr)));
    expect(suggestRange(rates, broken)!.breaks).toBeGreaterThan(5e-3);
  });
});
