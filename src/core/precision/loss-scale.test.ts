import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { afterStep, initialLossScale } from './loss-scale';

interface Sequence {
  interval: number;
  initial: number;
  finite: number[];
  scales: number[];
}

/** PyTorch's GradScaler over the same steps: e2e/parity/make_loss_scale_fixture.py. */
const fixture = JSON.parse(readFileSync('e2e/parity/fixtures/loss-scale.json', 'utf8')) as {
  short: Sequence[];
  long: { overflows: number[]; steps: number; changes: [step: number, scale: number][] };
};

it.each(fixture.short)('follows GradScaler with a growth interval of $interval from $initial', ({ interval, initial, finite, scales }) => {
  let state = { ...initialLossScale(), scale: initial };
  const found = finite.map((good) => (state = afterStep(state, good === 1, interval)).scale);
  expect(found).toEqual(scales);
  expect(state.skipped).toBe(finite.filter((good) => good === 0).length);
  expect(state.updates + state.skipped).toBe(finite.length);
});

it('doubles after 2,000 good steps and counts them anew after an overflow', () => {
  const { overflows, steps, changes } = fixture.long;
  let state = initialLossScale();
  const found: [number, number][] = [[0, state.scale]];
  for (let step = 0; step < steps; step += 1) {
    state = afterStep(state, !overflows.includes(step));
    if (state.scale !== found.at(-1)![1]) found.push([step, state.scale]);
  }
  expect(found).toEqual(changes);
});
