import { describe, expect, it } from 'vitest';
import { readMeasuredRuns } from '../src/core/laws/measured-runs';
import { measuredRuns, type SweepRecord, type SweepRun } from '../src/core/sweep/record';
import { sweepTables } from './sweep.mjs';

const recipe = (domain: number, peakLr: number) =>
  ({
    sequenceLength: 64,
    batchSize: 8,
    gradientAccumulationSteps: 1,
    budget: { steps: 50 },
    schedule: { peakLr, warmup: { unit: 'steps', value: 5 } },
    channels: [
      { id: 'zh', share: 1 - domain },
      { id: 'domain', share: domain },
    ],
  }) as unknown as SweepRun['recipe'];

const run = (index: number, state: SweepRun['state'], domain: number, peakLr: number, losses: Record<string, number | null>): SweepRun => ({
  index,
  setting: { domainShare: domain, 'schedule.kind': 'a, "b"' },
  seed: 3,
  recipe: recipe(domain, peakLr),
  state,
  run: null,
  rung: 0,
  error: null,
  result: {
    steps: 20,
    tokens: 10_240,
    losses,
    heldOut: { zh: { x: [0, 50], y: [2.5, null] } },
    train: { zh: { x: [10], y: [2.4] } },
    seconds: 12.34,
    device: 'wasm',
  },
  measured: null,
});

const sweep = {
  channels: [
    { id: 'zh', corpus: '', role: 'general' },
    { id: 'domain', corpus: '', role: 'domain' },
  ],
  base: { zh: 2.5, domain: 3.5 },
  size: 1_049_088,
  runs: [
    run(0, 'finished', 0.25, 1e-3, { zh: 2.4, domain: 3 }),
    run(1, 'failed', 0.5, 1, { zh: null, domain: null }),
    run(2, 'planned', 0.5, 2, {}),
  ],
} as unknown as SweepRecord;

describe('tables of a sweep', () => {
  const tables = sweepTables(sweep, measuredRuns);

  it('have a row a run, quoted as pandas reads it, and a row a point of a curve', () => {
    expect(tables['runs.csv'].split('\n').slice(0, 3)).toEqual([
      'run,seed,schedule.kind,lr,warmup,tokens,size,share_zh,share_domain,loss_zh,loss_domain,state,seconds',
      'base,,,,,,1049088,,,2.5,3.5,,',
      '0,3,"a, ""b""",0.001,0.1,25600,1049088,0.75,0.25,2.4,3,finished,12.3',
    ]);
    expect(tables['curves.csv']).toBe(
      'run,kind,channel,step,loss\n0,train,zh,10,2.4\n0,held-out,zh,0,2.5\n0,held-out,zh,50,\n1,train,zh,10,2.4\n1,held-out,zh,0,2.5\n1,held-out,zh,50,\n',
    );
  });

  it('come back as the runs that they are of, the broken one included', () => {
    const read = readMeasuredRuns(tables['runs.csv']);
    expect(read.runs).toEqual(measuredRuns(sweep));
    expect(read.base).toEqual({ zh: 2.5, domain: 3.5 });
  });

  it('give a run that a rung ended the tokens that it was trained for', () => {
    const { 'runs.csv': csv } = sweepTables({ ...sweep, runs: [run(0, 'stopped', 0.25, 1e-3, { zh: 2.4, domain: 3 })] }, measuredRuns);
    expect(csv.split('\n')[2]).toBe('0,3,"a, ""b""",0.001,0.1,10240,1049088,0.75,0.25,2.4,3,stopped,12.3');
  });
});
