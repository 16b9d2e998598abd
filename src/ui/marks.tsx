/** Small parts that several views share: an estimate with its interval, the letter of a set of weights, a bar. */
import type { ReactNode } from 'react';
import type { Estimate } from '../core/metrics/text-measure';
import { useFormat } from '../i18n/format';
import styles from './marks.module.css';

/** A is the base, B what is compared with it, C a third. */
export type Place = 'a' | 'b' | 'c';

interface Props {
  estimate: Estimate;
  /** The value in words, with its sign or unit. */
  children: ReactNode;
  digits?: number;
  /** Below the value, in a table; behind it else. */
  stacked?: boolean;
}

export function Estimated({ estimate, children, digits = 3, stacked = false }: Props) {
  const format = useFormat();
  return (
    <span className={styles.estimated} data-stacked={stacked}>
      {children}
      {estimate.interval && <span className={styles.interval}> {format.interval(estimate.interval, digits)}</span>}
    </span>
  );
}

/** A, B or C: the mark of a set of weights wherever it appears. */
export function Letter({ place, size = 'normal' }: { place: Place; size?: 'normal' | 'small' }) {
  return (
    <span className={styles.letter} data-place={place} data-size={size} aria-hidden>
      {place.toUpperCase()}
    </span>
  );
}

/** A bar in a table; the figure stands beside it. */
export function MeasureBar({ ratio }: { ratio: number }) {
  return (
    <span className={styles.track} aria-hidden>
      <i style={{ width: `${(Math.min(1, Math.max(0, ratio)) * 100).toFixed(1)}%` }} />
    </span>
  );
}
