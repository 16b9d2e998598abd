/** The lines of the chart, by recharts: A solid, B dashed. */
import { memo } from 'react';
import { CartesianGrid, Line, LineChart, XAxis, YAxis } from 'recharts';
import { channelColour } from '../channels/channel';
import type { FertilityLine, FertilityScale } from './fertility';

interface Props {
  width: number;
  height: number;
  lines: readonly FertilityLine[];
  scale: FertilityScale;
  formatSize(size: number): string;
  formatFertility(value: number): string;
  words: { x: string };
}

const TICK = { fill: 'var(--dim)', fontSize: 11 } as const;
const valueOf = (point: { y: number }) => point.y;

const FertilityPlot = memo(function FertilityPlot({ width, height, lines, scale, formatSize, formatFertility, words }: Props) {
  return (
    <LineChart width={width} height={height} margin={{ top: 8, right: 14, bottom: 18, left: 0 }} accessibilityLayer={false}>
      <CartesianGrid vertical={false} stroke="var(--line)" />
      <XAxis
        dataKey="x"
        type="number"
        domain={scale.x}
        ticks={scale.xTicks}
        tickFormatter={(x: number) => formatSize(Math.round(2 ** x))}
        tick={TICK}
        tickLine={false}
        axisLine={{ stroke: 'var(--line-strong)' }}
        allowDataOverflow
        label={{ value: words.x, position: 'insideBottom', offset: -10, fill: 'var(--dim)', fontSize: 11 }}
      />
      <YAxis
        type="number"
        domain={scale.y}
        width={42}
        ticks={scale.yTicks}
        tickFormatter={formatFertility}
        tick={TICK}
        tickLine={false}
        axisLine={false}
        allowDataOverflow
      />
      {lines.map(({ key, side, corpus, points }) => (
        <Line
          key={key}
          data={points}
          dataKey={valueOf}
          stroke={channelColour(corpus)}
          strokeWidth={2}
          strokeDasharray={side === 'a' ? '' : '6 4'}
          dot={{
            r: 3,
            fill: side === 'a' ? channelColour(corpus) : 'var(--panel)',
            stroke: channelColour(corpus),
            strokeWidth: 1.5,
            strokeDasharray: '',
          }}
          activeDot={false}
          isAnimationActive={false}
        />
      ))}
    </LineChart>
  );
});

export default FertilityPlot;
