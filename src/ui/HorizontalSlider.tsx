/** A horizontal slider with its own scale: the caller maps positions 0 to 1 to values. Arrow, page, home and end keys. */
import { useRef, type KeyboardEvent, type PointerEvent } from 'react';
import styles from './HorizontalSlider.module.css';

interface Props {
  label: string;
  /** 0 to 1. */
  position: number;
  valueText: string;
  valueNow: number;
  valueMin: number;
  valueMax: number;
  disabled?: boolean;
  /** One arrow key, and one page key, as parts of the whole. */
  step?: number;
  page?: number;
  /** @param final the end of a movement */
  onMove(position: number, final: boolean): void;
}

export function HorizontalSlider({
  label,
  position,
  valueText,
  valueNow,
  valueMin,
  valueMax,
  disabled = false,
  step = 0.01,
  page = 0.1,
  onMove,
}: Props) {
  const track = useRef<HTMLDivElement>(null);
  const last = useRef(position);

  function fromPointer(event: PointerEvent): number {
    const { left, width } = track.current!.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / width));
  }
  function onPointerDown(event: PointerEvent<HTMLDivElement>) {
    if (disabled || event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    last.current = fromPointer(event);
    onMove(last.current, false);
  }
  function onPointerMove(event: PointerEvent<HTMLDivElement>) {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    last.current = fromPointer(event);
    onMove(last.current, false);
  }
  function onPointerUp(event: PointerEvent<HTMLDivElement>) {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) onMove(last.current, true);
  }
  function onKeyDown(event: KeyboardEvent) {
    const moves: Record<string, number> = {
      ArrowRight: position + step,
      ArrowUp: position + step,
      ArrowLeft: position - step,
      ArrowDown: position - step,
      PageUp: position + page,
      PageDown: position - page,
      Home: 0,
      End: 1,
    };
    const next = moves[event.key];
    if (next === undefined || disabled) return;
    event.preventDefault();
    onMove(Math.min(1, Math.max(0, next)), true);
  }

  return (
    <div
      className={styles.slider}
      role="slider"
      tabIndex={disabled ? -1 : 0}
      aria-label={label}
      aria-valuenow={valueNow}
      aria-valuemin={valueMin}
      aria-valuemax={valueMax}
      aria-valuetext={valueText}
      aria-disabled={disabled || undefined}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onKeyDown={onKeyDown}
    >
      <div className={styles.track} ref={track}>
        <i className={styles.fill} style={{ width: `${position * 100}%` }} />
        <i className={styles.thumb} style={{ left: `${position * 100}%` }} />
      </div>
    </div>
  );
}
