/**
 * The pictures of a sweep's runs as they are handled: a scatter plot and a response surface, whose runs are met by pointer and keys, and
 * parallel axes with brushes, whose ends are sliders.
 */
import { memo, useDeferredValue, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import { NativeSelect, Switch } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import type { ColumnWords } from '../../channels/column-words';
import { Picture } from '../../charts/Picture';
import type { Column } from '../../core/sweep/columns';
import { fitSurface, LEAST_SETTINGS, type SurfacePoint } from '../../core/sweep/surface';
import { useFormat } from '../../i18n/format';
import { ErrorBanner } from '../../ui/Banner';
import { Card } from '../../ui/Card';
import { SaveButtons } from '../../ui/SaveButtons';
import type { Brush, RunChoice } from './Explore';
import {
  asDocument,
  axisOf,
  colouringOf,
  LEAST_AXIS_GAP,
  parallelPicture,
  planePicture,
  surfaceGrid,
  type Axis,
  type Drawn,
  type PictureStyle,
} from './pictures';
import styles from './Explore.module.css';

/** Of a picture as a file. */
const FILE: PictureStyle = { paper: true, width: 960, height: 600, fontSize: 13 };
const FONT = 12;

interface SaveProps {
  title: string;
  name: string;
  /** The picture on paper; null while there is none. */
  draw: (() => string) | null;
}

/** Saves a picture as SVG or PNG. */
function SaveView({ title, name, draw }: SaveProps) {
  const { t } = useTranslation('explore');
  const [fault, setFault] = useState<unknown>(null);
  return (
    <>
      <SaveButtons
        className={styles.save}
        label={t('save', { title })}
        labelOf={(form) => t('saveAs', { title, form })}
        name={name}
        draw={draw}
        onFault={setFault}
      />
      {fault !== null && <ErrorBanner error={fault} onDismiss={() => setFault(null)} />}
    </>
  );
}

interface PickerProps {
  label: string;
  columns: readonly Column[];
  words: ColumnWords;
  value: string;
  none?: string;
  onChange(id: string): void;
}

export function ColumnPicker({ label, columns, words, value, none, onChange }: PickerProps) {
  const data = columns.map((column) => ({ value: column.id, label: words.name(column) }));
  return (
    <NativeSelect
      size="xs"
      label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data={none === undefined ? data : [{ value: '', label: none }, ...data]}
    />
  );
}

/** What the views share. */
export interface ViewProps {
  columns: readonly Column[];
  rows: readonly number[];
  words: ColumnWords;
  colour: Column | null;
  choice: RunChoice;
  nameOf: (row: number) => string;
  fileName: string;
}

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
  const still = useMemo(() => <Picture picture={picture} />, [picture]);
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
        {still}
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

const isNumber = ({ type }: Column) => type === 'number';

/** An axis whose numbers are all above 0 can be drawn in logarithms. */
const canLog = (column: Column | undefined) =>
  column !== undefined && isNumber(column) && column.values.every((value) => value === null || (typeof value === 'number' && value > 0));

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
  const { columns, rows, words, colour, choice, fileName, first } = props;
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
        <SaveView title={t('scatter.title')} name={`${fileName}-scatter`} draw={drawn && (() => asDocument(drawn.draw(FILE).picture))} />
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

export const Response = memo(function Response(props: ViewProps & { first: { x: string; y: string; metric: string } }) {
  const { columns, rows, words, choice, fileName, first } = props;
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
  const fit = useMemo(() => {
    if (!x || !y || x === y || !metric) return null;
    const points = rows.flatMap((row): SurfacePoint[] => {
      const [a, b, value] = [x.values[row], y.values[row], metric.values[row]];
      return typeof a === 'number' && typeof b === 'number' && typeof value === 'number' ? [{ x: a, y: b, value }] : [];
    });
    return fitSurface(points, { x: logX, y: logY });
  }, [x, y, metric, logX, logY, rows]);
  const title = x && y && metric ? t('surface.of', { metric: words.name(metric), x: words.name(x), y: words.name(y) }) : t('surface.title');
  const grid = useMemo(
    () => (x && y && fit && !('refused' in fit) ? surfaceGrid(fit, axisOf(x, words, logX), axisOf(y, words, logY)) : null),
    [x, y, fit, words, logX, logY],
  );
  const drawn = useMemo(() => {
    if (!x || !y || !metric || !fit || width === 0) return null;
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
  }, [x, y, metric, logX, logY, words, rows, lit, fit, grid, width, height, title]);
  return (
    <Card
      title={t('surface.title')}
      data-testid="explore-surface"
      aside={
        <SaveView title={t('surface.title')} name={`${fileName}-surface`} draw={drawn && (() => asDocument(drawn.draw(FILE).picture))} />
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

/** Pixels that the pointer may be off an end of a brush. */
const GRIP = 9;
/** Places that an arrow key moves an end by; with Shift the smaller. */
const STEP = { coarse: 0.02, fine: 0.005 };

interface BrushAxisProps {
  axis: Axis;
  name: string;
  left: number;
  top: number;
  height: number;
  brush: Brush | undefined;
  words: ColumnWords;
  onBrush(brush: Brush | null): void;
}

/** One axis to drag a brush on; each end of the brush is a slider too, at the axis's ends while there is none. */
function BrushAxis({ axis, name, left, top, height, brush, words, onBrush }: BrushAxisProps) {
  const { t } = useTranslation('explore');
  const zone = useRef<HTMLDivElement>(null);
  const drag = useRef<{ kind: 'new' | 'low' | 'high' | 'whole'; from: number; low: number; high: number } | null>(null);
  const placeOf = (value: number) => (axis.column.type === 'category' ? value : (axis.place(value) ?? 0));
  const [low, high] = brush ? [placeOf(brush.low), placeOf(brush.high)] : [0, 1];
  const set = (one: number, other: number) => {
    const [a, b] = [Math.max(0, Math.min(one, other)), Math.min(1, Math.max(one, other))];
    onBrush(a <= 0 && b >= 1 ? null : { low: axis.value(a), high: axis.value(b) });
  };
  const pointed = ({ clientY }: PointerEvent) => {
    const box = zone.current!.getBoundingClientRect();
    return (box.bottom - clientY) / box.height;
  };
  const begin = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const at = pointed(event);
    const near = (place: number) => Math.abs(place - at) * height < GRIP;
    const kind = brush && near(low) ? 'low' : brush && near(high) ? 'high' : brush && at > low && at < high ? 'whole' : 'new';
    drag.current = { kind, from: at, low, high };
  };
  const move = (event: PointerEvent<HTMLDivElement>) => {
    const held = drag.current;
    if (!held) return;
    const at = pointed(event);
    if (held.kind === 'new') {
      if (Math.abs(at - held.from) * height > 3) set(held.from, at);
    } else if (held.kind === 'whole') {
      const by = Math.max(-held.low, Math.min(1 - held.high, at - held.from));
      set(held.low + by, held.high + by);
    } else set(held.kind === 'low' ? Math.min(at, held.high) : held.low, held.kind === 'high' ? Math.max(at, held.low) : held.high);
  };
  const end = (event: PointerEvent<HTMLDivElement>) => {
    const held = drag.current;
    drag.current = null;
    if (held?.kind === 'new' && Math.abs(pointed(event) - held.from) * height <= 3) onBrush(null);
  };
  const press = (event: KeyboardEvent, which: 'low' | 'high') => {
    const step = axis.column.type === 'category' ? 1 / Math.max(1, axis.ticks.length) : event.shiftKey ? STEP.fine : STEP.coarse;
    const by = {
      ArrowUp: step,
      ArrowRight: step,
      ArrowDown: -step,
      ArrowLeft: -step,
      PageUp: 5 * step,
      PageDown: -5 * step,
      Home: -1,
      End: 1,
    }[event.key];
    if (event.key === 'Escape') onBrush(null);
    else if (by === undefined) return;
    else if (which === 'low') set(Math.min(high, low + by), high);
    else set(low, Math.max(low, high + by));
    event.preventDefault();
  };
  const told = (place: number) => {
    if (axis.column.type === 'number') return words.text(axis.column, axis.value(place));
    const [nearest] = [...axis.ticks].sort((one, other) => Math.abs(one.at - place) - Math.abs(other.at - place));
    return nearest?.text ?? '';
  };
  return (
    <div
      ref={zone}
      className={styles.zone}
      style={{ left, top, height }}
      data-axis={axis.column.id}
      onPointerDown={begin}
      onPointerMove={move}
      onPointerUp={end}
      onPointerCancel={() => (drag.current = null)}
      onDoubleClick={() => onBrush(null)}
    >
      {brush && <i className={styles.brush} style={{ bottom: `${low * 100}%`, height: `${Math.max(0.5, (high - low) * 100)}%` }} />}
      {(['low', 'high'] as const).map((which) => {
        const place = which === 'low' ? low : high;
        return (
          <div
            key={which}
            role="slider"
            tabIndex={0}
            className={styles.handle}
            data-set={brush !== undefined}
            style={{ bottom: `${place * 100}%` }}
            aria-orientation="vertical"
            aria-label={t(`parallel.${which}`, { column: name })}
            aria-valuemin={Math.round((which === 'low' ? 0 : low) * 1000)}
            aria-valuemax={Math.round((which === 'low' ? high : 1) * 1000)}
            aria-valuenow={Math.round(place * 1000)}
            aria-valuetext={told(place)}
            onKeyDown={(event) => press(event, which)}
          />
        );
      })}
    </div>
  );
}

export const Parallel = memo(function Parallel(props: ViewProps & { first: readonly string[] }) {
  const { columns, rows, words, colour, choice, nameOf, fileName, first } = props;
  const { t } = useTranslation('explore');
  const { ref, width: room } = useElementSize();
  const [chosen, setChosen] = useState<readonly string[]>(first);
  const [log, setLog] = useState<ReadonlySet<string>>(() => new Set(columns.filter(({ unit }) => unit === 'rate').map(({ id }) => id)));
  const { hovered, picked, brushes, brush } = choice;
  const lit = useDeferredValue(choice.lit);
  const shown = useMemo(() => chosen.flatMap((id) => columns.find((column) => column.id === id) ?? []), [chosen, columns]);
  const axes = useMemo(() => shown.map((column) => axisOf(column, words, canLog(column) && log.has(column.id), 0.04)), [shown, words, log]);
  const width = Math.max(room, axes.length * LEAST_AXIS_GAP);
  const height = 360;
  const title = t('parallel.title');
  const drawn = useMemo(() => {
    if (room === 0 || axes.length === 0) return null;
    const draw = (style: PictureStyle) =>
      parallelPicture(
        { title, axes, rows, lit, colouring: colouringOf(colour, words, style.paper), colourTitle: colour ? words.name(colour) : '' },
        style,
      );
    return { draw, ...draw({ paper: false, width, height, fontSize: FONT }) };
  }, [room, axes, title, rows, lit, colour, words, width]);
  const still = useMemo(() => drawn && <Picture picture={drawn.picture} />, [drawn]);
  const marked = (row: number, className: string | undefined): ReactNode => {
    const own = drawn?.places.filter((place) => place.row === row) ?? [];
    return (
      own.length > 0 && <polyline key={`${className}${row}`} className={className} points={own.map(({ x, y }) => `${x},${y}`).join(' ')} />
    );
  };
  const addable = columns.filter(({ id, differs }) => differs && !chosen.includes(id));
  const chosenCount = rows.filter(lit).length;
  return (
    <Card
      title={title}
      data-testid="explore-parallel"
      aside={
        <SaveView
          title={title}
          name={`${fileName}-parallel`}
          draw={drawn && (() => asDocument(drawn.draw({ ...FILE, width: Math.max(FILE.width, axes.length * 120), height: 520 }).picture))}
        />
      }
    >
      <div className={styles.controls}>
        <NativeSelect
          size="xs"
          label={t('parallel.add')}
          value=""
          onChange={(event) => event.currentTarget.value !== '' && setChosen([...chosen, event.currentTarget.value])}
          data={[{ value: '', label: t('parallel.choose') }, ...addable.map((column) => ({ value: column.id, label: words.name(column) }))]}
        />
        <div className={styles.axes} role="group" aria-label={t('parallel.axes')}>
          {shown.map((column) => (
            <span key={column.id} className={styles.axisChip}>
              <button
                type="button"
                onClick={() => {
                  setChosen(chosen.filter((id) => id !== column.id));
                  brush(column.id, null);
                }}
                aria-label={t('parallel.remove', { column: words.name(column) })}
              >
                {words.name(column)} ×
              </button>
              {canLog(column) && (
                <button
                  type="button"
                  aria-pressed={log.has(column.id)}
                  aria-label={t('parallel.log', { column: words.name(column) })}
                  onClick={() => {
                    const next = new Set(log);
                    if (!next.delete(column.id)) next.add(column.id);
                    setLog(next);
                  }}
                >
                  log
                </button>
              )}
            </span>
          ))}
        </div>
      </div>
      <div className={styles.wide} ref={ref} tabIndex={0} role="region" aria-label={t('parallel.region')}>
        {drawn && (
          <div className={styles.plane} style={{ width, height }}>
            {still}
            <svg className={styles.rings} aria-hidden>
              {[...picked].map((row) => marked(row, styles.pickedLine))}
              {hovered.length < 30 && hovered.map((row) => marked(row, styles.metLine))}
            </svg>
            {axes.map((axis, at) => (
              <BrushAxis
                key={axis.column.id}
                axis={axis}
                name={words.name(axis.column)}
                left={drawn.frame.atX(at)}
                top={drawn.frame.top}
                height={drawn.frame.bottom - drawn.frame.top}
                brush={brushes.get(axis.column.id)}
                words={words}
                onBrush={(next) => brush(axis.column.id, next)}
              />
            ))}
          </div>
        )}
      </div>
      <p className={styles.readout} aria-live="polite">
        {hovered.length === 1 ? nameOf(hovered[0]!) : t('parallel.hint', { count: chosenCount, all: rows.length })}
      </p>
    </Card>
  );
});
