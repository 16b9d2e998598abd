/** Small curves of a run without axes: the words beside them carry the figures. */
import { memo } from 'react';
import { RISK_LEVELS } from '../core/metrics/forgetting-risk';
import type { Series } from '../core/metrics/series';
import { pathThrough } from './svg';
import styles from './Sparkline.module.css';

const WIDTH = 240;
/** Room above the highest point and below the lowest: pixels. */
const PAD = 4;
/** Upper bound of the risk's picture while the risk is below it. */
const LEAST_TOP = 0.2;

/** The points of a series that have a value, at a step's place between 0 and `last`. */
function placed({ x, y }: Series, last: number, height: (value: number) => number): { step: number; at: [x: number, y: number] }[] {
  return x.flatMap((step, index) =>
    Number.isFinite(y[index]) ? [{ step, at: [(step / Math.max(1, last)) * WIDTH, height(y[index]!)] as [number, number] }] : [],
  );
}

interface SparklineProps {
  series: Series;
  /** Step at the right end; the curve starts at 0. */
  last: number;
  /** A level to hold the curve against. */
  line?: number;
  colour: string;
  label: string;
  height?: number;
  /** Steps between which the curve is drawn strong, and faint elsewhere. */
  stretch?: { from: number; to: number };
}

export const Sparkline = memo(function Sparkline({ series, last, line, colour, label, height = 58, stretch }: SparklineProps) {
  const values = [...series.y.filter((value) => Number.isFinite(value)), ...(line === undefined ? [] : [line])];
  if (values.length === 0) return null;
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 0.02;
  const y = (value: number) => PAD + (1 - (value - low) / span) * (height - 2 * PAD);
  const points = placed(series, last, y);
  const strong = stretch ? points.filter(({ step }) => step >= stretch.from && step <= stretch.to) : [];
  const stroke = { fill: 'none', stroke: colour, strokeLinejoin: 'round', vectorEffect: 'non-scaling-stroke' } as const;
  return (
    <svg
      className={styles.sparkline}
      viewBox={`0 0 ${WIDTH} ${height}`}
      width="100%"
      height={height}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {line !== undefined && (
        <path d={`M0 ${y(line)}H${WIDTH}`} stroke="var(--bad)" strokeDasharray="3 4" strokeWidth="1.2" vectorEffect="non-scaling-stroke" />
      )}
      <path d={pathThrough(points.map(({ at }) => at))} {...stroke} strokeWidth={stretch ? 1.2 : 2} strokeOpacity={stretch ? 0.45 : 1} />
      {/* `h0` makes a dot of a stretch that holds one point. */}
      {strong.length > 0 && <path d={`${pathThrough(strong.map(({ at }) => at))}h0`} {...stroke} strokeWidth="2.4" strokeLinecap="round" />}
    </svg>
  );
});

interface RiskLineProps {
  series: Series;
  /** Steps of the run: the right end. */
  last: number;
  label: string;
  height: number;
}

/** Forgetting risk over a run in front of its levels: low at the bottom, then medium, then high. */
export const RiskLine = memo(function RiskLine({ series, last, label, height }: RiskLineProps) {
  const risks = series.y.filter((risk) => Number.isFinite(risk));
  const top = Math.max(LEAST_TOP, ...risks.map((risk) => risk * 1.08));
  // Half a stroke stays free, so that a risk of 0 is seen.
  const y = (risk: number) => height - 1.5 - (risk / top) * (height - 3);
  const bands = [
    { name: 'high', from: RISK_LEVELS.medium, to: top },
    { name: 'medium', from: RISK_LEVELS.low, to: RISK_LEVELS.medium },
    { name: 'low', from: 0, to: RISK_LEVELS.low },
  ];
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
      <path d={pathThrough(placed(series, last, y).map(({ at }) => at))} vectorEffect="non-scaling-stroke" />
    </svg>
  );
});
