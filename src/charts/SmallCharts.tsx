/**
 * What was logged beside the losses, as small charts under the main one: learning rate, gradient norm, the mixture as stacked area, tokens a
 * second, loss scale, and what objectives say beside their losses (accuracy, reward, KL …), by channel. They have its axis, its part in sight, the place that is pointed at and its pins.
 */
import { memo, useId, useMemo } from 'react';
import { bisectLeft, bisectRight } from 'd3-array';
import { area, line } from 'd3-shape';
import { ChevronDown } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { create, useStore } from 'zustand';
import { persist } from 'zustand/middleware';
import { channelColour, useChannelTag } from '../channels/channel';
import { MAX_POINTS } from '../core/metrics/series';
import { inSight, type DrawnPoint } from '../core/metrics/smoothing';
import { LOGGED_FIGURES, type LoggedFigure, type RunView } from '../core/run/view';
import { useFormat } from '../i18n/format';
import { plainStorage } from '../ui/plain-storage';
import { spreadLabels } from './labels';
import { valueAt } from './loss-lines';
import { PLOT, plotX, plotY, type PlotFrame } from './LossOverlay';
import { PlotSurface, type PlaceStore, type SurfaceProps } from './PlotSurface';
import { outerTicks } from './ticks';
import styles from './LossChart.module.css';

const KINDS = [...LOGGED_FIGURES.slice(0, 2), 'mixture', ...LOGGED_FIGURES.slice(2)] as readonly (LoggedFigure | 'mixture')[];
/** `figure:` and a name that an objective gives. */
type FigureChart = `figure:${string}`;
export type SmallChart = (typeof KINDS)[number] | FigureChart;
const isFigure = (kind: unknown): kind is FigureChart => typeof kind === 'string' && kind.startsWith('figure:');
const nameOf = (kind: FigureChart): string => kind.slice('figure:'.length);

/** Figures that have words; others are called by their own names. */
const FIGURES = ['accuracy', 'margin', 'reward', 'kl', 'length', 'entropy', 'klWeight'] as const;

function useKindName(): (kind: SmallChart) => string {
  const { t } = useTranslation('desk');
  return (kind) => {
    if (!isFigure(kind)) return t(`chart.small.${kind}`);
    const known = FIGURES.find((name) => name === nameOf(kind));
    return known ? t(`chart.said.${known}`) : nameOf(kind);
  };
}

interface Shown {
  /** Null: as there is room. */
  open: boolean | null;
  hidden: readonly SmallChart[];
}

const USUAL: Shown = { open: null, hidden: [] };

/** Whether they are open and which, at the next visit too. */
const useShown = create(
  persist((): Shown => USUAL, {
    name: 'crossfade.small-charts',
    storage: plainStorage<Shown>(
      USUAL,
      (text) => {
        try {
          const { open, hidden } = JSON.parse(text) as Partial<Shown>;
          return {
            open: typeof open === 'boolean' ? open : null,
            hidden: (hidden ?? []).filter((kind) => KINDS.some((one) => one === kind) || isFigure(kind)),
          };
        } catch {
          return USUAL;
        }
      },
      (shown) => JSON.stringify(shown),
    ),
  }),
);

const HEIGHT = { plain: 64, mixture: 84 } as const;
const BOTTOM = 5;
/** Width from which they are open unless a person closed them, in pixels. */
const WIDE = 720;
/** Stretches of the axis over which shares are averaged. */
const STRETCHES = 300;
const LABEL = 11;

/** Kinds of which the run has anything. */
export function loggedKinds({ windows }: Pick<RunView, 'windows'>): SmallChart[] {
  const any = (values: Float64Array) => values.some((value) => Number.isFinite(value) && value !== 0);
  const figures = Object.keys(windows.figures).map((name): FigureChart => `figure:${name}`);
  return [
    ...figures,
    ...KINDS.filter((kind) => (kind === 'mixture' ? Object.values(windows.shares).filter(any).length > 1 : any(windows.logged[kind]))),
  ];
}

