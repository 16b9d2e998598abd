/**
 * The curves, by recharts: nothing that moves with the pointer is in here, so that a hover or a fader never draws it again.
 * Train loss is a thin line, held-out loss a strong one with its points, the base's loss dashed.
 */
import { memo } from 'react';
import { CartesianGrid, Line, LineChart, ReferenceLine, XAxis, YAxis } from 'recharts';
import type { PlotEvent } from './chart-events';
import type { ChartPoint, LossLine } from './loss-lines';
import { PLOT, type PlotFrame } from './LossOverlay';

interface Props {
  frame: PlotFrame;
  lines: readonly LossLine[];
  lossTicks: number[];
  stepTicks: number[];
  events: readonly PlotEvent[];
  formatLoss(loss: number): string;
  formatStep(step: number): string;
}

/** More points than this would be a caterpillar. */
const DOTS = 32;
const LABEL_ROWS = 3;
const LABELS = 6;
const TICK = { fill: 'var(--dim)', fontSize: 11 } as const;

const lossOf = (point: ChartPoint) => point.y;

const LossPlot = memo(function LossPlot({ frame, lines, lossTicks, stepTicks, events, formatLoss, formatStep }: Props) {
  const { width, height, right, steps, min, max } = frame;
  const unlabelled = Math.max(0, events.length - LABELS);
  return (
    <LineChart
      width={width}
      height={height}
      margin={{ top: PLOT.top, right, bottom: PLOT.bottom - PLOT.axisHeight, left: 0 }}
      accessibilityLayer={false}
    >
      <CartesianGrid vertical={false} stroke="var(--line)" />
      <XAxis
        dataKey="x"
        type="number"
        domain={[0, steps]}
        ticks={stepTicks}
        height={PLOT.axisHeight}
        tickFormatter={formatStep}
        tick={TICK}
        tickLine={false}
        axisLine={{ stroke: 'var(--line-strong)' }}
        allowDataOverflow
      />
      <YAxis
        type="number"
        domain={[min, max]}
        ticks={lossTicks}
        width={PLOT.left}
        tickFormatter={formatLoss}
        tick={TICK}
        tickLine={false}
        axisLine={false}
        allowDataOverflow
      />
      {lines.map(({ id, base, colour }) =>
        base === null ? null : <ReferenceLine key={`base-${id}`} y={base} stroke={colour} strokeDasharray="3 5" strokeOpacity={0.75} />,
      )}
      {events.map(({ step, label, quiet }, at) => (
        <ReferenceLine
          key={`${step}-${label}`}
          x={step}
          stroke="var(--dim)"
          strokeDasharray="2 3"
          {...(quiet || at < unlabelled
            ? {}
            : {
                label: {
                  value: label,
                  position: step > steps * 0.75 ? ('insideTopRight' as const) : ('insideTopLeft' as const),
                  fill: 'var(--ink)',
                  fontSize: 11,
                  dy: (at % LABEL_ROWS) * 15,
                },
              })}
        />
      ))}
      {lines.map(({ id, train, colour }) => (
        <Line
          key={`train-${id}`}
          data={train}
          dataKey={lossOf}
          stroke={colour}
          strokeWidth={1.1}
          strokeOpacity={0.55}
          strokeLinecap="round"
          strokeLinejoin="round"
          dot={false}
          activeDot={false}
          isAnimationActive={false}
        />
      ))}
      {lines.map(({ id, heldOut, colour }) => (
        <Line
          key={`held-out-${id}`}
          data={heldOut}
          dataKey={lossOf}
          stroke={colour}
          strokeWidth={id === 'total' ? 1.6 : 2.2}
          strokeLinecap="round"
          strokeLinejoin="round"
          dot={heldOut.length <= DOTS ? { r: 2.6, fill: colour, strokeWidth: 0 } : false}
          activeDot={false}
          isAnimationActive={false}
        />
      ))}
    </LineChart>
  );
});

export default LossPlot;
