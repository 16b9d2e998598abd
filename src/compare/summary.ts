/**
 * What a comparison says: a row per channel and the two figures above it, by model (A first, then B and the third). Losses are nats per
 * token. Where a model cuts text into other tokens than A, losses, perplexities and retention mean different things, and only bits
 * per byte may be set against each other (METHOD, head).
 */
import type { ChannelMeasure, Estimate, MixtureMeasure } from '../core/metrics/channel-measure';
import { perplexity, RETENTION_LINE } from '../core/metrics/loss';
import type { ChannelRole } from '../core/recipe/schema';

export { gainVerdict, retentionVerdict, type RetentionVerdict } from '../core/metrics/verdict';

export interface ComparedChannel {
  id: string;
  corpus: string;
  role: ChannelRole;
}

/** Figures of channels, measured here or stored by the run. */
export interface ComparedFigures {
  measure: MixtureMeasure;
  channels: ComparedChannel[];
  /** Documents that were asked for of each channel; rows of the recipe's context where the run measured. */
  documents: number;
}

export interface ChannelRow extends Omit<ChannelMeasure, 'id' | 'role'> {
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
  const of = (role: ChannelRole) => rows.filter((row) => row.channel.role === role);
  const domain = of('domain');
  const general = of('general');
  return {
    rows,
    comparable: byModel((model) => model === 0 || rows.every((row) => row.delta[model] !== null)),
    domainChannels: domain.length,
    generalChannels: general.length,
    gain: byModel((model) => measure.domainGain[model] ?? null),
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