/** Places, and each channel's mean share from one to the next; at most `most` of them, those between `from` and `to`. */
export function meanShares(
  x: Float64Array,
  shares: readonly Float64Array[],
  from: number,
  to: number,
  most = STRETCHES,
): { x: number; shares: number[] }[] {
  const first = bisectLeft(x, from);
  const last = bisectRight(x, to);
  const [begin, end] = [Math.max(0, first - 1), Math.min(x.length, last + 1)];
  const count = Math.min(most, end - begin);
  return Array.from({ length: count }, (_, at) => {
    const low = begin + Math.floor((at * (end - begin)) / count);
    const high = begin + Math.floor(((at + 1) * (end - begin)) / count);
    // Plain loops: 100,000 windows of 8 channels are read at each zoom.
    const means = shares.map((values) => {
      let [sum, seen] = [0, 0];
      for (let index = low; index < high; index++) {
        const value = values[index]!;
        if (Number.isNaN(value)) continue;
        sum += value;
        seen += 1;
      }
      return seen === 0 ? NaN : sum / seen;
    });
    return { x: x[Math.floor((low + high - 1) / 2)]!, shares: means };
  }).filter((point) => point.shares.every(Number.isFinite));
}

interface SmallChartsProps extends Pick<SurfaceProps, 'whole' | 'onSight' | 'pins' | 'onPins'> {
  run: Pick<RunView, 'windows' | 'recipe' | 'heldOutFigures'>;
  /** Places of the windows on the axis. */
  x: Float64Array;
  /** The main chart's. */
  frame: PlotFrame;
  place: PlaceStore;
  /** There is room below: they are open at first. */
  roomy: boolean;
}

export const SmallCharts = memo(function SmallCharts({ run, x, frame, place, roomy, ...moves }: SmallChartsProps) {
  const { t } = useTranslation('desk');
  const kindName = useKindName();
  const { open: asked, hidden } = useShown();
  const kinds = useMemo(() => loggedKinds(run), [run]);
  if (kinds.length === 0) return null;
  const open = asked ?? (roomy && frame.width >= WIDE);
  const { width, right, from, to } = frame;
  return (
    <div className={styles.smalls} data-testid="small-charts">
      <div className={styles.smallHead} data-no-picture>
        <button type="button" aria-expanded={open} onClick={() => useShown.setState({ open: !open })}>
          <ChevronDown size={13} aria-hidden data-open={open} /> {t('chart.logged')}
        </button>
        {open &&
          kinds.map((kind) => (
            <button
              key={kind}
              type="button"
              aria-pressed={!hidden.includes(kind)}
              onClick={() =>
                useShown.setState({ hidden: hidden.includes(kind) ? hidden.filter((one) => one !== kind) : [...hidden, kind] })
              }
            >
              {kindName(kind)}
            </button>
          ))}
      </div>
      {open &&
        kinds
          .filter((kind) => !hidden.includes(kind))
          .map((kind) => <Small key={kind} {...{ kind, run, x, place, width, right, from, to }} {...moves} />)}
    </div>
  );
});

interface SmallProps extends Omit<SmallChartsProps, 'frame' | 'roomy'>, Pick<PlotFrame, 'width' | 'right' | 'from' | 'to'> {
  kind: SmallChart;
}

function Small({ kind, run, x, place, width, right, from, to, ...moves }: SmallProps) {
  const title = useKindName()(kind);
  const format = useFormat();
  const height = kind === 'mixture' ? HEIGHT.mixture : HEIGHT.plain;
  const shape = { width, height, right, from, to, bottom: BOTTOM };
  const written = (value: number) => {
    if (kind === 'lr') return format.lr(value);
    return kind === 'gradNorm' ? format.decimal(value, 2) : format.compact(value);
  };
  return (
    <div className={styles.small} style={{ height }} role="img" aria-label={title} data-kind={kind}>
      {kind === 'mixture' ? (
        <Mixture {...{ run, x, shape, place, title }} />
      ) : isFigure(kind) ? (
        <Figures {...{ run, x, shape, place, title }} name={nameOf(kind)} />
      ) : (
        <Curve {...{ kind, x, shape, place, title, written }} values={run.windows.logged[kind]} />
      )}
      <PlotSurface frame={{ ...shape, min: 0, max: 1, log: false }} place={place} {...moves} />
    </div>
  );
}

type Shape = Omit<PlotFrame, 'min' | 'max' | 'log'>;

interface CurveProps {
  kind: LoggedFigure;
  x: Float64Array;
  values: Float64Array;
  shape: Shape;
  place: PlaceStore;
  title: string;
  written(value: number): string;
}

