/**
 * A run's curves ahead of it: the law of its dynamics, fitted to the held-out losses so far, and what it says of the steps to come. What it said of the plan is
 * kept in the run's record and set against what then happened.
 */
import type { LookAhead, LookAheadChannel, LookAheadScore, LookAheadKind } from '../../src/contract/library';
import { fitDynamics, lookAhead, type Ahead, type DynamicsFit } from '../../src/core/laws/dynamics';
import { rateAt } from '../../src/core/recipe/phases';
import { settingsAt } from '../../src/core/run/live-changes';
import type { EvaluationRow, Forecast, RunRecord } from '../../src/core/run/types';
import { readMetrics, readRun, updateRun } from '../storage/runs';

/** Held-out losses that a fit needs: its five parameters and as many again to judge them by. */
const LEAST_POINTS = 10;
/** The law is of one mixture: a domain that got another share learns another curve. */
const MOST_MOVED = 0.02;
/** Enough for a curve of some dozen points; the fit of a channel takes about a second. */
const EFFORT = { starts: 12, resamples: 40 };
/** Points drawn ahead. */
const AHEAD_POINTS = 40;
const MOST_FORECASTS = 200;

/** @param more steps that "keep the rate" and "decay now" go on for */
export async function lookAheadOf(id: string, more: number): Promise<LookAhead> {
  const record = await readRun(id);
  const { evaluations } = await readMetrics(id);
  const last = evaluations.at(-1)?.step ?? 0;
  const { recipe, changes } = record;
  const planned = Array.from({ length: Math.max(recipe.budget.steps, last) }, (_, step) =>
    rateAt(recipe, settingsAt(recipe, changes, step).schedule, step),
  );
  const rates = planned.slice(0, last);
  const ways: Record<LookAheadKind, Ahead> = {
    'as-planned': { kind: 'as-planned', rates: planned.slice(last) },
    'decay-now': { kind: 'decay-now', steps: more, floor: 0 },
    hold: { kind: 'hold', steps: more },
  };
  const moved = mostMoved(record, last);
  const channels: LookAheadChannel[] = [];
  const forecasts: Forecast[] = [];
  for (const { id: channel } of recipe.channels) {
    const curve = evaluations.flatMap(({ step, channels: of }) => (of[channel] ? [{ step, loss: of[channel].loss }] : []));
    // What else the library is asked for comes in between two fits.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const refused = (code: string, values: Record<string, number> = {}) =>
      channels.push({ channel, curve, refusal: { code, values }, ways: null });
    if (moved > MOST_MOVED) {
      refused('mixture-moved', { moved });
      continue;
    }
    if (curve.length < LEAST_POINTS) {
      refused('too-few', { points: curve.length, needed: LEAST_POINTS });
      continue;
    }
    const { fitted, refusal } = fitDynamics(curve, rates, null, EFFORT);
    if (refusal) {
      refused(refusal.code);
      continue;
    }
    if (fitted.fit.findings.some(({ code }) => code === 'poor-fit')) {
      refused('poor-fit');
      continue;
    }
    const drawn = drawAhead(fitted, rates, ways);
    channels.push({ channel, curve, refusal: null, ways: drawn });
    const next = last + recipe.evaluation.everySteps;
    for (const point of drawn['as-planned'] ?? [])
      if (point.low !== null && point.high !== null && (point.step === next || point.step === recipe.budget.steps))
        forecasts.push({ from: last, channel, step: point.step, loss: point.loss, low: point.low, high: point.high });
  }
  const kept = await keep(record, forecasts);
  return { step: last, steps: recipe.budget.steps, channels, score: scoreOf(kept, evaluations, record) };
}

/** How far a channel's share went from the run's first. */
function mostMoved({ recipe, changes }: RunRecord, last: number): number {
  const first = settingsAt(recipe, [], 0).shares;
  const moves = changes.filter(({ step, settings }) => step < last && settings.shares);
  return Math.max(
    0,
    ...moves.flatMap(({ settings }) => Object.entries(settings.shares!).map(([id, share]) => Math.abs(share - (first[id] ?? 0)))),
  );
}

/** Each way's curve; null where the law knows nothing of it: without a fall of the rate so far nobody can tell what one would bring. */
function drawAhead(
  fitted: DynamicsFit,
  rates: readonly number[],
  ways: Record<LookAheadKind, Ahead>,
): NonNullable<LookAheadChannel['ways']> {
  const annealed = !fitted.fit.findings.some(({ code, values }) => code === 'constant' && values['variable'] === 'S2');
  const curve = (kind: LookAheadKind) => {
    const ahead = ways[kind];
    const steps = ahead.kind === 'as-planned' ? ahead.rates.length : ahead.steps;
    const falls = kind === 'decay-now' || (ahead.kind === 'as-planned' && ahead.rates.some((rate) => rate < 0.99 * (rates.at(-1) ?? rate)));
    if (steps === 0 || (falls && !annealed)) return null;
    return lookAhead(fitted, rates, ahead, Math.max(1, Math.floor(steps / AHEAD_POINTS))).map(({ step, loss, interval }) => ({
      step,
      loss,
      low: interval?.low ?? null,
      high: interval?.high ?? null,
    }));
  };
  return { 'as-planned': curve('as-planned'), 'decay-now': curve('decay-now'), hold: curve('hold') };
}

/** What is said twice of the same step from the same place is kept once. */
async function keep({ id, forecasts: before = [] }: RunRecord, said: readonly Forecast[]): Promise<readonly Forecast[]> {
  const known = new Set(before.map(({ from, channel, step }) => `${from} ${channel} ${step}`));
  const fresh = said.filter(({ from, channel, step }) => !known.has(`${from} ${channel} ${step}`));
  if (fresh.length === 0) return before;
  const forecasts = [...before, ...fresh].slice(-MOST_FORECASTS);
  await updateRun(id, { forecasts });
  return forecasts;
}

/** Forecasts whose step has been evaluated since, by a run that went on as planned. */
function scoreOf(forecasts: readonly Forecast[], evaluations: readonly EvaluationRow[], { changes }: RunRecord): LookAheadScore {
  const errors = forecasts.flatMap(({ from, step, channel, loss, low, high }) => {
    const measured = evaluations.find((row) => row.step === step)?.channels[channel]?.loss;
    const changed = changes.some((change) => change.step >= from && change.step < step);
    return measured === undefined || changed ? [] : [{ error: Math.abs(measured - loss), within: measured >= low && measured <= high }];
  });
  const count = errors.length;
  return {
    count,
    within: errors.filter(({ within }) => within).length,
    error: count === 0 ? null : errors.reduce((sum, { error }) => sum + error, 0) / count,
  };
}
