import { describe, expect, it } from 'vitest';
import fixture from '../../../e2e/parity/fixtures/sampling.json';
import { drawToken, sampleToken } from './sample';

/** Probabilities 0.1, 0.4, 0.3, 0.2 of tokens 0 … 3. */
const logits = Float32Array.from([0.1, 0.4, 0.3, 0.2], Math.log);
const all = { temperature: 1, topK: 0, topP: 1 };
/** Share of each token over evenly spread numbers. */
function shares(options: typeof all, draws = 1000): number[] {
  const counts = [0, 0, 0, 0];
  for (let index = 0; index < draws; index += 1) counts[sampleToken(logits, options, (index + 0.5) / draws)]! += 1;
  return counts.map((count) => count / draws);
}

describe('sampleToken', () => {
  it('draws each token as often as its probability', () => {
    shares(all).forEach((share, token) => expect(share).toBeCloseTo([0.1, 0.4, 0.3, 0.2][token]!, 2));
  });

  it('takes the likeliest at temperature 0, the first of equals', () => {
    expect(sampleToken(logits, { ...all, temperature: 0 }, 0.99)).toBe(1);
    expect(sampleToken(Float32Array.of(1, 2, 2), { ...all, temperature: 0 }, 0.99)).toBe(1);
  });

  it('sharpens below 1: at ½ the probabilities are squared', () => {
    const squared = [0.01, 0.16, 0.09, 0.04].map((weight) => weight / 0.3);
    shares({ ...all, temperature: 0.5 }).forEach((share, token) => expect(share).toBeCloseTo(squared[token]!, 2));
  });

  it('keeps the k likeliest', () => {
    shares({ ...all, topK: 2 }).forEach((share, token) => expect(share).toBeCloseTo([0, 4 / 7, 3 / 7, 0][token]!, 2));
  });

  it('keeps the smallest set that reaches p', () => {
    shares({ ...all, topP: 0.65 }).forEach((share, token) => expect(share).toBeCloseTo([0, 4 / 7, 3 / 7, 0][token]!, 2));
    expect(shares({ ...all, topP: 0.75 })[0]).toBe(0);
    expect(shares({ ...all, topP: 0.75 })[3]).toBeCloseTo(2 / 9, 2);
    expect(shares({ ...all, topP: 0.01 })[1]).toBe(1);
  });

  it('stays in range at the ends of the draw', () => {
    expect(sampleToken(logits, all, 0)).toBe(0);
    expect(sampleToken(logits, all, 1 - 2 ** -32)).toBe(3);
    expect(sampleToken(logits, { ...all, topP: 0.95 }, 0)).toBe(1);
    expect(sampleToken(logits, { ...all, topP: 0.95 }, 1 - 2 ** -32)).toBe(0);
    expect(sampleToken(Float32Array.of(-Infinity, 0), all, 1 - 2 ** -32)).toBe(1);
  });

  it.each(fixture.cases)(
    'draws as transformers’ warpers say, temperature $temperature and top-p $topP',
    ({ probabilities, ...options }) => {
      const draws = 8000;
      const counts = new Map<number, number>();
      const vocabulary = Float32Array.from(fixture.logits);
      for (let draw = 0; draw < draws; draw++) {
        const token = sampleToken(vocabulary, { ...options, topK: 0 }, (draw + 0.5) / draws);
        counts.set(token, (counts.get(token) ?? 0) + 1);
      }
      probabilities.forEach((probability, token) => {
        expect(Math.abs((counts.get(token) ?? 0) / draws - probability), `token ${token}`).toBeLessThan(2 / draws);
        if (probability === 0) expect(counts.has(token)).toBe(false);
      });
    },
  );
});

describe('drawToken', () => {
  it('draws as sampleToken does, with log-probability and entropy at the temperature', () => {
    // At ½: 0.01, 0.16, 0.09, 0.04 of 0.30.
    const p = [0.01, 0.16, 0.09, 0.04].map((weight) => weight / 0.3);
    const entropy = -p.reduce((sum, one) => sum + one * Math.log(one), 0);
    for (const uniform of [0.01, 0.3, 0.7, 0.95]) {
      const drawn = drawToken(logits, 0.5, uniform);
      expect(drawn.id).toBe(sampleToken(logits, { ...all, temperature: 0.5 }, uniform));
      expect(drawn.logp).toBeCloseTo(Math.log(p[drawn.id]!), 6);
      expect(drawn.entropy).toBeCloseTo(entropy, 6);
    }
  });

  it('never draws a row of padding, which has its part in the distribution still', () => {
    const { id, logp } = drawToken(logits, 1, 0.999, 2);
    expect(id).toBe(1);
    expect(logp).toBeCloseTo(Math.log(0.4), 6);
  });
});
