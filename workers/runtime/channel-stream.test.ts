import { describe, expect, it } from 'vitest';
import { ChannelStream, curriculumOf, tokenRarity, windowDifficulty } from './channel-stream';
import { windowsOf } from './windows';

describe('difficulty of rows', () => {
  it('is the mean rarity of their tokens in the general text', () => {
    // Counts with one added: 0 → 5, 1 → 3, 2 → 2: ten in all.
    const rarity = tokenRarity([Uint16Array.of(0, 0, 0, 1, 2), Uint16Array.of(0, 1)]);
    expect([...rarity]).toEqual([10 / 5, 10 / 3, 10 / 2].map((value) => expect.closeTo(Math.log(value), 12)));
    // Id 7 is unknown: as rare as the rarest.
    expect([...windowDifficulty(Uint16Array.of(0, 1, 2, 7, 9), 2, windowsOf(5, 2, 2), rarity)]).toEqual([
      expect.closeTo((Math.log(2) + Math.log(10 / 3)) / 2, 12),
      expect.closeTo(Math.log(5), 12),
    ]);
  });
});

describe('a channel under a curriculum', () => {
  const options = { context: 2, seed: 9, rules: 2 } as const;
  const tokens = Uint16Array.from({ length: 41 }, (_, at) => at);
  // Twenty windows of two tokens; the later in the text the easier.
  const difficulty = Float64Array.from({ length: 20 }, (_, window) => -window);
  const draw = (block: number | null, count: number) => {
    const stream = new ChannelStream('domain', tokens, { ...options, curriculum: block === null ? null : curriculumOf(difficulty, block) });
    return Array.from({ length: count }, () => stream.next().start / 2);
  };

  it('draws the same rows as without, easy ones first', () => {
    expect(draw(8, 8)).toEqual(draw(null, 8).sort((a, b) => b - a));
    expect(draw(8, 20).slice(8, 16)).toEqual(
      draw(null, 20)
        .slice(8, 16)
        .sort((a, b) => b - a),
    );
    expect(new Set(draw(8, 20)).size).toBe(20);
  });

  it('goes on from a cursor where it stood', () => {
    const curriculum = curriculumOf(difficulty, 8);
    const first = new ChannelStream('domain', tokens, { ...options, curriculum });
    for (let row = 0; row < 23; row++) first.next();
    const second = new ChannelStream('domain', tokens, { ...options, cursor: first.cursor(), curriculum });
    expect([second.next(), second.next()]).toEqual([first.next(), first.next()]);
  });
});
