/** A big number with a plain sentence beside it. */
import type { ReactNode } from 'react';
import styles from './Figure.module.css';

interface Props {
  value: ReactNode;
  tone?: 'good' | 'bad' | 'warn' | 'plain';
  children?: ReactNode;
}

export function Figure({ value, tone = 'plain', children }: Props) {
  return (
    <div>
      <div className={styles.value} data-tone={tone}>
        {value}
      </div>
      {children !== undefined && <div className={styles.note}>{children}</div>}
    </div>
  );
}
