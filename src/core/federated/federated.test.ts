import { describe, expect, it } from 'vitest';
import fixture from '../../../e2e/parity/fixtures/federated.json';
import { parseRecipe } from '../recipe/parse';
import type { RecipeInput } from '../recipe/schema';
import { decodeRecipe, encodeRecipe } from '../recipe/share-link';
import { Rng } from '../rng/rng';
import { recipeWith } from '../run/example-run';
import { clientsOf, participantsOf } from './clients';
import { epsilonAfter } from './privacy';
import { secureRound } from './secure';

const shares = { zh: 0.5, en: 0.3, domain: 0.2 };
const federated = (federated: NonNullable<RecipeInput['federated']>) => recipeWith({ gradientAccumulationSteps: 8, federated });

describe('clients of a federated run', () => {
  it('are the channels with a share, or every text dealt by a draw from Dir(α), which all together leaves the mixture as it is', () => {
    expect(clientsOf(federated({}), { ...shares, zh: 0, en: 0.8 })).toEqual([
      { index: 0, channel: 'en', shares: { en: 1 }, weight: 0.8 },
      { index: 1, channel: 'domain', shares: { domain: 1 }, weight: 0.2 },
    ]);
    const spread = (alpha: number) => {
      const clients = clientsOf(federated({ split: { clients: 8, alpha } }), shares);
      for (const [id, share] of Object.entries(shares))
        expect(clients.reduce((sum, { weight, shares }) => sum + weight * shares[id]!, 0)).toBeCloseTo(share, 12);
      for (const client of clients) expect(Object.values(client.shares).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
      return clients.reduce((sum, { weight, shares: own }) => sum + weight * Math.abs(own['zh']! - shares.zh), 0);
    };
    const [alike, middling, unlike] = [spread(1000), spread(1), spread(0.05)];
    expect(alike).toBeLessThan(0.05);
    expect(middling).toBeGreaterThan(alike);
    expect(unlike).toBeGreaterThan(middling);
    expect(clientsOf(federated({ split: { clients: 8, alpha: 1 } }), shares)).toEqual(
      clientsOf(federated({ split: { clients: 8, alpha: 1 } }), shares),
    );
  });

  it('take part by a draw of the seed, each as often as the others, with weights that sum to 1', () => {
    const recipe = federated({ split: { clients: 6, alpha: 1000 }, participation: 0.5 });
    const seen = new Map<number, number>();
    for (let round = 0; round < 400; round++) {
      const chosen = participantsOf(recipe, shares, round);
      expect(chosen).toHaveLength(3);
      expect(chosen.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
      for (const { index } of chosen) seen.set(index, (seen.get(index) ?? 0) + 1);
    }
    // 200 each, with a standard deviation of 10.
    for (const count of seen.values()) expect(Math.abs(count - 200)).toBeLessThan(40);
    expect(seen.size).toBe(6);
    expect(participantsOf(recipe, shares, 7)).toEqual(participantsOf(recipe, shares, 7));
  });

  it('get noise of mean 0 and variance 1', () => {
    const random = new Rng(3);
    const drawn = Array.from({ length: 20_000 }, () => random.normal());
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(drawn.reduce((sum, value) => sum + value * value, 0) / drawn.length).toBeCloseTo(1, 1);
  });
});

describe('secure aggregation', () => {
  const modulus = 2 ** 23;

  it('sends noise of each client, and the sum of all, exactly', () => {
    const { mask, lost, enough } = secureRound(1, 4, 5, 0);
    expect([lost.size, enough]).toEqual([0, true]);
    const size = 4096;
    const sum = Array.from({ length: size }, () => 0);
    for (let client = 0; client < 5; client++) {
      const own = mask(client, 'w', size);
      const sent = Array.from(own, (value, at) => (at + value) % modulus);
      // Uniform below 1: mean 1/2 and variance 1/12, with the standard errors of 4,096 draws.
      const mean = sent.reduce((all, value) => all + value / modulus / size, 0);
      expect(Math.abs(mean - 0.5)).toBeLessThan(5 / Math.sqrt(12 * size));
      expect(sent.reduce((all, value) => all + (value / modulus - mean) ** 2 / size, 0)).toBeCloseTo(1 / 12, 2);
      sent.forEach((value, at) => (sum[at] = (sum[at]! + value) % modulus));
    }
    expect(sum).toEqual(Array.from({ length: size }, (_, at) => 5 * at));
    expect(secureRound(1, 5, 5, 0).mask(0, 'w', 8)).not.toEqual(mask(0, 'w', 8));
    expect(mask(0, 'v', 8)).not.toEqual(mask(0, 'w', 8));
  });

  it('takes the masks of those that drop out from the sum of the others, and gives a round up that half or more have left', () => {
    const kinds = new Set<string>();
    for (let round = 0; round < 200; round++) {
      const { mask, leftover, lost, enough } = secureRound(3, round, 4, 0.4);
      kinds.add(`${lost.size} ${enough}`);
      const sum = Array.from(leftover('w', 16), (value) => modulus - value);
      for (let client = 0; client < 4; client++)
        if (!lost.has(client)) mask(client, 'w', 16).forEach((value, at) => (sum[at] = sum[at]! + value));
      expect(sum.map((value) => value % modulus)).toEqual(Array.from({ length: 16 }, () => 0));
    }
    expect([...kinds].sort()).toEqual(['0 true', '1 true', '2 false', '3 false', '4 false']);
    expect(secureRound(3, 0, 2, 0).enough).toBe(true);
  });
});

describe('privacy', () => {
  it("costs what Opacus' accountant says", () => {
    for (const { q, noise, rounds, delta, epsilon } of fixture.privacy)
      expect(Math.abs(epsilonAfter(rounds, q, noise, delta) / epsilon - 1)).toBeLessThan(1e-6);
    expect(epsilonAfter(10, 1, 0, 1e-5)).toBe(Infinity);
    expect(epsilonAfter(0, 1, 1, 1e-5)).toBe(0);
  });
});

describe('a federated recipe', () => {
  it('travels in a link and stands without the field as before', () => {
    const recipe = federated({ split: { clients: 4, alpha: 0.5 }, proximal: 0.1, privacy: { clip: 0.5, noise: 1 } });
    expect(decodeRecipe(encodeRecipe(recipe))).toEqual(recipe);
    expect('federated' in recipeWith({})).toBe(false);
  });

  it.each<[Partial<RecipeInput>, string, string]>([
    [{ gradientAccumulationSteps: 2 }, 'gradientAccumulationSteps', '3'],
    [{ strategy: { kind: 'domain-only' } }, 'strategy.kind', 'mixed'],
    [{ precision: 'f16' }, 'precision', 'f32'],
    [{ regularisation: { l2sp: { lambda: 1 } } }, 'regularisation', 'federated'],
    [{ average: {} }, 'average', 'federated'],
    [{ method: { kind: 'prefix' } }, 'method.kind', 'lora'],
    [{ federated: { participation: 0 } }, 'federated.participation', '0'],
    [{ federated: { server: { momentum: 1 } } }, 'federated.server.momentum', '1'],
    [{ federated: { split: { clients: 1, alpha: 1 } } }, 'federated.split.clients', '2'],
    [{ federated: { participation: 0.34, secure: {} } }, 'federated.participation', '0.5'],
    [{ federated: { secure: { dropout: 1 } } }, 'federated.secure.dropout', '0.9'],
  ])('is refused by name: %j', (changes, field, accepted) => {
    const recipe = { ...recipeWith({ gradientAccumulationSteps: 8 }), federated: {}, ...changes };
    let thrown: unknown;
    try {
      parseRecipe(recipe);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'recipe-invalid', values: { field } });
    expect((thrown as Error).message).toContain(accepted);
  });
});
