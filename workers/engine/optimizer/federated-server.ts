/**
 * The server of a federated round: it hands its weights to each client, takes the clients' updates, clips and averages them, adds noise, and
 * moves by an optimizer of its own. FedAvg (McMahan et al. 2017, arXiv 1602.05629); momentum: FedAvgM (Hsu et al. 2019, arXiv 1909.06335); clipping and
 * noise: DP-FedAvg (McMahan et al. 2018, arXiv 1710.06963). With secure aggregation (src/core/federated/secure.ts) it sees no client's update, but their sum.
 */
import {
  abs,
  add,
  addN,
  clipByValue,
  concat,
  div,
  floor,
  max,
  maximum,
  minimum,
  mul,
  reshape,
  scalar,
  slice,
  sqrt,
  square,
  sub,
  sum as sumOf,
  tensor,
  tensor1d,
  tidy,
  variable,
  zerosLike,
} from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { GRID, MODULUS, type MaskedRound, type SecureRound } from '../../../src/core/federated/secure';
import type { HostTensor } from '../checkpoint/safetensors';
import { globalNorm } from '../ops/reductions';

export interface ServerOptions {
  /** Of the mean update that is taken; 1 is plain averaging. */
  rate: number;
  /** β: v ← β v + mean update, θ ← θ + rate · v. */
  momentum: number;
  /** Largest norm of a client's update, over all parameters. */
  clip?: number | undefined;
  /** Standard deviation of the noise on each element of the mean update, times `clip` over the round's clients. */
  noise?: number | undefined;
}

export interface LocalTraining {
  /** Of its update in the mean; those of a round sum to 1. */
  weight: number;
  /** Trains the parameters in place. */
  train: () => void;
}

/** torch's name for the momentum of SGD. */
const SLOT = 'momentum_buffer';

/** Elements of one parameter that are kept of a round to be looked at. */
const LOOK = 24;

/** By the parameters' names. */
type Update = ReadonlyMap<string, Tensor>;

/** A copy that no kernel working in place reaches. */
const copied = (value: Tensor): Tensor => tidy(() => mul(value, 1));

export class FederatedServer {
  /** Weights at the start of the round by the parameters' names: what a proximal term holds clients to. */
  readonly start = new Map<string, Tensor>();
  private readonly velocity = new Map<string, Variable>();
  /** Of the last round with masks: by client LOOK elements of its update, as many of what it sends and their cosine; those of both sums, and their distance. */
  private look: Tensor1D | null = null;
  private seen: { name: string; size: number; clients: number; secure: SecureRound } | null = null;

  constructor(
    private readonly parameters: ReadonlyMap<string, Variable>,
    private readonly options: ServerOptions,
  ) {}

  /**
   * One round. The clients train one after another, each from the same weights.
   * With `clip` every client counts alike, as the privacy of the mean asks for.
   * @param normals standard normal numbers for the elements of a parameter; needed with noise
   * @param secure masks of the round; without, the server adds the updates themselves
   * @returns norm of the update of the weights, on the device; the caller disposes it. 0 where too few clients were left: then all stays as it was
   */
  round(
    clients: readonly LocalTraining[],
    normals: (name: string, size: number) => Float32Array,
    secure: SecureRound | null = null,
  ): Scalar {
    const { rate, momentum, clip, noise = 0 } = this.options;
    const counted = clients.length - (secure?.lost.size ?? 0);
    const deviation = (noise * (clip ?? 0)) / counted;
    const trained = [...this.parameters].filter(([, parameter]) => parameter.trainable);
    const weights = clients.map(({ weight }) => (clip === undefined ? weight : 1 / clients.length));
    for (const [name, parameter] of trained) this.start.set(name, copied(parameter));
    this.look?.dispose();
    this.look = null;
    let sum: Update = new Map();
    let masked: Update = new Map();
    const looks: Tensor1D[] = [];
    for (const [at, { train }] of clients.entries()) {
      if (at > 0) for (const [name, parameter] of trained) put(parameter, this.start.get(name)!);
      train();
      const update = this.updateOf(trained, weights[at]!);
      const sent = secure && maskedUpdate(update, secure, at, clients.length);
      if (sent) looks.push(sent.look);
      if (!secure?.lost.has(at)) {
        sum = added(sum, update);
        if (sent?.masked) masked = added(masked, sent.masked, inModulus);
      } else update.forEach((value) => value.dispose());
    }
    const taken = secure === null ? sum : secure.enough ? this.opened(masked, sum, secure, weights) : null;
    if (secure) this.keepLook(looks, taken, sum, secure, weights);
    const norm = tidy(() => {
      if (!taken) {
        for (const [name, parameter] of trained) put(parameter, this.start.get(name)!);
        return scalar(0);
      }
      const steps = trained.map(([name, parameter]) => {
        const mean = taken.get(name)!;
        const noisy = deviation > 0 ? add(mean, mul(tensor(normals(name, mean.size), mean.shape), deviation)) : mean;
        const velocity = momentum > 0 ? this.velocityOf(name, parameter) : null;
        velocity?.assign(add(mul(velocity, momentum), noisy));
        const step = mul(velocity ?? noisy, rate);
        parameter.assign(add(this.start.get(name)!, step));
        return step;
      });
      return globalNorm(steps);
    });
    for (const value of [...sum.values(), ...masked.values(), ...(taken === sum ? [] : (taken?.values() ?? [])), ...this.start.values()])
      value.dispose();
    this.start.clear();
    return norm;
  }

