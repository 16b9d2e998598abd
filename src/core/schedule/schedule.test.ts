/** Held against transformers' schedules and its warmup (e2e/parity/make_fixtures.py). */
import { describe, expect, it } from 'vitest';
import fixture from '../../../e2e/parity/fixtures/schedules.json';
import type { Schedule } from '../recipe/schema';
import { learningRateAt, warmupSteps, withFirstWarmup } from './schedule';

interface Arguments {
  num_warmup_steps?: number;
  num_training_steps?: number;
  num_decay_steps?: number;
  min_lr_rate?: number;
  min_lr_ratio?: number;
  decay_type?: string;
}

const TOTAL = 200;
const shapes = { linear: 'linear', cosine: 'cosine', '1-sqrt': 'sqrt' } as const;

function scheduleOf(name: string, given: Arguments): Schedule {
  const kind = (['constant', 'linear', 'cosine', 'wsd'] as const).find((one) => name.includes(`get_${one}`))!;
  return {
    kind,
    peakLr: 1,
    minRatio: given.min_lr_rate ?? given.min_lr_ratio ?? 0,
    warmup: { unit: 'steps', value: given.num_warmup_steps ?? 0 },
    decayRatio: (given.num_decay_steps ?? 20) / TOTAL,
    decayShape: shapes[(given.decay_type ?? 'linear') as keyof typeof shapes],
  };
}

describe('learning rates', () => {
  it.each(fixture.tables.map((table) => ({ ...table, words: JSON.stringify(table.arguments) })))(
    'of $function $words',
    ({ function: name, arguments: given, values }) => {
      const total = (given as Arguments).num_training_steps ?? TOTAL;
      fixture.steps.forEach((step, at) => {
        // Behind the last step transformers' cosine rises again; no run gets there.
        if (step <= total) expect(learningRateAt(scheduleOf(name, given as Arguments), step, total)).toBeCloseTo(values[at]!, 12);
      });
    },
  );

  it('halve every so many steps in an exponential decay, as torch’s ExponentialLR', () => {
    const { decaySteps, halfLife, values } = fixture.exponential;
    const usual = scheduleOf('get_wsd', { num_decay_steps: decaySteps, min_lr_ratio: 0.5 ** (decaySteps / halfLife) });
    values.forEach((value, at) =>
      expect(learningRateAt({ ...usual, decayShape: 'exponential' }, TOTAL - decaySteps + at, TOTAL)).toBeCloseTo(value, 12),
    );
  });

  it('end at a fiftieth of the peak in a run of 10 steps with a warmup of 500', () => {
    const schedule = scheduleOf('get_cosine', { num_warmup_steps: 500 });
    expect(Array.from({ length: 10 }, (_, step) => learningRateAt(schedule, step, 10)).at(-1)).toBeCloseTo(9 / 500, 12);
  });
});

describe('warmup', () => {
  it.each(fixture.warmups)('of $ratio of $steps steps is $warmup', ({ ratio, steps, warmup }) => {
    expect(warmupSteps({ warmup: { unit: 'ratio', value: ratio } }, steps)).toBe(warmup);
  });

  it('of a run of the first rules stays as long as it began', () => {
    const schedule = (unit: 'ratio' | 'steps', value: number) => ({ ...scheduleOf('get_cosine', {}), warmup: { unit, value } });
    expect(withFirstWarmup(schedule('ratio', 0.07), 100).warmup).toEqual({ unit: 'steps', value: 7 });
    expect(withFirstWarmup(schedule('steps', 500), 10).warmup).toEqual({ unit: 'steps', value: 10 });
    const usual = schedule('ratio', 0.03);
    expect(withFirstWarmup(usual, 50)).toBe(usual);
  });
});
