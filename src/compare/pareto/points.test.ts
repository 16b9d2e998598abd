import { describe, expect, it } from 'vitest';
import type { CheckpointRecord, EvaluationRow, RunRecord } from '../../core/run/types';
import { groupSources } from '../sources';
import { paretoSets } from './points';

/** Channel → loss; every channel has 10 tokens of 2 bytes, so that a nat is 1 / (2 ln 2) bits per byte. */
const row = (step: number, losses: Record<string, number>): EvaluationRow => ({
  step,
  retention: null,
  channels: Object.fromEntries(Object.entries(losses).map(([id, loss]) => [id, { loss, tokens: 10, bytes: 20 }])),
});
interface Given {
  base?: string;
  domains?: string[];
  rows?: number;
}
const run = (id: string, createdAt: number, { base = 'nano', domains = ['med'], rows = 4 }: Given = {}) =>
  ({
    id,
    name: id,
    createdAt,
    base: row(0, { en: 3, med: 4, law: 6 }),
    recipe: {
      base,
      channels: [
        { id: 'en', corpus: 'en', role: 'general', share: 0.5 },
        ...domains.map((corpus) => ({ id: corpus, corpus, role: 'domain', share: 0.5 / domains.length })),
      ],
      evaluation: { rowsPerChannel: rows, everySteps: 10 },
    },
  }) as RunRecord;
const checkpoint = (runId: string, step: number, evaluation: EvaluationRow | null): CheckpointRecord => ({
  runId,
  step,
  at: step,
  bytes: 1,
  reason: 'periodic',
  evaluation,
});
const paretoOf = (...runs: [RunRecord, CheckpointRecord[]][]) => {
  const checkpoints = new Map(runs.map(([{ id }, saved]) => [id, saved]));
  const records = runs.map(([record]) => record);
  return paretoSets(groupSources([], records, checkpoints), checkpoints);
};

const BITS = 1 / (2 * Math.LN2);

describe('paretoSets', () => {
  it('gives every evaluated checkpoint its gain and its retention, by step', () => {
    const saved = [
      checkpoint('one', 20, row(20, { en: 3.1, med: 3.25 })),
      checkpoint('one', 10, row(10, { en: 3, med: 3.5 })),
      checkpoint('one', 30, null),
    ];
    const { sets, without } = paretoOf([run('one', 1), saved]);
    const [first, second, ...others] = sets[0]!.runs[0]!.points;
    expect([first!.key, second!.key, others]).toEqual(['run:one@10', 'run:one@20', []]);
    expect(first!.gain).toBeCloseTo(0.5 * BITS, 12);
    expect(first!.retention).toBe(1);
    expect(second!.gain).toBeCloseTo(0.75 * BITS, 12);
    expect(second!.retention).toBeCloseTo(Math.exp(-0.1), 12);
    expect(without).toEqual([]);
  });

  it('takes the mean over several domain channels', () => {
    const { sets } = paretoOf([run('two', 1, { domains: ['med', 'law'] }), [checkpoint('two', 5, row(5, { en: 3, med: 2, law: 6 }))]]);
    expect(sets[0]!.runs[0]!.points[0]!.gain).toBeCloseTo(BITS, 12);
  });

  it('keeps apart what has another base or other channels, and names what has no figures', () => {
    const point = (id: string) => [checkpoint(id, 5, row(5, { en: 3, med: 3, law: 5 }))];
    const { sets, without } = paretoOf(
      [run('a', 1), point('a')],
      [run('b', 4, { rows: 2 }), point('b')],
      [run('other base', 3, { base: 'big' }), point('other base')],
      [run('other text', 2, { domains: ['law'] }), point('other text')],
      [run('no domain', 5, { domains: [] }), point('no domain')],
      [run('not evaluated', 6), [checkpoint('not evaluated', 5, null)]],
    );
    expect(sets.map(({ runs }) => runs.map((entry) => entry.run.id))).toEqual([['a', 'b'], ['other base'], ['other text']]);
    expect(sets[0]!.rows).toEqual([2, 4]);
    expect(without.map(({ id }) => id).sort()).toEqual(['no domain', 'not evaluated']);
  });
});
