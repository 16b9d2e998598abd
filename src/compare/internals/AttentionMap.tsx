/**
 * One attention map: queries down, keys across, a pixel of a canvas for each cell, scaled without smoothing, so that edges are sharp at
 * any pixel ratio. Mouse and arrow keys move the cursor that all maps share.
 */
import { memo, useEffect, useRef, type KeyboardEvent, type MouseEvent } from 'react';
import { textWidth } from '../../charts/labels';
import { mapPixels, type MapColours } from './attention';
import styles from './AttentionMap.module.css';

/** A cell of a map by its tokens. */
export interface Cell {
  query: number;
  key: number;
}

/** Font size of the labels: pixels. */
const LABEL_SIZE = 11;

/** Least size of a cell whose label can be read. */
export const READABLE = 13;

export interface Gutter {
  left: number;
  top: number;
}

/** Room for the longest label, within bounds: what is longer ends in an ellipsis. */
export function gutterOf(labels: readonly string[]): Gutter {
  const longest = Math.max(...labels.map((text) => textWidth(text, LABEL_SIZE, 'regular')));
  return { left: Math.min(86, Math.max(44, longest + 12)), top: Math.min(74, Math.max(40, longest + 8)) };
}

interface Props {
  title: string;
  label: string;
  /** [tokens · tokens] */
  values: Float32Array;
  /** Of a difference; null: weights. */
  limit: number | null;
  tokens: number;
  labels: readonly string[];
  startLabel: string;
  /** Pixels a cell. */
  cell: number;
  gutter: Gutter;
  colours: MapColours;
  cursor: Cell | null;
  onCursor: (cell: Cell) => void;
  name: (token: number) => string;
}

export function AttentionMap(props: Props) {
  const { title, label, values, limit, tokens, labels, startLabel, cell, gutter, colours, cursor, onCursor, name } = props;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const pixels = mapPixels(values, tokens, limit, colours);
    canvas.current!.getContext('2d')!.putImageData(new ImageData(pixels, tokens, tokens), 0, 0);
  }, [values, tokens, limit, colours]);

  const point = (event: MouseEvent<HTMLCanvasElement>) => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const key = Math.min(tokens - 1, Math.max(0, Math.floor((event.clientX - left) / cell)));
    const query = Math.min(tokens - 1, Math.max(0, Math.floor((event.clientY - top) / cell)));
    if (key <= query && (cursor?.key !== key || cursor.query !== query)) onCursor({ query, key });
  };
  const press = (event: KeyboardEvent) => {
    const { query, key } = cursor ?? { query: tokens - 1, key: 0 };
    const to = {
      ArrowUp: { query: query - 1, key },
      ArrowDown: { query: query + 1, key },
      ArrowLeft: { query, key: key - 1 },
      ArrowRight: { query, key: key + 1 },
      Home: { query, key: 0 },
      End: { query, key: query },
    }[event.key];
    if (!to) return;
    event.preventDefault();
    const next = cursor ? { query: Math.min(tokens - 1, Math.max(0, to.query)), key: Math.max(0, to.key) } : { query, key };
    // A query sees itself and what is before it.
    next.key = Math.min(next.key, next.query);
    onCursor(next);
    reveal(box.current!, next, cell, gutter);
  };
  const side = tokens * cell;
  return (
    <figure className={styles.figure}>
      <figcaption className={styles.title}>{title}</figcaption>
      <div
        ref={box}
        className={styles.box}
        role="application"
        aria-label={label}
        tabIndex={0}
        onKeyDown={press}
        onFocus={() => cursor === null && onCursor({ query: tokens - 1, key: 0 })}
        data-map
      >
        <div
          className={styles.plane}
          style={{ gridTemplate: `${gutter.top}px ${side}px / ${gutter.left}px ${side}px`, width: gutter.left + side }}
        >
          <div className={styles.corner} />
          <div className={styles.keys}>
            <Labels labels={labels} start={startLabel} tokens={tokens} cell={cell} across />
            {cursor && (
              <b className={styles.key} style={{ left: cursor.key * cell, width: Math.max(cell, READABLE) }}>
                {name(cursor.key)}
              </b>
            )}
          </div>
          <div className={styles.queries}>
            <Labels labels={labels} start={startLabel} tokens={tokens} cell={cell} across={false} />
            {cursor && (
              <b className={styles.query} style={{ top: cursor.query * cell, height: Math.max(cell, READABLE) }}>
                {name(cursor.query)}
              </b>
            )}
          </div>
          <div className={styles.cells}>
            <canvas
              ref={canvas}
              width={tokens}
              height={tokens}
              className={styles.canvas}
              style={{ width: side, height: side }}
              onMouseMove={point}
              onClick={point}
            />
            {cursor && (
              <>
                <i className={styles.line} style={{ top: cursor.query * cell, left: 0, width: (cursor.query + 1) * cell, height: cell }} />
                <i
                  className={styles.line}
                  style={{ left: cursor.key * cell, top: cursor.key * cell, width: cell, height: (tokens - cursor.key) * cell }}
                />
              </>
            )}
          </div>
        </div>
      </div>
    </figure>
  );
}

interface LabelsProps {
  labels: readonly string[];
  start: string;
  tokens: number;
  cell: number;
  across: boolean;
}

/** Of cells that are smaller than a line every so many get a label. */
const Labels = memo(function Labels({ labels, start, tokens, cell, across }: LabelsProps) {
  const every = Math.ceil(READABLE / cell - 0.01);
  const size = Math.max(cell, READABLE);
  return Array.from({ length: tokens }, (_, at) =>
    at % every === 0 ? (
      <span
        key={at}
        className={at === 0 ? styles.start : undefined}
        style={across ? { left: at * cell, width: size } : { top: at * cell, height: size }}
      >
        {at === 0 ? start : labels[at]}
      </span>
    ) : null,
  );
});

/** Scrolls a box as far as a cell needs to be seen beside the labels that stay. */
function reveal(box: HTMLElement, { query, key }: Cell, cell: number, gutter: Gutter): void {
  const within = (scroll: number, at: number, room: number) => Math.min(at * cell, Math.max(scroll, (at + 1) * cell - room));
  box.scrollTo({
    left: within(box.scrollLeft, key, box.clientWidth - gutter.left),
    top: within(box.scrollTop, query, box.clientHeight - gutter.top),
  });
}
