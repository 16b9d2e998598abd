import { describe, expect, it } from 'vitest';
import type { CorpusRecord, ModelRecord } from '../../workers/api';
import type { CheckpointRecord, EvaluationRow, RunRecord } from '../core/run/types';
import { channelChoices, defaultChannels, defaultRows } from './channels';
import { defaultAddress, findSource, groupSources } from './sources';
import { storedComparison, tradePoints } from './stored';

const model = (id: string) => ({ id, name: id }) as ModelRecord;
const corpus = (id: string, role: CorpusRecord['role']) => ({ id, role }) as CorpusRecord;
const row = (step: number, domain: number, retention: number): EvaluationRow => ({
  step,
  retention,
  channels: { en: { loss: 3, tokens: 10, bytes: 20 }, med: { loss: domain, tokens: 10, bytes: 30 } },
});
const run = (id: string, createdAt: number, base = 'nano') =>
  ({
    id,
    name: id,
    createdAt,
    base: row(0, 4, 1),
    recipe: {
      base,
      channels: [
        { id: 'en', corpus: 'en', role: 'general', share: 0.8 },
        { id: 'med', corpus: 'domain', role: 'domain', share: 0.2 },
      ],
      evaluation: { rowsPerChannel: 24, everySteps: 10 },
    },
  }) as RunRecord;
const checkpoint = (runId: string, step: number, evaluation: EvaluationRow | null = null): CheckpointRecord => ({
  runId,
  step,
  at: step,
  bytes: 1,
  reason: 'periodic',
  evaluation,
});

const checkpoints = new Map([
  ['old', [checkpoint('old', 50)]],
  ['new', [checkpoint('new', 50, row(50, 3.5, 0.97)), checkpoint('new', 100, row(100, 3.2, 0.93))]],
  ['bare', []],
]);
const groups = groupSources([model('other'), model('nano')], [run('old', 1), run('new', 2), run('bare', 3)], checkpoints);

describe('groupSources', () => {
  it('puts models first, then runs from the newest with the last checkpoint first', () => {
    expect(groups.map((group) => group.id)).toEqual(['models', 'new', 'old']);
    expect(groups[1]!.sources.map((source) => source.key)).toEqual(['run:new@100', 'run:new@50']);
  });

  it('proposes the latest run’s base against its last checkpoint', () => {
    expect(defaultAddress(groups)).toEqual({ a: 'model:nano', b: 'run:new@100' });
    expect(defaultAddress(groupSources([model('nano')], [], new Map()))).toEqual({ a: 'model:nano', b: 'model:nano' });
    expect(defaultAddress([])).toEqual({ a: null, b: null });
  });
});

describe('channels', () => {
  const corpora = [corpus('en', 'general'), corpus('zh', 'general'), corpus('domain', 'domain'), corpus('domain-legal', 'domain')];

  it('starts with the run’s channels and offers the other corpora', () => {
    const choices = channelChoices(run('new', 1), corpora);
    expect(choices.map((choice) => `${choice.id}:${choice.corpus}`)).toEqual(['en:en', 'med:domain', 'zh:zh', 'domain-legal:domain-legal']);
    expect(defaultChannels(run('new', 1), choices)).toEqual(['en', 'med']);
    expect(defaultRows(run('new', 1))).toBe(24);
  });

  it('takes one domain without a run', () => {
    expect(defaultChannels(null, channelChoices(null, corpora))).toEqual(['en', 'zh', 'domain']);
  });
});

describe('storedComparison', () => {
  const source = (key: string) => findSource(groups, key)!;

  it('knows a run’s base and its evaluated checkpoints', () => {
    const found = storedComparison(source('model:nano'), source('run:new@100'), checkpoints)!;
    expect([found.comparison.a.step, found.comparison.b.step, found.rowsPerChannel, found.stored]).toEqual([0, 100, 24, true]);
    expect(storedComparison(source('run:new@50'), source('run:new@100'), checkpoints)!.comparison.a.step).toBe(50);
  });

  it('knows nothing of another base, another run or a checkpoint without evaluation', () => {
    expect(storedComparison(source('model:other'), source('run:new@100'), checkpoints)).toBeNull();
    expect(storedComparison(source('run:old@50'), source('run:new@100'), checkpoints)).toBeNull();
    expect(storedComparison(source('model:nano'), source('run:old@50'), checkpoints)).toBeNull();
    expect(storedComparison(source('model:nano'), source('model:other'), checkpoints)).toBeNull();
  });

  it('draws every evaluated checkpoint as gain against retention', () => {
    const points = tradePoints(source('run:new@100'), checkpoints);
    expect(points.map((point) => [point.step, Number(point.gain.toFixed(6)), point.retention])).toEqual([
      [50, 0.5, 0.97],
      [100, 0.8, 0.93],
    ]);
    expect(tradePoints(source('model:nano'), checkpoints)).toEqual([]);
  });
});