  /** What the client whose weights these are sends: what it moved, cut to the norm, times its weight. */
  private updateOf(trained: readonly [string, Variable][], weight: number): Update {
    const { clip } = this.options;
    return new Map(
      Object.entries(
        tidy(() => {
          const moved = trained.map(([name, parameter]): [string, Tensor] => [name, sub(parameter, this.start.get(name)!)]);
          const scale =
            clip === undefined ? scalar(weight) : mul(minimum(1, div(clip, globalNorm(moved.map(([, value]) => value)))), weight);
          return Object.fromEntries(moved.map(([name, value]) => [name, mul(value, scale)]));
        }),
      ),
    );
  }

  /** The mean of those that sent, from the sum of what they sent. */
  private opened(masked: Update, sum: Update, secure: SecureRound, weights: readonly number[]): Update {
    const all = weightOfSent(secure, weights);
    return new Map(
      [...masked].map(([name, value]) => [
        name,
        tidy(() => {
          const left = secure.lost.size > 0 ? inModulus(sub(value, tensor(secure.leftover(name, value.size), value.shape))) : value;
          // An update that is not finite has no place on the grid: its client says so, and the round ends as without masks.
          return add(mul(signed(left), 1 / GRID / all), mul(sum.get(name)!, 0));
        }),
      ]),
    );
  }

  private keepLook(looks: Tensor1D[], taken: Update | null, sum: Update, secure: SecureRound, weights: readonly number[]): void {
    const all = weightOfSent(secure, weights);
    const seen = lookedAt([...this.start].map(([name, value]) => [name, value.size]));
    const plain = sum.get(seen.name);
    this.look = tidy(() => {
      const none = tensor1d(new Float32Array(seen.size));
      const first = (value: Tensor | undefined) => (value ? slice(reshape(value, [-1]), 0, seen.size) : none);
      const apart = [...(taken ?? [])].map(([name, value]) => max(abs(sub(mul(value, all), sum.get(name)!))));
      const error = apart.length > 0 ? apart.reduce((one, other) => maximum(one, other)) : scalar(0);
      return concat([...looks, mul(first(taken?.get(seen.name)), all), first(plain), reshape(error, [1])]) as Tensor1D;
    });
    for (const look of looks) look.dispose();
    this.seen = { ...seen, secure, clients: looks.length };
  }

  /** What was seen of the last round, with the clients' own numbers; null without secure aggregation or before a round. @param indices of its clients */
  async looked(indices: readonly number[]): Promise<MaskedRound | null> {
    const { look, seen } = this;
    if (!look || !seen) return null;
    const values = Array.from(await look.data<'float32'>(), (value) => Number(value.toPrecision(5)));
    const take = (from: number) => values.slice(from, from + seen.size);
    const width = 2 * seen.size + 1;
    const end = seen.clients * width;
    return {
      parameter: seen.name,
      clients: Array.from({ length: seen.clients }, (_, at) => ({
        index: indices[at]!,
        update: take(at * width),
        sent: seen.secure.lost.has(at) ? null : take(at * width + seen.size),
        likeness: values[at * width + 2 * seen.size]!,
      })),
      sum: seen.secure.enough ? take(end) : null,
      plain: take(end + seen.size),
      error: values[end + 2 * seen.size]!,
    };
  }

