/**
 * What differential privacy a federated run gives its clients: (ε, δ) of the Gaussian mechanism on a random part of the clients, composed over
 * rounds by Rényi differential privacy (Mironov 2017, arXiv 1702.07476; Mironov, Talwar and Zhang 2019, arXiv 1908.10530, section 3.3), as Opacus'
 * RDPAccountant computes it. It takes clients to be drawn one by one with probability q; the studio draws a fixed number of them, for which the figure is
 * the usual stand-in.
 */
import { logErfc } from '../metrics/statistics';

/** Orders α that ε is the least over: Opacus' own. */
const ORDERS: readonly number[] = [
  ...Array.from({ length: 99 }, (_, at) => 1 + (at + 1) / 10),
  ...Array.from({ length: 52 }, (_, at) => at + 12),
];
/** Terms of the series below e⁻³⁰ add nothing in double precision. */
const SMALLEST = -30;

/** ln(eᵃ + eᵇ) */
function logAdd(a: number, b: number): number {
  const [least, most] = a < b ? [a, b] : [b, a];
  return least === -Infinity ? most : most + Math.log1p(Math.exp(least - most));
}

/** ln(eᵃ − eᵇ), a ≥ b */
const logSubtract = (a: number, b: number): number => (b === -Infinity ? a : a === b ? -Infinity : a + Math.log(-Math.expm1(b - a)));

/** ln A_α of a whole order (eq. 7). */
function logMomentWhole(q: number, sigma: number, alpha: number): number {
  let sum = -Infinity;
  let logBinomial = 0;
  for (let i = 0; i <= alpha; i++) {
    sum = logAdd(sum, logBinomial + i * Math.log(q) + (alpha - i) * Math.log1p(-q) + (i * i - i) / (2 * sigma ** 2));
    logBinomial += Math.log((alpha - i) / (i + 1));
  }
  return sum;
}

/** ln A_α of any order (section 3.3): two series of integrals, whose terms change their sign with the binomial coefficient. */
function logMoment(q: number, sigma: number, alpha: number): number {
  if (Number.isInteger(alpha)) return logMomentWhole(q, sigma, alpha);
  let [below, above] = [-Infinity, -Infinity];
  const z = sigma ** 2 * Math.log(1 / q - 1) + 0.5;
  const tail = (x: number) => Math.log(0.5) + logErfc(x / (Math.SQRT2 * sigma));
  let binomial = 1;
  for (let i = 0; ; i++) {
    const j = alpha - i;
    const size = Math.log(Math.abs(binomial));
    const first = size + i * Math.log(q) + j * Math.log1p(-q) + (i * i - i) / (2 * sigma ** 2) + tail(i - z);
    const second = size + j * Math.log(q) + i * Math.log1p(-q) + (j * j - j) / (2 * sigma ** 2) + tail(z - j);
    const join = binomial > 0 ? logAdd : logSubtract;
    [below, above] = [join(below, first), join(above, second)];
    binomial *= j / (i + 1);
    if (Math.max(first, second) < SMALLEST) return logAdd(below, above);
  }
}

/** Rényi divergence of order α that one round spends. @param q part of the clients in a round @param noise standard deviation over the clipping norm */
function roundDivergence(q: number, noise: number, alpha: number): number {
  if (q === 0) return 0;
  if (noise === 0) return Infinity;
  return q === 1 ? alpha / (2 * noise ** 2) : logMoment(q, noise, alpha) / (alpha - 1);
}

/** ε at δ after so many rounds; infinite without noise. */
export function epsilonAfter(rounds: number, q: number, noise: number, delta: number): number {
  if (rounds === 0 || q === 0) return 0;
  const each = ORDERS.map((alpha) => {
    const divergence = rounds * roundDivergence(q, noise, alpha);
    // Balle et al. 2020, arXiv 1905.09982, theorem 21.
    return divergence - (Math.log(delta) + Math.log(alpha)) / (alpha - 1) + Math.log((alpha - 1) / alpha);
  });
  return Math.max(0, Math.min(...each));
}
