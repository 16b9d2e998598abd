/** Runs on a plane: a scatter plot with any axes, and a response surface over two settings. Runs are met by pointer and keys. */
import { memo, startTransition, useDeferredValue, useEffect, useMemo, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { Switch } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import type { Column } from '../../core/sweep/columns';
import { LEAST_SETTINGS, type NoSurface, type SurfaceGrid, type SurfaceInput, type SurfacePoint } from '../../core/sweep/surface';
import { useFormat } from '../../i18n/format';
import { lab } from '../../lab/lab';
import { ErrorBanner } from '../../ui/Banner';
import { Card } from '../../ui/Card';
import { SaveChart } from '../../ui/SaveChart';
import type { RunChoice } from './Explore';
import { asDocument, axisOf, colouringOf, gridOf, planePicture, type Drawn, type PictureStyle } from './pictures';
import { canLog, ColumnPicker, figuresOf, FILE, FONT, isNumber, StillPicture, type ViewProps } from './view-parts';
import styles from './Explore.module.css';

interface RunPlaneProps {
  drawn: Drawn;
  height: number;
  choice: RunChoice;
  label: string;
  /** What a run is, in words. */
  tell: (row: number) => string;
}

/** Pixels from which a pointer takes a run. */
const REACH = 24;

/** Runs on a picture: met by a pointer near them or by arrow keys from left to right, chosen by a press. */
function RunPlane({ drawn, height, choice, label, tell }: RunPlaneProps) {
  const { t } = useTranslation('explore');
  const { hovered, picked, hover, pick } = choice;
  const { picture, places } = drawn;
  const [active, setActive] = useState<number | null>(null);
  const ordered = useMemo(() => [...places].sort((one, other) => one.x - other.x || one.y - other.y), [places]);
  const current = places.find(({ row }) => row === active) ?? ordered[0];
  const nearest = (event: PointerEvent) => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    let found: (typeof places)[number] | null = null;
    let least = REACH ** 2;
    for (const place of places) {
      const square = (place.x - x) ** 2 + (place.y - y) ** 2;
      if (square < least) [found, least] = [place, square];
    }
    return found;
  };
  const press = (event: KeyboardEvent) => {
    if (!current) return;
    const at = ordered.indexOf(current);
    const last = ordered.length - 1;
    const to = {
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      PageUp: at + 10,
      PageDown: at - 10,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const { row } = ordered[Math.min(last, Math.max(0, to))]!;
    setActive(row);
    hover([row]);
  };
  const ring = (row: number, className: string | undefined) =>
    places.flatMap((place) =>
      place.row === row ? [<circle key={`${className}${row}`} cx={place.x} cy={place.y} r={9} className={className} />] : [],
    );
  return (
    <>
      <div
        className={styles.plane}
        style={{ height }}
        role="group"
        aria-label={label}
        onPointerMove={(event) => {
          const found = nearest(event);
          hover(found ? [found.row] : []);
        }}
        onPointerLeave={() => hover([])}
        onClick={(event) => {
          const found = event.detail > 0 ? nearest(event as unknown as PointerEvent) : null;
          if (found) pick(found.row);
        }}
      >
        <StillPicture picture={picture} />
        <svg className={styles.rings} aria-hidden>
          {[...picked].flatMap((row) => ring(row, styles.picked))}
          {hovered.flatMap((row) => ring(row, styles.met))}
        </svg>
        {current && (
          <button
            type="button"
            className={styles.cursor}
            style={{ left: current.x, top: current.y }}
            aria-pressed={picked.has(current.row)}
            aria-label={tell(current.row)}
            onKeyDown={press}
            onFocus={() => {
              setActive(current.row);
              hover([current.row]);
            }}
            onBlur={() => hover([])}
            onClick={(event) => {
              if (event.detail === 0) pick(current.row);
            }}
          />
        )}
      </div>
      <p className={styles.readout} aria-live="polite">
        {hovered.length === 1 ? tell(hovered[0]!) : t('plane.hint')}
      </p>
    </>
  );
}

function useTell({ words, nameOf }: Pick<ViewProps, 'words' | 'nameOf'>, told: readonly (Column | null | undefined)[]) {
  return (row: number) =>
    [
      nameOf(row),
      ...new Set(told.flatMap((column) => (column ? [`${words.name(column)} ${words.text(column, column.values[row] ?? null)}`] : []))),
    ].join(' · ');
}

interface AxesState {
  x: string;
  y: string;
  /** Columns drawn in logarithms. */
  log: ReadonlySet<string>;
}

function useAxes(columns: readonly Column[], first: { x: string; y: string }) {
  const [state, setState] = useState<AxesState>(() => ({
    ...first,
    log: new Set(columns.filter(({ unit }) => unit === 'rate').map(({ id }) => id)),
  }));
  const x = columns.find(({ id }) => id === state.x) ?? columns[0];
  const y = columns.find(({ id }) => id === state.y) ?? columns[1] ?? columns[0];
  const isLog = (column: Column | undefined) => canLog(column) && state.log.has(column!.id);
  const setLog = (column: Column, on: boolean) => {
    const log = new Set(state.log);
    if (on) log.add(column.id);
    else log.delete(column.id);
    setState({ ...state, log });
  };
  return { x, y, isLog, setLog, setX: (id: string) => setState({ ...state, x: id }), setY: (id: string) => setState({ ...state, y: id }) };
}

function LogChips({ axes }: { axes: ReturnType<typeof useAxes> }) {
  const { t } = useTranslation('explore');
  return (['x', 'y'] as const).map((name) => {
    const column = axes[name];
    return (
      canLog(column) && (
        <Switch
          key={name}
          size="xs"
          label={t(`plane.log.${name}`)}
          checked={axes.isLog(column)}
          onChange={(event) => axes.setLog(column!, event.currentTarget.checked)}
        />
      )
    );
  });
}

const heightFor = (width: number) => Math.round(Math.min(460, Math.max(300, width * 0.55)));

export const Scatter = memo(function Scatter(props: ViewProps & { first: { x: string; y: string } }) {
  const { columns, rows, words, colour, choice, nameOf, fileName, first } = props;
  const { t } = useTranslation('explore');
  const { ref, width } = useElementSize();
  const axes = useAxes(columns, first);
  const { x, y } = axes;
  const lit = useDeferredValue(choice.lit);
  const tell = useTell(props, [x, y, colour]);
  const [logX, logY] = [axes.isLog(x), axes.isLog(y)];
  const height = heightFor(width);
  const title = x && y ? t('plane.title', { x: words.name(x), y: words.name(y) }) : t('scatter.title');
  const drawn = useMemo(() => {
    if (!x || !y || width === 0) return null;
    const given = { title, x: axisOf(x, words, logX), y: axisOf(y, words, logY), rows, lit, colourTitle: colour ? words.name(colour) : '' };
    const draw = (style: PictureStyle) => planePicture({ ...given, colouring: colouringOf(colour, words, style.paper) }, style);
    return { draw, ...draw({ paper: false, width, height, fontSize: FONT }) };
  }, [x, y, logX, logY, words, rows, lit, colour, width, height, title]);
  const without = drawn ? rows.length - drawn.places.length : 0;
  return (
    <Card
      title={t('scatter.title')}
      data-testid="explore-scatter"
      aside={
        drawn && (
          <SaveChart
            title={t('scatter.title')}
            name={`${fileName}-scatter`}
            draw={() => asDocument(drawn.draw(FILE).picture)}
            table={() => figuresOf([x!, y!, ...(colour ? [colour] : [])], rows, nameOf)}
          />
        )
      }
    >
      <div className={styles.controls}>
        <ColumnPicker label={t('plane.x')} columns={columns} words={words} value={x?.id ?? ''} onChange={axes.setX} />
        <ColumnPicker label={t('plane.y')} columns={columns} words={words} value={y?.id ?? ''} onChange={axes.setY} />
        <LogChips axes={axes} />
      </div>
      <div ref={ref}>{drawn && <RunPlane drawn={drawn} height={height} choice={choice} label={title} tell={tell} />}</div>
      {without > 0 && <p className={styles.note}>{t('plane.without', { count: without })}</p>}
    </Card>
  );
});

interface Fitted {
  input: SurfaceInput | null;
  fit: SurfaceGrid | NoSurface | null;
  fault: unknown;
}

/** The surface is fitted by a worker: hundreds of settings take longer than a page may be busy. */
function useSurface(input: SurfaceInput | null): Pick<Fitted, 'fit' | 'fault'> {
  const [fitted, setFitted] = useState<Fitted>({ input: null, fit: null, fault: null });
  useEffect(() => {
    if (!input) return;
    let current = true;
    const take = (found: Omit<Fitted, 'input'>) => current && startTransition(() => setFitted({ input, ...found }));
    lab.laws.surface(input).then(
      (fit) => take({ fit, fault: null }),
      (fault: unknown) => take({ fit: null, fault }),
    );
    return () => {
      current = false;
    };
  }, [input]);
  return fitted.input === input ? fitted : { fit: null, fault: null };
}

export const Response = memo(function Response(props: ViewProps & { first: { x: string; y: string; metric: string } }) {
  const { columns, rows, words, choice, nameOf, fileName, first } = props;
  const { t } = useTranslation('explore');
  const format = useFormat();
  const { ref, width } = useElementSize();
  const numeric = useMemo(() => columns.filter(isNumber), [columns]);
  const settings = useMemo(
    () => numeric.filter(({ subject, differs }) => differs && ['setting', 'steps', 'tokens', 'size', 'epochs'].includes(subject.kind)),
    [numeric],
  );
  const metrics = useMemo(() => numeric.filter((column) => !settings.includes(column)), [numeric, settings]);
  const axes = useAxes(settings, first);
  const { x, y } = axes;
  const [chosen, setChosen] = useState(first.metric);
  const metric = metrics.find(({ id }) => id === chosen) ?? metrics[0];
  const lit = useDeferredValue(choice.lit);
  const tell = useTell(props, [x, y, metric]);
  const [logX, logY] = [axes.isLog(x), axes.isLog(y)];
  const height = heightFor(width);
  const input = useMemo((): SurfaceInput | null => {
    if (!x || !y || x === y || !metric) return null;
    const points = rows.flatMap((row): SurfacePoint[] => {
      const [a, b, value] = [x.values[row], y.values[row], metric.values[row]];
      return typeof a === 'number' && typeof b === 'number' && typeof value === 'number' ? [{ x: a, y: b, value }] : [];
    });
    return { points, log: { x: logX, y: logY }, x: gridOf(axisOf(x, words, logX)), y: gridOf(axisOf(y, words, logY)) };
  }, [x, y, metric, logX, logY, rows, words]);
  const { fit, fault } = useSurface(input);
  const title = x && y && metric ? t('surface.of', { metric: words.name(metric), x: words.name(x), y: words.name(y) }) : t('surface.title');
  const grid = fit && 'grid' in fit ? fit.grid : null;
  const drawn = useMemo(() => {
    if (!x || !y || x === y || !metric || width === 0) return null;
    const surface = grid ? { grid, axis: axisOf(metric, words, false, 0), words } : undefined;
    const measured = rows.filter((row) => typeof metric.values[row] === 'number');
    const given = {
      title,
      x: axisOf(x, words, logX),
      y: axisOf(y, words, logY),
      rows: measured,
      lit,
      colourTitle: words.name(metric),
      surface,
    };
    const draw = (style: PictureStyle) => planePicture({ ...given, colouring: colouringOf(metric, words, style.paper) }, style);
    return { draw, ...draw({ paper: false, width, height, fontSize: FONT }) };
  }, [x, y, metric, logX, logY, words, rows, lit, grid, width, height, title]);
  return (
    <Card
      title={t('surface.title')}
      data-testid="explore-surface"
      aside={
        drawn && (
          <SaveChart
            title={t('surface.title')}
            name={`${fileName}-surface`}
            draw={() => asDocument(drawn.draw(FILE).picture)}
            table={() => figuresOf([x!, y!, metric!], rows, nameOf)}
          />
        )
      }
    >
      {settings.length < 2 ? (
        <p className={styles.note}>{t('surface.axes')}</p>
      ) : (
        <>
          <div className={styles.controls}>
            <ColumnPicker label={t('surface.metric')} columns={metrics} words={words} value={metric?.id ?? ''} onChange={setChosen} />
            <ColumnPicker label={t('plane.x')} columns={settings} words={words} value={x?.id ?? ''} onChange={axes.setX} />
            <ColumnPicker label={t('plane.y')} columns={settings} words={words} value={y?.id ?? ''} onChange={axes.setY} />
            <LogChips axes={axes} />
          </div>
          {x === y && <p className={styles.note}>{t('surface.same')}</p>}
          <div ref={ref}>{drawn && <RunPlane drawn={drawn} height={height} choice={choice} label={title} tell={tell} />}</div>
          {input && !fit && fault === null && <p className={styles.note}>{t('surface.fitting')}</p>}
          {fault !== null && <ErrorBanner error={fault} />}
          {fit && metric && (
            <p className={styles.note} data-testid="surface-fit">
              {'refused' in fit
                ? t(`surface.refused.${fit.refused}`, { settings: format.count(fit.settings), least: LEAST_SETTINGS })
                : t('surface.fit', {
                    form: t(`surface.form.${fit.form}`),
                    settings: format.count(fit.settings),
                    error: metric.unit === 'nats' || metric.unit === 'ratio' ? format.decimal(fit.error, 4) : words.text(metric, fit.error),
                    mean:
                      metric.unit === 'nats' || metric.unit === 'ratio'
                        ? format.decimal(fit.errorOfMean, 4)
                        : words.text(metric, fit.errorOfMean),
                    foretold: format.percent(fit.foretold),
                  })}
            </p>
          )}
        </>
      )}
    </Card>
  );
});
