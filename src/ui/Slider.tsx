/** Sliders by pointer and keyboard: the hook that the desk's upright faders share with the horizontal slider below. */
import { useRef, type KeyboardEvent, type PointerEvent } from 'react';
import styles from './Slider.module.css';

interface SliderOptions {
  /** Position along the track, 0 (left or bottom) to 1. */
  position: number;
  orientation: 'horizontal' | 'vertical';
  disabled: boolean;
  /** Change of one arrow key, of one with Shift (else the same), and of one page key, as parts of the track. */
  step: number;
  fineStep?: number;
  page: number;
  /** Rounds a position, so that a value can be met again. */
  round?: (position: number) => number;
  /** Takes an arrow or page key, up (1) or down (−1), in place of a change by parts of the track. */
  onKey?: ((way: 1 | -1, grain: 'fine' | 'coarse' | 'page') => void) | undefined;
  /** @param final the end of a movement: pointer up, or a key */
  onMove(position: number, final: boolean): void;
}

const clamp = (position: number): number => Math.min(1, Math.max(0, position));
const WAYS: Record<string, 1 | -1> = { ArrowUp: 1, ArrowRight: 1, PageUp: 1, ArrowDown: -1, ArrowLeft: -1, PageDown: -1 };
const asIs = (position: number): number => position;

/**
 * Spread `props` on the element with the label and the values, and give `track` to the element that the positions are measured on.
 * The pointer is captured, so a movement goes on outside; pressing the track brings the cap there, while an element with
 * `data-part="cap"` keeps its distance to the pointer.
 */
export function useSlider({ position, orientation, disabled, step, fineStep = step, page, round = asIs, onKey, onMove }: SliderOptions) {
  const track = useRef<HTMLDivElement>(null);
  const grip = useRef({ offset: 0, last: position });
  const move = (event: PointerEvent): void => {
    const next = round(clamp(pointed(event) + grip.current.offset));
    if (next === grip.current.last) return;
    grip.current.last = next;
    onMove(next, false);
  };
  const pointed = ({ clientX, clientY }: PointerEvent): number => {
    const { left, bottom, width, height } = track.current!.getBoundingClientRect();
    return orientation === 'horizontal' ? (clientX - left) / width : (bottom - clientY) / height;
  };
  const captured = ({ currentTarget, pointerId }: PointerEvent): boolean => currentTarget.hasPointerCapture(pointerId);
  const props = {
    role: 'slider',
    'aria-orientation': orientation,
    'aria-disabled': disabled || undefined,
    onPointerDown(event: PointerEvent<HTMLDivElement>) {
      if (disabled || event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const gripped = (event.target as HTMLElement).dataset['part'] === 'cap';
      grip.current = { offset: gripped ? position - pointed(event) : 0, last: position };
      if (!gripped) move(event);
    },
    onPointerMove(event: PointerEvent<HTMLDivElement>) {
      if (captured(event)) move(event);
    },
    onPointerUp(event: PointerEvent<HTMLDivElement>) {
      if (captured(event)) onMove(grip.current.last, true);
    },
    onPointerCancel(event: PointerEvent<HTMLDivElement>) {
      if (captured(event)) onMove(grip.current.last, true);
    },
    onKeyDown(event: KeyboardEvent) {
      const arrow = event.shiftKey ? fineStep : step;
      const moves: Record<string, number> = {
        ArrowUp: position + arrow,
        ArrowRight: position + arrow,
        ArrowDown: position - arrow,
        ArrowLeft: position - arrow,
        PageUp: position + page,
        PageDown: position - page,
        Home: 0,
        End: 1,
      };
      const next = moves[event.key];
      if (next === undefined) return;
      event.preventDefault();
      if (disabled) return;
      const way = WAYS[event.key];
      if (onKey && way) onKey(way, event.key.startsWith('Page') ? 'page' : event.shiftKey ? 'coarse' : 'fine');
      else onMove(round(clamp(next)), true);
    },
  } as const;
  return { track, props };
}

interface HorizontalSliderProps {
  label: string;
  /** 0 to 1; the caller maps positions to values. */
  position: number;
  valueText: string;
  valueNow: number;
  valueMin: number;
  valueMax: number;
  disabled?: boolean;
  /** One arrow key, and one page key, as parts of the whole. */
  step?: number;
  page?: number;
  onKey?: SliderOptions['onKey'];
  /** @param final the end of a movement */
  onMove(position: number, final: boolean): void;
}

export function HorizontalSlider(given: HorizontalSliderProps) {
  const { label, position, valueText, valueNow, valueMin, valueMax, disabled = false, step = 0.01, page = 0.1, onKey, onMove } = given;
  const { track, props } = useSlider({ position, orientation: 'horizontal', disabled, step, page, onKey, onMove });
  return (
    <div
      {...props}
      className={styles.slider}
      tabIndex={disabled ? -1 : 0}
      aria-label={label}
      aria-valuenow={valueNow}
      aria-valuemin={valueMin}
      aria-valuemax={valueMax}
      aria-valuetext={valueText}
    >
      <div className={styles.track} ref={track}>
        <i className={styles.fill} style={{ width: `${position * 100}%` }} />
        <i className={styles.thumb} style={{ left: `${position * 100}%` }} />
      </div>
    </div>
  );
}
