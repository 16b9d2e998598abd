import { describe, expect, it } from 'vitest';
import fixture from '../../../e2e/parity/fixtures/laws.json';
import { fitChannels, shareRank } from './channel-laws';
import { readMeasuredRuns, type MeasuredRun } from './measured-runs';
import { decide } from './decision';
import { valuesOf } from './fit';
import { criticalOverTokens, DEFAULT_GOAL, recommend, type Goal, type Measured, type Recommendation } from './recommend';

const QUICK = { starts: 12, resamples: 40 };

const { pythia } = fixture;
const pythiaTable = (held: number | null) => {
  const rows = pythia.share.flatMap((share, at) =>
    at === held ? [] : [[share, pythia.losses.pile[at], pythia.losses.python[at]].join(',')],
  );
  return readMeasuredRuns(`Pile share,Pile loss,Python loss\n,${pythia.base.pile},${pythia.base.python}\n${rows.join('\n')}\n`);
};
const measuredOf = ({ runs, channels, base }: ReturnType<typeof pythiaTable>): Measured => ({
  runs,
  channels,
  roles: { Pile: 'general', Python: 'domain' },
  base: base!,
});
const found = (result: ReturnType<typeof recommend>): Recommendation => {
  expect(result).not.toHaveProperty('code');
  return result as Recommendation;
};

describe('Pythia from Pile to Python, read from a table (LAWS 1)', () => {
  const table = pythiaTable(2);
  const laws = fitChannels(table.runs, table.channels, table.targets, QUICK);
  const goal: Goal = { ...DEFAULT_GOAL, tolerance: { kind: 'loss', value: 0 } };
  const recommendation = found(recommend(measuredOf(table), laws, goal));

  it('gives the critical share of Pile, 0.283 … 0.286, and its interval', () => {
    const { general, domain } = recommendation.critical!;
    expect(general.value).toBeGreaterThan(0.283);
    expect(general.value).toBeLessThan(0.286);
    expect(domain.value + general.value).toBeCloseTo(1, 12);
    expect(general.interval!.low).toBeLessThan(general.value);
    expect(general.interval!.high).toBeGreaterThan(general.value);
    expect(recommendation.share!.value).toBeCloseTo(domain.value, 12);
    expect(recommendation.retention!.value).toBeCloseTo(1, 4);
  });

  it('predicts the mixture that was kept back, within 0.002', () => {
    const share = pythia.share[2]!;
    const [pile, python] = laws.map((law) => law.predict({ Pile: share, Python: 1 - share })!);
    expect(Math.abs(pile!.loss - pythia.losses.pile[2]!)).toBeLessThan(0.002);
    expect(Math.abs(python!.loss - pythia.losses.python[2]!)).toBeLessThan(0.002);
    expect(pile!.interval!.low).toBeLessThan(pythia.losses.pile[2]!);
    expect(pile!.interval!.high).toBeGreaterThan(pythia.losses.pile[2]!);
  });

  it('names the forms with their errors, and what the table does not tell', () => {
    expect(laws[0]!.best!.law).toBe('exponential');
    expect(laws[0]!.candidates.map(({ law }) => law).sort()).toEqual([
      'dcpt',
      'exponential',
      'exponential-log',
      'least-squares',
      'power-ridge',
    ]);
    expect(laws[0]!.findings).toContainEqual({ code: 'constant', values: { variable: 'tokens', value: '?' } });
    expect(recommendation.proxy).toEqual({ size: null, correlation: null, worth: 'unknown', sizes: 0 });
    expect(recommendation.golden).toMatchObject({ reason: 'not-measured', retention: null });
    expect(recommendation.rate.refusal).toEqual({ code: 'too-few', values: { settings: 0, needed: 3 } });
  });

  it('believes no more parameters than five mixtures show', () => {
    const all = pythiaTable(null);
    const [pile] = fitChannels(all.runs, all.channels, ['Pile'], QUICK);
    expect(pile!.best!.law).toBe('exponential');
    // Where the measured losses cross the base's by a line: 0.2797. As SciPy has it: 0.28168 by least squares of the losses, 0.28442 by
    // the correlation of logarithms, 0.27863 … 0.28448 with one of the five left out.
    const {
      recommendation: five,
      byForm,
      leftOut,
      atBase,
    } = decide({ ...measuredOf(all), targets: all.targets }, fitChannels(all.runs, all.channels, all.targets, QUICK), goal, QUICK);
    expect(five!.critical!.general.value).toBeCloseTo(0.28168, 4);
    const under = Object.fromEntries(byForm.map(({ law, general }) => [law, general?.value]));
    expect(under['exponential']).toBeCloseTo(0.28168, 4);
    expect(under['exponential-log']).toBeCloseTo(0.28442, 4);
    expect(leftOut.map(({ setting }) => setting)).toEqual(pythia.share);
    [0.28238, 0.28448, 0.2831, 0.27863, 0.27965].forEach((value, at) => expect(leftOut[at]!.general).toBeCloseTo(value, 3));
    expect(atBase!.value).toBeCloseTo(0.28168, 4);
  });

  it('predicts a run that the table keeps back, with the scatter of one run', () => {
    const kept = pythiaTable(null);
    const runs = kept.runs.map((one, at) => ({ ...one, heldOut: at === 2 }));
    const { checks, recommendation: of } = decide(
      { ...measuredOf(kept), runs, targets: kept.targets },
      fitChannels(runs, kept.channels, kept.targets, QUICK),
      goal,
      QUICK,
    );
    expect(of!.critical!.general.value).toBeCloseTo(0.2831, 4);
    expect(checks).toHaveLength(1);
    for (const { predicted, measured } of checks[0]!.channels) {
      expect(Math.abs(predicted.value - measured)).toBeLessThan(0.002);
      expect(predicted.interval!.low).toBeLessThan(measured);
      expect(predicted.interval!.high).toBeGreaterThan(measured);
    }
  });
});

