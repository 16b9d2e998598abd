import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../core/run/types';
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
  lineLabel: 'below 0.95',
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

  it('moves the name of the 0.95 line away from a point, and labels away from it', () => {
    expect(layout.lineLabel).toMatchObject({ text: 'below 0.95', anchor: 'end', x: 574 });
    const { lineLabel, labels, marks } = layoutPareto([entry('e', [0.2, 0.99], [1, 0.948])], {
      ...options,
      lineLabel: 'general ability is lost below 0.95',
    });

    expect(lineLabel.anchor).toBe('start');
    for (const { x, y } of marks) expect(Math.abs(y - lineLabel.y) > 13 || x > lineLabel.x + 34 * 12 * 0.64).toBe(true);
    for (const { x, y } of labels) expect(Math.abs(y - lineLabel.y) >= 15 || x > lineLabel.x + 34 * 12 * 0.64).toBe(true);
  });

  it('leaves the base off the front when a checkpoint is better in both', () => {
    expect(layoutPareto([entry('c', [0.1, 1.01])], options)).toMatchObject({ base: { front: false }, front: '' });
    expect(layoutPareto([entry('d', [-0.1, 0.9])], options)).toMatchObject({ base: { front: true }, front: '' });
  });
});
