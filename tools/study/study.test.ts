import { describe, expect, it } from 'vitest';
import echoPreset from '../../public/recipes/echo.json';
import preset from '../../public/recipes/golden-ratio.json';
import { parseRecipe } from '../../src/core/recipe/parse';
import { categoryChart } from '../../src/charts/still-charts';
import { svgMarkup } from '../../src/charts/svg';
import { outerTicks } from '../../src/charts/ticks';
import { findings, spikeOf } from './findings.mjs';
import { claims, MERGED, PLAIN, sameTime, sameTokens, settings, stepTimes, timingRuns } from './forget-less.mjs';
import { echoRuns, SHARES, studyRuns } from './plan.mjs';
import { echoTable } from './report.mjs';

const runs = studyRuns(preset.recipe, { steps: 240, seeds: [1, 2] });

describe('the plan', () => {
  it('crosses share, learning rate, warmup and strategy, each run once', () => {
    // A seed: 6 shares, 3 more learning rates, 3 more warmups, 3 more strategies.
    expect(runs).toHaveLength(2 * 15);
    expect(new Set(runs.map(({ id }) => id)).size).toBe(30);
    expect(runs.filter(({ seed, lrFactor, strategy }) => seed === 1 && lrFactor === 1 && strategy === 'mixed')).toHaveLength(SHARES.length);
  });

  it('makes recipes that the studio takes', () => {
    for (const { recipe, share } of runs) {
      const parsed = parseRecipe(recipe);
      const domain = parsed.channels.filter(({ role }) => role === 'domain').reduce((sum, channel) => sum + channel.share, 0);
      expect(domain).toBeCloseTo(share, 12);
    }
  });
});

it('sets the echo beside the domain alone and a true replay, at the same steps and at the same domain tokens', () => {
  const channel = echoPreset.recipe.channels.find((one) => 'generated' in one);
  const arms = echoRuns(preset.recipe, channel, { steps: 100, seeds: [1] });
  expect(arms.map(({ arm, steps }) => `${arm} ${steps}`)).toEqual(['domain-only 100', 'echo 100', 'replay 100', 'echo 200', 'replay 200']);
  const shares = arms.map(({ recipe }) => parseRecipe(recipe).channels.map(({ id, share }) => [id, Number(share.toFixed(4))]));
  const alone = [
    ['zh', 0],
    ['en', 0],
    ['code', 0],
    ['domain', 1],
  ];
  expect(shares[0]).toEqual(alone);
  expect(shares[1]).toEqual([...alone.slice(0, 3), ['domain', 0.5], ['echo', 0.5]]);
  expect(shares[2]!.map(([id]) => id)).toEqual(['zh', 'en', 'code', 'domain']);
  const measured = (gain: number, retention: number) => ({
    domainGain: [null, { value: gain }],
    meanRetention: [null, { value: retention }],
  });
  const table = echoTable(arms.map((run, at) => ({ ...run, mixture: measured(0.1 * at, 0.9) })));
  expect(table).toContain('| domain-only | 100 | 102400 | 0.0000 | 0.900 (0.900) |');
  expect(table).toContain('| echo | 200 | 102400 | 0.3000 |');
});

/** A result with these figures; general channels rise by `rises` at each evaluation. */
function result(run: (typeof runs)[number], gain: number, retention: number, rises: number[] = [0, 0.1, 0.05, 0]) {
  const interval = { low: retention - 0.01, high: retention + 0.01 };
  return {
    ...run,
    changed: run.lrFactor === 0 ? 0 : 38,
    parameters: 38,
    mixture: { domainGain: [null, { value: gain, interval }], meanRetention: [null, { value: retention, interval }], channels: [] },
    heldOut: Object.fromEntries(
      run.recipe.channels.map(({ id }: { id: string }) => [id, { x: [0, 80, 160, 240], y: rises.map((rise) => 4 + rise) }]),
    ),
  };
}

describe('the findings', () => {
  const textbook = runs.map((run) =>
    result(run, run.lrFactor === 0 ? 0 : 0.3, 1 - 0.1 * run.share * run.lrFactor, [0, 0.3 - run.warmup, 0.1, 0.05]),
  );
  const by = (results: unknown[]) => findings(results as Parameters<typeof findings>[0]).map(({ holds }) => holds);

  it('hold for figures that show each of them', () => {
    expect(by(textbook)).toEqual([true, true, true, true, true, true, true]);
  });

  it('are denied by figures that do not', () => {
    const upside = runs.map((run) => ({
      ...result(run, run.share === 1 ? 1 : 0.1, 0.5 + 0.2 * run.share + 0.01 * run.lrFactor + run.warmup, [0, run.warmup, 0.1, 0.05]),
      changed: 1,
    }));
    expect(by(upside)).toEqual([false, false, false, false, false, false, false]);
  });

  it('take the spike from the first third of the steps', () => {
    expect(spikeOf(result(runs[0]!, 0, 1, [0, 0.2, 0.7, 0.1]))).toEqual({ first: expect.closeTo(0.2, 12), end: expect.closeTo(0.1, 12) });
  });
});

