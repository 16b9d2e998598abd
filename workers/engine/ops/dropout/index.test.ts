import { describe, expect, it } from 'vitest';
import { draw, keysOf, mix, threshold } from '.';

describe('the dropout generator', () => {
  it("is MurmurHash3's finaliser", () => {
    // fmix32 of the reference C++ code.
    expect([0, 1, 2, 0xffffffff].map(mix)).toEqual([0x00000000, 0x514e28b7, 0x30f4c306, 0x81f16f39]);
  });

  it('drops the asked share, evenly along the counter and independently between seeds', () => {
    const count = 200_000;
    const limit = threshold(0.1);
    const [a, b] = [keysOf(1), keysOf(2)];
    let [dropped, both] = [0, 0];
    const cells = new Array<number>(20).fill(0);
    for (let counter = 0; counter < count; counter += 1) {
      const first = draw(counter, a) < limit;
      if (first) cells[Math.floor((counter * 20) / count)]! += 1;
      dropped += first ? 1 : 0;
      both += first && draw(counter, b) < limit ? 1 : 0;
    }
    // Standard deviations: √(n·p·(1−p)); five of them.
    expect(Math.abs(dropped - count * 0.1)).toBeLessThan(5 * Math.sqrt(count * 0.09));
    expect(Math.abs(both - count * 0.01)).toBeLessThan(5 * Math.sqrt(count * 0.0099));
    for (const cell of cells) expect(Math.abs(cell - 1000)).toBeLessThan(5 * Math.sqrt(900));
  });

  it('wraps its counter and its seed at 2³²', () => {
    expect(draw(2 ** 32 + 5, keysOf(7))).toBe(draw(5, keysOf(7)));
    expect(keysOf(2 ** 32 + 7)).toEqual(keysOf(7));
    expect([threshold(0), threshold(0.5)]).toEqual([0, 2 ** 31]);
  });
});
