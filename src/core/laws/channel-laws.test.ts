import { describe, expect, it } from 'vitest';
import { fitChannels } from './channel-laws';
import { readMeasuredRuns } from './measured-runs';

const table = readMeasuredRuns(
  'pile share,pile loss,python loss\n.125,2.926166,1.367859\n.25,2.880493,1.386261\n.28515625,2.872070,1.393265\n.375,2.857072,1.408447\n.5,2.838757,1.430862',
);
describe('x', () => {
  it('y', () => {
    for (const skip of [true, false]) {
      const runs = table.runs.filter((r) => !skip || r.shares['pile'] !== 0.28515625);
      const t = performance.now();
      for (const law of fitChannels(runs, table.channels, table.targets)) {
        console.log(
          law.channel,
          law.best?.law,
          law.candidates.map((c) => [c.law, c.fit?.r2, c.fit?.leaveOneOut?.r2, JSON.stringify(c.refusal)]),
          performance.now() - t,
          JSON.stringify(law.findings),
        );
        console.log(law.candidates.map((c) => c.fit?.parameters.map((p) => p.value.toPrecision(6)).join(' ')));
      }
    }
    const bad = readMeasuredRuns(
      'github share,github loss,pile-cc loss\n.25,1.481441,3.455093\n.375,1.428290,3.406490\n.5,1.366049,3.459762\n.625,1.328847,3.520093\n.75,1.292771,3.598626',
    );
    console.log(
      fitChannels(bad.runs, bad.channels, bad.targets).map((l) => [
        l.channel,
        l.best?.law,
        l.refusal,
        l.best?.parameters.map((p) => [p.value, p.interval]),
      ]),
    );
    expect(1).toBe(1);
  });
});
