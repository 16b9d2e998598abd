/** The bars, by recharts. */
import { memo } from 'react';
import { Bar, BarChart, CartesianGrid, XAxis, YAxis } from 'recharts';
import type { Bin } from './bins';
import { FRAME } from './bins';

interface Props {
  width: number;
  bins: readonly Bin[];
  colour: string;
  formatRows(rows: number): string;
}

const TICK = { fill: 'var(--dim)', fontSize: 10.5 } as const;

const HistogramPlot = memo(function HistogramPlot({ width, bins, colour, formatRows }: Props) {
  return (
    <BarChart
      width={width}
      height={FRAME.height}
      data={[...bins]}
      margin={{ top: FRAME.top, right: FRAME.right, bottom: 0, left: 0 }}
      barCategoryGap={bins.length > 12 ? 1 : '12%'}
      accessibilityLayer={false}
    >
      <CartesianGrid vertical={false} stroke="var(--line)" />
      <XAxis
        dataKey="label"
        height={FRAME.axisHeight}
        tick={TICK}
        tickLine={false}
        axisLine={{ stroke: 'var(--line-strong)' }}
        interval="preserveStartEnd"
        minTickGap={8}
      />
      <YAxis
        width={FRAME.left}
        tick={TICK}
        tickLine={false}
        axisLine={false}
        tickCount={4}
        allowDecimals={false}
        tickFormatter={formatRows}
      />
      <Bar dataKey="rows" fill={colour} maxBarSize={72} minPointSize={(value) => (Number(value) > 0 ? 2 : 0)} isAnimationActive={false} />
    </BarChart>
  );
});

export default HistogramPlot;
