/**
 * A channel's fader: its share of the mixture, 0 to 100 %, from bottom to top, with the level meter beside it.
 * Arrow keys move the fader by 1 %, with Shift by 0.1 %, page keys by 5 %, home and end to the ends.
 */
import { memo } from 'react';
import { GOLDEN_RANGE, GOLDEN_RATIO } from '../core/mixture/mixture';
import { useSlider } from '../ui/Slider';
import styles from './Fader.module.css';

interface FaderProps {
  label: string;
  valueText: string;
  share: number;
  /** Shows the golden ratio and its range. */
  golden: boolean;
  goldenLabel: string;
  locked: boolean;
  /** @param final the end of a movement */
  onMove(share: number, final: boolean): void;
}

/** Whole tenths of a percent, so that a value can be met again. */
const tenthOfPercent = (share: number): number => Math.round(share * 1000) / 1000;

export const Fader = memo(function Fader({ label, valueText, share, golden, goldenLabel, locked, onMove }: FaderProps) {
  const { track, props } = useSlider({
    position: share,
    orientation: 'vertical',
    disabled: locked,
    step: 0.01,
    fineStep: 0.001,
    page: 0.05,
    round: tenthOfPercent,
    onMove,
  });
  const [low, high] = GOLDEN_RANGE;
  return (
    <div
      {...props}
      className={styles.fader}
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 1000) / 10}
      aria-valuetext={valueText}
    >
      <div className={styles.scale} aria-hidden>
        {(golden ? [0, 50, 75, 100] : [0, 25, 50, 75, 100]).map((mark) => (
          <i key={mark} style={{ bottom: `${mark}%` }} />
        ))}
      </div>
      <div className={styles.track} ref={track}>
        {golden && (
          <>
            <i className={styles.range} style={{ bottom: `${low * 100}%`, height: `${(high - low) * 100}%` }} title={goldenLabel} />
            <span className={styles.golden} style={{ bottom: `${GOLDEN_RATIO * 100}%` }} aria-hidden>
              1:5
            </span>
          </>
        )}
        <i className={styles.fill} style={{ transform: `scaleY(${share})` }} />
        <div className={styles.rail} style={{ transform: `translateY(${(1 - share) * 100}%)` }}>
          <i className={styles.cap} data-part="cap" />
        </div>
      </div>
    </div>
  );
});

/** Train loss as a level beside the fader, with the base's loss as a tick: above the tick is worse than the base. */
interface LevelMeterProps {
  /** nats per token; null before the first window. */
  loss: number | null;
  base: number | null;
  /** Loss at the top of the scale, the same for all strips. */
  top: number;
  label: string;
}

export const LevelMeter = memo(function LevelMeter({ loss, base, top, label }: LevelMeterProps) {
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
