import { describe, expect, it } from 'vitest';
import fixtures from '../../../e2e/parity/fixtures/automation.json';
import { encodeRecipe, decodeRecipe } from '../recipe/share-link';
import { parseRecipe } from '../recipe/parse';
import type { RecipeInput } from '../recipe/schema';
import { recipeWith } from '../run/example-run';
import { adoStep, doremiStep, fitPowerLaw, MixtureRule, retentionStep, softmaxShares, stagedShares } from './automation';

const close = (found: readonly number[], wanted: readonly number[], digits = 12) => {
  expect(found).toHaveLength(wanted.length);
  found.forEach((value, at) => expect(value).toBeCloseTo(wanted[at]!, digits));
};
const { prior, losses } = fixtures;

describe('rules of the mixture', () => {
  it('softmax of losses at a temperature, as NumPy has it', () => {
    for (const { temperature, shares } of fixtures.softmax) close(softmaxShares(prior, losses, temperature), shares);
    expect(softmaxShares([0.5, 0.5], [2000, 1], 0.01)).toEqual([1, 0]);
  });

  it("DoReMi's step (LAWS 5), and six of them as NumPy has them", () => {
    close(doremiStep([0.25, 0.25, 0.25, 0.25], [0.1, 0.5, 0, -0.2], 1, 1e-3), [0.232495, 0.346718, 0.210394, 0.210394], 6);
    let alpha: readonly number[] = prior;
    fixtures.doremi.excess.forEach((excess, at) => {
      alpha = doremiStep(alpha, excess, fixtures.doremi.rate, fixtures.doremi.smoothing);
      close(alpha, fixtures.doremi.shares[at]!);
    });
  });

  it("ADO's decision (LAWS 5), and five of them as NumPy has them", () => {
    const laws = fixtures.ado.laws.map(([beta, epsilon, alpha]) => ({ beta: Math.exp(beta!), epsilon: Math.exp(epsilon!), alpha: alpha! }));
    const n = [5e4, 5e4, 5e4];
    close(
      laws.map(({ beta, epsilon, alpha }, k) => epsilon + beta * n[k]! ** -alpha),
      [2.400023, 2.235782, 2.492648],
      6,
    );
    const { preference, shares, state } = adoStep(prior, laws, n, prior, { average: prior, seen: prior, decisions: 1000 });
    close(preference, [0.635852, 0.313373, 0.050775], 6);
    close(shares, [0.513585, 0.301337, 0.185077], 6);
    expect(state.average[0]).toBeCloseTo(0.5 + (0.635852 - 0.5) / 1001, 8);
    let carried = { average: prior as readonly number[], seen: prior as readonly number[], decisions: 0 };
    const tokens = [0, 0, 0];
    fixtures.ado.counts.forEach((counts, at) => {
      counts.forEach((share, k) => (tokens[k]! += share * fixtures.ado.tokens));
      const step = adoStep(prior, laws, tokens, counts, carried);
      close(step.shares, fixtures.ado.shares[at]!);
      carried = step.state;
    });
  });

  it('fits a power law to a channel’s curve as NumPy does', () => {
    const { tokens, losses: measured, law } = fixtures.fit;
    const fitted = fitPowerLaw(tokens.map((n, at) => ({ tokens: n, loss: measured[at]! })))!;
    close([fitted.epsilon, fitted.beta, fitted.alpha], law, 7);
    expect(fitPowerLaw([{ tokens: 1, loss: 2 }])).toBeNull();
  });

  it('holds retention: up while there is room, down below the line, never beyond its bounds, at most 0.6 logits at once', () => {
    const bounds = { retention: 0.95, least: 0.05, most: 0.6 };
    const next = (share: number, now: number, before: number) =>
      retentionStep(share, now, { retention: before, gain: 4, move: 0 }, bounds).share;
    expect(next(0.3, 0.95, 0.95)).toBeCloseTo(0.3, 12);
    expect(next(0.3, 0.97, 0.97)).toBeGreaterThan(0.3);
    expect(next(0.3, 0.9, 0.9)).toBeLessThan(0.3);
    expect(next(0.3, 0.96, 0.99)).toBeLessThan(0.3);
    expect(next(0.58, 1.2, 0.9)).toBe(0.6);
    expect(next(0.06, 0.5, 0.9)).toBe(0.05);
    expect(next(0.5, 0.5, 0.9)).toBeCloseTo(1 / (1 + Math.exp(0.6)), 12);
    // What a bound cut off is not made up for: the first step back moves at once.
    expect(next(0.6, 0.94, 0.94)).toBeLessThan(0.6);
  });

  it.each(fixtures.control)('its step response is NumPy’s, and settles (answer $answer, lag $lag)', ({ retention, shares, end, least }) => {
    const bounds = { retention: 0.95, least: 0.01, most: 0.9 };
    let state = { retention: 1, gain: 4, move: 0 };
    let share = 1 / 6;
    const found = retention.map((now) => {
      ({ share, state } = retentionStep(share, now, state, bounds));
      return share;
    });
    close(found, shares, 9);
    expect(Math.abs(end - 0.95)).toBeLessThan(0.004);
    expect(least).toBeGreaterThan(0.94);
  });
});

