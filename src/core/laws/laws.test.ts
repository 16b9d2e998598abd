import { describe, expect, it } from 'vitest';
import { derived, fitLaw, valuesOf, type Observed } from './fit';
import { exponentialLaw } from './mixture-laws';

/** Shares and losses of LAWS 1: Pythia-70M, 10,000 steps on Pile and Python. */
const pythia = {
  base: { pile: 2.8733676, python: 1.8381195 },
  pileShare: [0.125, 0.25, 0.375, 0.5],
  pile: [2.926166, 2.880493, 2.857072, 2.838757],
  python: [1.367859, 1.386261, 1.408447, 1.430862],
};

const along = (shares: readonly number[], losses: readonly number[]): Observed<{ own: number }>[] =>
  shares.map((own, at) => ({ point: { own }, value: losses[at]!, setting: String(own) }));

describe('exponential law', () => {
  it('x', () => {
    const t = performance.now();
    const observed = along(pythia.pileShare, pythia.pile);
    const { fit } = fitLaw(exponentialLaw(observed.map((o) => ({ ...o, weight: 1 }))), observed);
    console.log(JSON.stringify({ ...fit!, draws: 0 }), performance.now() - t);
    console.log(derived(fit!, ([c, k, b]) => (Math.log(pythia.base.pile - c!) - b!) / k!));
    const python = along(
      pythia.pileShare.map((x) => 1 - x),
      pythia.python,
    );
    const f2 = fitLaw(exponentialLaw(python.map((o) => ({ ...o, weight: 1 }))), python).fit!;
    console.log(JSON.stringify({ ...f2, draws: 0 }), performance.now() - t);
    expect(valuesOf(f2).length).toBe(3);
  });
});
