import { describe, expect, it } from 'vitest';
import { liftReport, pipelineStages, type PipelineReport } from './report';
import { defaultPipelineSettings } from './settings';

const tally = { rows: 3, bytes: 30 };
const counts = { email: 1, phone: 0, nationalIdCn: 0, ssnUs: 0, card: 0, rows: 1 };
const report: PipelineReport = {
  settings: defaultPipelineSettings,
  channels: [
    {
      channel: { id: 'w-1', role: 'domain', language: null },
      in: tally,
      stages: pipelineStages.map((stage) => ({ stage, enabled: true, in: tally, kept: tally, dropped: [] })),
      kept: { train: tally, heldOut: tally },
      cut: tally,
      augmented: tally,
      keptSample: [],
      histograms: [],
      pii: counts,
      termDensity: 0.5,
    },
  ],
  notes: [],
  timings: { wall: 1, workers: 0, steps: [] },
};

describe('a stored report', () => {
  it('of the present version is left as it is', () => expect(liftReport(report)).toBe(report));

  it('of version 1 has its stages and counts under other names', () => {
    const { exactDedup, minhashDedup, pii, ...settings } = defaultPipelineSettings;
    const former = {
      ...report,
      settings: { ...settings, version: 1, exact: exactDedup, near: minhashDedup, personal: pii },
      channels: report.channels.map(({ pii: personal, stages, ...channel }) => ({
        ...channel,
        stages: stages.map((stage) => ({
          ...stage,
          stage: stage.stage === 'exactDedup' ? 'exact' : stage.stage === 'minhashDedup' ? 'near' : stage.stage,
        })),
        personal,
      })),
    };
    expect(liftReport(former as unknown as PipelineReport)).toEqual(report);
  });
});
