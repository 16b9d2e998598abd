/** A bar in a table; the figure stands beside it. */
import styles from './MeasureBar.module.css';

export function MeasureBar({ ratio }: { ratio: number }) {
  return (
    <span className={styles.track} aria-hidden>
      <i style={{ width: `${(Math.min(1, Math.max(0, ratio)) * 100).toFixed(1)}%` }} />
    </span>
  );
}
