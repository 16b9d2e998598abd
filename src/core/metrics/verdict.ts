/** What a figure with its interval says: a gain or a loss counts only where the whole interval lies on one side. */
import type { Estimate } from './text-measure';
import { RETENTION_LINE } from './loss';

/** Within rounding of three digits. */
const SHOWN_ZERO = 0.0005;

/** `unclear`: the interval holds zero, so that chance alone may have made the difference. */
export type GainVerdict = 'learnt' | 'lost' | 'same' | 'unclear';

export function gainVerdict({ value, interval }: Estimate): GainVerdict {
  const { low, high } = interval ?? { low: value, high: value };
  if (Math.abs(low) < SHOWN_ZERO && Math.abs(high) < SHOWN_ZERO) return 'same';
  return low > 0 ? 'learnt' : high < 0 ? 'lost' : 'unclear';
}

/** `unclear`: the interval crosses the line. */
export type RetentionVerdict = 'kept' | 'lost' | 'unclear';

export function retentionVerdict({ value, interval }: Estimate): RetentionVerdict {
  const { low, high } = interval ?? { low: value, high: value };
  return low >= RETENTION_LINE ? 'kept' : high < RETENTION_LINE ? 'lost' : 'unclear';
}

/** The interval holds zero: chance alone may have made the difference. */
export const unclear = ({ interval }: Estimate): boolean => interval !== null && interval.low <= 0 && interval.high >= 0;