const Curve = memo(
  function Curve({ kind, x, values, shape, place, title, written }: CurveProps) {
    const { from, to, width, height, right } = shape;
    const points = inSight({ x, y: values }, from, to, MAX_POINTS);
    const seen = points.flatMap(({ y }) => (y === null ? [] : [y]));
    const log = kind === 'lossScale';
    const most = Math.max(Number.MIN_VALUE, ...seen);
    const { low, high } = log ? { low: Math.min(...seen, most) / 1.5, high: most * 1.5 } : outerTicks(0, most, 2);
    const frame: PlotFrame = { ...shape, min: low, max: high, log };
    const path = line<DrawnPoint>()
      .defined(({ y }) => y !== null)
      .x((point) => plotX(frame, point.x))
      .y(({ y }) => plotY(frame, y!))
      .digits(1);
    return (
      <>
        <svg className={styles.layer} width={width} height={height} aria-hidden>
          <path d={`M${PLOT.left} ${height - BOTTOM}H${width - right}M${PLOT.left} ${PLOT.top}H${width - right}`} stroke="var(--line)" />
          <path d={path(points) ?? ''} fill="none" stroke="var(--ink)" strokeWidth={1.2} strokeOpacity={0.8} />
          <text x={PLOT.left - 8} y={PLOT.top + 4} textAnchor="end" fill="var(--dim)" fontSize={10.5}>
            {written(high)}
          </text>
        </svg>
        <Title
          place={place}
          left={PLOT.left}
          title={title}
          at={(x) => written(valueAt(points, x)?.y ?? NaN)}
          last={seen.length > 0 ? written(seen.at(-1)!) : ''}
        />
      </>
    );
  },
  (one, other) =>
    one.values === other.values &&
    one.x === other.x &&
    one.title === other.title &&
    sameShape(one.shape, other.shape) &&
    one.place === other.place,
);

const sameShape = (one: Shape, other: Shape) =>
  one.width === other.width && one.right === other.right && one.from === other.from && one.to === other.to;

interface FiguresProps {
  run: SmallChartsProps['run'];
  name: string;
  x: Float64Array;
  shape: Shape;
  place: PlaceStore;
  title: string;
}

/** A line a channel of what its objective said in training, and points of what it says of held-out text. */
function Figures({ run, name, x, shape, place, title }: FiguresProps) {
  const format = useFormat();
  const tag = useChannelTag();
  const { from, to, width, height, right } = shape;
  const { windows, heldOutFigures, recipe } = run;
  const said = windows.figures[name];
  const channels = recipe.channels.filter(({ id }) => said?.[id] ?? heldOutFigures[name]?.[id]);
  const lines = channels.map(({ id, corpus }) => {
    const values = said?.[id];
    // Steps that say nothing are passed over: several may learn from the answers of one.
    const known = Array.from(values?.keys() ?? []).filter((at) => Number.isFinite(values![at]));
    const trained = { x: Float64Array.from(known, (at) => x[at]!), y: Float64Array.from(known, (at) => values![at]!) };
    const measured = heldOutFigures[name]?.[id] ?? { x: [], y: [] };
    const heldOut = measured.x.map((step, at) => ({
      x: x[Math.min(x.length - 1, bisectLeft(windows.step, step))] ?? step,
      y: measured.y[at]!,
    }));
    return { id, colour: channelColour(corpus), points: inSight(trained, from, to, MAX_POINTS), heldOut };
  });
  const seen = lines.flatMap(({ points, heldOut }) => [...points, ...heldOut].flatMap((point) => (point.y === null ? [] : [point.y])));
  const { low, high } = outerTicks(Math.min(0, ...seen), Math.max(Number.MIN_VALUE, ...seen), 2);
  const frame: PlotFrame = { ...shape, min: low, max: high, log: false };
  const path = line<DrawnPoint>()
    .defined(({ y }) => y !== null)
    .x((point) => plotX(frame, point.x))
    .y(({ y }) => plotY(frame, y!))
    .digits(1);
  const written = (value: number | null | undefined) => (value === null || value === undefined ? '' : format.decimal(value, 2));
  const listed = (valueOf: (of: (typeof lines)[number]) => number | null | undefined) =>
    lines.length === 1 ? written(valueOf(lines[0]!)) : lines.map((of) => `${tag(of.id)} ${written(valueOf(of))}`).join(' · ');
  return (
    <>
      <svg className={styles.layer} width={width} height={height} aria-hidden>
        <path d={`M${PLOT.left} ${height - BOTTOM}H${width - right}M${PLOT.left} ${PLOT.top}H${width - right}`} stroke="var(--line)" />
        {lines.map(({ id, colour, points }) => (
          <path key={id} d={path(points) ?? ''} fill="none" stroke={colour} strokeWidth={1.2} strokeOpacity={0.8} />
        ))}
        {lines.flatMap(({ id, colour, heldOut }) =>
          heldOut
            .filter((point) => point.y !== null && point.x >= from && point.x <= to)
            .map((point) => (
              <circle key={`${id}-${point.x}`} cx={plotX(frame, point.x)} cy={plotY(frame, point.y)} r={2.2} fill={colour} />
            )),
        )}
        <text x={PLOT.left - 8} y={PLOT.top + 4} textAnchor="end" fill="var(--dim)" fontSize={10.5}>
          {format.compact(high)}
        </text>
        <text x={PLOT.left - 8} y={height - BOTTOM} textAnchor="end" fill="var(--dim)" fontSize={10.5}>
          {format.compact(low)}
        </text>
      </svg>
      <Title
        place={place}
        left={PLOT.left}
        title={title}
        at={(at) => listed(({ points }) => valueAt(points, at)?.y)}
        last={listed(({ points, heldOut }) => points.findLast(({ y }) => y !== null)?.y ?? heldOut.at(-1)?.y)}
      />
    </>
  );
}