describe('refusals', () => {
  it('refuses losses that go up and down along the share (LAWS 1)', () => {
    const table = readMeasuredRuns(
      'name,github,pile-cc share,github loss,pile-cc loss\na,,.75,1.481441,3.455093\nb,,.625,1.428290,3.406490\nc,,.5,1.366049,3.459762\nd,,.375,1.328847,3.520093\ne,,.25,1.292771,3.598626',
    );
    const [github, pile] = fitChannels(table.runs, table.channels, table.targets, QUICK);
    expect(github!.best).not.toBeNull();
    expect(pile!.best).toBeNull();
    expect(pile!.refusal!.code).toBe('not-monotone');
    expect(pile!.refusal!.values['against']).toBeCloseTo(3.455093 - 3.40649, 9);
    const base = { github: 2, 'pile-cc': 3.5 };
    expect(recommend({ ...table, base, roles: { github: 'domain', 'pile-cc': 'general' } }, [github!, pile!])).toMatchObject({
      code: 'not-monotone',
    });
  });

  it('takes a general channel that hardly moved as constant', () => {
    const runs = [0.05, 0.2, 0.4, 0.6, 0.8].map((share, at) =>
      run(
        { en: (1 - share) / 2, zh: (1 - share) / 2, domain: share },
        { en: 2.5 + 0.2 * Math.exp(2 * share - 2), zh: [3.001, 3, 3.004, 3.002, 2.999][at]!, domain: 2 + Math.exp(-3 * share) },
      ),
    );
    const channels = ['en', 'zh', 'domain'];
    const laws = fitChannels(runs, channels, channels, QUICK);
    expect(laws[1]!.refusal!.code).toBe('not-monotone');
    const roles = { en: 'general', zh: 'general', domain: 'domain' } as const;
    const measured = { runs, channels, roles, base: { en: 2.5, zh: 3, domain: 4 } };
    const { findings, losses } = found(recommend(measured, laws));
    expect(findings).toContainEqual({ code: 'flat-channel', values: { channel: 'zh', range: expect.closeTo(0.005, 9) as number } });
    expect(losses['zh']!.value).toBeCloseTo(3.0012, 9);
    // Of the domain it would decide nothing.
    expect(recommend({ ...measured, roles: { ...roles, zh: 'domain' } }, laws)).toMatchObject({ code: 'not-monotone' });
  });

  it('refuses noise, and shares that do not vary', () => {
    const noisy = [3.1, 2.7, 3.2, 2.8, 3.05, 2.75, 3.15, 2.9].map((loss, at) => run({ a: 0.1 + 0.1 * at, b: 0.9 - 0.1 * at }, { a: loss }));
    expect(fitChannels(noisy, ['a', 'b'], ['a'], QUICK)[0]!.refusal!.code).toBe('predicts-nothing');
    const still = [3, 2.9, 2.8, 2.7].map((loss) => run({ a: 0.5, b: 0.5 }, { a: loss }));
    expect(fitChannels(still, ['a', 'b'], ['a'], QUICK)[0]!.refusal).toEqual({ code: 'no-variation', values: { variable: 'share' } });
  });

  it('needs the losses of the base', () => {
    const { runs, channels, targets } = pythiaTable(2);
    const laws = fitChannels(runs, channels, targets, QUICK);
    expect(recommend({ ...measuredOf(pythiaTable(2)), base: { Pile: 2.87 } }, laws)).toEqual({
      code: 'no-base',
      values: { channel: 'Python' },
    });
  });
});

