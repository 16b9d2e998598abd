/**
 * Domain gain against general retention, a point for every evaluated checkpoint. A point is a button that takes it as B; with Shift, or
 * by its menu, as A or as the third. Arrow keys go from point to point by their gain.
 */
import { useMemo, useState, type KeyboardEvent } from 'react';
import { Menu } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { PLACES } from '../address';
import { useCompare } from '../store';
import { layoutPareto, type Mark } from './layout';
import type { RunMark } from '../../charts/paper';
import { usePointName, type ParetoRun } from './points';
import styles from './ParetoPlot.module.css';

const FONT = 12;
const RADIUS = 6;
const NARROW = 520;
const EDGE = { left: 50, right: 16, top: 14, bottom: 42 };

export type MarkedRun = ParetoRun & { mark: RunMark };

export function ParetoPlot({ runs, label }: { runs: readonly MarkedRun[]; label: string }) {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const pointName = usePointName();
  const { ref, width } = useElementSize();
  const [buttons] = useState(() => new Map<string, SVGGElement>());
  const [asked, setAsked] = useState<Mark | null>(null);
  const height = Math.round(Math.min(520, Math.max(300, width * 0.52)));
  const layout = useMemo(
    () =>
      layoutPareto(runs, {
        ...{ width, height, edge: EDGE, fontSize: FONT, radius: RADIUS },
        label: pointName,
        baseLabel: t('pareto.base'),
        lineLabel: t(width < NARROW ? 'pareto.lineShort' : 'pareto.line'),
      }),
    [runs, width, height, pointName, t],
  );
  const { lineLabel } = layout;
  return (
    <div className={styles.plot} ref={ref} data-testid="pareto-plot">
      {width > 0 && (
        <svg width={width} height={height} role="group" aria-label={label}>
          <rect
            className={styles.lost}
            x={EDGE.left}
            y={layout.line}
            width={width - EDGE.left - EDGE.right}
            height={Math.max(0, height - EDGE.bottom - layout.line)}
          />
          {layout.x.ticks.map(({ at, value }) => (
            <g key={value} className={styles.tick}>
              <path d={`M${at} ${EDGE.top}V${height - EDGE.bottom}`} />
              <text x={at} y={height - EDGE.bottom + 16} textAnchor="middle">
                {format.decimal(value, layout.x.digits)}
              </text>
            </g>
          ))}
          {layout.y.ticks.map(({ at, value }) => (
            <g key={value} className={styles.tick}>
              <path d={`M${EDGE.left} ${at}H${width - EDGE.right}`} />
              <text x={EDGE.left - 7} y={at + 4} textAnchor="end">
                {format.decimal(value, layout.y.digits)}
              </text>
            </g>
          ))}
          <path className={styles.axis} d={`M${EDGE.left} ${EDGE.top}V${height - EDGE.bottom}H${width - EDGE.right}`} />
          <path className={styles.line} d={`M${EDGE.left} ${layout.line}H${width - EDGE.right}`} />
          <text className={styles.lineLabel} x={lineLabel.x} y={lineLabel.y + FONT * 0.36} textAnchor={lineLabel.anchor}>
            {lineLabel.text}
          </text>
          <text className={styles.axisTitle} x={(EDGE.left + width - EDGE.right) / 2} y={height - 6} textAnchor="middle">
            {t('pareto.x')}
          </text>
          <text
            className={styles.axisTitle}
            textAnchor="middle"
            transform={`translate(12 ${(EDGE.top + height - EDGE.bottom) / 2}) rotate(-90)`}
          >
            {t('pareto.y')}
          </text>
          {layout.paths.map((path, at) => (
            <path key={runs[at]!.run.id} className={styles.path} d={path} stroke={`var(--channel-${runs[at]!.mark.colour})`} />
          ))}
          {layout.front !== '' && <path className={styles.front} d={layout.front} />}
          <circle className={styles.base} cx={layout.base.x} cy={layout.base.y} r={RADIUS - 1} />
          {layout.labels.map(({ text, x, y }) => (
            <text key={`${x} ${y}`} className={styles.label} x={x} y={y + FONT * 0.36}>
              {text}
            </text>
          ))}
          <Points runs={runs} marks={layout.marks} onAsk={setAsked} buttons={buttons} />
        </svg>
      )}
      {asked && (
        <TakeMenu
          mark={asked}
          onClose={() => {
            setAsked(null);
            buttons.get(asked.point.key)?.focus();
          }}
        />
      )}
    </div>
  );
}

