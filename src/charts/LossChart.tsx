/** Losses per channel: how they are looked at, legend, curves, labels at the line ends, events, a crosshair, and the figures as a table. */
import { memo, useCallback, useEffect, useMemo, useState } from 'react';
import { useElementSize } from '@mantine/hooks';
import { RotateCcw } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { create } from 'zustand';
import { persist } from 'zustand/middleware';
import { channelColour, useChannelTag } from '../channels/channel';
import { TOTAL, type RunView } from '../core/run/view';
import { useFormat } from '../i18n/format';
import { Delta } from '../ui/Figure';
import { addressFault } from '../core/lesson/address';
import { useHashQuery, useShown } from '../ui/hash-location';
import { plainStorage } from '../ui/plain-storage';
import { laneEvents, usePlotEvents, type PlotEvent } from './chart-events';
import {
  CHART_AXES,
  CHART_FIGURES,
  labelRoom,
  lossBounds,
  lossLines,
  placeOnAxis,
  retentionLevel,
  wholeAxis,
  type ChartAxis,
  type ChartFigure,
  type ChartLook,
  type LossLine,
  type Sight,
} from './loss-lines';
import { BrokenMarks, Crosshair, EndLabels, EventLane, type PlotFrame } from './LossOverlay';
import { LossPlot } from './LossPlot';
import { roundTicks } from './ticks';
import styles from './LossChart.module.css';

/** `figure` null: the loss until the base is measured, then the loss against it. */
type Look = Omit<ChartLook, 'figure'> & { figure: ChartFigure | null };

const USUAL: Look = { figure: null, axis: 'step', smoothing: { kind: 'ema', weight: 0 }, log: false };

/** A person's way to look at losses, on every page and at the next visit. */
const useLook = create(
  persist((): Look => USUAL, {
    name: 'crossfade.chart',
    storage: plainStorage<Look>(USUAL, readLook, (look) => JSON.stringify(look)),
  }),
);

/** The figure that an address asks for (`view=`), until a person chooses another. */
function useAskedFigure(): ChartFigure | null {
  const asked = useHashQuery().get('view');
  const figure = CHART_FIGURES.find((known) => known === asked) ?? null;
  const wrong = asked !== null && figure === null ? asked : null;
  useEffect(() => {
    if (wrong === null) return;
    const fault = addressFault('view', wrong, CHART_FIGURES.join(' | '));
    useShown.setState(({ faults }) => ({ faults: [...faults.filter(({ message }) => message !== fault.message), fault] }));
  }, [wrong]);
  return figure;
}

function readLook(text: string): Look {
  try {
    const { figure, axis, smoothing, log } = JSON.parse(text) as Partial<Look>;
    const weight = Number(smoothing?.weight);
    return {
      figure: CHART_FIGURES.find((known) => known === figure) ?? null,
      axis: CHART_AXES.find((known) => known === axis) ?? 'step',
      smoothing: { kind: smoothing?.kind === 'time' ? 'time' : 'ema', weight: weight > 0 && weight < 1 ? weight : 0 },
      log: log === true,
    };
  } catch {
    return USUAL;
  }
}

/** Width in pixels below which the axis below has fewer ticks. */
const NARROW = 520;
/** Smoothing to choose from: the weight of what came before. */
const WEIGHTS = [0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.99] as const;
/** Figures that a logarithmic axis makes sense for. */
const POSITIVE: ReadonlySet<ChartFigure> = new Set(['loss', 'bits', 'perplexity']);

