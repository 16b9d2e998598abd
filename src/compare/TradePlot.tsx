/** Domain gain against general retention, a point for every evaluated checkpoint of B's run. A point is a button: it becomes B. */
import { useTranslation } from 'react-i18next';
import { RETENTION_LINE } from '../core/metrics/loss';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { weightsKey } from './address';
import type { WeightsSource } from './sources';
import { useCompare } from './store';
import type { TradePoint } from './stored';
import styles from './TradePlot.module.css';

const WIDTH = 400;
const HEIGHT = 300;
const EDGE = { left: 44, right: 16, top: 24, bottom: 30 };

export function TradePlot({ points, source }: { points: readonly TradePoint[]; source: WeightsSource }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const choose = useCompare((state) => state.choose);
  const run = source.run;
  if (!run || points.length === 0) return null;

  const gains = points.map((point) => point.gain);
  const kept = points.map((point) => point.retention);
  const x = scale(Math.min(0, ...gains), Math.max(0.1, ...gains), EDGE.left, WIDTH - EDGE.right);
  const y = scale(Math.min(0.9, ...kept), Math.max(1, ...kept), HEIGHT - EDGE.bottom, EDGE.top);
  const path = points.map((point, at) => `${at === 0 ? 'M' : 'L'}${x.at(point.gain)} ${y.at(point.retention)}`).join('');
  const line = y.at(RETENTION_LINE);
  return (
    <Card title={t('trade.title', { run: run.name })} className={styles.card}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={styles.plot} role="group" aria-label={t('trade.title', { run: run.name })}>
        <rect
          className={styles.lost}
          x={EDGE.left}
          y={line}
          width={WIDTH - EDGE.left - EDGE.right}
          height={Math.max(0, HEIGHT - EDGE.bottom - line)}
        />
        <path className={styles.axis} d={`M${EDGE.left} ${EDGE.top}V${HEIGHT - EDGE.bottom}H${WIDTH - EDGE.right}`} />
        <path className={styles.line} d={`M${EDGE.left} ${line}H${WIDTH - EDGE.right}`} />
        <text x={EDGE.left - 6} y={line + 4} textAnchor="end" className={styles.strong}>
          {format.decimal(RETENTION_LINE, 2)}
        </text>
        {[y.high, y.low].map((value) =>
          Math.abs(y.at(value) - line) < 14 ? null : (
            <text key={value} x={EDGE.left - 6} y={y.at(value) + 4} textAnchor="end">
              {format.decimal(value, 2)}
            </text>
          ),
        )}
        {[x.low, x.high].map((value) => (
          <text key={value} x={x.at(value)} y={HEIGHT - EDGE.bottom + 15} textAnchor={value === x.low ? 'start' : 'end'}>
            {format.decimal(value, 2)}
          </text>
        ))}
        <text x={(EDGE.left + WIDTH - EDGE.right) / 2} y={HEIGHT - 4} textAnchor="middle">
          {t('trade.x')}
        </text>
        <text x={EDGE.left + 6} y={EDGE.top + 4}>
          {t('trade.y')}
        </text>
        <path className={styles.path} d={path} />
        {points.map((point) => {
          const present = point.step === source.step;
          const words = { step: format.count(point.step), gain: format.loss(point.gain), retention: format.retention(point.retention) };
          const take = () => choose('b', weightsKey({ kind: 'checkpoint', run: run.id, step: point.step }));
          return (
            <g
              key={point.step}
              role="button"
              tabIndex={0}
              aria-pressed={present}
              aria-label={t('trade.choose', words)}
              className={styles.point}
              transform={`translate(${x.at(point.gain)} ${y.at(point.retention)})`}
              onClick={take}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' && event.key !== ' ') return;
                event.preventDefault();
                take();
              }}
            >
              <title>{t('trade.point', words)}</title>
              <circle className={styles.target} r={12} />
              <circle className={styles.dot} r={present ? 6.5 : 4} data-present={present} />
              {present && (
                <text
                  className={styles.name}
                  x={x.at(point.gain) > WIDTH - 70 ? -12 : 12}
                  y={-8}
                  textAnchor={x.at(point.gain) > WIDTH - 70 ? 'end' : 'start'}
                >
                  B
                </text>
              )}
            </g>
          );
        })}
      </svg>
    </Card>
  );
}

function scale(low: number, high: number, from: number, to: number) {
  return { low, high, at: (value: number) => Number((from + ((value - low) / (high - low)) * (to - from)).toFixed(1)) };
}
