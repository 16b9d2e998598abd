/**
 * Channels measured document by document under several models, the first of them the base: losses with 95 % intervals, paired
 * differences, retention, and the two figures of the whole (METHOD 6). Losses are nats per token.
 */
import type { ChannelRole } from '../recipe/schema';
import { bootstrap, ratioOfSums, type Interval } from './bootstrap';

/** Sums over each document under one model. */
export interface DocumentSums {
  /** nats */
  nll: number[];
  tokens: number[];
  /** UTF-8 bytes of the predicted tokens. */
  bytes: number[];
}

export interface MeasuredDocuments {
  id: string;
  role: ChannelRole;
  /** One entry a model, the same documents in the same order. */
  models: DocumentSums[];
}

export interface Estimate {
  value: number;
  /** Null with fewer than two documents. */
  interval: Interval | null;
}

export interface ChannelMeasure {
  id: string;
  role: ChannelRole;
  documents: number;
  /** By model. */
  loss: Estimate[];
  bitsPerByte: Estimate[];
  /** Model − base; null for the base itself. */
  deltaBits: (Estimate | null)[];
  /** Model − base in nats per token; null for the base and where tokens differ. */
  delta: (Estimate | null)[];
  /** exp(loss of the base − loss), for every role; null for the base and where tokens differ. */
  retention: (Estimate | null)[];
}

export interface MixtureMeasure {
  channels: ChannelMeasure[];
  /** Mean bits per byte that the domain channels lost (base − model): positive is learnt. By model; null for the base. */
  domainGain: (Estimate | null)[];
  /** Mean retention over general channels; null for the base, without general channels and where tokens differ. */
  meanRetention: (Estimate | null)[];
}

export interface MeasureOptions {
  seed: number;
  resamples?: number;
  /** Models whose tokenizer is the base's, by index: losses in nats may be set against each other only there. */
  sameTokens: readonly boolean[];
}

type Figure = (times: readonly Float64Array[]) => number;

/** All intervals come from the same resamples of documents. */
export function measureMixture(channels: readonly MeasuredDocuments[], { seed, resamples, sameTokens }: MeasureOptions): MixtureMeasure {
  const models = channels[0]?.models.length ?? 0;
  const figures: Figure[] = [];
  const add = (figure: Figure): number => figures.push(figure) - 1;
  const loss = (channel: number, model: number): Figure => {
    const { nll, tokens } = channels[channel]!.models[model]!;
    return (times) => ratioOfSums(times[channel]!, nll, tokens);
  };
  const bits = (channel: number, model: number): Figure => {
    const { nll, bytes } = channels[channel]!.models[model]!;
    return (times) => ratioOfSums(times[channel]!, nll, bytes) / Math.LN2;
  };
  const mean =
    (parts: readonly Figure[]): Figure =>
    (times) =>
      parts.reduce((sum, part) => sum + part(times), 0) / parts.length;
  const minus =
    (a: Figure, b: Figure): Figure =>
    (times) =>
      a(times) - b(times);
  const kept =
    (channel: number, model: number): Figure =>
    (times) =>
      Math.exp(loss(channel, 0)(times) - loss(channel, model)(times));
  const of = (role: ChannelRole) => channels.flatMap((channel, at) => (channel.role === role ? [at] : []));
  /** Index of a figure by model; null for the base and where it means nothing. */
  const beside = (figure: (model: number) => Figure | null): (number | null)[] =>
    Array.from({ length: models }, (_, model) => {
      const made = model === 0 ? null : figure(model);
      return made ? add(made) : null;
    });
  const byModel = (figure: (model: number) => Figure): number[] => Array.from({ length: models }, (_, model) => add(figure(model)));

  const places = channels.map((_, channel) => ({
    loss: byModel((model) => loss(channel, model)),
    bitsPerByte: byModel((model) => bits(channel, model)),
    deltaBits: beside((model) => minus(bits(channel, model), bits(channel, 0))),
    delta: beside((model) => (sameTokens[model] ? minus(loss(channel, model), loss(channel, 0)) : null)),
    retention: beside((model) => (sameTokens[model] ? kept(channel, model) : null)),
  }));
  const domain = of('domain');
  const general = of('general');
  const gain = beside((model) => (domain.length > 0 ? mean(domain.map((channel) => minus(bits(channel, 0), bits(channel, model)))) : null));
  const retained = beside((model) =>
    general.length > 0 && sameTokens[model] ? mean(general.map((channel) => kept(channel, model))) : null,
  );

  const sizes = channels.map(({ models: [base] }) => base?.tokens.length ?? 0);
  const all = (times: readonly Float64Array[]) => figures.map((figure) => figure(times));
  const values = all(sizes.map((size) => new Float64Array(size).fill(1)));
  const intervals = bootstrap(sizes, all, { seed, ...(resamples === undefined ? {} : { resamples }) });
  const estimate = (at: number): Estimate => ({ value: values[at]!, interval: intervals[at]! });
  const orNull = (at: number | null) => (at === null ? null : estimate(at));
  return {
    channels: channels.map(({ id, role }, channel) => {
      const place = places[channel]!;
      return {
        id,
        role,
        documents: sizes[channel]!,
        loss: place.loss.map(estimate),
        bitsPerByte: place.bitsPerByte.map(estimate),
        deltaBits: place.deltaBits.map(orNull),
        delta: place.delta.map(orNull),
        retention: place.retention.map(orNull),
      };
    }),
    domainGain: gain.map(orNull),
    meanRetention: retained.map(orNull),
  };
}
