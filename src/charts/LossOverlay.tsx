/** What lies over the curves of the loss chart, in the same pixels: labels at the ends of lines, the lane of events, the crosshair. */
import { memo, useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import type { LaneEvent } from './chart-events';
import { spreadLabels } from './labels';
import { lineEnd, valueAt, type LossLine, type Sight } from './loss-lines';
import styles from './LossChart.module.css';

/** Where the curves stand inside the loss chart, in pixels; shared by the curves and by what lies over them. */
export const PLOT = { left: 46, top: 12, bottom: 38 } as const;

export interface PlotFrame {
  width: number;
  height: number;
  /** Room for the labels at the ends of the lines. */
  right: number;
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

export function plotY({ height, min, max, log }: PlotFrame, y: number): number {
  const share = log ? Math.log(Math.max(y, 1e-12) / min) / Math.log(max / min) : (y - min) / (max - min);
  return PLOT.top + (1 - share) * (height - PLOT.top - PLOT.bottom);
}

/** Inverse of plotX, clamped to what is in sight. */
function valueAtPixel(frame: PlotFrame, pixel: number): number {
  const ratio = Math.min(1, Math.max(0, (pixel - PLOT.left) / plotWidth(frame)));
  return frame.from + ratio * (frame.to - frame.from);
}

/** Pixels between the labels at the ends of lines. */
const GAP = 15;

/** Name and value at the end of each line, moved apart where lines end close together. */
interface EndLabelsProps {
  frame: PlotFrame;
  lines: readonly LossLine[];
  formatEnd(value: number): string;
}

export const EndLabels = memo(function EndLabels({ frame, lines, formatEnd }: EndLabelsProps) {
  const { t } = useTranslation();
  const tag = useChannelTag();
  const ends = lines.flatMap((line) => {
    const end = lineEnd(line, frame.to);
    return end && end.x >= frame.from ? [{ line, ...end }] : [];
  });
  const places = spreadLabels(
    ends.map(({ y }) => plotY(frame, y)),
    GAP,
    PLOT.top,
    frame.height - PLOT.bottom,
  );
  return (
    <div className={styles.layer} aria-hidden>
      {ends.map(({ line, x, y }, at) => (
        <span
          key={line.id}
          className={styles.end}
          style={{ transform: `translate(${plotX(frame, x) + 5}px, calc(${places[at]}px - 50%))`, color: line.colour }}
        >
          {line.id === 'total' ? t('total') : tag(line.id)} <b>{formatEnd(y)}</b>
        </span>
      ))}
    </div>
  );
});

/** A triangle where a loss was no finite number, at the height of the last one that was. */
export const BrokenMarks = memo(function BrokenMarks({ frame, lines }: { frame: PlotFrame; lines: readonly LossLine[] }) {
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
        />
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

interface CrosshairProps {
  frame: PlotFrame;
  lines: readonly LossLine[];
  /** The whole axis. */
  whole: Sight;
  formatX(value: number): string;
  formatY(value: number | null): string;
  /** Words of a place on the axis: "step 120". */
  placeWords(x: number): string;
  onSight(sight: Sight | null): void;
}

/** Pixels from which a drag chooses a part of the axis. */
const DRAGGED = 6;
/** Part of what is in sight that a key moves, and by which a wheel's notch or a key brings it nearer. */
const PAN = 0.2;
const ZOOM = 1.4;

/**
 * The place under the pointer and every line's values there. Draws itself alone: the curves below stay as they are. A drag brings a part of the
 * axis into sight, a double click all of it; so do Ctrl with the wheel, a pinch, and the keys + − ← → 0.
 */
export const Crosshair = memo(function Crosshair({ frame, lines, whole, formatX, formatY, placeWords, onSight }: CrosshairProps) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const tag = useChannelTag();
  const surface = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const [from, setFrom] = useState<number | null>(null);
  const pixelOf = (event: { clientX: number }) => event.clientX - surface.current!.getBoundingClientRect().left;
  const look = (low: number, high: number) => {
    const span = Math.min(high - low, whole.to - whole.from);
    if (span >= (whole.to - whole.from) * 0.999) return onSight(null);
    const start = Math.min(Math.max(low, whole.from), whole.to - span);
    onSight({ from: start, to: start + span });
  };
  const zoom = (by: number, around: number) => look(around - (around - frame.from) / by, around + (frame.to - around) / by);
  const wheel = useRef<(event: WheelEvent) => void>(() => undefined);
  useEffect(() => {
    wheel.current = (event) => {
      // A pinch comes as the wheel with Ctrl; the wheel alone scrolls the page.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(ZOOM ** (-event.deltaY / 100), valueAtPixel(frame, pixelOf(event)));
    };
  });
  useEffect(() => {
    const element = surface.current!;
    const follow = (event: WheelEvent) => wheel.current(event);
    element.addEventListener('wheel', follow, { passive: false });
    return () => element.removeEventListener('wheel', follow);
  }, []);
  const key = (event: KeyboardEvent) => {
    const span = frame.to - frame.from;
    const middle = frame.from + span / 2;
    const actions: Record<string, () => void> = {
      '+': () => zoom(ZOOM, middle),
      '=': () => zoom(ZOOM, middle),
      '-': () => zoom(1 / ZOOM, middle),
      ArrowLeft: () => look(frame.from - span * PAN, frame.to - span * PAN),
      ArrowRight: () => look(frame.from + span * PAN, frame.to + span * PAN),
      '0': () => onSight(null),
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  };
  const release = (event: PointerEvent) => {
    if (from === null) return;
    setFrom(null);
    const to = pixelOf(event);
    if (Math.abs(to - from) < DRAGGED) return;
    look(valueAtPixel(frame, Math.min(from, to)), valueAtPixel(frame, Math.max(from, to)));
  };
  const place = at === null ? null : valueAtPixel(frame, at);
  const x = place === null ? 0 : plotX(frame, place);
  const dragged = from !== null && at !== null && Math.abs(at - from) >= DRAGGED;
  return (
    <div
      ref={surface}
      className={styles.pointer}
      role="group"
      tabIndex={0}
      aria-label={t('chart.zoom', { from: formatX(frame.from), to: formatX(frame.to) })}
      data-testid="chart-zoom"
      onPointerDown={(event) => {
        if (event.button !== 0 || event.pointerType === 'touch') return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setFrom(pixelOf(event));
      }}
      onPointerMove={(event) => setAt(pixelOf(event))}
      onPointerUp={release}
      onPointerCancel={() => setFrom(null)}
      onPointerLeave={() => setAt(null)}
      onDoubleClick={() => onSight(null)}
      onKeyDown={key}
    >
      {dragged && (
        <i className={styles.drag} style={{ left: Math.min(from, at), width: Math.abs(at - from), top: PLOT.top, bottom: PLOT.bottom }} />
      )}
      {place !== null && (
        <>
          <i className={styles.hair} style={{ transform: `translateX(${x}px)`, top: PLOT.top, bottom: PLOT.bottom }} />
          <div
            className={styles.tip}
            data-side={x > frame.width / 2 ? 'left' : 'right'}
            style={x > frame.width / 2 ? { right: frame.width - x + 12 } : { left: x + 12 }}
          >
            <table>
              <thead>
                <tr>
                  <th scope="col">{placeWords(place)}</th>
                  <th scope="col">{t('train')}</th>
                  <th scope="col">{t('heldOut')}</th>
                  <th scope="col">{t('base')}</th>
                </tr>
              </thead>
              <tbody>
                {lines.map((line) => (
                  <tr key={line.id}>
                    <th scope="row" style={{ color: line.colour }}>
                      {line.id === 'total' ? common('total') : tag(line.id)}
                    </th>
                    <td>{formatY(valueAt(line.train, place)?.y ?? null)}</td>
                    <td>{formatY(valueAt(line.heldOut, place)?.y ?? null)}</td>
                    <td>{formatY(line.base)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </div>
  );
});
