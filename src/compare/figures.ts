/**
 * Figures of a comparison: what a run stored about the picked weights, and a summary of measured or stored figures, by model (A first).
 * Losses are nats per token. Where a model's tokens differ from A's, losses, perplexities and retention mean different things, and only
 * bits per byte are comparable (METHOD, head).
 */
import type { SampledRisk } from '../core/metrics/forgetting-risk';
import { bitsPerByte, perplexity, retainedChannels, retention, RETENTION_LINE } from '../core/metrics/loss';
import type { ChannelMeasure, Estimate, MixtureMeasure } from '../core/metrics/text-measure';
import type { ChannelRole, SpecialTokens } from '../core/recipe/schema';
import type { CheckpointRecord, EvaluationRow } from '../core/run/types';
import type { WeightsSource } from './sources';

/** A token's text with its blanks as visible signs. */
export function visibleText(text: string): string {
  return text.replaceAll('\n', '⏎').replaceAll('\t', '⇥').replaceAll(' ', '␣');
}

export { gainVerdict, retentionVerdict, unclear, type RetentionVerdict } from '../core/metrics/verdict';

export interface ComparedChannel {
  id: string;
  corpus: string;
  role: ChannelRole;
  specialTokens?: SpecialTokens | undefined;
  /** A model wrote the text. */
  generated?: unknown;
}

/** Figures of channels, measured here or stored by the run. */
export interface ComparedFigures {
  measure: MixtureMeasure;
  channels: ComparedChannel[];
  /** Documents that were asked for of each channel; rows of the recipe's context where the run measured. */
  documents: number;
}

interface ChannelRow extends Omit<ChannelMeasure, 'id' | 'role'> {
  channel: ComparedChannel;
  perplexity: Estimate[];
}

export interface ComparisonSummary {
  /** In the order of the channels. */
  rows: ChannelRow[];
  /** By model: cuts text as A does. */
  comparable: boolean[];
  domainChannels: number;
  generalChannels: number;
  /** Fall of bits per byte, mean over domain channels: above zero is learnt. By model; null for A and without a domain channel. */
  gain: (Estimate | null)[];
  /** The same in nats per token; null also where tokens differ. */
  gainInNats: (number | null)[];
  /** A's bits per byte, mean over domain channels; null without one. */
  domainBits: number | null;
  /** Mean over general channels. By model; null for A, without a general channel and where tokens differ. */
  retention: (Estimate | null)[];
  /** By model: the general channels below the line. */
  below: ComparedChannel[][];
}

export function summarise({ measure, channels }: ComparedFigures): ComparisonSummary {
  const rows = channels.flatMap((channel): ChannelRow[] => {
    const measured = measure.channels.find(({ id }) => id === channel.id);
    return measured ? [{ ...measured, channel, perplexity: measured.loss.map(perplexityOf) }] : [];
  });
  const models = Math.max(2, rows[0]?.loss.length ?? 0);
  const byModel = <T>(value: (model: number) => T): T[] => Array.from({ length: models }, (_, model) => value(model));
  const domain = rows.filter(({ channel }) => channel.role === 'domain');
  const retained = retainedChannels(rows.map(({ channel }) => channel));
  const general = rows.filter(({ channel }) => retained.includes(channel));
  return {
    rows,
    comparable: byModel((model) => model === 0 || rows.every((row) => row.delta[model] !== null)),
    domainChannels: domain.length,
    generalChannels: general.length,
    gain: byModel((model) => measure.domainGain[model] ?? null),
    gainInNats: byModel((model) => {
      const falls = domain.map((row) => row.delta[model]?.value ?? null);
      return falls.length === 0 || falls.includes(null) ? null : -falls.reduce<number>((sum, delta) => sum + delta!, 0) / falls.length;
    }),
    domainBits: domain.length === 0 ? null : domain.reduce((sum, row) => sum + row.bitsPerByte[0]!.value, 0) / domain.length,
    retention: byModel((model) => measure.meanRetention[model] ?? null),
    below: byModel((model) =>
      general.filter((row) => (row.retention[model]?.value ?? Number.POSITIVE_INFINITY) < RETENTION_LINE).map((row) => row.channel),
    ),
  };
}

/** exp of the loss; as it rises with the loss, so do the interval's ends. */
function perplexityOf({ value, interval }: Estimate): Estimate {
  return {
    value: perplexity(value),
    interval: interval && { low: perplexity(interval.low), high: perplexity(interval.high) },
  };
}

