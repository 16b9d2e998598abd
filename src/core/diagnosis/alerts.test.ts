import { describe, expect, it } from 'vitest';
import { AlertWatch, alertsNow, type AlertRules } from './alerts';
import { exampleRun } from '../run/example-run';
import type { RunView } from '../run/view';

const ALL: AlertRules = { on: { retention: true, 'not-finite': true, divergence: true, plateau: true }, retentionLine: 0.95 };
const kinds = (run: RunView, rules = ALL) => alertsNow(run, rules).map(({ kind }) => kind);
/** Held-out losses of a general channel and the domain; retention is e^(base − now) of the one. */
const measured = (en: number[], domain = en.map((_, at) => 5 - at)): RunView => ({
  ...exampleRun({ zh: en, en, domain }),
  retentionSeries: { x: en.map((_, at) => at * 10), y: en.map((loss) => Math.exp(en[0]! - loss)) },
});
const trained = (losses: Record<string, number[]>): RunView => ({
  ...exampleRun({ zh: [4], en: [3], domain: [5] }),
  train: Object.fromEntries(Object.entries(losses).map(([id, y]) => [id, { x: y.map((_, at) => at), y }])),
});

describe('alertsNow', () => {
  it('calls for retention below the line of the person, at the step where it was measured', () => {
    // e^-0.06 = 0.9418, e^-0.05 = 0.9512
    expect(alertsNow(measured([4, 4.06]), ALL)).toMatchObject([
      { kind: 'retention', step: 10, values: { retention: expect.closeTo(0.94176, 4), line: 0.95 } },
    ]);
    expect(kinds(measured([4, 4.05]))).toEqual([]);
    expect(kinds(measured([4, 4.05]), { ...ALL, retentionLine: 0.98 })).toEqual(['retention']);
    expect(kinds(measured([4, 4.06]), { ...ALL, on: { ...ALL.on, retention: false } })).toEqual([]);
  });

  it('calls for a number that is none, logged or the run’s end', () => {
    const run = trained({ en: [3, 3, NaN, 3] });
    expect(alertsNow({ ...run, train: { en: { ...run.train['en']!, broken: [2] } } }, ALL)).toMatchObject([
      { kind: 'not-finite', step: 2 },
    ]);
    // A gap is none.
    expect(kinds(run)).toEqual([]);
    const error = { code: 'gradient-not-finite', message: '', values: {} } as const;
    expect(kinds({ ...run, state: 'failed', error, events: [{ type: 'failed', step: 50, at: null, error }] })).toEqual(['not-finite']);
  });

  it('calls when the channels climb away from their lowest, not when the mixture moves between them', () => {
    const falling = Array.from({ length: 40 }, (_, at) => 5 - at / 20);
    const climbing = [...falling, ...Array.from({ length: 30 }, (_, at) => 3 + at / 10)];
    expect(kinds(trained({ en: climbing, domain: climbing }))).toEqual(['divergence']);
    expect(kinds(trained({ en: climbing.slice(0, 44), domain: climbing.slice(0, 44) }))).toEqual([]);
    // At once, from the base's 3 and 5 on: what was lowest is far above them.
    const leapt = Array.from({ length: 12 }, (_, at) => 17 - at);
    expect(kinds(trained({ en: leapt, domain: leapt }))).toEqual(['divergence']);
    // The total rises by a nat as the hard channel gets all of the rows.
    const total = [...Array.from({ length: 40 }, () => 3), ...Array.from({ length: 30 }, () => 4)];
    const first = total.map((_, at) => (at < 40 ? 3 : NaN));
    const second = total.map((_, at) => (at < 40 ? NaN : 4));
    expect(kinds(trained({ en: first, domain: second, total }))).toEqual([]);
    // Noise of ± 0.4 nats about a level.
    expect(kinds(trained({ en: total.map((_, at) => 3 + 0.4 * (at % 2 === 0 ? 1 : -1)) }))).toEqual([]);
  });

  it('calls for a domain that four evaluations did not lower, when asked to', () => {
    const flat = [4, 4, 4, 4, 4, 4];
    expect(kinds(measured(flat, [5, 4, 3.995, 3.992, 3.991, 3.991]))).toEqual(['plateau']);
    expect(kinds(measured(flat, [5, 4, 3.995, 3.992, 3.991, 3.98]))).toEqual([]);
    expect(kinds(measured(flat, [5, 4, 3.995, 3.992, 3.991, 3.991]), { ...ALL, on: { ...ALL.on, plateau: false } })).toEqual([]);
  });
});

describe('AlertWatch', () => {
  it('tells each crossing once, and again after it has gone back', () => {
    const watch = new AlertWatch();
    const look = (...en: number[]) => watch.look(measured(en), ALL).map(({ kind }) => kind);
    expect(look(4, 4)).toEqual([]);
    expect(look(4, 4, 4.1)).toEqual(['retention']);
    expect(look(4, 4, 4.1, 4.2)).toEqual([]);
    expect(look(4, 4, 4.1, 4.2, 4)).toEqual([]);
    expect(look(4, 4, 4.1, 4.2, 4, 4.1)).toEqual(['retention']);
    // Another run begins anew.
    expect(watch.look({ ...measured([4, 4.1]), runId: 'other' }, ALL)).toHaveLength(1);
  });

  it('is silent about a stored run, and tells how one that it saw train has ended', () => {
    const watch = new AlertWatch();
    const ended: RunView = { ...measured([4, 4.1]), state: 'finished' };
    expect(watch.look(ended, ALL)).toEqual([]);
    expect(watch.look(measured([4]), ALL)).toEqual([]);
    expect(watch.look(ended, ALL)).toHaveLength(1);
  });
});
