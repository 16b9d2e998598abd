/** What lies over the curves of a chart of losses, in the same pixels: labels at the ends of lines, marks, the lane of events. */
import { memo, useState } from 'react';
import { Popover } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { useFormat } from '../i18n/format';
import { useEventWords, type LaneEvent, type PlotEvent } from './chart-events';
import { spreadLabels } from './labels';
import { lineEnd, type LossLine } from './loss-lines';
import styles from './LossChart.module.css';

/** Where the curves stand inside the loss chart, in pixels; shared by the curves and by what lies over them. */
export const PLOT = { left: 46, top: 12, bottom: 38 } as const;

export interface PlotFrame {
  width: number;
  height: number;
  /** Room for the labels at the ends of the lines. */
  right: number;
  /** Room below the plot, where it is not the usual one. */
  bottom?: number;
  /** What is in sight, in the axis's units. */
  from: number;
  to: number;
  min: number;
  max: number;
  /** The figure's axis is logarithmic. */
  log: boolean;
}

const plotWidth = ({ width, right }: PlotFrame) => Math.max(1, width - PLOT.left - right);

export function plotX(frame: PlotFrame, x: number): number {
  return PLOT.left + ((x - frame.from) / (frame.to - frame.from)) * plotWidth(frame);
}

export function plotY({ height, min, max, log, bottom = PLOT.bottom }: PlotFrame, y: number): number {
  const share = log ? Math.log(Math.max(y, 1e-12) / min) / Math.log(max / min) : (y - min) / (max - min);
  return PLOT.top + (1 - share) * (height - PLOT.top - bottom);
}

/** Inverse of plotX, clamped to what is in sight. */
export function valueAtPixel(frame: PlotFrame, pixel: number): number {
  const ratio = Math.min(1, Math.max(0, (pixel - PLOT.left) / plotWidth(frame)));
  return frame.from + ratio * (frame.to - frame.from);
}

/** Pixels between the labels at the ends of lines. */
const GAP = 15;
/** Labels whose lines end nearer to each other than this, in pixels, may touch. */
const BESIDE = 150;

/** How a line is called: by its own name, else by its channel's. */
export function useLineName(): (line: Pick<LossLine, 'id' | 'name'>) => string {
  const { t } = useTranslation();
  const tag = useChannelTag();
  return ({ id, name }) => name ?? (id === 'total' ? t('total') : tag(id));
}

/** Name and value at the end of each line, moved apart where lines end close together. */
interface EndLabelsProps {
  frame: PlotFrame;
  lines: readonly LossLine[];
  formatEnd(value: number): string;
}

export const EndLabels = memo(function EndLabels({ frame, lines, formatEnd }: EndLabelsProps) {
  const nameOf = useLineName();
  const ends = lines.flatMap((line) => {
    const end = lineEnd(line, frame.to);
    return end && end.x >= frame.from ? [{ line, ...end }] : [];
  });
  // Runs end at places of their own: only labels beside each other make way.
  const places: number[] = [];
  const waiting = new Set(ends.keys());
  for (const [first, { x }] of ends.entries()) {
    if (!waiting.has(first)) continue;
    const beside = [...waiting].filter((at) => Math.abs(plotX(frame, ends[at]!.x) - plotX(frame, x)) < BESIDE);
    const spread = spreadLabels(
      beside.map((at) => plotY(frame, ends[at]!.y)),
      GAP,
      PLOT.top,
      frame.height - PLOT.bottom,
    );
    beside.forEach((at, index) => {
      places[at] = spread[index]!;
      waiting.delete(at);
    });
  }
  return (
    <svg className={styles.layer} width={frame.width} height={frame.height} fontSize={11.5} aria-hidden>
      {ends.map(({ line, x, y }, at) => (
        <text
          key={line.id}
          x={plotX(frame, x) + 8}
          y={places[at]! + 4}
          fill={line.colour}
          stroke="var(--panel)"
          strokeWidth={4}
          strokeLinejoin="round"
          paintOrder="stroke"
        >
          {nameOf(line)} <tspan fontWeight={650}>{formatEnd(y)}</tspan>
        </text>
      ))}
    </svg>
  );
});

