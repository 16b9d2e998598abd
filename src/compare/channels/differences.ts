/** Which difference stands in the chart and the table: nats per token, or bits per byte where somebody's tokens differ. */
import type { Estimate } from '../../core/metrics/channel-measure';
import type { ChannelRow, ComparisonSummary } from '../summary';

export interface Differences {
  unit: 'nats' | 'bits';
  /** Model − A; null for A. */
  of(row: ChannelRow, model: number): Estimate | null;
}

export function differences({ comparable }: ComparisonSummary): Differences {
  const unit = comparable.every(Boolean) ? 'nats' : 'bits';
  return { unit, of: (row, model) => (unit === 'nats' ? row.delta : row.deltaBits)[model] ?? null };
}

/** The interval holds zero: chance alone may have made the difference. */
export const unclear = ({ interval }: Estimate): boolean => interval !== null && interval.low <= 0 && interval.high >= 0;
