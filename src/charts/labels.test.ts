import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overlap, placeLabels, spreadLabels, textWidth, type Box } from './labels';

describe('spreadLabels', () => {
  it('leaves labels where they are when they do not meet', () => expect(spreadLabels([50, 10, 90], 13)).toEqual([50, 10, 90]));

  it('parts labels that meet, around their middle, in their order; the others stay', () => {
    expect(spreadLabels([40, 40], 12)).toEqual([34, 46]);
    expect(spreadLabels([52, 50, 51, 90], 10)).toEqual([61, 41, 51, 90]);
    // The pair takes the third along.
    expect(spreadLabels([10, 10, 16], 10)).toEqual([2, 12, 22]);
    expect(spreadLabels([50, 52, 10], 14, 0, 100)).toEqual([44, 58, 10]);
  });

  it('keeps all of them within the bounds', () => {
    expect(spreadLabels([100, 100, 20], 10, -Infinity, 100)).toEqual([90, 100, 20]);
    expect(spreadLabels([98, 99], 14, 0, 100)).toEqual([86, 100]);
    expect(spreadLabels([1, 2, 60], 14, 0, 100)).toEqual([0, 14, 60]);
  });
});

describe('placeLabels', () => {
  const bounds: Box = { left: 0, top: 0, width: 300, height: 200 };

  it('never covers a point, another label or the frame', () => {
    const place = fc.record({ x: fc.integer({ min: 0, max: 300 }), y: fc.integer({ min: 0, max: 200 }) });
    fc.assert(
      fc.property(fc.array(place, { maxLength: 20 }), (points) => {
        const marks = points.map(({ x, y }): Box => ({ left: x - 5, top: y - 5, width: 10, height: 10 }));
        const wanted = points.map((point) => ({ ...point, radius: 5, width: 60, height: 14 }));
        const placed = placeLabels(wanted, marks, [], bounds).filter((box) => box !== null);
        placed.forEach((box, at) => {
          expect(marks.some((mark) => overlap(box, mark))).toBe(false);
          expect(placed.some((other, index) => index !== at && overlap(box, other))).toBe(false);
          expect(box.left >= 0 && box.top >= 0 && box.left + box.width <= 300 && box.top + box.height <= 200).toBe(true);
        });
      }),
    );
  });

  it('puts a single label beside its point', () => {
    const [box] = placeLabels([{ x: 100, y: 100, radius: 5, width: 60, height: 14 }], [], [], bounds);
    expect(box).toEqual({ left: 109, top: 93, width: 60, height: 14 });
    // A line to the right is kept clear as long as another place is free.
    const line: Box = { left: 105, top: 60, width: 100, height: 80 };
    const beside = placeLabels([{ x: 100, y: 100, radius: 5, width: 60, height: 14 }], [], [line], bounds)[0]!;
    expect(overlap(beside, line)).toBe(false);
  });
});

it('takes a Chinese character for a square', () => {
  expect(textWidth('领域', 12)).toBe(24);
  expect(textWidth('ab', 10)).toBeCloseTo(12.8, 9);
});
