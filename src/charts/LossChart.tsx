/** Loss per channel: legend, curves, labels at the line ends, events, a crosshair, and the same figures as a table. */
import { lazy, memo, Suspense, useCallback, useMemo, useState } from 'react';
import { useElementSize } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { TOTAL, type RunView } from '../core/run/view';
import { useFormat } from '../i18n/format';
import { Delta } from '../ui/Figure';
import { laneEvents, usePlotEvents, type PlotEvent } from './chart-events';
import { labelRoom, lossDomain, lossLines, type LossLine } from './loss-lines';
import { BrokenMarks, Crosshair, EndLabels, EventLane, type PlotFrame } from './LossOverlay';
import { stepTicks } from './ticks';
import styles from './LossChart.module.css';

const LossPlot = lazy(() => import('./LossPlot'));

/** Width in pixels below which the axis of steps has fewer ticks. */
const NARROW = 520;

export const LossChart = memo(function LossChart({ run }: { run: RunView }) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const { ref, width, height } = useElementSize();
  const [solo, setSolo] = useState<string | null>(null);

  const { recipe, base, train, heldOut, steps } = run;
  const lines = useMemo(() => lossLines({ recipe, base, train, heldOut }), [recipe, base, train, heldOut]);
  const shown = useMemo(() => (lines.some(({ id }) => id === solo) ? lines.filter(({ id }) => id === solo) : lines), [lines, solo]);
  const { min, max, ticks: lossTicks, digits } = useMemo(() => lossDomain(shown), [shown]);
  const narrow = width < NARROW;
  const tag = useChannelTag();
  const right = labelRoom(lines.map(({ id }) => (id === TOTAL ? id : tag(id))));
  const frame = useMemo<PlotFrame>(() => ({ width, height, right, steps, min, max }), [width, height, right, steps, min, max]);
  const events = usePlotEvents(run.events, steps);
  const lane = useMemo(() => laneEvents(run.events), [run.events]);
  const formatLoss = useCallback((loss: number) => format.decimal(loss, digits), [format, digits]);
  const xTicks = useMemo(() => stepTicks(steps, narrow ? 4 : 7), [steps, narrow]);

  return (
    <figure className={styles.figure} aria-label={t('chart.title')}>
      <LossLegend lines={lines} solo={solo} onSolo={setSolo} />
      <div className={styles.plot} ref={ref} data-testid="loss-chart">
        {width > 0 && height > 0 && (
          <>
            <div className={styles.layer} aria-hidden>
              <Suspense fallback={null}>
                <LossPlot
                  frame={frame}
                  lines={shown}
                  lossTicks={lossTicks}
                  stepTicks={xTicks}
                  events={events}
                  formatLoss={formatLoss}
                  formatStep={format.count}
                />
              </Suspense>
            </div>
            <EventLane frame={frame} events={lane} />
            <EndLabels frame={frame} lines={shown} />
            <BrokenMarks frame={frame} lines={shown} />
            <Crosshair frame={frame} lines={shown} />
          </>
        )}
      </div>
      <LossTable lines={lines} events={events} />
    </figure>
  );
});

interface LossLegendProps {
  lines: readonly LossLine[];
  solo: string | null;
  onSolo(id: string | null): void;
}

/** A button a line: one press shows that line alone, a second shows all again. */
function LossLegend({ lines, solo, onSolo }: LossLegendProps) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const tag = useChannelTag();
  return (
    <div className={styles.legend}>
      <div className={styles.series} role="group" aria-label={t('chart.legend')}>
        {lines.map(({ id, colour, broken }) => (
          <button
            key={id}
            type="button"
            className={styles.entry}
            aria-pressed={solo === id}
            data-dimmed={(solo !== null && solo !== id) || undefined}
            title={t(solo === id ? 'chart.showAll' : 'chart.solo', { channel: tag(id) })}
            onClick={() => onSolo(solo === id ? null : id)}
          >
            <i style={{ background: colour }} aria-hidden />
            {id === TOTAL ? common('total') : tag(id)}
            {broken.length > 0 && <small className={styles.broken}>▲ {t('chart.notFinite', { count: broken.length })}</small>}
          </button>
        ))}
      </div>
      <div className={styles.kinds} aria-hidden>
        <span data-kind="held-out">{t('heldOut')}</span>
        <span data-kind="train">{t('train')}</span>
        <span data-kind="base">{t('base')}</span>
      </div>
    </div>
  );
}

interface LossTableProps {
  lines: readonly LossLine[];
  events: readonly PlotEvent[];
}

/** The chart's figures for a screen reader: each channel's base, latest train and held-out loss, and the events. */
function LossTable({ lines, events }: LossTableProps) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const format = useFormat();
  const tag = useChannelTag();
  const [open, setOpen] = useState(false);
  const last = (points: LossLine['train']) => points.findLast(({ y }) => y !== null)?.y ?? null;
  return (
    <details className={styles.table} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t('chart.table')}</summary>
      {open && (
        <div className={styles.scroll}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('channel')}</th>
                <th scope="col">{t('base')}</th>
                <th scope="col">{t('train')}</th>
                <th scope="col">{t('heldOut')}</th>
                <th scope="col">{t('delta')}</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => {
                const heldOut = last(line.heldOut);
                return (
                  <tr key={line.id}>
                    <th scope="row" style={{ color: line.colour }}>
                      {line.id === TOTAL ? common('total') : tag(line.id)}
                    </th>
                    <td>{format.loss(line.base)}</td>
                    <td>{format.loss(last(line.train))}</td>
                    <td>{format.loss(heldOut)}</td>
                    <td>
                      <Delta value={heldOut !== null && line.base !== null ? heldOut - line.base : null} />
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
          {events.length > 0 && (
            <ul>
              {events.map(({ step, label }) => (
                <li key={`${step}-${label}`}>
                  {t('chart.step', { step: format.count(step) })}: {label}
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </details>
  );
}
