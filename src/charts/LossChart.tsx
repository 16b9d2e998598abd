/** Loss per channel: legend, curves, labels at the line ends, events, a crosshair, and the same figures as a table. */
import { lazy, memo, Suspense, useMemo, useState } from 'react';
import { useElementSize } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import type { Marker, RunSnapshot } from '../core/run/types';
import { useFormat } from '../i18n/format';
import { Crosshair } from './Crosshair';
import { EndLabels } from './EndLabels';
import { EventLane } from './EventLane';
import { eventGroups, laneMarkers } from './event-groups';
import { useEventWords } from './event-words';
import { LossLegend } from './LossLegend';
import { LossTable } from './LossTable';
import { labelRoom, linesKey, lossDomain, lossLines, stepTicks } from './loss-lines';
import type { PlotFrame } from './plot-frame';
import styles from './LossChart.module.css';

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