export const LossChart = memo(function LossChart({ run }: { run: RunView }) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const tag = useChannelTag();
  const { ref, width, height } = useElementSize();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setSight] = useState<(Sight & { axis: ChartAxis }) | null>(null);
  const { figure: own, axis, smoothing, log: logWanted } = useLook();
  const asked = useAskedFigure();
  const [chose, setChose] = useState(false);
  const figure = (chose ? null : asked) ?? own ?? (Object.keys(run.base).length > 0 ? 'delta' : 'loss');
  const log = logWanted && POSITIVE.has(figure);

  const { recipe, base, train, heldOut, windows, bytesPerToken, steps } = run;
  const whole = useMemo(() => wholeAxis({ windows, steps }, axis), [windows, steps, axis]);
  const sight = useMemo(() => (chosen?.axis === axis && chosen.from < whole.to ? chosen : whole), [chosen, axis, whole]);
  const lines = useMemo(
    () => lossLines({ recipe, base, train, heldOut, windows, bytesPerToken, steps }, { figure, axis, smoothing, log }, sight),
    [recipe, base, train, heldOut, windows, bytesPerToken, steps, figure, axis, smoothing, log, sight],
  );
  const shown = useMemo(() => lines.filter(({ id }) => !hidden.has(id)), [lines, hidden]);
  const { min, max, ticks: yTicks, digits } = useMemo(() => lossBounds(shown, { figure, log }, sight), [shown, figure, log, sight]);
  const right = labelRoom(
    lines.map(({ id }) => (id === TOTAL ? id : tag(id))),
    figure === 'delta',
  );
  const frame = useMemo<PlotFrame>(
    () => ({ width, height, right, from: sight.from, to: sight.to, min, max, log }),
    [width, height, right, sight, min, max, log],
  );
  const plotted = usePlotEvents(run.events, steps);
  const [events, lane] = useMemo(() => {
    const place = placeOnAxis(axis, windows);
    return [
      plotted.map((event) => ({ ...event, x: place(event.step) })),
      laneEvents(run.events).map((event) => ({ ...event, x: place(event.step) })),
    ];
  }, [plotted, run.events, axis, windows]);
  const formatTick = useCallback(
    (value: number) => (figure === 'delta' && value > 0 ? '+' : '') + format.decimal(value, digits),
    [format, digits, figure],
  );
  const formatY = useCallback(
    (value: number | null) =>
      figure === 'delta' ? format.delta(value) : figure === 'perplexity' ? format.perplexity(value) : format.loss(value),
    [format, figure],
  );
  const formatEnd = useCallback(
    (value: number) =>
      figure === 'delta' ? format.delta(value) : figure === 'perplexity' ? format.perplexity(value) : format.decimal(value, 2),
    [format, figure],
  );
  const formatX = useCallback(
    (value: number) =>
      axis === 'time' ? format.duration(value) : axis === 'tokens' ? format.compact(value) : format.count(Math.round(value)),
    [format, axis],
  );
  const placeWords = useCallback(
    (value: number) => (axis === 'step' ? t('chart.step', { step: formatX(value) }) : formatX(value)),
    [axis, formatX, t],
  );
  const onSight = useCallback((next: Sight | null) => setSight(next && { ...next, axis }), [axis]);
  const xTicks = useMemo(() => ticksOf(sight, axis, width < NARROW ? 4 : 7), [sight, axis, width]);

  return (
    <figure className={styles.figure} aria-label={t(`chart.figure.${figure}`)}>
      <div className={styles.legend}>
        <LossLegend lines={lines} hidden={hidden} onHide={setHidden} />
        <LookBar figure={figure} zoomed={sight !== whole} onWhole={() => setSight(null)} onChoose={() => setChose(true)} />
      </div>
      <div className={styles.plot} ref={ref} data-testid="loss-chart" data-figure={figure}>
        {width > 0 && height > 0 && (
          <>
            <div className={styles.layer} aria-hidden>
              <LossPlot
                frame={frame}
                lines={shown}
                level={retentionLevel(figure)}
                faint={figure === 'delta' && shown.some((line) => line.heldOut.length > 1)}
                yTicks={yTicks}
                xTicks={xTicks}
                events={events}
                formatY={formatTick}
                formatX={formatX}
              />
            </div>
            <EventLane frame={frame} events={lane} />
            <EndLabels frame={frame} lines={shown} formatEnd={formatEnd} />
            <BrokenMarks frame={frame} lines={shown} />
            <Crosshair
              frame={frame}
              lines={shown}
              whole={whole}
              formatX={formatX}
              formatY={formatY}
              placeWords={placeWords}
              onSight={onSight}
            />
          </>
        )}
      </div>
      <div className={styles.foot}>
        <LossTable run={run} events={plotted} />
        <div className={styles.kinds} aria-hidden>
          <span data-kind="held-out">{t('heldOut')}</span>
          <span data-kind="train">{t('train')}</span>
          <span data-kind="base">{t('base')}</span>
        </div>
      </div>
    </figure>
  );
});

/** Whole numbers for steps; round seconds, minutes or hours for time. */
function ticksOf({ from, to }: Sight, axis: ChartAxis, most: number): number[] {
  if (axis !== 'time') return roundTicks(from, to, axis === 'step' ? Math.min(most, Math.max(1, Math.ceil(to - from) + 1)) : most).ticks;
  const unit = [86_400, 3600, 60, 1].find((seconds) => to - from >= 2 * seconds) ?? 1;
  return roundTicks(from / unit, to / unit, most).ticks.map((tick) => tick * unit);
}

interface LookBarProps {
  figure: ChartFigure;
  zoomed: boolean;
  onWhole(): void;
  onChoose(): void;
}

