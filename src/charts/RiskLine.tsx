/** Forgetting risk over a run before its levels: low at the bottom, then medium, then high. The words beside it carry the figures. */
import { memo } from 'react';
import { RISK_LEVELS } from '../core/metrics/forgetting-risk';
import type { Series } from '../core/run/types';
import styles from './RiskLine.module.css';

interface Props {
  series: Series;
  /** Steps of the run: the right end. */
  last: number;
  label: string;
  height: number;
}

const WIDTH = 240;
/** Top of the picture while the risk is below it. */
const LEAST_TOP = 0.2;

export const RiskLine = memo(function RiskLine({ series, last, label, height }: Props) {
  const known = series.x.flatMap((step, at) => (Number.isFinite(series.y[at]) ? [{ step, risk: series.y[at]! }] : []));
  const top = Math.max(LEAST_TOP, ...known.map(({ risk }) => risk * 1.08));
  // Half a stroke stays free, so that a risk of 0 is seen.
  const y = (risk: number) => height - 1.5 - (risk / top) * (height - 3);
  const bands = [
    { name: 'high', from: RISK_LEVELS.medium, to: top },
    { name: 'medium', from: RISK_LEVELS.low, to: RISK_LEVELS.medium },
    { name: 'low', from: 0, to: RISK_LEVELS.low },
  ];
  const path = known.map(({ step, risk }) => `${((step / Math.max(1, last)) * WIDTH).toFixed(1)} ${y(risk).toFixed(1)}`).join('L');
  return (
    <svg
      className={styles.risk}
      viewBox={`0 0 ${WIDTH} ${height}`}
      width="100%"
      height={height}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {bands.map(({ name, from, to }) => (
        <rect key={name} data-level={name} x="0" width={WIDTH} y={y(to)} height={Math.max(0, y(from) - y(to))} />
      ))}
      <path d={`M${path}`} vectorEffect="non-scaling-stroke" />
    </svg>
  );
});
