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

const CURVES = { width: 160, height: 40 } as const;

interface DeltaCurvesProps {
  /** Of each channel its losses against the base's, by step. */
  curves: readonly { id: string; colour: string; points: readonly (readonly [step: number, difference: number])[] }[];
  /** Step at the right end. */
  last: number;
  /** Differences at the lower and upper edge; what is beyond them is drawn at the edge. */
  low: number;
  high: number;
  label: string;
  className?: string | undefined;
}

/** Losses of a run's channels less the base's, small: many of them on one scale can be compared. The line at 0 is the base. */
export const DeltaCurves = memo(function DeltaCurves({ curves, last, low, high, label, className }: DeltaCurvesProps) {
  const y = (difference: number) => CURVES.height * (1 - Math.min(1, Math.max(0, (difference - low) / (high - low))));
  return (
    <svg className={className} viewBox={`0 0 ${CURVES.width} ${CURVES.height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path
        d={`M0 ${y(0).toFixed(1)}H${CURVES.width}`}
        stroke="var(--line-strong)"
        strokeDasharray="3 4"
        vectorEffect="non-scaling-stroke"
      />
      {curves.map(({ id, colour, points }) => (
        <path
          key={id}
          d={pathThrough(points.map(([step, difference]) => [(step / Math.max(1, last)) * CURVES.width, y(difference)] as const))}
          fill="none"
          stroke={colour}
          strokeWidth="1.6"
          vectorEffect="non-scaling-stroke"
        />
      ))}
    </svg>
  );
});
