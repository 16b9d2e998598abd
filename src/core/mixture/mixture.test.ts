import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../errors';
import { RowAllocator, GOLDEN_RANGE, GOLDEN_RATIO, moveFader, muteChannel, normaliseShares, type Shares, effectiveShares } from './mixture';

const sum = (shares: Shares) => Object.values(shares).reduce((total, share) => total + share, 0);
const sharesOf = (count: number) =>
  fc
    .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: count, maxLength: count })
    .filter((weights) => weights.some((weight) => weight > 1e-3))
    .map((weights) => normaliseShares(Object.fromEntries(weights.map((weight, at) => [`c${at}`, weight]))));

describe('shares', () => {
  it('knows the golden ratio 1 : 5 and its range 1 : 8 to 1 : 3', () => {
    expect(GOLDEN_RATIO).toBeCloseTo(0.1667, 4);
    expect(GOLDEN_RANGE[0]).toBeCloseTo(0.111, 3);
    expect(GOLDEN_RANGE[1]).toBe(0.25);
  });

  it('rescales the unlocked others in proportion', () => {
    const moved = moveFader({ zh: 0.4, en: 0.4, domain: 0.2 }, 'domain', 0.6, { locked: new Set() });
    expect(moved['domain']).toBeCloseTo(0.6, 12);
    expect(moved['zh']).toBeCloseTo(0.2, 12);
    expect(moved['en']).toBeCloseTo(0.2, 12);
  });

  it('leaves locked faders alone and clamps to what they leave', () => {
    const moved = moveFader({ zh: 0.5, en: 0.3, domain: 0.2 }, 'domain', 0.9, { locked: new Set(['zh']) });
    expect(moved).toEqual({ zh: 0.5, en: 0, domain: 0.5 });
  });

  it('does not move when every other fader is locked', () => {
    const shares = { zh: 0.5, domain: 0.5 };
    expect(moveFader(shares, 'domain', 0.1, { locked: new Set(['zh']) })).toEqual(shares);
  });

  it('divides evenly when the others are at zero', () => {
    expect(moveFader({ a: 1, b: 0, c: 0 }, 'a', 0.5, { locked: new Set() })).toEqual({ a: 0.5, b: 0.25, c: 0.25 });
  });

  it('keeps the sum at 1 whatever is moved', () => {
    fc.assert(
      fc.property(sharesOf(4), fc.double({ min: -1, max: 2, noNaN: true }), fc.subarray(['c1', 'c2', 'c3']), (shares, value, locked) => {
        const moved = moveFader(shares, 'c0', value, { locked: new Set(locked) });
        expect(sum(moved)).toBeCloseTo(1, 9);
        for (const id of locked) expect(moved[id]).toBe(shares[id]);
        for (const share of Object.values(moved)) expect(share).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('mutes a channel', () => {
    expect(muteChannel({ a: 0.5, b: 0.5 }, 'a', new Set())).toEqual({ a: 0, b: 1 });
  });

  it('refuses shares that are all zero, by name', () => {
    expect(() => normaliseShares({ a: 0, b: 0 })).toThrow(StudioError);
    expect(() => normaliseShares({ a: -1, b: 2 })).toThrow(/Share of "a" is -1/);
  });
});

describe('RowAllocator', () => {
  it('gives 1 : 5 exactly over 6 rows', () => {
    expect(new RowAllocator().next({ domain: 1 / 6, general: 5 / 6 }, 6)).toEqual({ domain: 1, general: 5 });
  });

  it('never strays from shares · rows by more than one row since the start', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }).chain(sharesOf), fc.integer({ min: 1, max: 9 }), (shares, rows) => {
        const allocator = new RowAllocator();
        const seen: Record<string, number> = {};
        for (let batch = 1; batch <= 60; batch++) {
          const counts = allocator.next(shares, rows);
          expect(Object.values(counts).reduce((a, b) => a + b, 0)).toBe(rows);
          for (const id of Object.keys(shares)) {
            seen[id] = (seen[id] ?? 0) + counts[id]!;
            expect(Math.abs(seen[id] - shares[id]! * rows * batch)).toBeLessThanOrEqual(1 + 1e-6);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('stays within one row over every window of batches at the default mixture', () => {
    const shares = { zh: 0.35, en: 0.35, code: 1 - 0.7 - 1 / 6, domain: 1 / 6 };
    const allocator = new RowAllocator();
    const running: Record<string, number>[] = [{ zh: 0, en: 0, code: 0, domain: 0 }];
    for (let batch = 0; batch < 120; batch++) {
      const counts = allocator.next(shares, 8);
      running.push(Object.fromEntries(Object.entries(running.at(-1)!).map(([id, n]) => [id, n + counts[id]!])));
    }
    for (let start = 0; start < running.length; start++)
      for (let end = start + 1; end < running.length; end++)
        for (const [id, share] of Object.entries(shares))
          expect(Math.abs(running[end]![id]! - running[start]![id]! - share * 8 * (end - start))).toBeLessThanOrEqual(1 + 1e-6);
  });

  it('gives nothing to a channel at zero, even when rows were owed to it', () => {
    const allocator = new RowAllocator();
    allocator.next({ a: 0.7, b: 0.3 }, 2);
    expect(allocator.next({ a: 1, b: 0 }, 5)).toEqual({ a: 5, b: 0 });
  });

  it('goes on identically from a stored state', () => {
    const shares = { a: 0.31, b: 0.27, c: 0.42 };
    const first = new RowAllocator();
    for (let i = 0; i < 7; i++) first.next(shares, 5);
    const second = RowAllocator.restore(JSON.parse(JSON.stringify(first.state())) as Record<string, number>);
    for (let i = 0; i < 20; i++) expect(second.next(shares, 5)).toEqual(first.next(shares, 5));
  });
});

describe('strategies', () => {
  const channels = [
    { id: 'zh', corpus: 'zh', role: 'general' as const, share: 0.5 },
    { id: 'en', corpus: 'en', role: 'general' as const, share: 0.3 },
    { id: 'domain', corpus: 'domain', role: 'domain' as const, share: 0.2 },
  ];
  const shares = { zh: 0.5, en: 0.3, domain: 0.2 };
  const budget = { steps: 100 };

  it('mixed draws the faders', () => {
    expect(effectiveShares({ strategy: { kind: 'mixed' }, channels, budget }, shares, 3)).toEqual(shares);
  });

  it('general-then-domain draws general text first, in the faders’ proportion, then the domain', () => {
    const recipe = { strategy: { kind: 'general-then-domain' as const, generalRatio: 0.4 }, channels, budget };
    const general = effectiveShares(recipe, shares, 39);
    expect(general['zh']).toBeCloseTo(0.625, 12);
    expect(general['en']).toBeCloseTo(0.375, 12);
    expect(general['domain']).toBe(0);
    expect(effectiveShares(recipe, shares, 40)).toEqual({ zh: 0, en: 0, domain: 1 });
  });

  it('draws general text alone, then lets the domain rise to its share, under a curriculum', () => {
    const recipe = { strategy: { kind: 'curriculum' as const, generalRatio: 0.2, riseRatio: 0.3 }, channels, budget: { steps: 10 } };
    const domain = Array.from({ length: 10 }, (_, step) =>
      channels.reduce((sum, { id, role }) => sum + (role === 'domain' ? effectiveShares(recipe, shares, step)[id]! : 0), 0),
    );
    const set = channels.reduce((sum, { id, role }) => sum + (role === 'domain' ? shares[id as keyof typeof shares] : 0), 0);
    // Two steps without, three on the way, five at the set share.
    expect(domain).toEqual([0, 0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 1].map((reached) => expect.closeTo(reached * set, 12)));
    for (let step = 0; step < 10; step++)
      expect(Object.values(effectiveShares(recipe, shares, step)).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it('domain-only draws the domain alone, even with its fader at zero', () => {
    const recipe = { strategy: { kind: 'domain-only' as const }, channels, budget };
    expect(effectiveShares(recipe, { zh: 0.5, en: 0.5, domain: 0 }, 0)).toEqual({ zh: 0, en: 0, domain: 1 });
  });
});
