/** How a person looks at charts of losses, on every page and at the next visit: figure, axis, smoothing; the controls, and how values are written. */
import { useCallback, useEffect, useMemo, type ReactNode } from 'react';
import { RotateCcw } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { create } from 'zustand';
import { persist } from 'zustand/middleware';
import { addressFault } from '../core/lesson/address';
import { useFormat } from '../i18n/format';
import { useHashQuery, useShown } from '../ui/hash-location';
import { plainStorage } from '../ui/plain-storage';
import { CHART_AXES, CHART_FIGURES, type ChartAxis, type ChartFigure, type ChartLook, type Sight } from './loss-lines';
import { roundTicks } from './ticks';
import styles from './LossChart.module.css';

/** `figure` null: the loss until the base is measured, then the loss against it. */
type Look = Omit<ChartLook, 'figure'> & { figure: ChartFigure | null };

const USUAL: Look = { figure: null, axis: 'step', smoothing: { kind: 'ema', weight: 0 }, log: false, inliers: false };

export const useLook = create(
  persist((): Look => USUAL, {
    name: 'crossfade.chart',
    storage: plainStorage<Look>(USUAL, readLook, (look) => JSON.stringify(look)),
  }),
);

/** The figure that an address asks for (`view=`), until a person chooses another. */
export function useAskedFigure(): ChartFigure | null {
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
    const { figure, axis, smoothing, log, inliers } = JSON.parse(text) as Partial<Look>;
    const weight = Number(smoothing?.weight);
    return {
      figure: CHART_FIGURES.find((known) => known === figure) ?? null,
      axis: CHART_AXES.find((known) => known === axis) ?? 'step',
      smoothing: { kind: smoothing?.kind === 'time' ? 'time' : 'ema', weight: weight > 0 && weight < 1 ? weight : 0 },
      log: log === true,
      inliers: inliers === true,
    };
  } catch {
    return USUAL;
  }
}

/** Smoothing to choose from: the weight of what came before. */
const WEIGHTS = [0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.99] as const;
/** Figures that a logarithmic axis makes sense for. */
export const POSITIVE: ReadonlySet<ChartFigure> = new Set(['loss', 'bits', 'perplexity']);

interface LookBarProps {
  figure: ChartFigure;
  axis: ChartAxis;
  /** The length of an epoch of the domain is known. */
  epochs: boolean;
  /** The figure that is drawn can be on a logarithmic axis. */
  logs: boolean;
  zoomed: boolean;
  onWhole(): void;
  /** A person chooses a figure. */
  onChoose?(): void;
  children?: ReactNode;
}

/** Which figure, over which axis, how smooth. */
export function LookBar({ figure, axis, epochs, logs, zoomed, onWhole, onChoose, children }: LookBarProps) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const { smoothing, log, inliers } = useLook();
  const smooth = `${smoothing.kind} ${smoothing.weight}`;
  const kinds = WEIGHTS.flatMap((weight) =>
    (weight === 0 ? (['ema'] as const) : (['ema', 'time'] as const)).map((kind) => ({ kind, weight })),
  );
  return (
    <div className={styles.look} data-no-picture role="group" aria-label={t('chart.look')}>
      <select
        aria-label={t('chart.figureLabel')}
        value={figure}
        onChange={(event) => {
          onChoose?.();
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
        {CHART_AXES.filter((one) => one !== 'epochs' || epochs).map((one) => (
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
      {logs && (
        <label>
          <input type="checkbox" checked={log} onChange={(event) => useLook.setState({ log: event.currentTarget.checked })} />
          {t('chart.log')}
        </label>
      )}
      <label title={t('chart.inliersHelp')}>
        <input type="checkbox" checked={inliers} onChange={(event) => useLook.setState({ inliers: event.currentTarget.checked })} />
        {t('chart.inliers')}
      </label>
      {zoomed && (
        <button type="button" onClick={onWhole}>
          <RotateCcw size={12} aria-hidden />
          {t('chart.whole')}
        </button>
      )}
      {children}
    </div>
  );
}

export interface ChartWords {
  /** At a tick of the figure's axis. */
  tick(value: number): string;
  /** Of a figure, in full; a dash for null. */
  value(value: number | null): string;
  /** At the end of a line. */
  end(value: number): string;
  /** Of a place on the axis below, and with its unit: "120", "step 120". */
  x(value: number): string;
  place(value: number): string;
}

/** How a chart's values are written. @param signed the figure is a difference @param digits that tell the ticks apart */
export function useChartWords(figure: ChartFigure, axis: ChartAxis, signed: boolean, digits: number): ChartWords {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const x = useCallback(
    (value: number) => {
      if (axis === 'time') return format.duration(value);
      if (axis === 'epochs') return format.decimal(value, value < 10 ? 2 : 1);
      return axis === 'tokens' ? format.compact(value) : format.count(Math.round(value));
    },
    [format, axis],
  );
  return useMemo(() => {
    const value = (of: number | null) => {
      if (signed) return format.delta(of);
      return figure === 'perplexity' ? format.perplexity(of) : format.loss(of);
    };
    return {
      tick: (of) => (signed && of > 0 ? '+' : '') + format.decimal(of, digits),
      value,
      end: (of) => (signed || figure === 'perplexity' ? value(of) : format.decimal(of, 2)),
      x,
      place: (of) =>
        axis === 'step' ? t('chart.step', { step: x(of) }) : axis === 'epochs' ? t('chart.epochs', { epochs: x(of) }) : x(of),
    };
  }, [format, figure, signed, digits, x, axis, t]);
}

/** Whole numbers for steps; round seconds, minutes or hours for time. */
export function axisTicks({ from, to }: Sight, axis: ChartAxis, most: number): number[] {
  if (axis !== 'time') return roundTicks(from, to, axis === 'step' ? Math.min(most, Math.max(1, Math.ceil(to - from) + 1)) : most).ticks;
  const unit = [86_400, 3600, 60, 1].find((seconds) => to - from >= 2 * seconds) ?? 1;
  return roundTicks(from / unit, to / unit, most).ticks.map((tick) => tick * unit);
}