  /** By torch's names; empty without momentum. */
  state(): Map<string, Tensor> {
    return new Map([...this.velocity].map(([name, value]) => [`${SLOT}.${name}`, value]));
  }

  /** Continues with the momentum of a checkpoint; what is not given begins at 0. */
  restore(stored: Iterable<HostTensor>): void {
    for (const { name, shape, data } of stored) {
      const parameter = this.parameters.get(name.slice(SLOT.length + 1));
      if (!name.startsWith(`${SLOT}.`) || !parameter) continue;
      const value = tensor(data, shape);
      this.velocityOf(name.slice(SLOT.length + 1), parameter).assign(value);
      value.dispose();
    }
  }

  dispose(): void {
    this.look?.dispose();
    this.look = null;
    for (const value of this.velocity.values()) value.dispose();
    this.velocity.clear();
  }

  private velocityOf(name: string, parameter: Tensor): Variable {
    let found = this.velocity.get(name);
    if (!found) this.velocity.set(name, (found = tidy(() => variable(zerosLike(parameter), false))));
    return found;
  }
}

function put(parameter: Variable, value: Tensor): void {
  const own = copied(value);
  parameter.assign(own);
  own.dispose();
}

/** Whole numbers from 0, below the modulus. */
const inModulus = (value: Tensor): Tensor => sub(value, mul(floor(mul(value, 1 / MODULUS)), MODULUS));

/** Those of the modulus' upper half are below 0. */
const signed = (value: Tensor): Tensor => sub(inModulus(add(value, MODULUS / 2)), MODULUS / 2);

/** Both together; what went into it is let go. */
function added(sum: Update, update: Update, reduced: (value: Tensor) => Tensor = (value) => value): Update {
  if (sum.size === 0) return update;
  const result = new Map([...update].map(([name, value]) => [name, tidy(() => reduced(add(sum.get(name)!, value)))]));
  for (const value of [...sum.values(), ...update.values()]) value.dispose();
  return result;
}

/** What those that sent count for, of all weights. */
const weightOfSent = ({ lost }: SecureRound, weights: readonly number[]): number =>
  weights.reduce((all, weight, at) => (lost.has(at) ? all : all + weight), 0);

/** The largest parameter, and how many of its elements are looked at. */
function lookedAt(sizes: readonly (readonly [name: string, size: number])[]): { name: string; size: number } {
  const [name, size] = sizes.reduce((one, other) => (other[1] > one[1] ? other : one));
  return { name, size: Math.min(LOOK, size) };
}

/** A client's update on the grid and masked; it goes out only where the client does not drop out. */
function maskedUpdate(update: Update, secure: SecureRound, client: number, clients: number): { masked: Update | null; look: Tensor1D } {
  const largest = 1 / clients;
  const masked = new Map(
    [...update].map(([name, value]) => [
      name,
      tidy(() => {
        const whole = floor(add(mul(clipByValue(value, -largest, largest), GRID), 0.5));
        return inModulus(add(whole, tensor(secure.mask(client, name, value.size), value.shape)));
      }),
    ]),
  );
  const { name, size } = lookedAt([...update].map(([name, value]) => [name, value.size]));
  const look = tidy(() => {
    const sent = new Map([...masked].map(([name, value]) => [name, mul(signed(value), 2 / MODULUS)]));
    const over = (term: (name: string, own: Tensor) => Tensor) => addN([...update].map(([name, own]) => sumOf(term(name, own))));
    const together = over((name, own) => mul(own, sent.get(name)!));
    const sizes = mul(sqrt(over((_, own) => square(own))), sqrt(over((name) => square(sent.get(name)!))));
    const first = (value: Tensor) => slice(reshape(value, [-1]), 0, size);
    return concat([first(update.get(name)!), first(sent.get(name)!), reshape(div(together, maximum(sizes, 1e-30)), [1])]) as Tensor1D;
  });
  if (!secure.lost.has(client)) return { masked, look };
  masked.forEach((value) => value.dispose());
  return { masked: null, look };
}
