/** Bits per byte over the share of a text that is disturbed, a line a model. The table below has the figures. */
import { useTranslation } from 'react-i18next';
import type { RobustnessCurve } from '../../contract/evaluation';
import { useFormat } from '../../i18n/format';
import { letterOf } from '../letters';
import { apart } from './apart';
import styles from './NoiseChart.module.css';

const WIDTH = 320;
const HEIGHT = 200;
const EDGE = { left: 38, right: 26, top: 12, bottom: 40 };
/** Between two letters at the ends of lines. */
const LETTER_HEIGHT = 13;

interface Props {
  curve: RobustnessCurve;
  /** Bits per byte, the same for all charts so that they compare. */
  range: { low: number; high: number };
}

export function NoiseChart({ curve: { kind, levels, bitsPerByte }, range }: Props) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const last = levels.at(-1) ?? 1;
  const span = range.high - range.low || 1;
  const x = (level: number) => round(EDGE.left + (level / last) * (WIDTH - EDGE.left - EDGE.right));
  const y = (bits: number) => round(EDGE.top + ((range.high - bits) / span) * (HEIGHT - EDGE.top - EDGE.bottom));
  const ends = apart(
    bitsPerByte.map((bits) => y(bits.at(-1) ?? range.low)),
    LETTER_HEIGHT,
    HEIGHT - EDGE.bottom - 4,
  );
  const title = t(`robustness.kind.${kind}`);
  return (
    <figure className={styles.chart}>
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t('robustness.chart', { kind: title })}>
        <path className={styles.axis} d={`M${EDGE.left} ${EDGE.top}V${HEIGHT - EDGE.bottom}H${WIDTH - EDGE.right}`} />
        {[range.low, (range.low + range.high) / 2, range.high].map((bits) => (
          <g key={bits}>
            <path className={styles.grid} d={`M${EDGE.left} ${y(bits)}H${WIDTH - EDGE.right}`} />
            <text x={EDGE.left - 5} y={y(bits) + 4} textAnchor="end">
              {format.decimal(bits, 2)}
            </text>
          </g>
        ))}
        {levels.map((level) => (
          <text key={level} x={x(level)} y={HEIGHT - EDGE.bottom + 18} textAnchor="middle">
            {format.percent(level, 0)}
          </text>
        ))}
        <text x={(EDGE.left + WIDTH - EDGE.right) / 2} y={HEIGHT - 4} textAnchor="middle">
          {t(`robustness.of.${kind}`)}
        </text>
        {bitsPerByte.map((bits, model) => (
          <g key={model} className={styles.model} data-model={letterOf(model)}>
            <path d={`M${bits.map((value, at) => `${x(levels[at]!)} ${y(value)}`).join('L')}`} />
            {bits.map((value, at) => (
              <circle key={at} cx={x(levels[at]!)} cy={y(value)} r={2.5} />
            ))}
            <text x={WIDTH - EDGE.right + 8} y={ends[model]! + 4}>
              {letterOf(model)}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  );
}

const round = (value: number) => Number(value.toFixed(1));