function run(shares: Record<string, number>, losses: Record<string, number>, more: Partial<MeasuredRun> = {}): MeasuredRun {
  return {
    name: null,
    shares,
    losses,
    lr: null,
    warmup: null,
    tokens: null,
    size: null,
    epochs: null,
    seed: null,
    heldOut: false,
    ...more,
  };
}

describe('26 mixtures of five channels, eight kept back', () => {
  const { channels, mixtures, losses, kept } = fixture.many;
  const runs = mixtures.map((mixture, at) => run(named(mixture), named(losses[at]!)));
  function named(values: readonly number[]) {
    return Object.fromEntries(channels.map((id, at) => [id, values[at]!]));
  }

  it('takes the law that made them, by leave-one-out error, and predicts what was kept back', () => {
    expect(shareRank(runs, channels)).toBe(4);
    for (const law of fitChannels(runs.slice(0, kept), channels, ['en', 'domain'], { starts: 20, resamples: 24 })) {
      expect(law.best!.law).toBe('exponential-many');
      expect(law.candidates.map(({ fit }) => fit!.leaveOneOut!.r2 > 0.8)).toEqual([true, true, true]);
      for (const { shares, losses: measured } of runs.slice(kept))
        expect(Math.abs(law.predict(shares)!.loss - measured[law.channel]!)).toBeLessThan(0.012);
    }
  });
});