describe('charts', () => {
  it('have round ticks that hold all values', () => {
    expect(outerTicks(0.93, 1.004, 4).ticks.map((tick) => Number(tick.toFixed(3)))).toEqual([0.92, 0.94, 0.96, 0.98, 1, 1.02]);
    expect(outerTicks(2, 2, 4).high).toBeGreaterThan(2);
  });

  it('draw points with their intervals and leave gaps', () => {
    const svg = svgMarkup(
      categoryChart({
        title: 'A < B',
        x: 'x',
        y: 'y',
        categories: ['one', 'two'],
        series: [{ name: 's', colour: '#123456', points: [{ y: 1, low: 0.5, high: 1.5 }, null] }],
      }),
    );
    expect(svg).toContain('A &lt; B');
    expect(svg.match(/r="3.5"/g)).toHaveLength(1);
  });
});

describe('forget less', () => {
  const echoChannel = echoPreset.recipe.channels.find((one) => 'generated' in one);
  const planned = sameTokens(preset.recipe, echoChannel, { steps: 80, seeds: [1, 2] });
  type Planned = (typeof planned)[number];
  const domainOf = ({ recipe }: Planned): number =>
    recipe.channels.reduce((sum: number, { role, share }: { role: string; share: number }) => sum + (role === 'domain' ? share : 0), 0);

  it('plans every method at three strengths, on the same tokens of domain, with recipes that the studio takes', () => {
    expect(new Set(planned.map(({ id }) => id)).size).toBe(planned.length);
    const methods = new Set(planned.map(({ method }) => method));
    for (const method of methods)
      expect(planned.filter((run) => run.seed === 1 && run.method === method)).toHaveLength(method === PLAIN ? 1 : 3);
    for (const run of planned) {
      parseRecipe(run.recipe);
      expect(run.recipe.budget.steps * domainOf(run)).toBeCloseTo(80, 0);
    }
  });

  /** Each method keeps `kept` and gains `gain`, at any strength. */
  const results = (figures: (run: Planned) => [gain: number, kept: number]) =>
    planned.map((run) => {
      const [gain, kept] = figures(run);
      const estimate = (value: number) => ({ value, interval: { low: value - 0.005, high: value + 0.005 } });
      const mixture = { domainGain: [null, estimate(gain)], meanRetention: [null, estimate(kept)] };
      const merged = run.merges?.map((factor) => ({
        domainGain: [null, estimate(gain * factor)],
        meanRetention: [null, estimate(1 - (1 - kept) * factor ** 2)],
      }));
      return { ...run, mixture, merged, seconds: { trained: 10, all: 10 } };
    });

  it('gives a method the steps that it makes in the time of plain training, by a ratio of medians of runs in turn', () => {
    const timing = timingRuns(preset.recipe, echoChannel);
    const methods = [...new Set(planned.map(({ method }) => method))];
    expect(timing.map(({ method }) => method)).toEqual([...methods, ...methods, ...methods]);
    expect(new Set(timing.map(({ id }) => id)).size).toBe(timing.length);
    // The machine is three times slower in the second round, and one step of each run stands still.
    const times = stepTimes(
      timing.map(({ method }, at) => {
        const slow = Math.floor(at / methods.length) === 1 ? 3 : 1;
        const ms = (method === 'EWC' ? 20 : method === 'last layers' ? 5 : 10) * slow;
        return { method, stepMs: [ms, ms, 50 * ms] };
      }),
    );
    expect(times).toMatchObject({ [PLAIN]: 1, EWC: 2, 'last layers': 0.5 });
    const timed = sameTime(preset.recipe, echoChannel, { steps: 80, seeds: [1] }, times);
    expect(timed.filter(({ method }) => method === PLAIN)).toEqual([]);
    expect(timed.find(({ method }) => method === 'EWC')!.recipe.budget.steps).toBe(40);
    expect(timed.find(({ method }) => method === 'LoRA')!.recipe.budget.steps).toBe(80);
    expect(timed.find(({ method }) => method === 'last layers')!.recipe.budget.steps).toBe(160);
  });

  it('claims what the figures show, with the merge fader among the methods', () => {
    const points = settings(
      results(({ method }) => (method === PLAIN ? [0.4, 0.85] : method.startsWith('replay') ? [0.39, 1] : [0.3, 0.96])),
      'tokens',
    );
    expect(points.filter(({ method }) => method === 'merge fader')).toHaveLength(MERGED.length);
    const found = claims(points);
    expect(found.slice(0, -2).every(({ holds }) => holds)).toBe(true);
    expect(found.at(-2)).toMatchObject({ holds: true });
    expect(found.at(-1)!.evidence).toContain('replay of general text');
    const upside = claims(
      settings(
        results(({ method }) => (method === PLAIN ? [0.4, 0.7] : [0.1, 0.6])),
        'tokens',
      ),
    );
    expect(upside.filter(({ claim }) => claim.includes('EWC') || claim.includes('LoRA')).map(({ holds }) => holds)).toEqual([false, false]);
    expect(upside.at(-1)!.holds).toBe(false);
  });
});
