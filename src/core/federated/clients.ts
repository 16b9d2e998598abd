/**
 * Clients of a federated run (McMahan et al. 2017, arXiv 1602.05629): what text each has, how much it counts, and who takes part in a round. A step of
 * the run is a round. Its micro-batches are the updates that clients make on their own, one after another, so that tokens, time and
 * checkpoints count as in any other run.
 */
import type { Shares } from '../mixture/mixture';
import { sharesOf } from '../recipe/edits';
import { takingPart, type Recipe } from '../recipe/schema';
import { deriveSeed, Rng } from '../rng/rng';
import { epsilonAfter } from './privacy';

export type Federated = NonNullable<Recipe['federated']>;

export interface Client {
  /** From 0. */
  index: number;
  /** The only channel that it has; null where it has a mixture of several. */
  channel: string | null;
  /** Channel id → share of its own text, summing to 1. */
  shares: Shares;
  /** Part of all text that is its own, and what its update counts for where all take part; all clients sum to 1. */
  weight: number;
}

/** Gamma(shape, 1) by Marsaglia and Tsang (2000). */
function gamma(random: Rng, shape: number): number {
  if (shape < 1) return gamma(random, shape + 1) * (1 - random.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const x = random.normal();
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d * (1 - v + Math.log(v))) return d * v;
  }
}

/** Dir(α, …, α) over so many. */
function dirichlet(random: Rng, count: number, alpha: number): number[] {
  const drawn = Array.from({ length: count }, () => gamma(random, alpha));
  const sum = drawn.reduce((total, value) => total + value, 0);
  // Where α is tiny all may underflow: then one has everything.
  return sum > 0 ? drawn.map((value) => value / sum) : drawn.map((_, at) => (at === 0 ? 1 : 0));
}

/**
 * The clients, by the shares as they are now. Without a split each channel with a share is one, of that weight. With one each channel's text is dealt
 * to the clients by a draw from Dir(α) (Hsu et al. 2019, arXiv 1909.06335): the smaller α, the less alike the clients; the mixture of
 * all of them together stays that of the shares. A client without any text is left out.
 */
export function clientsOf({ channels, federated, seed }: Pick<Recipe, 'channels' | 'federated' | 'seed'>, shares: Shares): Client[] {
  const split = federated?.split;
  const drawn = channels.filter(({ id }) => (shares[id] ?? 0) > 0);
  if (!split) return drawn.map(({ id }, index) => ({ index, channel: id, shares: { [id]: 1 }, weight: shares[id]! }));
  const parts = new Map(
    channels.map(({ id }) => [id, dirichlet(new Rng(deriveSeed(seed, 'federated', 'split', id)), split.clients, split.alpha)]),
  );
  return Array.from({ length: split.clients }, (_, index) => {
    const own = drawn.map(({ id }): [string, number] => [id, shares[id]! * parts.get(id)![index]!]);
    const weight = own.reduce((sum, [, share]) => sum + share, 0);
    return { index, channel: null, weight, shares: Object.fromEntries(own.map(([id, share]) => [id, weight > 0 ? share / weight : 0])) };
  }).filter(({ weight }) => weight > 0);
}

/** Those that take part in a round, in their order, with weights that sum to 1. @param round from 0 */
export function participantsOf(recipe: Pick<Recipe, 'channels' | 'federated' | 'seed'>, shares: Shares, round: number): Client[] {
  const clients = clientsOf(recipe, shares);
  const count = takingPart(clients.length, recipe.federated!.participation);
  const order = new Rng(deriveSeed(recipe.seed, 'federated', 'round', round)).shuffle(clients.map((_, at) => at));
  const chosen = order
    .slice(0, count)
    .sort((one, other) => one - other)
    .map((at) => clients[at]!);
  const all = chosen.reduce((sum, { weight }) => sum + weight, 0);
  return chosen.map((client) => ({ ...client, weight: client.weight / all }));
}

/** ε that a federated run has spent after so many rounds, at the δ of its recipe; infinite without noise or privacy. */
export function epsilonOf(recipe: Pick<Recipe, 'channels' | 'federated' | 'seed'>, rounds: number): number {
  const { federated } = recipe;
  const privacy = federated?.privacy;
  if (!federated || !privacy) return Infinity;
  const clients = clientsOf(recipe, sharesOf(recipe)).length;
  return epsilonAfter(rounds, takingPart(clients, federated.participation) / clients, privacy.noise, privacy.delta);
}

/** Its settings in a line, for model cards and reports. */
export function federatedLine({ split, participation, proximal, server, secure, privacy }: Federated): string {
  return [
    split ? `${split.clients} clients by Dir(${split.alpha})` : 'a client a channel',
    `participation ${participation}`,
    ...(proximal === undefined ? [] : [`FedProx μ ${proximal}`]),
    `server rate ${server.rate}, momentum ${server.momentum}`,
    ...(secure ? [`secure aggregation, dropout ${secure.dropout}`] : []),
    ...(privacy ? [`clip ${privacy.clip}, noise ${privacy.noise}`] : []),
  ].join(', ');
}
