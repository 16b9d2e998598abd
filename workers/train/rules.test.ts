import { describe, expect, it } from 'vitest';
import type { EvaluationRow } from '../../src/core/run/types';
import { tinyRecipe } from './fixtures/rehearsal';
import { etaSeconds, Pace } from './feed-sender';
import { evaluationsWithoutImprovement, ruleToStop } from './stopping';

const row = (step: number, general: number, domain: number): EvaluationRow => ({
  step,
  retention: null,
  channels: { general: { loss: general, tokens: 1, bytes: 1 }, domain: { loss: domain, tokens: 1, bytes: 1 } },
});
const recipe = (early: { patience: number; threshold: number } | null, retention: number | null) =>
  tinyRecipe({ stopping: { early, forgetting: retention === null ? null : { retention } } });

describe('stopping rules', () => {
  it('count evaluations since the domain last improved by more than the threshold', () => {
    const rows = [4, 3.5, 3.495, 3.489, 3.48].map((loss, at) => row(at, 3, loss));
    // 3.495 and 3.489 are not 0.01 below 3.5 (0.005, 0.011 is): the third after it is, and counts anew.
    expect(rows.map((_, at) => evaluationsWithoutImprovement(recipe(null, null), rows.slice(0, at + 1), 0.01))).toEqual([0, 0, 1, 0, 1]);
  });

  it('stop after `patience` evaluations without improvement, not before', () => {
    const rows = [4, 4, 4, 4].map((loss, at) => row(at, 3, loss));
    const rule = (count: number) => ruleToStop(recipe({ patience: 3, threshold: 0.01 }, null), rows.slice(0, count));
    expect([1, 2, 3, 4].map(rule)).toEqual([null, null, null, 'early-stop']);
  });

  it('stop when mean general retention is below its limit: exp(3 − 3.06) = 0.942', () => {
    const rule = (loss: number) => ruleToStop(recipe(null, 0.95), [row(0, 3, 4), row(1, loss, 2)]);
    expect(rule(3.06)).toBe('forgetting-stop');
    expect(rule(3.05)).toBeNull();
    expect(ruleToStop(recipe(null, null), [row(0, 3, 4), row(1, 9, 2)])).toBeNull();
  });
});

describe('Pace', () => {
  it('is a median that one slow step does not bend', () => {
    const pace = new Pace();
    expect(pace.median()).toBeNull();
    for (const ms of [100, 5000, 104]) pace.add(ms);
    expect(pace.median()).toBe(104);
    pace.add(106);
    expect(pace.median()).toBe(105);
  });

  it('forgets what is long ago', () => {
    const pace = new Pace();
    for (let at = 0; at < 40; at++) pace.add(1);
    for (let at = 0; at < 32; at++) pace.add(9);
    expect(pace.median()).toBe(9);
  });

  it('gives the time left, with the evaluations still to come', () => {
    // 10 of 20 steps at 100 ms left, and evaluations at 12, 16 and 20 of 500 ms each.
    expect(etaSeconds(10, 20, 4, 100, 500)).toBeCloseTo(2.5, 12);
    expect(etaSeconds(20, 20, 4, 100, 500)).toBe(0);
    expect(etaSeconds(0, 20, 4, null, 500)).toBeNull();
  });
});
