/**
 * The curves as one SVG: nothing that moves with the pointer is in here, so that a hover or a fader never draws it again. Train loss is a
 * thin line, faint behind a smoothed one; held-out loss a strong one with its points; the base's loss and the retention line are dashed.
 */
import { memo, useId } from 'react';
import { line } from 'd3-shape';
import type { PlotEvent } from './chart-events';
import type { ChartPoint, LossLine } from './loss-lines';
import { PLOT, plotX, plotY, type PlotFrame } from './LossOverlay';

interface Props {
  frame: PlotFrame;
  lines: readonly LossLine[];
  /** Where general ability is at the line, in the figure that is drawn. */
  level: number | null;
  /** Train losses stand back: what is read is the held-out loss. */
  faint: boolean;
  yTicks: readonly number[];
  xTicks: readonly number[];
  events: readonly (PlotEvent & { x: number })[];
  formatY(value: number): string;
  formatX(value: number): string;
}

/** More points than this would be a caterpillar. */
const DOTS = 32;
const LABEL_ROWS = 3;
const LABELS = 6;

export const LossPlot = memo(function LossPlot({ frame, lines, level, faint, yTicks, xTicks, events, formatY, formatX }: Props) {
  const { width, height, right } = frame;
  const area = useId();
  const bottom = height - PLOT.bottom;
  const edge = width - right;
  const path = line<ChartPoint>()
    .defined(({ y }) => y !== null && (!frame.log || y > 0))
    .x(({ x }) => plotX(frame, x))
    .y(({ y }) => plotY(frame, y!))
    .digits(1);
  const unlabelled = Math.max(0, events.filter(({ quiet }) => !quiet).length - LABELS);
  const shared = { fill: 'none', strokeLinecap: 'round', strokeLinejoin: 'round' } as const;
  const bases = lines.filter(({ base }) => base !== null);
  // A figure against the base has one line for all of them.
  const baseLines = new Set(bases.map(({ base }) => base)).size === 1 ? bases.slice(0, 1) : bases;
  return (
    <svg width={width} height={height}>
      <defs>
        <clipPath id={area}>
          <rect x={PLOT.left} y={0} width={Math.max(0, edge - PLOT.left)} height={bottom} />
        </clipPath>
      </defs>
      <g stroke="var(--line)">
        {yTicks.map((tick) => (
          <path key={tick} d={`M${PLOT.left} ${plotY(frame, tick)}H${edge}`} />
        ))}
      </g>
      <g fill="var(--dim)" fontSize={11}>
        {yTicks.map((tick) => (
          <text key={tick} x={PLOT.left - 8} y={plotY(frame, tick) + 4} textAnchor="end">
            {formatY(tick)}
          </text>
        ))}
        {xTicks.map((tick) => (
          <text key={tick} x={plotX(frame, tick)} y={bottom + 16} textAnchor="middle">
            {formatX(tick)}
          </text>
        ))}
      </g>
      <path d={`M${PLOT.left} ${bottom}H${edge}`} stroke="var(--line-strong)" />
      <g clipPath={`url(#${area})`}>
        {baseLines.map(({ id, base, colour }) => (
          <path
            key={id}
            data-line="base"
            d={`M${PLOT.left} ${plotY(frame, base!)}H${edge}`}
            stroke={baseLines.length === 1 ? 'var(--dim)' : colour}
            strokeDasharray="3 5"
            strokeOpacity={0.75}
          />
        ))}
        {level !== null && (
          <path data-line="retention" d={`M${PLOT.left} ${plotY(frame, level)}H${edge}`} stroke="var(--bad)" strokeDasharray="6 4" />
        )}
        {events.map(({ step, x, label, quiet }, at) => {
          const place = plotX(frame, x);
          const late = place > PLOT.left + (edge - PLOT.left) * 0.75;
          return (
            <g key={`${step}-${label}`}>
              <path d={`M${place} ${PLOT.top}V${bottom}`} stroke="var(--dim)" strokeDasharray="2 3" />
              {!quiet && at >= unlabelled && (
                <text
                  x={place + (late ? -5 : 5)}
                  y={PLOT.top + 11 + (at % LABEL_ROWS) * 15}
                  textAnchor={late ? 'end' : 'start'}
                  fill="var(--ink)"
                  fontSize={11}
                >
                  {label}
                </text>
              )}
            </g>
          );
        })}
        {lines.map(({ id, raw, colour }) => (
          <path key={id} d={path(raw) ?? ''} stroke={colour} strokeWidth={1} strokeOpacity={0.22} {...shared} />
        ))}
        {lines.map(({ id, train, raw, colour }) => (
          <path
            key={id}
            data-line="train"
            d={path(train) ?? ''}
            stroke={colour}
            strokeWidth={raw.length > 0 ? 1.4 : 1.1}
            strokeOpacity={(raw.length > 0 ? 0.8 : 0.55) * (faint ? 0.45 : 1)}
            {...shared}
          />
        ))}
        {!faint && <Lonely frame={frame} lines={lines} />}
        {lines.map(({ id, heldOut, colour }) => (
          <path
            key={id}
            data-line="held-out"
            d={path(heldOut) ?? ''}
            stroke={colour}
            strokeWidth={id === 'total' ? 1.6 : 2.2}
            {...shared}
          />
        ))}
        {lines.flatMap(({ id, heldOut, colour }) =>
          heldOut.length > DOTS
            ? []
            : heldOut.flatMap(({ x, y }) =>
                y === null || (frame.log && y <= 0)
                  ? []
                  : [<circle key={`${id}-${x}`} cx={plotX(frame, x)} cy={plotY(frame, y)} r={2.6} fill={colour} />],
              ),
        )}
      </g>
    </svg>
  );
});

/** A value between two gaps is no line: it is a dot. */
function Lonely({ frame, lines }: Pick<Props, 'frame' | 'lines'>) {
  return lines.flatMap(({ id, train, colour }) =>
    train.flatMap(({ x, y }, at) =>
      y === null || (train[at - 1]?.y ?? null) !== null || (train[at + 1]?.y ?? null) !== null
        ? []
        : [<circle key={`${id}-${x}`} cx={plotX(frame, x)} cy={plotY(frame, y)} r={1.8} fill={colour} />],
    ),
  );
}
