/** A, B or C: the mark of a set of weights wherever it appears. */
import type { Place } from './store';
import styles from './Letter.module.css';

export function Letter({ place, size = 'normal' }: { place: Place; size?: 'normal' | 'small' }) {
  return (
    <span className={styles.letter} data-place={place} data-size={size} aria-hidden>
      {place.toUpperCase()}
    </span>
  );
}
