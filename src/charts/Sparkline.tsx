/** A small curve without axes, with an optional line to hold it against. The words beside it carry the figures. */
import { memo } from 'react';
import type { Series } from '../core/run/types';
import styles from './Sparkline.module.css';

interface Props {
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

const WIDTH = 240;
const PAD = 4;

export const Sparkline = memo(function Sparkline({ series, last, line, colour, label, height = 58, stretch }: Props) {
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