/**
 * What a run measured of A, B and the third by itself while it trained, so that a comparison starts with figures. Null where it lacks A
 * or B: they must be its base or checkpoints that it evaluated. A third that the run lacks is left out.
 */
export function storedFigures(
  picked: readonly WeightsSource[],
  checkpoints: ReadonlyMap<string, CheckpointRecord[]>,
): ComparedFigures | null {
  const [a, b, c] = picked;
  const run = b?.run ?? a?.run;
  if (!run || !a || !b) return null;
  const measured = (source: WeightsSource): EvaluationRow | null => {
    if (source.run === null) return source.base === run.recipe.base ? run.base : null;
    // What the run measured is the weights that train, not their average.
    if (source.run.id !== run.id || source.average) return null;
    return checkpoints.get(run.id)?.find((checkpoint) => checkpoint.step === source.step)?.evaluation ?? null;
  };
  const [one, other, third] = [measured(a), measured(b), c ? measured(c) : null];
  if (!one || !other) return null;
  const rows = third ? [one, other, third] : [one, other];
  const channels = run.recipe.channels.map(({ id, corpus, role, generated }) => ({
    id,
    corpus,
    role,
    ...(generated ? { generated } : {}),
  }));
  return { measure: withoutIntervals(rows, channels), channels, documents: run.recipe.evaluation.rowsPerChannel };
}

/** By model: the risk that a run found at its checkpoint by a sample of probes; null where it asked none or A is not its base. */
export function storedRisks(
  picked: readonly WeightsSource[],
  checkpoints: ReadonlyMap<string, CheckpointRecord[]>,
): (SampledRisk | null)[] {
  const [a] = picked;
  return picked.map(({ run, step, average }) => {
    if (!run || average || !a || a.run !== null || a.base !== run.recipe.base) return null;
    return checkpoints.get(run.id)?.find((checkpoint) => checkpoint.step === step)?.evaluation?.probes ?? null;
  });
}

/** A run's evaluations on the same rows under one tokenizer, in the form of `measureMixture`, without intervals. */
export function withoutIntervals(rows: readonly EvaluationRow[], channels: readonly ComparedChannel[]): MixtureMeasure {
  const plain = (value: number): Estimate => ({ value, interval: null });
  const beside = (value: (model: number) => number | null): (Estimate | null)[] =>
    rows.map((_, model) => {
      const found = model === 0 ? null : value(model);
      return found === null ? null : plain(found);
    });
  const present = channels.flatMap((channel) => {
    const figures = rows.flatMap((row) => row.channels[channel.id] ?? []);
    return figures.length === rows.length ? [{ ...channel, figures }] : [];
  });
  const measured = present.map(({ id, role, figures }) => {
    const loss = figures.map((figure) => figure.loss);
    const bits = figures.map((figure) => bitsPerByte(figure.loss, figure.tokens, figure.bytes));
    return {
      id,
      role,
      documents: 0,
      tokens: figures.map(({ tokens }) => tokens),
      bytes: figures.map(({ bytes }) => bytes),
      loss: loss.map(plain),
      bitsPerByte: bits.map(plain),
      deltaBits: beside((model) => bits[model]! - bits[0]!),
      delta: beside((model) => loss[model]! - loss[0]!),
      retention: beside((model) => retention(loss[0]!, loss[model]!)),
    };
  });
  const retained = retainedChannels(present).map(({ id }) => id);
  const mean = (of: readonly (typeof measured)[number][], value: (channel: (typeof measured)[number]) => number): number | null => {
    const values = of.map(value);
    return values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length;
  };
  const domain = measured.filter(({ role }) => role === 'domain');
  const general = measured.filter(({ id }) => retained.includes(id));
  return {
    channels: measured,
    domainGain: beside((model) => mean(domain, ({ bitsPerByte: bits }) => bits[0]!.value - bits[model]!.value)),
    meanRetention: beside((model) => mean(general, (channel) => channel.retention[model]!.value)),
  };
}

/** The difference that chart and table show: nats per token, or bits per byte where a model's tokens differ from A's. */
export interface Differences {
  unit: 'nats' | 'bits';
  /** Model − A; null for A. */
  of(row: ChannelRow, model: number): Estimate | null;
}

export function differences({ comparable }: ComparisonSummary): Differences {
  const unit = comparable.every(Boolean) ? 'nats' : 'bits';
  return { unit, of: (row, model) => (unit === 'nats' ? row.delta : row.deltaBits)[model] ?? null };
}
