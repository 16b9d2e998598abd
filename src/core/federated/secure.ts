/**
 * Secure aggregation of a federated round (Bonawitz et al. 2017, "Practical Secure Aggregation", ePrint 2017/281), simulated: a client sends its weighted
 * update as whole numbers of a grid, modulo 2²³, plus a mask with each other client of the round, which the one adds and the other subtracts.
 * What is sent is uniform noise; in the sum of all the masks cancel, exactly. Where a client drops out before it sends, those that are left give
 * the server its pairs' seeds (in the protocol by their shares of them), and it takes what those masks leave out of the sum.
 *
 * Simulated are the keys: a pair's seed comes from that of the run, not from an agreement of the two. The second mask of each client, against a message
 * that comes late, is left out, since none does.
 */
import { deriveSeed, Rng } from '../rng/rng';

/** Whole numbers that are sent are taken modulo this: the sum of two is still exact in a float of 32 bits, which WebGPU has alone. */
export const MODULUS = 2 ** 23;
/** Steps of the grid to 1. The sum's elements lie within ±1; of a client's update each is cut to ±1 over the clients of the round. */
export const GRID = MODULUS / 2;

/** Clients by their places in the round, from 0. */
export interface SecureRound {
  /** Those that drop out before they send. */
  lost: ReadonlySet<number>;
  /** So many are left that they can open the masks of the lost: more than half, and never one alone, whose sum would be its update. */
  enough: boolean;
  /** What a client adds to a parameter's elements: whole numbers from 0, below the modulus. */
  mask(client: number, parameter: string, size: number): Float32Array;
  /** What masks shared with the lost leave in the sum of the others, likewise. */
  leftover(parameter: string, size: number): Float32Array;
}

/** @param round from 0 @param clients that take part @param dropout probability of each to drop out, drawn by the seed */
export function secureRound(seed: number, round: number, clients: number, dropout: number): SecureRound {
  const draw = new Rng(deriveSeed(seed, 'federated', 'dropout', round));
  const lost = new Set(Array.from({ length: clients }, (_, client) => client).filter(() => draw.uniform() < dropout));
  const left = clients - lost.size;
  /** Adds a pair's mask, as the one of the two has it. */
  const addPair = (into: Float32Array, parameter: string, own: number, other: number) => {
    const [first, second] = own < other ? [own, other] : [other, own];
    const random = new Rng(deriveSeed(seed, 'federated', 'mask', round, first, second, parameter));
    const sign = own === first ? 1 : -1;
    for (let at = 0; at < into.length; at++) into[at] = (into[at]! + sign * (random.next() >>> 9)) & (MODULUS - 1);
  };
  return {
    lost,
    enough: left >= Math.max(2, Math.floor(clients / 2) + 1),
    mask(client, parameter, size) {
      const sum = new Float32Array(size);
      for (let other = 0; other < clients; other++) if (other !== client) addPair(sum, parameter, client, other);
      return sum;
    },
    leftover(parameter, size) {
      const sum = new Float32Array(size);
      for (let client = 0; client < clients; client++)
        if (!lost.has(client)) for (const gone of lost) addPair(sum, parameter, client, gone);
      return sum;
    },
  };
}

/** What the server saw of a round, and what stayed with its clients: the first elements of one parameter. */
export interface MaskedRound {
  parameter: string;
  clients: {
    /** Of the run's clients, from 0. */
    index: number;
    /** Its weighted update, which nobody else sees. */
    update: number[];
    /** What the server sees of it, over the half of the modulus: −1 to 1; null where it dropped out. */
    sent: number[] | null;
    /** Cosine of what is sent and the update, over all elements of all parameters. */
    likeness: number;
  }[];
  /** Of what was sent, without masks; null where too few were left and the round was given up. */
  sum: number[] | null;
  /** Of the updates of those that sent. */
  plain: number[];
  /** Largest distance of both, over all elements of all parameters. */
  error: number;
}
