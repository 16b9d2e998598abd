/** What lies over the curves of the loss chart, in the same pixels: labels at the ends of lines, the lane of events, the crosshair. */
import { memo, useState, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { useFormat } from '../i18n/format';
import type { LaneEvent } from './chart-events';
import { spreadLabels } from './labels';
import { lineEnd, valueAt, type LossLine } from './loss-lines';
import styles from './LossChart.module.css';

/** Where the curves stand inside the loss chart, in pixels; shared by recharts and by what lies over it. */
export const PLOT = { left: 46, top: 12, bottom: 38, axisHeight: 22 } as const;

export interface PlotFrame {
  width: number;
  height: number;
  /** Room for the labels at the ends of the lines. */
  right: number;
  steps: number;
  min: number;
  max: number;
}

function plotX(frame: PlotFrame, step: number): number {
  return PLOT.left + (step / Math.max(1, frame.steps)) * (frame.width - PLOT.left - frame.right);
}

function plotY(frame: PlotFrame, loss: number): number {
  const height = frame.height - PLOT.top - PLOT.bottom;
  return PLOT.top + (1 - (loss - frame.min) / (frame.max - frame.min)) * height;
}

/** Inverse of plotX, clamped to the run. */
function stepAt(frame: PlotFrame, x: number): number {
  const ratio = (x - PLOT.left) / (frame.width - PLOT.left - frame.right);
  return Math.round(Math.min(1, Math.max(0, ratio)) * frame.steps);
}

/** Pixels between the labels at the ends of lines. */
const GAP = 15;

/** Name and value at the end of each line, moved apart where lines end close together. */
export const EndLabels = memo(function EndLabels({ frame, lines }: { frame: PlotFrame; lines: readonly LossLine[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const tag = useChannelTag();
  const ends = lines.flatMap((line) => {
    const end = lineEnd(line);
    return end ? [{ line, ...end }] : [];
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
          {line.id === 'total' ? t('total') : tag(line.id)} <b>{format.decimal(y, 2)}</b>
        </span>
      ))}
    </div>
  );
});

/** A triangle where a loss was no finite number, at the height of the last one that was. */
export const BrokenMarks = memo(function BrokenMarks({ frame, lines }: { frame: PlotFrame; lines: readonly LossLine[] }) {
  const marks = lines.flatMap(({ id, colour, broken }) => broken.map(({ x, y }) => ({ id, colour, x, y })));
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
export const EventLane = memo(function EventLane({ frame, events }: { frame: PlotFrame; events: readonly LaneEvent[] }) {
  const { t } = useTranslation('desk');
  const drawn = (type: LaneEvent['type']) => {
    let last = -Infinity;
    return events.filter((event) => {
      if (event.type !== type || plotX(frame, event.step) - last < APART) return false;
      last = plotX(frame, event.step);
      return true;
    });
  };
  const y = frame.height - PLOT.bottom;
  return (
    <svg className={styles.layer} width={frame.width} height={frame.height} aria-hidden>
      {drawn('evaluation').map(({ step }) => (
        <path key={`e${step}`} d={`M${plotX(frame, step)} ${y - 7}v7`} stroke="var(--dim)" strokeWidth="1.5">
          <title>{t('event.evaluation', { step })}</title>
        </path>
      ))}
      {drawn('checkpoint').map(({ step }) => (
        <path
          key={`c${step}`}
          d={`M${plotX(frame, step)} ${y - 4.5}l4.5 4.5l-4.5 4.5l-4.5 -4.5z`}
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

/** The step under the pointer and every line's values there. Draws itself alone: the curves below stay as they are. */
export const Crosshair = memo(function Crosshair({ frame, lines }: { frame: PlotFrame; lines: readonly LossLine[] }) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const format = useFormat();
  const tag = useChannelTag();
  const [step, setStep] = useState<number | null>(null);
  const follow = (event: PointerEvent<HTMLDivElement>) =>
    setStep(stepAt(frame, event.clientX - event.currentTarget.getBoundingClientRect().left));
  const x = step === null ? 0 : plotX(frame, step);
  return (
    <div className={styles.pointer} onPointerMove={follow} onPointerLeave={() => setStep(null)}>
      {step !== null && (
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
                  <th scope="col">{t('chart.step', { step: format.count(step) })}</th>
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
                    <td>{format.loss(valueAt(line.train, step)?.y ?? null)}</td>
                    <td>{format.loss(valueAt(line.heldOut, step)?.y ?? null)}</td>
                    <td>{format.loss(line.base)}</td>
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
