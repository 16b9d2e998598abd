import { describe, expect, it } from 'vitest';
import { areasOf, dynamicsLoss, fitDynamics, lookAhead } from './dynamics';

const general = { l0: 3.057, a: 0.49, alpha: 0.497, b: 0.366, e: 28, beta: 0.189, c1: 0.299, c2: 0.298 };
const domain = { l0: 3.024, a: 0.412, alpha: 0.677, b: -0.666, e: 5662, beta: 0.146, c1: 0.278, c2: 0.324 };
const pretraining = { s1: 4, s2: 0 };

describe('dynamics of continued pretraining', () => {
  it("gives the paper's law at a constant rate of 2e-4 (LAWS 4)", () => {
    const areas = areasOf(new Array<number>(5000).fill(2e-4));
    const at = (steps: number) => (steps === 0 ? { s1: 0, s2: 0 } : areas[steps - 1]!);
    const losses = (of: typeof general) => [0, 1, 100, 1000, 5000].map((steps) => dynamicsLoss(of, pretraining, at(steps)));
    const close = (found: number[], wanted: number[]) => found.forEach((loss, i) => expect(loss).toBeCloseTo(wanted[i]!, 5));
    close(losses(general), [3.30302, 3.3034, 3.33192, 3.40692, 3.44951]);
    close(losses(domain), [3.18518, 3.11546, 2.85209, 2.75247, 2.68517]);
  });

  it('gives it under a linear decay', () => {
    const areas = areasOf(
      Array.from({ length: 1000 }, (_, step) => 2e-4 * (1 - (step + 1) / 10_000)),
      2e-4,
    ).at(-1)!;
    expect(areas.s1).toBeCloseTo(0.18999, 5);
    expect(areas.s2).toBeCloseTo(0.007367, 6);
    expect(dynamicsLoss(general, { s1: 6, s2: 0 }, areas)).toBeCloseTo(3.36052, 5);
    expect(dynamicsLoss(domain, { s1: 6, s2: 0 }, areas)).toBeCloseTo(2.71586, 5);
  });

  const rates = Array.from(
    { length: 600 },
    (_, step) => 2e-4 * Math.min(1, (step + 1) / 30) * (step < 400 ? 1 : 1 - (0.5 * (step - 399)) / 200),
  );
  const areas = areasOf(rates);
  const curve = (of: typeof general, noise: (step: number) => number) =>
    Array.from({ length: 31 }, (_, at) => 20 * at).map((step) => ({
      step,
      loss: dynamicsLoss(of, pretraining, step === 0 ? { s1: 0, s2: 0 } : areas[step - 1]!) + noise(step),
    }));

  it('sees ahead of a run whose base is unknown: decay now, or hold', () => {
    const noise = (step: number) => 0.002 * Math.sin(step * 12.9898);
    const { fitted } = fitDynamics(curve(domain, noise), rates, null, { starts: 16, resamples: 30 });
    expect(fitted!.fit.findings.map(({ code }) => code)).toContain('history-unknown');
    for (const ahead of [{ kind: 'hold', steps: 200 } as const, { kind: 'decay-now', steps: 200, floor: 0 } as const]) {
      const [, last] = lookAhead(fitted!, rates, ahead, 100);
      const whole = [
        ...rates,
        ...Array.from({ length: 200 }, (_, at) => (ahead.kind === 'hold' ? rates.at(-1)! : rates.at(-1)! * (1 - (at + 1) / 200))),
      ];
      const truth = dynamicsLoss(domain, pretraining, areasOf(whole).at(-1)!);
      expect(last!.step).toBe(800);
      expect(Math.abs(last!.loss - truth)).toBeLessThan(0.01);
      expect(last!.interval!.low).toBeLessThan(truth + 0.005);
      expect(last!.interval!.high).toBeGreaterThan(truth - 0.005);
    }
  });

  it('refuses a curve that is too short or flat, and tells that a constant rate says nothing of annealing', () => {
    expect(fitDynamics(curve(domain, () => 0).slice(0, 3), rates, null).refusal).toEqual({
      code: 'too-few',
      values: { settings: 3, needed: 5 },
    });
    const flat = Array.from({ length: 20 }, (_, step) => ({ step, loss: 2 }));
    expect(fitDynamics(flat, rates, null).refusal!.code).toBe('no-variation');
    const constant = new Array<number>(600).fill(2e-4);
    const held = areasOf(constant);
    const points = Array.from({ length: 20 }, (_, at) => ({
      step: 30 * (at + 1),
      loss: dynamicsLoss(general, pretraining, held[30 * at + 29]!),
    }));
    const { fitted } = fitDynamics(points, constant, null, { resamples: 20, starts: 10 });
    expect(fitted!.fit.findings).toContainEqual({ code: 'constant', values: { variable: 'S2', value: 0 } });
  });
});
