/**
 * The curves as one SVG: nothing that moves with the pointer is in here, so that a hover or a fader never draws it again. Train loss is a
 * thin line, faint behind a smoothed one; held-out loss a strong one with its points; the base's loss and the retention line are dashed.
 */
import { memo, useId } from 'react';
import { area, line } from 'd3-shape';
import type { PlotEvent } from './chart-events';
import type { BandPoint, ChartPoint, LossLine } from './loss-lines';
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
/** Shapes along a line of another run. */
const SHAPES = 14;
const LABEL_ROWS = 3;
const LABELS = 6;

export const LossPlot = memo(function LossPlot({ frame, lines, level, faint, yTicks, xTicks, events, formatY, formatX }: Props) {
  const { width, height, right } = frame;
  const inside = useId();
  const bottom = height - PLOT.bottom;
  const edge = width - right;
  const path = line<ChartPoint>()
    .defined(({ y }) => y !== null && (!frame.log || y > 0))
    .x(({ x }) => plotX(frame, x))
    .y(({ y }) => plotY(frame, y!))
    .digits(1);
  const bandPath = area<BandPoint>()
    .x(({ x }) => plotX(frame, x))
    .y0(({ low }) => plotY(frame, low))
    .y1(({ high }) => plotY(frame, high))
    .digits(1);
  const unlabelled = Math.max(0, events.filter(({ quiet }) => !quiet).length - LABELS);
  const shared = { fill: 'none', strokeLinecap: 'round', strokeLinejoin: 'round' } as const;
  const bases = lines.filter(({ base }) => base !== null);
  // A figure against the base has one line for all of them.
  const baseLines = new Set(bases.map(({ base }) => base)).size === 1 ? bases.slice(0, 1) : bases;
  return (
    <svg width={width} height={height}>
      <defs>
        <clipPath id={inside}>
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
      <g clipPath={`url(#${inside})`}>
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
        {events.map(({ step, x, label }) => (
          <path key={`${step}-${label}`} d={`M${plotX(frame, x)} ${PLOT.top}V${bottom}`} stroke="var(--dim)" strokeDasharray="2 3" />
        ))}
        {lines.map(
          ({ id, band, colour }) => band && <path key={id} data-line="band" d={bandPath(band) ?? ''} fill={colour} fillOpacity={0.16} />,
        )}
        {lines.map(({ id, raw, colour }) => (
          <path key={id} d={path(raw) ?? ''} stroke={colour} strokeWidth={1} strokeOpacity={0.22} {...shared} />
        ))}
        {lines.map(({ id, train, raw, colour, heldOut, dash }) => {
          // Where nothing else is drawn of a run, its train line is what is read.
          const alone = heldOut.length === 0 && dash !== undefined;
          return (
            <path
              key={id}
              data-line="train"
              d={path(train) ?? ''}
              stroke={colour}
              strokeWidth={raw.length > 0 || alone ? 1.4 : 1.1}
              strokeOpacity={(raw.length > 0 || alone ? 0.8 : 0.55) * (faint ? 0.28 : 1)}
              strokeDasharray={dash || undefined}
              {...shared}
            />
          );
        })}
        {!faint && <Lonely frame={frame} lines={lines} />}
        {lines.map(({ id, heldOut, colour, dash }) => (
          <path
            key={id}
            data-line="held-out"
            d={path(heldOut) ?? ''}
            stroke={colour}
            strokeWidth={id === 'total' || dash !== undefined ? 1.6 : 2.2}
            strokeDasharray={dash || undefined}
            {...shared}
          />
        ))}
        {lines.flatMap(({ id, heldOut, colour, shape }) => {
          const seen = heldOut.filter(({ x, y }) => y !== null && (!frame.log || y > 0) && x >= frame.from && x <= frame.to);
          // Shapes tell runs apart: of many points every so many bear one.
          const every = shape ? Math.ceil(seen.length / SHAPES) : 1;
          if (!shape && heldOut.length > DOTS) return [];
          return seen.flatMap(({ x, y }, at) => {
            const [left, top] = [plotX(frame, x), plotY(frame, y!)];
            if (at % every !== 0) return [];
            return shape ? (
              <path key={`${id}-${x}`} d={shape} fill={colour} transform={`translate(${left.toFixed(1)} ${top.toFixed(1)}) scale(3.4)`} />
            ) : (
              <circle key={`${id}-${x}`} cx={left} cy={top} r={2.6} fill={colour} />
            );
          });
        })}
        {events.map(({ step, x, label, quiet }, at) => {
          const place = plotX(frame, x);
          const late = place > PLOT.left + (edge - PLOT.left) * 0.75;
          return quiet || at < unlabelled ? null : (
            <text
              key={`${step}-${label}`}
              x={place + (late ? -5 : 5)}
              y={PLOT.top + 11 + (at % LABEL_ROWS) * 15}
              textAnchor={late ? 'end' : 'start'}
              fill="var(--ink)"
              fontSize={11}
              stroke="var(--panel)"
              strokeWidth={3}
              strokeLinejoin="round"
              paintOrder="stroke"
            >
              {label}
            </text>
          );
        })}
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
