import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChannelWindow, LoggingWindow } from './logging-window';

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

describe('ChannelWindow', () => {
  it('weighs by tokens, not by batches', () => {
    const window = new ChannelWindow(['a']);
    window.add('a', 10, 2);
    window.add('a', 4, 8);
    expect(window.row()).toEqual({ loss: { a: 1.4 }, count: { a: 10 }, total: 1.4 });
  });

  it('shows a gap for a channel without tokens', () => {
    const window = new ChannelWindow(['a', 'b']);
    window.add('a', 3, 1);
    expect(window.row().loss).toEqual({ a: 3, b: null });
    window.reset();
    expect(window.row()).toEqual({ loss: { a: null, b: null }, count: { a: 0, b: 0 }, total: null });
  });

  it('total = Σ tokens · loss / Σ tokens', () => {
    const addition = fc.record({
      channel: fc.constantFrom('a', 'b', 'c'),
      nll: fc.double({ min: 0, max: 1e4, noNaN: true }),
      tokens: fc.integer({ min: 1, max: 2048 }),
    });
    fc.assert(
      fc.property(fc.array(addition, { minLength: 1 }), (additions) => {
        const window = new ChannelWindow(['a', 'b', 'c']);
        for (const { channel, nll, tokens } of additions) window.add(channel, nll, tokens);
        const row = window.row();
        const tokens = Object.values(row.count).reduce((x, y) => x + y, 0);
        const weighted = ['a', 'b', 'c'].reduce((x, id) => x + row.count[id]! * (row.loss[id] ?? 0), 0);
        expect(row.total).toBeCloseTo(weighted / tokens, 6);
      }),
    );
  });

  it('goes on from a stored state', () => {
    const window = new ChannelWindow(['a', 'b']);
    window.add('b', 5, 2);
    expect(new ChannelWindow(['a', 'b'], window.state()).row()).toEqual(window.row());
  });
});
