/** The schedule drawn from learningRateAt, with the present step on it. */
import { memo, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { learningRateAt } from '../core/schedule/schedule';
import type { Schedule } from '../core/recipe/schema';
import { useFormat } from '../i18n/format';
import styles from './MasterStrip.module.css';

const WIDTH = 400;
const HEIGHT = 84;
const TOP = 14;
const BASE = HEIGHT - 6;
const SAMPLES = 160;

interface Props {
  schedule: Schedule;
  steps: number;
  /** Null before a run. */
  step: number | null;
}

export const ScheduleCurve = memo(function ScheduleCurve({ schedule, steps, step }: Props) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const peak = schedule.peakLr;
  const y = (lr: number) => (peak === 0 ? BASE : BASE - (lr / peak) * (BASE - TOP));
  const path = useMemo(() => {
    const count = Math.min(SAMPLES, steps);
    const points = Array.from({ length: count + 1 }, (_, at) => {
      const here = Math.min(steps - 1, Math.round((at / count) * steps));
      const lr = learningRateAt(schedule, here, steps);
      return `${((here / Math.max(1, steps - 1)) * WIDTH).toFixed(1)} ${(peak === 0 ? BASE : BASE - (lr / peak) * (BASE - TOP)).toFixed(1)}`;
    });
    return `M${points.join('L')}`;
  }, [schedule, steps, peak]);
  const present = step === null ? null : Math.min(step, steps - 1);
  const now = present === null ? null : learningRateAt(schedule, present, steps);
  const x = present === null ? 0 : (present / Math.max(1, steps - 1)) * WIDTH;
  const end = learningRateAt(schedule, steps - 1, steps);
  const words = t('schedule.words', { kind: t(`schedule.${schedule.kind}`), peak: format.lr(peak), end: format.lr(end) });
  return (
    <figure className={styles.curve}>
      <div className={styles.curveHead}>
        <span>{words}</span>
        {now !== null && <b>{t('schedule.now', { lr: format.lr(now) })}</b>}
      </div>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={words}>
        <path d={`M0 ${BASE}H${WIDTH}`} stroke="var(--line-strong)" vectorEffect="non-scaling-stroke" />
        <path d={`${path}L${WIDTH} ${BASE}L0 ${BASE}Z`} fill="var(--accent)" fillOpacity="0.1" />
        <path d={path} fill="none" stroke="var(--ink)" strokeWidth="1.8" strokeLinejoin="round" vectorEffect="non-scaling-stroke" />
        {now !== null && (
          <>
            <path d={`M${x} 2V${BASE}`} stroke="var(--accent)" strokeWidth="1.5" vectorEffect="non-scaling-stroke" />
            <path
              d={`M${x} ${y(now)}h0.01`}
              stroke="var(--accent)"
              strokeWidth="9"
              strokeLinecap="round"
              vectorEffect="non-scaling-stroke"
            />
          </>
        )}
      </svg>
    </figure>
  );
});
