/** A figure with its 95 % interval behind it. */
import type { ReactNode } from 'react';
import type { Estimate } from '../core/metrics/channel-measure';
import { useFormat } from '../i18n/format';
import styles from './Estimated.module.css';

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
