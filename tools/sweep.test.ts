import { describe, expect, it } from 'vitest';
import { readMeasuredRuns } from '../src/core/laws/measured-runs';
import { measuredRun, sweepTables } from './sweep.mjs';

const recipe = (domain: number, peakLr: number) => ({
  sequenceLength: 64,
  batchSize: 8,
  gradientAccumulationSteps: 1,
  budget: { steps: 50 },
  schedule: { peakLr, warmup: { unit: 'steps', value: 5 } },
  channels: [
    { id: 'zh', share: 1 - domain },
    { id: 'domain', share: domain },
  ],
});
const result = (domain: number, peakLr: number, losses: Record<string, number>) => ({
  recipe: recipe(domain, peakLr),
  setting: { domainShare: domain, 'schedule.kind': 'a, "b"' },
  seed: 3,
  state: 'zh' in losses ? 'finished' : 'failed',
  steps: 50,
  base: { zh: 2.5, domain: 3.5 },
  losses,
  heldOut: { zh: { x: [0, 50], y: [2.5, null] } },
  train: { zh: { x: [10], y: [2.4] } },
  seconds: 12.34,
  engine: 'wasm',
});

describe('tables of a sweep', () => {
  const results = [result(0.25, 1e-3, { zh: 2.4, domain: 3 }), result(0.5, 1, {})];
  const tables = sweepTables(results);

  it('have a row a run, quoted as pandas reads it, and a row a point of a curve', () => {
    expect(tables['runs.csv'].split('\n').slice(0, 3)).toEqual([
      'run,seed,schedule.kind,lr,warmup,tokens,share_zh,share_domain,loss_zh,loss_domain,state,seconds',
      'base,,,,,,,,2.5,3.5,,',
      '0,3,"a, ""b""",0.001,0.1,25600,0.75,0.25,2.4,3,finished,12.3',
    ]);
    expect(tables['curves.csv']).toBe(
      'run,kind,channel,step,loss\n0,train,zh,10,2.4\n0,held-out,zh,0,2.5\n0,held-out,zh,50,\n1,train,zh,10,2.4\n1,held-out,zh,0,2.5\n1,held-out,zh,50,\n',
    );
  });

  it('come back as the runs that they are of, the broken one included', () => {
    const read = readMeasuredRuns(tables['runs.csv']);
    expect(read.runs).toEqual(results.map((one, at) => measuredRun(one, at)));
    expect(read.base).toEqual({ zh: 2.5, domain: 3.5 });
  });
});
