/** Forgetting risk over a run before its levels: low at the bottom, then medium, then high. The words beside it carry the figures. */
import { memo } from 'react';
import { RISK_LEVELS } from '../core/metrics/forgetting-risk';
import type { Series } from '../core/run/types';
import styles from './Sparkline.module.css';

interface RiskLineProps {
  series: Series;
  /** Steps of the run: the right end. */
  last: number;
  label: string;
  height: number;
}

const WIDTH = 240;
/** Top of the picture while the risk is below it. */
const LEAST_TOP = 0.2;

export const RiskLine = memo(function RiskLine({ series, last, label, height }: RiskLineProps) {
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

/** A small curve without axes, with an optional line to hold it against. The words beside it carry the figures. */
interface SparklineProps {
  series: Series;
  /** Bounds of x; the curve starts at 0. */
  last: number;
  line?: number;
  colour: string;
  label: string;
  height?: number;
  /** Steps between which the curve is drawn strong, and faint elsewhere. */
  stretch?: { from: number; to: number };
}
const PAD = 4;

export const Sparkline = memo(function Sparkline({ series, last, line, colour, label, height = 58, stretch }: SparklineProps) {
  const values = [...series.y.filter((value) => Number.isFinite(value)), ...(line === undefined ? [] : [line])];
  if (values.length === 0) return null;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const span = high - low || 0.02;
  const x = (step: number) => (step / Math.max(1, last)) * WIDTH;
  const y = (value: number) => PAD + (1 - (value - low) / span) * (height - 2 * PAD);
  const pathOf = (from: number, to: number) =>
    series.x
      .flatMap((step, at) =>
        step >= from && step <= to && Number.isFinite(series.y[at]) ? [`${x(step).toFixed(1)} ${y(series.y[at]!).toFixed(1)}`] : [],
      )
      .join('L');
  const path = pathOf(0, Infinity);
  return (
    <div className={styles.sparkline}>
      <svg viewBox={`0 0 ${WIDTH} ${height}`} width="100%" height={height} preserveAspectRatio="none" role="img" aria-label={label}>
        {line !== undefined && (
          <path
            d={`M0 ${y(line)}H${WIDTH}`}
            stroke="var(--bad)"
            strokeDasharray="3 4"
            strokeWidth="1.2"
            vectorEffect="non-scaling-stroke"
          />
        )}
        {path !== '' && (
          <path
            d={`M${path}`}
            fill="none"
            stroke={colour}
            strokeWidth={stretch ? 1.2 : 2}
            strokeOpacity={stretch ? 0.45 : 1}
            strokeLinejoin="round"
            vectorEffect="non-scaling-stroke"
          />
        )}
        {stretch && (
          <path
            d={`M${pathOf(stretch.from, stretch.to)}h0`}
            fill="none"
            stroke={colour}
            strokeWidth="2.4"
            strokeLinejoin="round"
            strokeLinecap="round"
            vectorEffect="non-scaling-stroke"
          />
        )}
      </svg>
    </div>
  );
});
