/** Losses per channel: how they are looked at, legend, curves with what lies over them, small charts below, pinned values, the figures as a table. */
import { memo, startTransition, useCallback, useMemo, useState, type ReactNode } from 'react';
import { useElementSize } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { channelColour, useChannelTag } from '../channels/channel';
import { TOTAL, type RunView } from '../core/run/view';
import { useFormat } from '../i18n/format';
import { Delta } from '../ui/Figure';
import { SaveChart } from '../ui/SaveChart';
import { laneEvents, usePlotEvents, type LaneEvent, type PlotEvent } from './chart-events';
import { axisTicks, LookBar, POSITIVE, useAskedFigure, useChartWords, useLook } from './look-bar';
import {
  domainEpoch,
  labelRoom,
  lineTable,
  lossBounds,
  lossLines,
  placeOnAxis,
  placesOf,
  retentionLevel,
  stepAt,
  wholeAxis,
  type ChartAxis,
  type ChartFigure,
  type LossLine,
  type Sight,
} from './loss-lines';
import { BrokenMarks, EndLabels, EventFlags, EventLane, useLineName, type PlotFrame } from './LossOverlay';
import { LossPlot } from './LossPlot';
import { SmallCharts } from './SmallCharts';
import { createPlace, PinTable, PlotSurface, Readout, type PlaceStore, type SurfaceProps } from './PlotSurface';
import styles from './LossChart.module.css';

/** Width in pixels below which the axis below has fewer ticks. */
const NARROW = 520;

/** Height of a window, in pixels, from which there is room below the chart wherever it stands. */
const TALL = 1000;

interface LossChartProps {
  run: RunView;
  /** There is room below for the small charts. */
  roomy?: boolean;
}

export const LossChart = memo(function LossChart({ run, roomy = window.innerHeight >= TALL }: LossChartProps) {
  const { t } = useTranslation('desk');
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setSight] = useState<(Sight & { axis: ChartAxis }) | null>(null);
  const nameOf = useLineName();
  const [place] = useState(createPlace);
  /** Steps that are pinned: they stay where they are on another axis. */
  const [pinned, setPinned] = useState<readonly number[]>([]);
  const { figure: own, axis: wanted, smoothing, log: logWanted, inliers } = useLook();
  const asked = useAskedFigure();
  const [chose, setChose] = useState(false);
  const figure = (chose ? null : asked) ?? own ?? (Object.keys(run.base).length > 0 ? 'delta' : 'loss');
  const log = logWanted && POSITIVE.has(figure);
  const epoch = domainEpoch(run.channels);
  const axis = wanted === 'epochs' && epoch === null ? 'step' : wanted;

  const { recipe, base, train, heldOut, windows, bytesPerToken, steps } = run;
  const whole = useMemo(() => wholeAxis({ windows, steps }, axis, epoch), [windows, steps, axis, epoch]);
  const sight = useMemo(() => (chosen?.axis === axis && chosen.from < whole.to ? chosen : whole), [chosen, axis, whole]);
  const lines = useMemo(
    () => lossLines({ recipe, base, train, heldOut, windows, bytesPerToken, steps }, { figure, axis, smoothing }, sight, epoch),
    [recipe, base, train, heldOut, windows, bytesPerToken, steps, figure, axis, smoothing, sight, epoch],
  );
  const shown = useMemo(() => lines.filter(({ id }) => !hidden.has(id)), [lines, hidden]);
  const plotted = usePlotEvents(run.events, steps);
  const [events, lane] = useMemo(() => {
    const at = placeOnAxis(axis, windows, epoch);
    return [
      plotted.map((event) => ({ ...event, x: at(event.step) })),
      laneEvents(run.events).map((event) => ({ ...event, x: at(event.step) })),
    ];
  }, [plotted, run.events, axis, windows, epoch]);
  const pins = useMemo(() => pinned.map(placeOnAxis(axis, windows, epoch)), [pinned, axis, windows, epoch]);
  const onPins = useCallback(
    (places: readonly number[]) => setPinned([...new Set(places.map(stepAt(axis, windows, epoch)))]),
    [axis, windows, epoch],
  );
  // In slices: a long run's lines are thinned and drawn anew, and no task shall take long.
  const onSight = useCallback((next: Sight | null) => startTransition(() => setSight(next && { ...next, axis })), [axis]);
  const signed = figure === 'delta';
  const view = { figure, axis, log, inliers, signed };

  return (
    <figure className={styles.figure} data-chart aria-label={t(`chart.figure.${figure}`)}>
      <div className={styles.legend}>
        <LossLegend lines={lines} hidden={hidden} onHide={setHidden} />
        <LookBar
          figure={figure}
          axis={axis}
          epochs={epoch !== null}
          logs={POSITIVE.has(figure)}
          zoomed={sight !== whole}
          onWhole={() => onSight(null)}
          onChoose={() => setChose(true)}
        >
          <SaveChart
            title={`${run.name} · ${t(`chart.figure.${figure}`)}`}
            name={`${run.name}-${figure}`}
            table={() => {
              // Every logged window, not the thinned ones.
              const every = lossLines(run, { figure, axis, smoothing }, sight, epoch, Infinity).filter(({ id }) => !hidden.has(id));
              return lineTable(every, every.map(nameOf), axis, figure, sight);
            }}
          />
        </LookBar>
      </div>
      <ChartFrame
        {...{ view, lines: shown, whole, sight, place, onSight, pins, onPins, events, lane }}
        room={lines}
        level={retentionLevel(figure)}
        below={(frame) => (
          <SmallCharts {...{ run, frame, place, whole, onSight, pins, onPins, roomy }} x={placesOf(axis, windows, epoch)} />
        )}
        faint={signed && shown.some((line) => line.heldOut.length > 1)}
        foot={
          <>
            <LossTable run={run} events={plotted} />
            <LineKinds />
          </>
        }
      />
    </figure>
  );
});

