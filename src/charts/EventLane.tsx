/** Below the curves: a tick for each evaluation, a diamond for each checkpoint. */
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Marker } from '../core/run/types';
import { plotX, PLOT, type PlotFrame } from './plot-frame';
import styles from './LossChart.module.css';

/** Marks nearer than this, in pixels, are drawn once. */
const APART = 5;

export const EventLane = memo(function EventLane({ frame, markers }: { frame: PlotFrame; markers: readonly Marker[] }) {
  const { t } = useTranslation('desk');
  const drawn = (kind: Marker['kind']) => {
    let last = -Infinity;
    return markers.filter((marker) => {
      if (marker.kind !== kind || plotX(frame, marker.step) - last < APART) return false;
      last = plotX(frame, marker.step);
      return true;
    });
  };
  const y = frame.height - PLOT.bottom;
  return (
    <svg className={styles.layer} width={frame.width} height={frame.height} aria-hidden>
      {drawn('evaluation').map(({ step }) => (
        <path key={`e${step}`} d={`M${plotX(frame, step)} ${y - 7}v7`} stroke="var(--dim)" strokeWidth="1.5">
          <title>{t('event.evaluation', { detail: step })}</title>
        </path>
      ))}
      {drawn('checkpoint').map(({ step }) => (
        <path
          key={`c${step}`}
          d={`M${plotX(frame, step)} ${y - 4.5}l4.5 4.5l-4.5 4.5l-4.5 -4.5z`}
          fill="var(--accent)"
          stroke="var(--panel)"
          strokeWidth="1"
        >
          <title>{t('event.checkpoint', { detail: step })}</title>
        </path>
      ))}
    </svg>
  );
});
