import { describe, expect, it } from 'vitest';
import type { RunView } from '../run/view';
import { exampleRun as run } from '../run/example-run';
import { domainFall, detectSymptoms } from './symptoms';

const kinds = (view: RunView | null) => detectSymptoms(view).map(({ kind }) => kind);

describe('detectSymptoms', () => {
  it('says that nothing is measured yet', () => {
    expect(kinds(null)).toEqual(['preparing']);
    expect(kinds(run({}))).toEqual(['preparing']);
  });

  it('reads the base alone as the baseline', () => {
    expect(kinds(run({ zh: [4.3], en: [4], domain: [4.2] }))).toEqual(['baseline']);
  });

  it('reads domain falling and general kept as on course', () => {
    const [reading] = detectSymptoms(run({ zh: [4.3, 4.29], en: [4, 3.99], domain: [4.2, 3.9] }));
    expect(reading?.kind).toBe('on-course');
    expect(reading?.values['fall']).toBeCloseTo(0.3, 10);
  });

  it('reads general channels that rise and stay up as forgetting, and names the worst', () => {
    const [reading] = detectSymptoms(run({ zh: [4.3, 4.5, 4.7], en: [4, 4.1, 4.1], domain: [4.2, 3.8, 3.5] }));
    expect(reading).toMatchObject({ kind: 'forgetting', values: { channel: 'zh' } });
  });

  it('reads a rise that comes back as re-warming', () => {
    expect(kinds(run({ zh: [4.3, 4.45, 4.32], en: [4, 4.1, 4.02], domain: [4.2, 4, 3.8] }))).toEqual(['recovering']);
  });

  it('reads a rise that has not come back when the steps are over as forgetting', () => {
    const heldOut = { zh: [4.3, 4.65, 4.45], en: [4, 4.3, 4.2], domain: [4.2, 4, 3.8] };
    expect(kinds(run(heldOut, { step: 60 }))).toEqual(['recovering']);
    expect(kinds(run(heldOut, { step: 100 }))).toEqual(['forgetting']);
  });

  it('reads an early rise as the expected spike', () => {
    expect(kinds(run({ zh: [4.3, 4.34], en: [4, 4.03], domain: [4.2, 4.1] }, { step: 10 }))).toEqual(['spike']);
  });

  it('reads a domain that hardly falls, only after two fifths of the run', () => {
    const heldOut = { zh: [4.3, 4.3], en: [4, 4], domain: [4.2, 4.19] };
    expect(kinds(run(heldOut, { step: 60 }))).toEqual(['domain-flat']);
    expect(kinds(run(heldOut, { step: 20 }))).toEqual(['even']);
  });

  it('reads a learning rate of zero before a flat domain', () => {
    expect(kinds(run({ zh: [4.3, 4.3], en: [4, 4], domain: [4.2, 4.2] }, { step: 80, peakLr: 0 }))).toEqual(['lr-zero']);
  });

  it('reads train loss far below held-out loss after several epochs as memorising', () => {
    const view = run({ zh: [4.3, 4.3], en: [4, 4], domain: [4.2, 3.9] }, { epochs: 3, trainLoss: 3 });
    expect(kinds(view)).toContain('memorising');
    expect(kinds({ ...view, channels: view.channels.map((meter) => ({ ...meter, epochs: 0.5 })) })).not.toContain('memorising');
  });

  it('reads a growing train loss first', () => {
    const train = [4, 4, 4, 4.2, 4.3, 4.4, 4.6, 4.8];
    expect(kinds(run({ zh: [4.3, 4.3], en: [4, 4], domain: [4.2, 3.9] }, { train }))[0]).toBe('growing');
  });

  it('reads a held-out loss that goes up and down as oscillating, and not one that turns once', () => {
    const general = { zh: [4, 4.2, 4, 4.2], en: [4, 4.2, 4, 4.2] };
    const [reading] = detectSymptoms(run({ ...general, domain: [4, 4.2, 4, 4.2] }));
    expect(reading?.kind).toBe('oscillating');
    expect(reading?.values['swing']).toBeCloseTo(0.2, 10);
    expect(kinds(run({ zh: [4, 4.2, 4.1, 4], en: [4, 4.2, 4.1, 4], domain: [4, 4.2, 4.1, 4] }))).not.toContain('oscillating');
    // Swings that cancel between channels are no swing of the whole.
    expect(kinds(run({ ...general, domain: [4, 3.6, 4, 3.6] }))).not.toContain('oscillating');
  });

  it('adds a base that knows one general channel much less', () => {
    expect(kinds(run({ zh: [6, 6], en: [4, 4], domain: [4.2, 3.9] }))).toEqual(['on-course', 'uneven-base']);
  });
});

describe('domainFall', () => {
  it('is the mean over domain channels, positive when learnt', () => {
    const { channels } = run({ zh: [4, 5], en: [4, 4], domain: [4.2, 3.9] });
    expect(domainFall(channels)).toBeCloseTo(0.3, 10);
    expect(domainFall(channels.filter(({ role }) => role === 'general'))).toBeNull();
  });
});