const KIND_WIDTHS = { heldOut: 2.5, train: 1, base: 1.5 };

/** Held-out, train and the base's losses as they are drawn. */
export function LineKinds() {
  const { t } = useTranslation('desk');
  return (
    <div className={styles.kinds} aria-hidden>
      {(['heldOut', 'train', 'base'] as const).map((kind) => (
        <span key={kind}>
          <svg width={18} height={8}>
            <path d="M0 4H18" stroke="var(--dim)" strokeWidth={KIND_WIDTHS[kind]} strokeDasharray={kind === 'base' ? '3 3' : undefined} />
          </svg>
          {t(kind)}
        </span>
      ))}
    </div>
  );
}

interface ChartFrameProps extends Pick<SurfaceProps, 'whole' | 'onSight' | 'pins' | 'onPins'> {
  view: {
    figure: ChartFigure;
    axis: ChartAxis;
    log: boolean;
    inliers: boolean;
    /** Values are differences. */
    signed: boolean;
  };
  /** What is drawn, and lines for whose labels there is room at the right. */
  lines: readonly LossLine[];
  room: readonly LossLine[];
  sight: Sight;
  place: PlaceStore;
  level: number | null;
  faint: boolean;
  events: readonly (PlotEvent & { x: number })[];
  lane: readonly (LaneEvent & { x: number })[];
  /** Below the plot, over the same axis. */
  below?: (frame: PlotFrame) => ReactNode;
  foot: ReactNode;
}

const NO_LINES: readonly never[] = [];

/** Lines with their axes, what lies over them, and what is pinned of them. */
export function ChartFrame(props: ChartFrameProps) {
  const { view, lines, room, sight, place, level, faint, events, lane, below, foot, ...moves } = props;
  const { t } = useTranslation('desk');
  const { ref, width, height } = useElementSize();
  const nameOf = useLineName();
  const { figure, axis, log, inliers, signed } = view;
  const drawn = width > 0 && height > 0;
  const { min, max, ticks, digits } = useMemo(
    () => lossBounds(drawn ? lines : NO_LINES, { figure: signed ? 'delta' : figure, log, inliers }, sight),
    [drawn, lines, figure, signed, log, inliers, sight],
  );
  const words = useChartWords(figure, axis, signed, digits);
  const right = labelRoom(room.map(nameOf), signed, width);
  const frame = useMemo<PlotFrame>(
    () => ({ width, height, right, from: sight.from, to: sight.to, min, max, log }),
    [width, height, right, sight, min, max, log],
  );
  const xTicks = useMemo(() => axisTicks(sight, axis, width < NARROW ? 4 : 7), [sight, axis, width]);
  return (
    <>
      <div className={styles.plot} ref={ref} data-testid="loss-chart" data-figure={figure}>
        {drawn && (
          <>
            <div className={styles.layer} aria-hidden>
              <LossPlot {...{ frame, lines, level, faint, xTicks, events }} yTicks={ticks} formatY={words.tick} formatX={words.x} />
            </div>
            <EventLane frame={frame} events={lane} />
            <EndLabels frame={frame} lines={lines} formatEnd={words.end} />
            <BrokenMarks frame={frame} lines={lines} />
            <PlotSurface
              {...{ frame, place, ...moves }}
              counted={axis === 'step'}
              label={t('chart.zoom', { from: words.x(frame.from), to: words.x(frame.to) })}
            />
            <EventFlags frame={frame} events={events} />
            <Readout {...{ frame, place, lines }} formatY={words.value} placeWords={words.place} />
          </>
        )}
      </div>
      {drawn && below?.(frame)}
      <PinTable lines={lines} pins={moves.pins} onPins={moves.onPins} formatY={words.value} placeWords={words.place} />
      <div className={styles.foot}>{foot}</div>
    </>
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

/** Steps without a finite loss that the table names. */
const MOST_BROKEN = 20;

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
  const broken = Object.entries(run.train).flatMap(([id, series]) =>
    series.broken ? [{ id, steps: series.broken.slice(0, MOST_BROKEN) }] : [],
  );
  const last = (values: ArrayLike<number> | undefined) => Array.from(values ?? []).findLast((value) => Number.isFinite(value)) ?? null;
  return (
    <details className={styles.table} data-no-picture onToggle={(event) => setOpen(event.currentTarget.open)}>
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
          {broken.length > 0 && (
            <ul>
              {broken.map(({ id, steps }) => (
                <li key={id}>
                  {t('chart.brokenAt', { channel: id === TOTAL ? common('total') : tag(id), steps: steps.map(format.count).join(', ') })}
                </li>
              ))}
            </ul>
          )}
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