interface PointsProps {
  runs: readonly MarkedRun[];
  marks: readonly Mark[];
  onAsk: (mark: Mark) => void;
  /** Points by their keys, for the focus. */
  buttons: Map<string, SVGGElement>;
}

function Points({ runs, marks, onAsk, buttons }: PointsProps) {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const pointName = usePointName();
  const address = useCompare((state) => state.address);
  const choose = useCompare((state) => state.choose);
  const [active, setActive] = useState<string | null>(null);
  const markOf = useMemo(() => new Map(runs.map(({ run, mark }) => [run.id, mark])), [runs]);
  const byGain = useMemo(() => [...marks].sort((one, other) => one.x - other.x || one.y - other.y).map(({ point }) => point.key), [marks]);
  // One stop of the Tab key for all points: the one last met, else B, else the first.
  const stop = [active, address.b].find((key) => key !== null && byGain.includes(key)) ?? byGain[0];

  const press = (event: KeyboardEvent, mark: Mark) => {
    const { key } = mark.point;
    const at = byGain.indexOf(key);
    const last = byGain.length - 1;
    const to = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) buttons.get(byGain[Math.min(last, Math.max(0, to))]!)?.focus();
    else if (event.key === 'Enter' && event.shiftKey) onAsk(mark);
    else if (event.key === 'Enter' || event.key === ' ') choose('b', key);
    else return;
    event.preventDefault();
  };
  return marks.map((mark) => {
    const { point, x, y, front } = mark;
    const { key } = point;
    const letters = PLACES.filter((place) => address[place] === key);
    const { colour, shape } = markOf.get(point.run.id)!;
    const figures = { name: pointName(point), gain: format.delta(point.gain), retention: format.retention(point.retention) };
    return (
      <g
        key={key}
        ref={(element) => {
          if (element) buttons.set(key, element);
          else buttons.delete(key);
        }}
        role="button"
        tabIndex={key === stop ? 0 : -1}
        aria-pressed={letters.includes('b')}
        aria-label={t(front ? 'pareto.chooseFront' : 'pareto.choose', figures)}
        className={styles.point}
        data-front={front}
        data-point={key}
        transform={`translate(${x} ${y})`}
        onClick={(event) => (event.shiftKey ? onAsk(mark) : choose('b', key))}
        onContextMenu={(event) => {
          event.preventDefault();
          onAsk(mark);
        }}
        onFocus={() => setActive(key)}
        onKeyDown={(event) => press(event, mark)}
      >
        <title>{t(front ? 'pareto.pointFront' : 'pareto.point', figures)}</title>
        <circle className={styles.target} r={13} />
        {letters.length > 0 ? (
          <>
            <circle className={styles.taken} r={10} stroke={`var(--channel-${colour})`} />
            <text className={styles.letter} textAnchor="middle" y={4}>
              {letters.join('').toUpperCase()}
            </text>
          </>
        ) : (
          <path className={styles.dot} d={shape} transform={`scale(${RADIUS})`} fill={`var(--channel-${colour})`} />
        )}
      </g>
    );
  });
}

/** Takes a point as any of the three. */
function TakeMenu({ mark, onClose }: { mark: Mark; onClose: () => void }) {
  const { t } = useTranslation('internals');
  const address = useCompare((state) => state.address);
  const choose = useCompare((state) => state.choose);
  const pointName = usePointName();
  const { key } = mark.point;
  return (
    // Not `keydown`, one of Mantine's own: the very press that opened the menu would reach the document and close it.
    <Menu opened onChange={(open) => !open && onClose()} position="bottom-start" clickOutsideEvents={['mousedown', 'touchstart']}>
      <Menu.Target>
        <button
          type="button"
          tabIndex={-1}
          className={styles.anchor}
          style={{ left: mark.x, top: mark.y }}
          aria-label={t('pareto.take', { name: pointName(mark.point) })}
        />
      </Menu.Target>
      <Menu.Dropdown>
        {PLACES.map((place) => (
          <Menu.Item key={place} disabled={address[place] === key} onClick={() => choose(place, key)}>
            {t(`pareto.as.${place}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
