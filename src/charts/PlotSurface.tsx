/**
 * Where a chart is pointed at, zoomed and pinned. The place under the pointer stands in a store of its own, so that all charts over one axis
 * show it at once and no curve is drawn again: a drag brings a part of the axis into sight, a double click all of it, and so do Ctrl with the
 * wheel, a pinch and keys; a press pins the place with all lines' values.
 */
import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import { ActionIcon } from '@mantine/core';
import { X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { createStore, useStore } from 'zustand';
import { valueAt, type LossLine, type Sight } from './loss-lines';
import { PLOT, plotX, useLineName, valueAtPixel, type PlotFrame } from './LossOverlay';
import styles from './LossChart.module.css';

interface Place {
  /** On the axis; null: nowhere. */
  x: number | null;
  /** It was moved there by a key. */
  keyed: boolean;
}

/** The place that is pointed at, one for all charts over an axis. */
export const createPlace = () => createStore<Place>(() => ({ x: null, keyed: false }));
export type PlaceStore = ReturnType<typeof createPlace>;

/** Pixels from which a drag chooses a part of the axis; a press as near to a pin takes it away. */
const DRAGGED = 6;
/** Part of what is in sight that a key moves it by, or moves the place by, and by which a wheel's notch or a key brings it nearer. */
const PAN = 0.2;
const MOVE = 0.01;
const ZOOM = 1.4;

export interface SurfaceProps {
  frame: PlotFrame;
  /** The whole axis. */
  whole: Sight;
  place: PlaceStore;
  onSight(sight: Sight | null): void;
  /** Places that are pinned, on the axis. */
  pins: readonly number[];
  onPins(pins: readonly number[]): void;
  /** Of what the keyboard goes to; absent for a chart below the main one. */
  label?: string;
  /** The axis counts: a key moves by whole numbers. */
  counted?: boolean;
  children?: ReactNode;
}

export function PlotSurface({ frame, whole, place, onSight, pins, onPins, label, counted = false, children }: SurfaceProps) {
  const surface = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const pixelOf = (event: { clientX: number }) => event.clientX - surface.current!.getBoundingClientRect().left;
  const span = frame.to - frame.from;
  const look = (low: number, high: number) => {
    const wanted = Math.min(high - low, whole.to - whole.from);
    if (wanted >= (whole.to - whole.from) * 0.999) return onSight(null);
    const start = Math.min(Math.max(low, whole.from), whole.to - wanted);
    onSight({ from: start, to: start + wanted });
  };
  const zoom = (by: number, around: number) => look(around - (around - frame.from) / by, around + (frame.to - around) / by);
  const wheel = useRef<(event: WheelEvent) => void>(() => undefined);
  useEffect(() => {
    wheel.current = (event) => {
      // A pinch comes as the wheel with Ctrl; the wheel alone scrolls the page.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(ZOOM ** (-event.deltaY / 100), valueAtPixel(frame, pixelOf(event)));
    };
  });
  useEffect(() => {
    const element = surface.current!;
    const follow = (event: WheelEvent) => wheel.current(event);
    element.addEventListener('wheel', follow, { passive: false });
    return () => element.removeEventListener('wheel', follow);
  }, []);
  const pin = (x: number) => {
    const near = (DRAGGED * span) / Math.max(1, frame.width - PLOT.left - frame.right);
    const others = pins.filter((one) => Math.abs(one - x) > near);
    onPins(others.length < pins.length ? others : [...pins, x].sort((one, other) => one - other));
  };
  const move = (by: number) => {
    const { x } = place.getState();
    const start = x === null || x < frame.from || x > frame.to ? frame.from + span / 2 : x;
    const stride = counted ? Math.max(1, Math.round(span * MOVE)) : span * MOVE;
    const next = Number.isFinite(by) ? start + by * stride : by < 0 ? frame.from : frame.to;
    place.setState({ x: Math.min(frame.to, Math.max(frame.from, counted ? Math.round(next) : next)), keyed: true });
  };
  const key = (event: KeyboardEvent) => {
    if (event.target !== surface.current || event.ctrlKey || event.metaKey || event.altKey) return;
    const { x } = place.getState();
    const around = x ?? frame.from + span / 2;
    const aside = event.shiftKey;
    const actions: Record<string, () => void> = {
      '+': () => zoom(ZOOM, around),
      '=': () => zoom(ZOOM, around),
      '-': () => zoom(1 / ZOOM, around),
      ArrowLeft: () => (aside ? look(frame.from - span * PAN, frame.to - span * PAN) : move(-1)),
      ArrowRight: () => (aside ? look(frame.from + span * PAN, frame.to + span * PAN) : move(1)),
      Home: () => move(-Infinity),
      End: () => move(Infinity),
      '0': () => onSight(null),
      Enter: () => (x === null ? move(0) : pin(x)),
      Escape: () => (pins.length > 0 ? onPins(pins.slice(0, -1)) : place.setState({ x: null, keyed: false })),
    };
    const action = actions[event.key];
    // Nothing is left to take away: the key is somebody else's.
    if (!action || (event.key === 'Escape' && pins.length === 0 && x === null)) return;
    event.preventDefault();
    action();
  };
  const point = (event: PointerEvent) => {
    const pixel = pixelOf(event);
    if (drag) setDrag({ ...drag, to: pixel });
    place.setState({ x: valueAtPixel(frame, pixel), keyed: false });
  };
  const release = (event: PointerEvent) => {
    const to = pixelOf(event);
    const from = drag?.from ?? to;
    setDrag(null);
    if (Math.abs(to - from) >= DRAGGED) look(valueAtPixel(frame, Math.min(from, to)), valueAtPixel(frame, Math.max(from, to)));
    else if (event.button === 0 && to >= PLOT.left) pin(valueAtPixel(frame, to));
  };
  const dragged = drag && Math.abs(drag.to - drag.from) >= DRAGGED ? drag : null;
  return (
    <div
      ref={surface}
      className={styles.pointer}
      {...(label === undefined ? {} : { role: 'group', tabIndex: 0, 'aria-label': label, 'data-testid': 'chart-zoom' })}
      onPointerDown={(event) => {
        if (event.button !== 0 || event.pointerType === 'touch') return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: pixelOf(event), to: pixelOf(event) });
      }}
      onPointerMove={point}
      onPointerUp={release}
      onPointerCancel={() => setDrag(null)}
      onPointerLeave={() => place.setState({ x: null, keyed: false })}
      onDoubleClick={() => onSight(null)}
      onKeyDown={key}
    >
      {dragged && (
        <i
          className={styles.drag}
          style={{
            left: Math.min(dragged.from, dragged.to),
            width: Math.abs(dragged.to - dragged.from),
            top: PLOT.top,
            bottom: frame.bottom ?? PLOT.bottom,
          }}
        />
      )}
      {pins.map((x, at) =>
        x < frame.from || x > frame.to ? null : (
          <i
            key={x}
            className={styles.pin}
            data-number={label === undefined ? undefined : at + 1}
            style={{ transform: `translateX(${plotX(frame, x)}px)`, top: PLOT.top, bottom: frame.bottom ?? PLOT.bottom }}
          />
        ),
      )}
      <Hair frame={frame} place={place} />
      {children}
    </div>
  );
}

