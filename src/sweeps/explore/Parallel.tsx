/** Runs as lines over parallel axes with brushes, whose ends are sliders. */
import type { ColumnWords } from '../../channels/column-words';
import { memo, useDeferredValue, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import { NativeSelect } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/Card';
import { SaveChart } from '../../ui/SaveChart';
import type { Brush } from './Explore';
import { asDocument, axisOf, colouringOf, LEAST_AXIS_GAP, parallelPicture, type Axis, type PictureStyle } from './pictures';
import { canLog, figuresOf, FILE, FONT, StillPicture, type ViewProps } from './view-parts';
import styles from './Explore.module.css';

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
        drawn && (
          <SaveChart
            title={title}
            name={`${fileName}-parallel`}
            draw={() => asDocument(drawn.draw({ ...FILE, width: Math.max(FILE.width, axes.length * 120), height: 520 }).picture)}
            table={() => figuresOf(shown, rows, nameOf)}
          />
        )
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
            <StillPicture picture={drawn.picture} />
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
