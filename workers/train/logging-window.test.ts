import { describe, expect, it } from 'vitest';
import { LoggingWindow } from './logging-window';

const window = () => new LoggingWindow(['en', 'domain']);

describe('a step that is not finite', () => {
  it('names the channel whose loss it is', () => {
    expect(() => window().addStep(3, { nll: [20, Number.NaN], tokens: [10, 10], gradNorm: Number.NaN })).toThrow(
      expect.objectContaining({ code: 'loss-not-finite', values: { step: 3, loss: 'NaN', channel: 'domain' } }),
    );
  });

  it('says that it was the gradient when every loss was finite, and where the loss was highest', () => {
    expect(() => window().addStep(4, { nll: [20, 45], tokens: [10, 10], gradNorm: Infinity })).toThrow(
      expect.objectContaining({ code: 'gradient-not-finite', values: { step: 4, norm: 'Infinity', loss: '4.500', channel: 'domain' } }),
    );
  });
});

describe('steps that loss scaling skipped', () => {
  const step = (gradNorm: number, overflowed: boolean, skipped: number) => ({
    nll: [20, 30],
    tokens: [10, 10],
    gradNorm,
    scaling: { scale: overflowed ? 512 : 1024, skipped, overflowed },
  });

  it('count for the loss but not for the gradient norm; scale and count stand in the row', () => {
    const open = window();
    open.addStep(1, step(2, false, 3));
    open.addStep(2, step(Infinity, true, 4));
    const stored = new LoggingWindow(['en', 'domain'], open.state());
    for (const one of [open, stored])
      expect(one.row(2, 0.1, 40)).toMatchObject({ gradNorm: 2, total: 2.5, lossScale: 512, skippedSteps: 4 });
    open.reset();
    open.addStep(3, step(Number.NaN, true, 5));
    expect(open.row(3, 0.1, 60)).toMatchObject({ gradNorm: null, skippedSteps: 5 });
  });

  it('do not excuse a loss that is not finite', () => {
    const bad = { ...step(Infinity, true, 1), nll: [Number.NaN, 1] };
    expect(() => window().addStep(1, bad)).toThrow(expect.objectContaining({ code: 'loss-not-finite' }));
  });
});
