import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChannelWindow } from './channel-window';
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
