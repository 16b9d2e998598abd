/** Train loss as a level beside the fader, with the base's loss as a tick: above the tick is worse than the base. */
import { memo } from 'react';
import styles from './LevelMeter.module.css';

interface Props {
  /** nats per token; null before the first window. */
  loss: number | null;
  base: number | null;
  /** Loss at the top of the scale, the same for all strips. */
  top: number;
  label: string;
}

export const LevelMeter = memo(function LevelMeter({ loss, base, top, label }: Props) {
  const level = loss === null ? 0 : Math.min(1, Math.max(0, loss / top));
  return (
    <div className={styles.meter} title={label} aria-hidden>
      <i
        className={styles.level}
        data-over={(loss !== null && base !== null && loss > base) || undefined}
        style={{ transform: `scaleY(${level})` }}
      />
      {base !== null && <i className={styles.base} style={{ bottom: `${Math.min(1, base / top) * 100}%` }} />}
    </div>
  );
});