/** Which figure, over which axis, how smooth. */
function LookBar({ figure, zoomed, onWhole, onChoose }: LookBarProps) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const { axis, smoothing, log } = useLook();
  const smooth = `${smoothing.kind} ${smoothing.weight}`;
  const kinds = WEIGHTS.flatMap((weight) =>
    (weight === 0 ? (['ema'] as const) : (['ema', 'time'] as const)).map((kind) => ({ kind, weight })),
  );
  return (
    <div className={styles.look} role="group" aria-label={t('chart.look')}>
      <select
        aria-label={t('chart.figureLabel')}
        value={figure}
        onChange={(event) => {
          onChoose();
          useLook.setState({ figure: CHART_FIGURES.find((one) => one === event.currentTarget.value) ?? null });
        }}
      >
        {CHART_FIGURES.map((one) => (
          <option key={one} value={one}>
            {t(`chart.figure.${one}`)}
          </option>
        ))}
      </select>
      <select
        aria-label={t('chart.axisLabel')}
        value={axis}
        onChange={(event) => useLook.setState({ axis: CHART_AXES.find((one) => one === event.currentTarget.value) ?? 'step' })}
      >
        {CHART_AXES.map((one) => (
          <option key={one} value={one}>
            {t(`chart.axis.${one}`)}
          </option>
        ))}
      </select>
      <select
        aria-label={t('chart.smoothing')}
        value={smooth}
        onChange={(event) => {
          const next = kinds.find(({ kind, weight }) => `${kind} ${weight}` === event.currentTarget.value);
          if (next) useLook.setState({ smoothing: next });
        }}
      >
        {kinds.map(({ kind, weight }) => (
          <option key={`${kind} ${weight}`} value={`${kind} ${weight}`}>
            {weight === 0 ? t('chart.plain') : t(`chart.${kind}`, { weight: format.decimal(weight, 2) })}
          </option>
        ))}
      </select>
      {POSITIVE.has(figure) && (
        <label>
          <input type="checkbox" checked={log} onChange={(event) => useLook.setState({ log: event.currentTarget.checked })} />
          {t('chart.log')}
        </label>
      )}
      {zoomed && (
        <button type="button" onClick={onWhole}>
          <RotateCcw size={12} aria-hidden />
          {t('chart.whole')}
        </button>
      )}
    </div>
  );
}

interface LossLegendProps {
  lines: readonly LossLine[];
  hidden: ReadonlySet<string>;
  onHide(hidden: ReadonlySet<string>): void;
}

/** A button a line: one press takes the line away or brings it back, a double press shows it alone or all again. */
function LossLegend({ lines, hidden, onHide }: LossLegendProps) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const tag = useChannelTag();
  const toggle = (id: string) => {
    const next = new Set(hidden);
    if (!next.delete(id)) next.add(id);
    onHide(next);
  };
  // The two presses of a double one have toggled the line twice, and it stands as before.
  const alone = (id: string) => {
    const others = lines.filter((line) => line.id !== id).map((line) => line.id);
    onHide(others.every((other) => hidden.has(other)) && !hidden.has(id) ? new Set() : new Set(others));
  };
  return (
    <div className={styles.series} role="group" aria-label={t('chart.legend')}>
      {lines.map(({ id, colour, broken }) => (
        <button
          key={id}
          type="button"
          className={styles.entry}
          aria-pressed={!hidden.has(id)}
          data-dimmed={hidden.has(id) || undefined}
          title={t(hidden.has(id) ? 'chart.show' : 'chart.hide', { channel: tag(id) })}
          onClick={() => toggle(id)}
          onDoubleClick={() => alone(id)}
        >
          <i style={{ background: colour }} aria-hidden />
          {id === TOTAL ? common('total') : tag(id)}
          {broken.length > 0 && <small className={styles.broken}>▲ {t('chart.notFinite', { count: broken.length })}</small>}
        </button>
      ))}
    </div>
  );
}

interface LossTableProps {
  run: RunView;
  events: readonly PlotEvent[];
}

/** The chart's figures for a screen reader: each channel's base, latest train and held-out loss, and the events. */
function LossTable({ run, events }: LossTableProps) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const format = useFormat();
  const tag = useChannelTag();
  const [open, setOpen] = useState(false);
  const last = (values: ArrayLike<number> | undefined) => Array.from(values ?? []).findLast((value) => Number.isFinite(value)) ?? null;
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
              {[...run.recipe.channels.map(({ id, corpus }) => ({ id, corpus })), { id: TOTAL, corpus: TOTAL }].map(({ id, corpus }) => {
                const heldOut = last(run.heldOut[id]?.y);
                const base = run.base[id] ?? (id === TOTAL ? (run.heldOut[id]?.y[0] ?? null) : null);
                return (
                  <tr key={id}>
                    <th scope="row" style={{ color: channelColour(corpus) }}>
                      {id === TOTAL ? common('total') : tag(id)}
                    </th>
                    <td>{format.loss(base)}</td>
                    <td>{format.loss(last(run.train[id]?.y))}</td>
                    <td>{format.loss(heldOut)}</td>
                    <td>
                      <Delta value={heldOut !== null && base !== null ? heldOut - base : null} />
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
