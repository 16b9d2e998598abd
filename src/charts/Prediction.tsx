/**
 * A loss foretold over a run's steps: drawn by pointer or keyboard before the run (one place: a bar for its end), and beside what was measured
 * after it, with a score.
 */
import { useRef, type KeyboardEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { measuredLosses, predictedStep, scoreOf } from '../core/lesson/lesson';
import type { Prediction as Foretold } from '../core/run/types';
import type { RunView } from '../core/run/view';
import { useFormat } from '../i18n/format';
import { pathThrough } from './svg';
import { roundTicks } from './ticks';
import styles from './Prediction.module.css';

const WIDTH = 340;
const HEIGHT = 176;
const [LEFT, RIGHT, TOP, BOTTOM] = [38, 14, 10, 22];
/** Nats above and below the base that are always in sight. */
const LEAST_SPAN = 0.3;
/** Nats that a key moves a point by. */
const KEYS: Readonly<Record<string, number>> = {
  ArrowUp: 0.02,
  ArrowDown: -0.02,
  ArrowRight: 0.02,
  ArrowLeft: -0.02,
  PageUp: 0.1,
  PageDown: -0.1,
};

interface Props {
  of: Foretold['of'];
  steps: number;
  /** Places at which the loss is foretold. */
  points: number;
  /** Loss of the base, and how far the axis goes above and below it. */
  base: number;
  span: number;
  value: Foretold | null;
  /** Absent: it can no longer be changed. */
  onChange?: ((value: Foretold) => void) | undefined;
  /** What was measured so far, the base first. */
  measured?: readonly { step: number; loss: number }[];
}

export default function Prediction({ of, steps, points, base, span, value, onChange, measured = [] }: Props) {
  const { t } = useTranslation('learn');
  const format = useFormat();
  const svg = useRef<SVGSVGElement>(null);
  const losses = measured.map(({ loss }) => loss);
  const own = value?.points.map(({ loss }) => loss) ?? [];
  const low = Math.min(base - span, ...losses, ...own);
  const high = Math.max(base + span, ...losses, ...own);
  const x = (step: number) => LEFT + (step / steps) * (WIDTH - LEFT - RIGHT);
  const y = (loss: number) => TOP + ((high - loss) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const { ticks, digits } = roundTicks(low, high, 5);
  const shown = value?.points ?? Array.from({ length: points }, (_, at) => ({ step: predictedStep(steps, points, at + 1), loss: base }));
  const score = value && scoreOf(value, measured);

  const set = (at: number, loss: number) => {
    const bounded = Math.min(base + span, Math.max(base - span, loss));
    onChange?.({ of, points: shown.map((point, index) => (index === at ? { ...point, loss: Number(bounded.toFixed(3)) } : point)) });
  };
  const draw = (event: PointerEvent<SVGSVGElement>) => {
    if (!onChange || event.buttons !== 1 || !svg.current) return;
    const box = svg.current.getBoundingClientRect();
    const [px, py] = [((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT];
    const nearest = shown.reduce((best, { step }, at) => (Math.abs(x(step) - px) < Math.abs(x(shown[best]!.step) - px) ? at : best), 0);
    set(nearest, high - ((py - TOP) / (HEIGHT - TOP - BOTTOM)) * (high - low));
  };
  const press = (event: KeyboardEvent, at: number) => {
    const by = KEYS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    set(at, shown[at]!.loss + by);
  };
  const line = (all: readonly { step: number; loss: number }[]) => pathThrough(all.map(({ step, loss }) => [x(step), y(loss)] as const));
  const end = shown.at(-1)!;
  return (
    <figure className={styles.prediction} data-testid="prediction">
      <figcaption>{t(`predict.of.${of}`)}</figcaption>
      <svg
        ref={svg}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        data-open={onChange !== undefined}
        onPointerDown={(event) => {
          if (onChange) event.currentTarget.setPointerCapture(event.pointerId);
          draw(event);
        }}
        onPointerMove={draw}
      >
        {ticks.map((tick) => (
          <g key={tick} aria-hidden>
            <path d={`M${LEFT} ${y(tick)}H${WIDTH - RIGHT}`} className={styles.grid} />
            <text x={LEFT - 6} y={y(tick) + 3.5} textAnchor="end">
              {format.decimal(tick, digits)}
            </text>
          </g>
        ))}
        {[0, steps].map((step) => (
          <text key={step} x={x(step)} y={HEIGHT - 6} textAnchor={step === 0 ? 'start' : 'end'} aria-hidden>
            {step === 0 ? '0' : t('predict.steps', { steps: format.count(step) })}
          </text>
        ))}
        <path d={`M${LEFT} ${y(base)}H${WIDTH - RIGHT}`} className={styles.base} aria-hidden />
        {points === 1 && (
          <rect
            className={styles.bar}
            x={x(end.step) - 14}
            width={14}
            y={Math.min(y(base), y(end.loss))}
            height={Math.abs(y(end.loss) - y(base))}
            aria-hidden
          />
        )}
        {(value || onChange) && <path d={line([{ step: 0, loss: base }, ...shown])} className={styles.foretold} aria-hidden />}
        {measured.length > 0 && <path d={`${line(measured)}h0`} className={styles.measured} aria-hidden />}
        {shown.map(({ step, loss }, at) =>
          onChange ? (
            <circle
              key={step}
              className={styles.handle}
              cx={x(step)}
              cy={y(loss)}
              r={7}
              role="slider"
              tabIndex={0}
              aria-orientation="vertical"
              aria-label={t('predict.handle', { step: format.count(step) })}
              aria-valuemin={Number((base - span).toFixed(3))}
              aria-valuemax={Number((base + span).toFixed(3))}
              aria-valuenow={loss}
              aria-valuetext={t('predict.nats', { loss: format.loss(loss) })}
              onKeyDown={(event) => press(event, at)}
            />
          ) : (
            value && <circle key={step} className={styles.point} cx={x(step)} cy={y(loss)} r={3} aria-hidden />
          ),
        )}
      </svg>
      <p>
        {onChange && !value && t(points === 1 ? 'predict.drag' : 'predict.draw')}
        {value && t('predict.said', { loss: format.loss(end.loss), change: format.delta(end.loss - base) })}{' '}
        {value && measured.length > 1 && t('predict.measured', { loss: format.loss(losses.at(-1)!) })}{' '}
        {score && <b data-testid="score">{t('predict.score', { points: format.count(score.points), error: format.loss(score.error) })}</b>}
      </p>
    </figure>
  );
}

/** What was foretold of a stored run, over what happened. */
export function RunPrediction({ run, prediction }: { run: RunView; prediction: Foretold }) {
  const measured = measuredLosses(run, prediction.of);
  const base = measured[0]?.loss ?? prediction.points[0]!.loss;
  return (
    <Prediction
      {...{ of: prediction.of, steps: run.steps, points: prediction.points.length, base, span: LEAST_SPAN, value: prediction, measured }}
    />
  );
}
