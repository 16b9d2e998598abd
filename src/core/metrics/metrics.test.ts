import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChannelWindow } from './channel-window';
import { decimate, MAX_POINTS, SeriesBuilder } from './decimate';
import { bitsPerByte, meanRetention, perplexity, retention } from './loss';

describe('figures of a loss', () => {
  it('match hand calculations', () => {
    expect(perplexity(3.97)).toBeCloseTo(52.985, 2);
    expect(bitsPerByte(Math.LN2, 100, 50)).toBeCloseTo(2, 12);
    expect(retention(3, 3)).toBe(1);
    expect(retention(3, 3.1)).toBeCloseTo(0.904837, 6);
  });

  it('averages retention over general channels only', () => {
    const at = (loss: number) => ({ loss, tokens: 1, bytes: 1 });
    const base = { step: 0, retention: null, channels: { zh: at(4), en: at(3), domain: at(5) } };
    const now = { step: 9, retention: null, channels: { zh: at(4), en: at(3 + Math.LN2), domain: at(1) } };
    const roles = [
      { id: 'zh', role: 'general' as const },
      { id: 'en', role: 'general' as const },
      { id: 'domain', role: 'domain' as const },
    ];
    expect(meanRetention(base, now, roles)).toBeCloseTo(0.75, 12);
    expect(meanRetention(base, now, [{ id: 'domain', role: 'domain' }])).toBeNull();
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

describe('decimate', () => {
  it('leaves short series as they are', () => {
    expect(decimate([1, 2], [3, 4])).toEqual({ x: [1, 2], y: [3, 4] });
  });

  it('never gives more than 400 points and keeps order, ends, lowest and highest', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 401, maxLength: 3000 }), (y) => {
        const x = y.map((_, at) => at);
        const out = decimate(x, y);
        expect(out.x.length).toBeLessThanOrEqual(MAX_POINTS);
        expect(out.x[0]).toBe(0);
        expect(out.x.at(-1)).toBe(y.length - 1);
        expect(out.x.every((value, at) => at === 0 || value > out.x[at - 1]!)).toBe(true);
        expect(Math.max(...out.y)).toBe(Math.max(...y));
        expect(Math.min(...out.y)).toBe(Math.min(...y));
      }),
      { numRuns: 50 },
    );
  });

  it('keeps gaps', () => {
    const builder = new SeriesBuilder();
    for (let step = 0; step < 1000; step++) builder.push(step, step > 300 && step < 700 ? null : 1);
    const { x, y } = builder.series();
    expect(y.some((value, at) => Number.isNaN(value) && x[at]! > 400 && x[at]! < 600)).toBe(true);
  });
});