function Hair({ frame, place }: { frame: PlotFrame; place: PlaceStore }) {
  const at = useStore(place, ({ x }) => x);
  if (at === null || at < frame.from || at > frame.to) return null;
  return (
    <i
      className={styles.hair}
      style={{ transform: `translateX(${plotX(frame, at)}px)`, top: PLOT.top, bottom: frame.bottom ?? PLOT.bottom }}
    />
  );
}

/** Lines that the readout has room for. */
const MOST_ROWS = 14;

interface ReadoutProps {
  frame: PlotFrame;
  place: PlaceStore;
  lines: readonly LossLine[];
  formatY(value: number | null): string;
  /** Words of a place on the axis: "step 120". */
  placeWords(x: number): string;
}

/** Every line's values at the place that is pointed at; said aloud where a key moved it. */
export function Readout({ frame, place, lines, formatY, placeWords }: ReadoutProps) {
  const { t } = useTranslation('desk');
  const nameOf = useLineName();
  const { x: at, keyed } = useStore(place);
  if (at === null || at < frame.from || at > frame.to) return null;
  const x = plotX(frame, at);
  const left = x > frame.width / 2;
  // Of several runs each has a base of its own, and what is not drawn has no column.
  const bases = lines.some(({ dash }) => dash === undefined);
  const trains = bases || lines.some(({ train }) => train.length > 0);
  const held = bases || lines.some(({ heldOut }) => heldOut.length > 0);
  return (
    <div
      className={styles.tip}
      data-side={left ? 'left' : 'right'}
      role={keyed ? 'status' : undefined}
      style={left ? { right: frame.width - x + 12 } : { left: x + 12 }}
    >
      <table>
        <thead>
          <tr>
            <th scope="col">{placeWords(at)}</th>
            {trains && <th scope="col">{t('train')}</th>}
            {held && <th scope="col">{t('heldOut')}</th>}
            {bases && <th scope="col">{t('base')}</th>}
          </tr>
        </thead>
        <tbody>
          {lines.slice(0, MOST_ROWS).map((line) => (
            <tr key={line.id}>
              <th scope="row" style={{ color: line.colour }}>
                {nameOf(line)}
              </th>
              {trains && <td>{formatY(valueAt(line.train, at)?.y ?? null)}</td>}
              {held && <td>{formatY(valueAt(line.heldOut, at)?.y ?? null)}</td>}
              {bases && <td>{formatY(line.base)}</td>}
            </tr>
          ))}
          {lines.length > MOST_ROWS && (
            <tr>
              <td colSpan={4}>{t('chart.moreLines', { count: lines.length - MOST_ROWS })}</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

interface PinTableProps {
  lines: readonly LossLine[];
  pins: readonly number[];
  onPins(pins: readonly number[]): void;
  formatY(value: number | null): string;
  placeWords(x: number): string;
}

/** All lines' values at every pinned place, side by side. */
export function PinTable({ lines, pins, onPins, formatY, placeWords }: PinTableProps) {
  const { t } = useTranslation('desk');
  const nameOf = useLineName();
  if (pins.length === 0) return null;
  return (
    <div className={styles.pins} role="region" tabIndex={0} aria-label={t('chart.pins')} data-testid="chart-pins">
      <table>
        <thead>
          <tr>
            <th scope="col" rowSpan={2}>
              {t('chart.pinned')}
            </th>
            {pins.map((x, at) => (
              <th key={x} scope="colgroup" colSpan={2}>
                <i aria-hidden>{at + 1}</i> {placeWords(x)}
                <ActionIcon
                  size="xs"
                  variant="subtle"
                  color="gray"
                  aria-label={t('chart.unpin', { place: placeWords(x) })}
                  onClick={() => onPins(pins.filter((one) => one !== x))}
                >
                  <X size={11} />
                </ActionIcon>
              </th>
            ))}
          </tr>
          <tr>
            {pins.flatMap((x) => [
              <th key={`${x} held-out`} scope="col">
                {t('heldOut')}
              </th>,
              <th key={`${x} train`} scope="col">
                {t('train')}
              </th>,
            ])}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.id}>
              <th scope="row" style={{ color: line.colour }}>
                {nameOf(line)}
              </th>
              {pins.flatMap((x) => [
                <td key={`${x} held-out`}>{formatY(valueAt(line.heldOut, x)?.y ?? null)}</td>,
                <td key={`${x} train`}>{formatY(valueAt(line.train, x)?.y ?? null)}</td>,
              ])}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
