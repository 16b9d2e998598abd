import { expect, it } from 'vitest';
import { scoreOf } from './look-ahead';

const said = (from: number, step: number, loss: number) => ({ from, channel: 'en', step, loss, low: loss - 0.1, high: loss + 0.1 });
const measured = (step: number, loss: number) => ({ step, channels: { en: { loss, tokens: 1, bytes: 1 } }, retention: null });

it('scores what was said of the plan against what was then measured, and nothing across a change', () => {
  const evaluations = [measured(0, 3), measured(10, 2.8), measured(20, 2.5)];
  const forecasts = [said(0, 10, 2.75), said(0, 20, 2.7), said(10, 20, 2.52), said(10, 30, 2.4)];
  const score = scoreOf(forecasts, evaluations, { changes: [] });
  expect(score).toMatchObject({ count: 3, within: 2 });
  expect(score.error).toBeCloseTo((0.05 + 0.2 + 0.02) / 3, 12);
  // Settings moved before step 15: only what ended before then was of the plan.
  expect(scoreOf(forecasts, evaluations, { changes: [{ step: 15, at: 0, settings: {} }] })).toMatchObject({ count: 1, within: 1 });
  expect(scoreOf([], evaluations, { changes: [] })).toEqual({ count: 0, within: 0, error: null });
});