const channels = [
  { id: 'en', corpus: 'en', role: 'general' as const, share: 0.5 },
  { id: 'zh', corpus: 'zh', role: 'general' as const, share: 0.3 },
  { id: 'law', corpus: 'law', role: 'domain' as const, share: 0.2 },
];
const automated = (automation: RecipeInput['automation'], more: Partial<RecipeInput> = {}) =>
  recipeWith({ channels, budget: { steps: 100 }, logging: { everySteps: 5 }, ...(automation ? { automation } : {}), ...more });

describe('stages', () => {
  const stages = [
    { step: 20, shares: { en: 0.4, zh: 0.2, law: 0.4 } },
    { step: 60, shares: { law: 1 } },
  ];
  it('begin at their steps, or are reached in straight lines', () => {
    const at = (between: 'hold' | 'linear', step: number) => {
      const recipe = automated({ kind: 'stages', between, stages });
      return Object.values(stagedShares(recipe, recipe.automation as never, step));
    };
    close(at('hold', 19), [0.5, 0.3, 0.2]);
    close(at('hold', 20), [0.4, 0.2, 0.4]);
    close(at('hold', 99), [0, 0, 1]);
    close(at('linear', 10), [0.45, 0.25, 0.3]);
    close(at('linear', 40), [0.2, 0.1, 0.7]);
    close(at('linear', 80), [0, 0, 1]);
  });

  it('leave to a hand what it holds', () => {
    const recipe = automated({ kind: 'stages', stages });
    const rule = new MixtureRule(recipe, recipe.automation!, { step: 0, channels: {}, retention: null });
    const now = { shares: { en: 0.5, zh: 0.3, law: 0.2 }, schedule: recipe.schedule };
    const nothing = { row: null, evaluation: null };
    expect(rule.decide(20, nothing, { ...now, held: ['law'] })).toMatchObject({ law: 0.2 });
    close(Object.values(rule.decide(20, nothing, { ...now, held: ['law'] })!), [0.8 * (2 / 3), 0.8 / 3, 0.2]);
    expect(rule.decide(20, nothing, { ...now, held: ['en', 'zh', 'law'] })).toBeNull();
    expect(rule.decide(21, nothing, now)).toBeNull();
  });
});

describe('the recipe', () => {
  it('goes through a share link with its automation, and is the same without', () => {
    const recipe = automated({ kind: 'hold-retention' });
    expect(recipe.automation).toEqual({ kind: 'hold-retention', retention: 0.95, least: 0.01, most: 0.9 });
    expect(decodeRecipe(encodeRecipe(recipe))).toEqual(recipe);
    expect('automation' in automated(undefined)).toBe(false);
  });

  it.each([
    ['strategy.kind', { kind: 'softmax' as const }, { strategy: { kind: 'domain-only' as const } }],
    ['phases.2.shares', { kind: 'ado' as const }, { phases: [{ steps: 50 }, { steps: 50, shares: { law: 1 } }] }],
    ['automation.kind', { kind: 'hold-retention' as const }, { channels: channels.slice(0, 2).map((c) => ({ ...c, share: 0.5 })) }],
    ['automation.least', { kind: 'hold-retention' as const, least: 0.5, most: 0.4 }, {}],
    ['automation.stages.1.step', { kind: 'stages' as const, stages: [{ step: 100, shares: { law: 1 } }] }, {}],
    ['automation.stages.1.shares', { kind: 'stages' as const, stages: [{ step: 9, shares: { law: 0.5 } }] }, {}],
    ['automation.stages.1.shares', { kind: 'stages' as const, stages: [{ step: 9, shares: { nobody: 1 } }] }, {}],
  ])('refuses by name: %s', (field, automation, more) => {
    const whole = { ...automated(undefined), ...more, automation };
    expect(() => parseRecipe(whole)).toThrowError(expect.objectContaining({ values: expect.objectContaining({ field }) }));
  });
});