describe('a sweep of shares, rates and warmups', () => {
  const base = { zh: 2.5, en: 2.7, domain: 3.2 };
  const roles = { zh: 'general', en: 'general', domain: 'domain' } as const;
  const mix = (domain: number) => ({ zh: (1 - domain) / 2, en: (1 - domain) / 2, domain });
  const noise = (seed: number) => 0.002 * (seed - 2);
  const losses = (domain: number, lr: number, warmup: number, seed: number) => {
    const bend = 0.04 * Math.log(lr / 3e-4) ** 2 + 0.3 * (warmup - 0.05) ** 2;
    const forgotten = 0.03 * Math.sqrt(lr / 3e-4);
    const broke = lr > 5e-3;
    const general = (start: number, own: number) => (broke ? Infinity : start - 0.1 + 0.35 * Math.exp(-6 * own) + forgotten + noise(seed));
    return {
      zh: general(2.5, (1 - domain) / 2),
      en: general(2.7, (1 - domain) / 2),
      domain: broke ? Infinity : 2.1 + 0.8 * Math.exp(-5 * domain) + bend + noise(seed),
    };
  };
  const of = (domain: number, lr: number, warmup: number, seed: number) =>
    run(mix(domain), losses(domain, lr, warmup, seed), { lr, warmup, seed, tokens: 1e6, size: 1e6 });
  const seeds = [1, 2, 3];
  const runs = [
    ...[0.05, 1 / 6, 0.3, 0.5, 0.7, 0.9].flatMap((share) => seeds.map((seed) => of(share, 3e-4, 0.05, seed))),
    ...[3e-5, 1e-4, 1e-3, 3e-3, 1e-2].flatMap((lr) => seeds.map((seed) => of(1 / 6, lr, 0.05, seed))),
    ...[0, 0.1, 0.3].flatMap((warmup) => seeds.map((seed) => of(1 / 6, 3e-4, warmup, seed))),
  ];
  const measured: Measured = { runs, channels: ['zh', 'en', 'domain'], roles, base };
  const laws = fitChannels(runs, measured.channels, measured.channels, QUICK);
  const recommendation = found(recommend(measured, laws, { ...DEFAULT_GOAL, uniqueDomainTokens: 1e5, tokens: 1e6 }));
  /** Where retention crosses 0.95 by the law that made the runs: −0.1 + 0.35·e^(−3(1 − r)) + 0.03 = −ln 0.95. */
  const truth = 1 + Math.log((0.07 - Math.log(0.95)) / 0.35) / 3;

  it('recommends the share at the tolerance, the best rate and warmup', () => {
    expect(Math.abs(recommendation.share!.value - truth)).toBeLessThan(0.01);
    expect(recommendation.share!.interval!.low).toBeLessThan(truth);
    expect(recommendation.share!.interval!.high).toBeGreaterThan(truth);
    expect(recommendation.retention!.value).toBeCloseTo(0.95, 3);
    expect(recommendation.losses['domain']!.value).toBeCloseTo(2.1 + 0.8 * Math.exp(-5 * recommendation.share!.value), 2);
    expect(Object.values(recommendation.mixture!).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(recommendation.rate.best!.value / 3e-4).toBeCloseTo(1, 1);
    expect(recommendation.rate).toMatchObject({ limitedBy: 'optimum', edge: { holds: 3e-3, breaks: 1e-2 } });
    expect(recommendation.warmup.best!.value).toBeCloseTo(0.05, 2);
  });

  it('takes the runs of the best rate where every rate has as many shares', () => {
    const cross = [1e-4, 3e-4, 3e-3].flatMap((lr) => [0.05, 1 / 6, 0.3, 0.5, 0.7].map((share) => of(share, lr, 0.05, 2)));
    for (const order of [cross, [...cross].reverse()])
      for (const { held, findings } of fitChannels(order, measured.channels, measured.channels, QUICK)) {
        expect(held.lr).toBe(3e-4);
        expect(findings.find(({ code }) => code === 'subset')!.values).toMatchObject({ runs: 5, of: 15 });
      }
  });

  it('weighs a domain gain against retention where it is told its worth', () => {
    const thrifty = found(recommend(measured, laws, { ...DEFAULT_GOAL, worth: 0.2 })).share!.value;
    expect(thrifty).toBeLessThan(recommendation.share!.value - 0.05);
    expect(thrifty).toBeGreaterThan(0.05);
  });

  it('holds the golden ratio against it, the front, the repeats and the worth of a proxy', () => {
    expect(recommendation.golden).toMatchObject({ reason: 'room-for-more', distance: recommendation.share!.value - 1 / 6 });
    expect(recommendation.trade.front.some(({ run: index }) => index === null)).toBe(true);
    expect(recommendation.trade.measured.length).toBe(runs.length - seeds.length);
    expect(recommendation.repeats!.epochs).toBeCloseTo(recommendation.share!.value * 10, 9);
    expect(recommendation.proxy).toEqual({ size: 1e6, correlation: 0.73, worth: 'lesson', sizes: 1 });
    const larger = runs.map((one) => ({ ...one, size: 7e7 }));
    expect(found(recommend({ ...measured, runs: larger }, laws)).proxy).toMatchObject({ correlation: 0.89, worth: 'forecast' });
    expect(laws[0]!.findings.find(({ code }) => code === 'subset')!.values).toMatchObject({ runs: 18, of: 39 });
  });

  it('follows the critical ratio over budgets (CMR)', () => {
    const budgets = [1e9, 2e9, 4e9, 8e9];
    /** Forgetting grows with the tokens, so that the ratio falls. */
    const swept = budgets.flatMap((tokens) =>
      [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => {
        const general = 0.02 * Math.log2(tokens / 5e8) + 0.3 * Math.exp(-4 * (1 - share)) - 0.05;
        return run({ en: 1 - share, domain: share }, { en: 2.5 + general, domain: 2 + Math.exp(-3 * share) }, { tokens });
      }),
    );
    const two: Measured = {
      runs: swept,
      channels: ['en', 'domain'],
      roles: { en: 'general', domain: 'domain' },
      base: { en: 2.5, domain: 3 },
    };
    const { fit } = criticalOverTokens(two, ['en', 'domain'], DEFAULT_GOAL, { starts: 12, resamples: 4 });
    const truth = budgets.map((tokens) => 1 + Math.log((0.05 - Math.log(0.95) - 0.02 * Math.log2(tokens / 5e8)) / 0.3) / 4);
    const [a, s, b] = valuesOf(fit!);
    truth.forEach((critical, at) => expect(Math.abs(a! * (budgets[at]! / 0.2e9) ** s! + b! - critical)).toBeLessThan(0.01));
  });

  it('says when no share is within the tolerance, or all are', () => {
    const strict = found(recommend(measured, laws, { ...DEFAULT_GOAL, tolerance: { kind: 'retention', value: 0.9999 }, worth: null }));
    expect(strict.critical === null || strict.critical.domain.value < 0.7).toBe(true);
    const lax = found(recommend(measured, laws, { ...DEFAULT_GOAL, tolerance: { kind: 'retention', value: 0.5 } }));
    expect(lax.findings).toContainEqual({ code: 'at-edge', values: { variable: 'share', value: 0.9, side: 'high' } });
    const none = found(recommend(measured, laws, { ...DEFAULT_GOAL, tolerance: { kind: 'retention', value: 1.2 } }));
    expect(none).toMatchObject({ share: null, critical: null, mixture: null });
  });
});
