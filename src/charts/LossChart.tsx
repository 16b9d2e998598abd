/** The legend is made of buttons: one press shows that line alone, a second brings all back. */
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel-name';
import type { LossLine } from './loss-lines';
import { useState, lazy, memo, Suspense, useMemo } from 'react';
import { useFormat } from '../i18n/format';
import { Delta } from '../ui/Delta';
import type { PlotEvent } from './LossPlot';
import { useElementSize } from '@mantine/hooks';
import type { Marker, RunSnapshot } from '../core/run/types';
import { Crosshair, EndLabels, EventLane } from './LossOverlay';
import { eventGroups, laneMarkers } from './event-groups';
import { useEventWords } from './event-words';
import { labelRoom, linesKey, lossDomain, lossLines, stepTicks } from './loss-lines';
import type { PlotFrame } from './LossOverlay';
import styles from './LossChart.module.css';

interface LossLegendProps {
  lines: readonly LossLine[];
  solo: string | null;
  onSolo(id: string | null): void;
}

export function LossLegend({ lines, solo, onSolo }: LossLegendProps) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const tag = useChannelTag();
  return (
    <div className={styles.legend}>
      <div className={styles.series} role="group" aria-label={t('chart.legend')}>
        {lines.map(({ id, colour }) => (
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
            {id === 'total' ? common('total') : tag(id)}
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

/** The chart as a table, for reading without seeing: each channel's base, latest train and held-out loss, and the events. */
interface LossTableProps {
  lines: readonly LossLine[];
  events: readonly PlotEvent[];
}

export function LossTable({ lines, events }: LossTableProps) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const format = useFormat();
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
                      {line.id === 'total' ? common('total') : line.id}
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

/** Loss per channel: legend, curves, labels at the line ends, events, a crosshair, and the same figures as a table. */
const LossPlot = lazy(() => import('./LossPlot'));

/** Changes of one kind within this share of the run are one move. */
const NEAR = 0.02;
const NARROW = 520;

export const LossChart = memo(function LossChart({ snapshot }: { snapshot: RunSnapshot }) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const eventWords = useEventWords();
  const { ref, width, height } = useElementSize();
  const [solo, setSolo] = useState<string | null>(null);

  const key = linesKey(snapshot);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- snapshots come more often than points: the key tells new ones
  const lines = useMemo(() => lossLines(snapshot), [key]);
  const shown = useMemo(() => (lines.some(({ id }) => id === solo) ? lines.filter(({ id }) => id === solo) : lines), [lines, solo]);
  const domain = useMemo(() => lossDomain(shown), [shown]);
  const { min, max, ticks: lossTicks } = useStable(domain);
  const { steps } = snapshot;
  const narrow = width < NARROW;
  const frame = useMemo<PlotFrame>(
    () => ({ width, height, right: labelRoom(lines), steps, min, max }),
    [width, height, lines, steps, min, max],
  );
  const markers = useStable<Marker[]>(snapshot.markers);
  const events = useMemo(
    () =>
      eventGroups(markers, Math.max(1, steps * NEAR)).map((group) => ({
        step: group.step,
        label: eventWords(group),
        quiet: group.kind === 'pause' || group.kind === 'resume',
      })),
    [markers, steps, eventWords],
  );
  const lane = useMemo(() => laneMarkers(markers), [markers]);
  const formatLoss = useTick(format.decimal, lossTicks);
  const xTicks = useMemo(() => stepTicks(steps, narrow ? 3 : 6), [steps, narrow]);

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
            <EventLane frame={frame} markers={lane} />
            <EndLabels frame={frame} lines={shown} />
            <Crosshair frame={frame} lines={shown} />
          </>
        )}
      </div>
      <LossTable lines={lines} events={events} />
    </figure>
  );
});

/** Snapshots are new objects each time: keeps the former one while its content is the same, so that memo holds. */
function useStable<Value>(value: Value): Value {
  const key = JSON.stringify(value);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the key stands for the value
  return useMemo(() => value, [key]);
}

function useTick(decimal: (value: number, digits: number) => string, ticks: readonly number[]): (value: number) => string {
  const step = ticks.length > 1 ? ticks[1]! - ticks[0]! : 1;
  const digits = step >= 1 ? 1 : Math.min(3, Math.ceil(-Math.log10(step) - 1e-9));
  return useMemo(() => (value: number) => decimal(value, digits), [decimal, digits]);
}
