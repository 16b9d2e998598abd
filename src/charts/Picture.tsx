/** A still picture on a page; and a chart of lines as one, with its caption and the menu that saves it. */
import { createElement, Fragment, type ReactNode } from 'react';
import { useFormat } from '../i18n/format';
import { SaveChart, type ChartTable } from '../ui/SaveChart';
import { SCREEN } from './paper';
import { lineChart, type ChartStyle, type LineChart } from './still-charts';
import { rounded, type SvgNode } from './svg';

export function Picture({ picture }: { picture: SvgNode }) {
  return shown(picture, 0);
}

function shown({ tag, attributes, children }: SvgNode, key: number): ReactNode {
  const props = Object.entries(attributes).map(([name, value]) => [propOf(name), typeof value === 'number' ? rounded(value) : value]);
  return createElement(
    tag,
    { key, ...(Object.fromEntries(props) as object) },
    ...children.map((child, at) => (typeof child === 'string' ? <Fragment key={at}>{child}</Fragment> : shown(child, at))),
  );
}

/** React's name of an attribute: "stroke-width" is strokeWidth, "aria-label" stays. */
const propOf = (name: string): string =>
  name === 'class' ? 'className' : name.startsWith('aria-') ? name : name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

interface LineFigureProps {
  chart: LineChart;
  size: Pick<ChartStyle, 'width' | 'height' | 'fontSize'>;
  /** Of the file, without its ending. */
  name: string;
  table: () => ChartTable;
  /** In place of the chart's title. */
  caption?: ReactNode;
  className: string | undefined;
  captionClass?: string | undefined;
  testId?: string;
  /** Below the chart. */
  children?: ReactNode;
}

export function LineFigure({
  chart,
  size,
  name,
  table,
  caption = chart.title,
  className,
  captionClass,
  testId,
  children,
}: LineFigureProps) {
  const format = useFormat();
  return (
    <figure className={className} data-chart data-testid={testId}>
      <figcaption className={captionClass}>
        {caption} <SaveChart title={chart.title} name={name} table={table} />
      </figcaption>
      <Picture picture={lineChart(chart, { ...size, ink: SCREEN, decimal: format.decimal })} />
      {children}
    </figure>
  );
}
