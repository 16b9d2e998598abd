import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../core/run/types';
import { overlap, placeLabels, textWidth, type Box } from '../../charts/label-places';
import { layoutPareto } from './layout';
import type { ParetoRun } from './points';

const entry = (id: string, ...points: [gain: number, retention: number][]): ParetoRun => {
  const run = { id, name: id } as RunRecord;
  return { run, points: points.map(([gain, retention], at) => ({ run, step: at + 1, key: `run:${id}@${at + 1}`, gain, retention })) };
};
const options = {
  width: 600,
  height: 400,
  edge: { left: 50, right: 20, top: 20, bottom: 40 },
  fontSize: 12,
  radius: 6,
  label: (point: { run: RunRecord; step: number }) => `${point.run.name} ${point.step}`,
  baseLabel: 'base',
};

describe('layoutPareto', () => {
  const layout = layoutPareto([entry('a', [0.5, 0.98], [1, 0.9]), entry('b', [0.4, 0.97], [0.6, 0.95])], options);

  it('puts more gain to the right and more retention above, inside the frame', () => {
    const [first, second] = layout.marks;
    expect(second!.x).toBeGreaterThan(first!.x);
    expect(second!.y).toBeGreaterThan(first!.y);
    for (const { x, y } of [...layout.marks, layout.base]) {
      expect(x).toBeGreaterThan(50);
      expect(x).toBeLessThan(580);
      expect(y).toBeGreaterThan(20);
      expect(y).toBeLessThan(360);
    }
    // b's second point lies on the line.
    expect(layout.line).toBe(layout.marks[3]!.y);
  });

  it('draws the front in steps from the base, and labels its points', () => {
    expect(layout.marks.map(({ front }) => front)).toEqual([true, true, false, true]);
    const [a1, a2, , b2] = layout.marks;
    const { base } = layout;
    expect(layout.front).toBe(`M${base.x} ${base.y}V${a1!.y}H${a1!.x}V${b2!.y}H${b2!.x}V${a2!.y}H${a2!.x}`);
    expect(layout.labels.map(({ text }) => text)).toEqual(['base', 'a 1', 'a 2', 'b 2']);
  });

  it('leaves the base off the front when a checkpoint is better in both', () => {
    expect(layoutPareto([entry('c', [0.1, 1.01])], options)).toMatchObject({ base: { front: false }, front: '' });
    expect(layoutPareto([entry('d', [-0.1, 0.9])], options)).toMatchObject({ base: { front: true }, front: '' });
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
