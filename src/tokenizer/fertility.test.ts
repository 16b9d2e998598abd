import { describe, expect, it } from 'vitest';
import { fertilityLines, fertilityScale } from './fertility';

const curve = [
  { vocabulary: 512, tokensPerCharacter: { zh: 2, en: 0.6 } },
  { vocabulary: 1024, tokensPerCharacter: { zh: 1.5, en: 0.5 } },
  { vocabulary: 4096, tokensPerCharacter: { zh: 0.95, en: 0.3 } },
];

describe('fertilityLines', () => {
  it('is one line a channel and tokenizer, sizes as powers of two', () => {
    const lines = fertilityLines(
      [
        { side: 'a', curve },
        { side: 'b', curve: null },
      ],
      ['zh', 'en', 'law'],
    );
    expect(lines.map(({ key }) => key)).toEqual(['a-zh', 'a-en']);
    expect(lines[0]!.points).toEqual([
      { x: 9, y: 2 },
      { x: 10, y: 1.5 },
      { x: 12, y: 0.95 },
    ]);
  });

  it('leaves out what cannot be drawn', () => {
    expect(fertilityLines([{ side: 'a', curve: [{ vocabulary: 300, tokensPerCharacter: { zh: Number.NaN } }] }], ['zh'])).toEqual([]);
  });
});

describe('fertilityScale', () => {
  const lines = fertilityLines([{ side: 'a', curve }], ['zh', 'en']);
  it('begins at zero, ends above the highest point and names round values', () => {
    const scale = fertilityScale(lines, false)!;
    expect(scale.xTicks).toEqual([9, 10, 11, 12]);
    expect(scale.yTicks).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);
    expect(scale.y).toEqual([0, 2.5]);
  });
  it('has room around a single size', () => {
    const one = fertilityScale(fertilityLines([{ side: 'a', curve: curve.slice(0, 1) }], ['zh']), true)!;
    expect(one.x[0]).toBeLessThan(9);
    expect(one.x[1]).toBeGreaterThan(9);
    expect(one.xTicks).toEqual([9]);
  });
  it('is none without points', () => expect(fertilityScale([], false)).toBeNull());
});
