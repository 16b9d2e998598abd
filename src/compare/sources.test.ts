import { describe, expect, it } from 'vitest';
import type { CorpusRecord } from '../contract/corpus';
import type { ModelRecord } from '../contract/library';
import type { CheckpointRecord, EvaluationRow, RunRecord } from '../core/run/types';
import { channelChoices, defaultChannels } from './store';
import { defaultAddress, findSource, groupSources, suggestThird } from './sources';
import { storedFigures, storedRisks } from './figures';

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

  it('lists the average of the weights behind the weights, without what the run measured of those', () => {
    const held = new Map([['new', [{ ...checkpoint('new', 100, row(100, 3.2, 0.93)), average: true }]]]);
    const averaged = groupSources([model('nano')], [run('new', 2)], held);
    expect(averaged[1]!.sources.map(({ key }) => key)).toEqual(['run:new@100', 'run:new@100.average']);
    const pick = (...wanted: string[]) => wanted.map((key) => findSource(averaged, key)!);
    expect(storedFigures(pick('model:nano', 'run:new@100'), held)).not.toBeNull();
    expect(storedFigures(pick('model:nano', 'run:new@100.average'), held)).toBeNull();
  });

  it('proposes the latest run’s base against its last checkpoint', () => {
    expect(defaultAddress(groups)).toEqual({ a: 'model:nano', b: 'run:new@100', c: null });
    expect(defaultAddress(groupSources([model('nano')], [], new Map()))).toEqual({ a: 'model:nano', b: 'model:nano', c: null });
    expect(defaultAddress([])).toEqual({ a: null, b: null, c: null });
  });
});

describe('channels', () => {
  const corpora = [corpus('en', 'general'), corpus('zh', 'general'), corpus('domain', 'domain'), corpus('domain-legal', 'domain')];

  it('starts with the run’s channels and offers the other corpora', () => {
    const choices = channelChoices(run('new', 1), corpora);
    expect(choices.map((choice) => `${choice.id}:${choice.corpus}`)).toEqual(['en:en', 'med:domain', 'zh:zh', 'domain-legal:domain-legal']);
    expect(defaultChannels(run('new', 1), choices)).toEqual(['en', 'med']);
  });

  it('takes one domain without a run', () => {
    expect(defaultChannels(null, channelChoices(null, corpora))).toEqual(['en', 'zh', 'domain']);
  });
});

describe('suggestThird', () => {
  const third = (a: string, b: string) => suggestThird(groups, { a, b, c: null });

  it('takes the latest free checkpoint of B’s run, then of another, then a model', () => {
    expect(third('model:nano', 'run:new@100')).toBe('run:new@50');
    expect(third('run:new@50', 'run:new@100')).toBe('run:old@50');
    expect(third('model:nano', 'run:old@50')).toBe('run:new@100');
    expect(suggestThird(groupSources([model('one'), model('two')], [], new Map()), { a: 'model:one', b: 'model:one', c: null })).toBe(
      'model:two',
    );
    expect(suggestThird(groupSources([model('one')], [], new Map()), { a: 'model:one', b: 'model:one', c: null })).toBeNull();
  });
});

describe('storedFigures', () => {
  const stored = (...keys: string[]) =>
    storedFigures(
      keys.map((key) => findSource(groups, key)!),
      checkpoints,
    );

  it('knows a run’s base and its evaluated checkpoints, a third among them', () => {
    const { measure, channels, documents } = stored('model:nano', 'run:new@100', 'run:new@50')!;
    expect(documents).toBe(24);
    expect(channels.map(({ id }) => id)).toEqual(['en', 'med']);
    expect(measure.channels[1]!.loss).toEqual([4, 3.2, 3.5].map((value) => ({ value, interval: null })));
    expect(stored('run:new@50', 'run:new@100')!.measure.channels[1]!.loss.map(({ value }) => value)).toEqual([3.5, 3.2]);
  });

  it('works out differences, bits per byte and retention as METHOD says', () => {
    const { measure } = stored('model:nano', 'run:new@100')!;
    const [en, med] = measure.channels;
    expect(med!.delta[0]).toBeNull();
    expect(med!.delta[1]!.value).toBeCloseTo(-0.8, 12);
    expect(med!.bitsPerByte[0]!.value).toBeCloseTo(1.923593388, 8); // 4 nats · 10 tokens / (30 bytes · ln 2)
    expect(med!.deltaBits[1]!.value).toBeCloseTo(-0.384718678, 8); // −0.8 · 10 / (30 · ln 2)
    expect(measure.domainGain[1]!.value).toBeCloseTo(0.384718678, 8);
    expect(en!.retention[1]!.value).toBe(1);
    expect(measure.meanRetention).toEqual([null, { value: 1, interval: null }]);
  });

  it('leaves out a third that the run does not know', () => {
    expect(stored('model:nano', 'run:new@100', 'run:old@50')!.measure.channels[0]!.loss).toHaveLength(2);
  });

  it('knows nothing of another base, another run or a checkpoint without evaluation', () => {
    expect(stored('model:other', 'run:new@100')).toBeNull();
    expect(stored('run:old@50', 'run:new@100')).toBeNull();
    expect(stored('model:nano', 'run:old@50')).toBeNull();
    expect(stored('model:nano', 'model:other')).toBeNull();
  });
});

describe('storedRisks', () => {
  const probes = { items: 40, informative: ['facts' as const], risk: { value: 0.1, interval: null }, grain: 0.05, answers: { facts: '1' } };
  const asked = new Map([['new', [checkpoint('new', 100, { ...row(100, 3.2, 0.93), probes })]]]);
  const risks = (...keys: string[]) =>
    storedRisks(
      keys.map((key) => findSource(groups, key)!),
      asked,
    ).map((found) => found?.risk?.value ?? null);

  it('are of checkpoints against their own base', () => {
    expect(risks('model:nano', 'run:new@100', 'run:new@50')).toEqual([null, 0.1, null]);
    expect(risks('model:other', 'run:new@100')).toEqual([null, null]);
    expect(risks('run:new@50', 'run:new@100')).toEqual([null, null]);
  });
});