interface MixtureProps {
  run: Pick<RunView, 'windows' | 'recipe'>;
  x: Float64Array;
  shape: Shape;
  place: PlaceStore;
  title: string;
}

/** Shares of the windows' tokens on top of each other; told apart by their names at the right as well. */
function Mixture({ run, x, shape, place, title }: MixtureProps) {
  const format = useFormat();
  const tag = useChannelTag();
  const { from, to, width, height, right } = shape;
  const { shares } = run.windows;
  const { channels } = run.recipe;
  const points = useMemo(
    () =>
      meanShares(
        x,
        channels.map(({ id }) => shares[id] ?? new Float64Array(x.length)),
        from,
        to,
      ),
    [x, channels, shares, from, to],
  );
  const frame: PlotFrame = { ...shape, min: 0, max: 1, log: false };
  const below = (of: readonly number[], at: number) => of.slice(0, at).reduce((sum, share) => sum + share, 0);
  const last = points.findLast((point) => point.x <= to);
  const middles = channels.map((_, at) => (last ? plotY(frame, below(last.shares, at) + last.shares[at]! / 2) : 0));
  const places = spreadLabels(middles, LABEL, PLOT.top, height - BOTTOM);
  const inside = useId();
  const at = (x: number) => {
    const near = points.reduce<(typeof points)[number] | null>(
      (best, point) => (best === null || Math.abs(point.x - x) < Math.abs(best.x - x) ? point : best),
      null,
    );
    return near ? channels.map(({ id }, index) => `${tag(id)} ${format.percent(near.shares[index]!)}`).join(' · ') : '';
  };
  return (
    <>
      <svg className={styles.layer} width={width} height={height} aria-hidden>
        <clipPath id={inside}>
          <rect x={PLOT.left} y={0} width={Math.max(0, width - right - PLOT.left)} height={height} />
        </clipPath>
        <g clipPath={`url(#${inside})`}>
          {channels.map(({ id, corpus }, index) => {
            const path = area<(typeof points)[number]>()
              .x((point) => plotX(frame, point.x))
              .y0((point) => plotY(frame, below(point.shares, index)))
              .y1((point) => plotY(frame, below(point.shares, index + 1)))
              .digits(1);
            return (
              <path
                key={id}
                d={path(points) ?? ''}
                fill={channelColour(corpus)}
                fillOpacity={0.55}
                stroke="var(--panel)"
                strokeWidth={0.8}
              />
            );
          })}
        </g>
        {last &&
          channels.map(({ id, corpus }, index) => (
            <text key={id} x={width - right + 8} y={places[index]! + 4} fill={channelColour(corpus)} fontSize={10.5}>
              {tag(id)}
            </text>
          ))}
      </svg>
      <Title place={place} left={PLOT.left} title={title} at={at} last="" />
    </>
  );
}

/** The chart's name with its value at the place that is pointed at, else the last one. */
function Title({ place, left, title, at, last }: { place: PlaceStore; left: number; title: string; at(x: number): string; last: string }) {
  const x = useStore(place, (state) => state.x);
  return (
    <span className={styles.smallTitle} style={{ left: left + 4 }}>
      {title} <b>{x === null ? last : at(x)}</b>
    </span>
  );
}