/** A triangle where a loss was no finite number, at the height of the last one that was. */
export const BrokenMarks = memo(function BrokenMarks({ frame, lines }: { frame: PlotFrame; lines: readonly LossLine[] }) {
  const { t } = useTranslation('desk');
  const marks = lines.flatMap(({ id, colour, broken }) =>
    broken.flatMap(({ x, y }) => (x >= frame.from && x <= frame.to ? [{ id, colour, x, y }] : [])),
  );
  if (marks.length === 0) return null;
  return (
    <svg className={styles.layer} width={frame.width} height={frame.height} aria-hidden data-testid="not-finite">
      {marks.map(({ id, colour, x, y }) => (
        <path
          key={`${id}-${x}`}
          d={`M${plotX(frame, x)} ${plotY(frame, y) - 6}l5 9h-10z`}
          fill={colour}
          stroke="var(--panel)"
          strokeLinejoin="round"
        >
          <title>{t('chart.notFinite', { count: 1 })}</title>
        </path>
      ))}
    </svg>
  );
});

/** Marks nearer than this, in pixels, are drawn once. */
const APART = 5;

/** Below the curves: a tick for each evaluation, a diamond for each checkpoint. */
export const EventLane = memo(function EventLane({ frame, events }: { frame: PlotFrame; events: readonly (LaneEvent & { x: number })[] }) {
  const { t } = useTranslation('desk');
  const drawn = (type: LaneEvent['type']) => {
    let last = -Infinity;
    return events.filter((event) => {
      if (event.type !== type || event.x < frame.from || event.x > frame.to || plotX(frame, event.x) - last < APART) return false;
      last = plotX(frame, event.x);
      return true;
    });
  };
  const y = frame.height - PLOT.bottom;
  return (
    <svg className={styles.layer} width={frame.width} height={frame.height} aria-hidden>
      {drawn('evaluation').map(({ step, x }) => (
        <path key={`e${step}`} d={`M${plotX(frame, x)} ${y - 7}v7`} stroke="var(--dim)" strokeWidth="1.5">
          <title>{t('event.evaluation', { step })}</title>
        </path>
      ))}
      {drawn('checkpoint').map(({ step, x }) => (
        <path
          key={`c${step}`}
          d={`M${plotX(frame, x)} ${y - 4.5}l4.5 4.5l-4.5 4.5l-4.5 -4.5z`}
          fill="var(--accent)"
          stroke="var(--panel)"
          strokeWidth="1"
        >
          <title>{t('event.checkpoint', { step })}</title>
        </path>
      ))}
    </svg>
  );
});

/** A flag at the top of each event that is drawn across the curves; it opens what was changed. */
export const EventFlags = memo(function EventFlags({
  frame,
  events,
}: {
  frame: PlotFrame;
  events: readonly (PlotEvent & { x: number })[];
}) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const words = useEventWords();
  const [open, setOpen] = useState<string | null>(null);
  const seen = events.filter(({ x }) => x >= frame.from && x <= frame.to);
  return seen.map(({ step, x, label, event }) => {
    const key = `${step}-${label}`;
    const title = t('chart.step', { step: format.count(step) });
    return (
      <Popover
        key={key}
        opened={open === key}
        onChange={(opened) => setOpen(opened ? key : null)}
        position="bottom"
        withinPortal
        trapFocus
        returnFocus
        shadow="md"
        width={300}
      >
        <Popover.Target>
          <button
            type="button"
            className={styles.flag}
            style={{ left: plotX(frame, x) }}
            aria-label={t('chart.event', { step: format.count(step), event: label })}
            title={label}
            data-kind={event.type}
            onClick={() => setOpen(open === key ? null : key)}
          />
        </Popover.Target>
        <Popover.Dropdown className={styles.what ?? ''} aria-label={title} tabIndex={-1} data-autofocus>
          <b>{title}</b>
          {event.at !== null && <small>{format.dateTime(event.at)}</small>}
          <p>{words(event)}</p>
        </Popover.Dropdown>
      </Popover>
    );
  });
});
