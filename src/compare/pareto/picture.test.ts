import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../core/run/types';
import { paretoPicture } from './picture';
import { runMark } from '../../charts/paper';

const run = (id: string, name: string) => ({ id, name }) as RunRecord;
const point = (of: RunRecord, step: number, gain: number, retention: number) => ({
  run: of,
  step,
  key: `${of.id}@${step}`,
  gain,
  retention,
});
const one = run('one', '<b>replay & rewarm</b>');
const many = Array.from({ length: 12 }, (_, at) => run(`run ${at}`, `a run with a rather long name ${at}`));

describe('paretoPicture', () => {
  const svg = paretoPicture({
    title: 'Gained against kept',
    subtitle: 'nano · en, domain',
    x: 'gain →',
    y: 'kept →',
    line: 'below 0.95',
    front: 'Pareto front',
    base: 'base',
    runs: [one, ...many].map((record, at) => ({ run: record, points: [point(record, 10, 0.1 * at, 1 - 0.01 * at)], mark: runMark(at) })),
    label: ({ run: { name }, step }) => `${name} · ${step}`,
    number: (value, digits) => value.toFixed(digits),
  });

  it('has its words in it, those of a person as text', () => {
    for (const words of ['Gained against kept', 'nano · en, domain', 'gain →', 'kept →', 'below 0.95', 'Pareto front', 'base'])
      expect(svg).toContain(`>${words}</text>`);
    expect(svg).toContain('&lt;b&gt;replay &amp; rewarm&lt;/b&gt;');
    expect(svg).not.toContain('<b>');
  });

  it('is on white, names no other file, and its legend stays within its size', () => {
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
    expect(svg).toContain(`<rect width="${width}" height="${height}" fill="#fff"/>`);
    expect(svg).not.toMatch(/href|url\(/);
    const legend = /<g transform="translate\((\d+) (\d+)\)">(?=<path d="M-0.9)(.*)<\/g>/.exec(svg)!;
    const [left, top] = [Number(legend[1]), Number(legend[2])];
    const places = [...legend[3]!.matchAll(/<text x="([\d.]+)" y="([\d.]+)"/g)].map(([, x, y]) => [left + Number(x), top + Number(y)]);
    expect(places).toHaveLength(14);
    for (const [x, y] of places) {
      expect(x).toBeLessThan(width! - 100);
      expect(y).toBeLessThan(height!);
    }
  });
});
