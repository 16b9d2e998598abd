/**
 * Learning-rate schedules, the same values as transformers' get_*_schedule_with_warmup (optimization.py, v5): constant,
 * linear and cosine with a floor, and WSD (warmup, stable, decay). Warmup is computed here and nowhere else: its length by
 * `warmupSteps`, its factors by `scheduleFactor`.
 */
import type { Schedule } from '../recipe/schema';

/**
 * Length of the warmup in steps, which may be more than the run has: the peak is then not reached. A ratio of all steps is rounded up in floating
 * point, as transformers does: 0.07 of 100 steps are 8.
 */
export function warmupSteps({ warmup: { unit, value } }: Pick<Schedule, 'warmup'>, steps: number): number {
  return unit === 'steps' ? value : Math.ceil(value * steps);
}

/** The schedule with its warmup as runs of the first rules had it: at most all steps, and a ratio rounded up only where it is no whole number of them. */
export function withFirstWarmup(schedule: Schedule, steps: number): Schedule {
  const { unit, value } = schedule.warmup;
  const length = Math.min(steps, unit === 'steps' ? value : Math.ceil(value * steps - 1e-9));
  return length === warmupSteps(schedule, steps) ? schedule : { ...schedule, warmup: { unit: 'steps', value: length } };
}

/** 0-based step at which WSD's decay starts. */
export function decayStart(schedule: Schedule, steps: number): number {
  return Math.max(warmupSteps(schedule, steps), steps - Math.max(1, Math.round(schedule.decayRatio * steps)));
}

/** Learning rate of the step about to be computed. @param step 0-based; @param steps all steps of the run */
export function learningRateAt(schedule: Schedule, step: number, steps: number): number {
  return schedule.peakLr * scheduleFactor(schedule, step, steps);
}

/**
 * Learning rate / peak at a 0-based step. Warmup rises linearly from 0 (WSD: from the floor) at step 0 to 1 at step `warmupSteps`; what follows falls
 * from 1 to the floor at the last step, by the kind of schedule.
 */
function scheduleFactor(schedule: Schedule, step: number, steps: number): number {
  const warmup = warmupSteps(schedule, steps);
  const floor = schedule.minRatio;
  const above = (factor: number) => factor * (1 - floor) + floor;
  if (step < warmup) return schedule.kind === 'wsd' ? above(step / warmup) : step / warmup;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'linear':
      return above(1 - progress);
    case 'cosine':
      return above(0.5 * (1 + Math.cos(Math.PI * progress)));
    case 'wsd': {
      const start = decayStart(schedule, steps);
      if (step < start) return 1;
      if (step >= steps) return floor;
      const decayed = (step - start) / Math.max(1, steps - start);
      // MiniCPM (Hu et al., arXiv 2404.06395): 0.5^((s − D)/T), with the half-life T at which the decay ends at the floor.
      return schedule.decayShape === 'exponential' ? floor ** decayed : above(decay(schedule.decayShape, decayed));
    }
  }
}

/** Height above the floor during WSD's decay, from 1 at progress 0 to 0 at progress 1. */
function decay(shape: Exclude<Schedule['decayShape'], 'exponential'>, progress: number): number {
  switch (shape) {
    case 'linear':
      return 1 - progress;
    case 'cosine':
      return 0.5 * (1 + Math.cos(Math.PI * progress));
    case 'sqrt':
      return 1 - Math.sqrt(progress);
  }
}
