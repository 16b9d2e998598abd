/** The same figure of the third set of weights, below that of B. */
import type { ReactNode } from 'react';
import { Letter } from '../Letter';
import styles from './Summary.module.css';

export function ThirdLine({ children }: { children: ReactNode }) {
  return (
    <p className={styles.third}>
      <Letter place="c" size="small" />
      {children}
    </p>
  );
}
