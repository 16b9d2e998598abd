import { letterOf } from '../address';
import { against, SAME_RISE, riseOf, measureRobustness, useStability } from './store';
/** Bits per byte over the share of a text that is disturbed, a line a model. The table below has the figures. */
import { useTranslation } from 'react-i18next';
import type { RobustnessCurve } from '../../contract/evaluation';
import { useFormat } from '../../i18n/format';
import { apart } from '../../charts/apart';
import { Waves } from 'lucide-react';
import { Card } from '../../ui/Card';
import { EmptyState } from '../../ui/EmptyState';
import { useComparedName } from '../names';
import { MeasureControl, TextChoice } from '../MeasureControl';
import { useMeasures } from '../measures';
import { useCompare } from '../store';
import { MemorisationCard } from './MemorisationCard';
import styles from './StabilitySection.module.css';
import stabilityStyles from './Stability.module.css';

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

/** Loss under rising noise: a small chart a kind of noise, what it says in words, and the same figures in a table. */
export function RobustnessCard() {
  const { t } = useTranslation('measures');
  const chosen = useCompare((state) => state.chosen);
  const { documents, setDocuments } = useStability();
  const curves = useMeasures((state) => state.results.robustness);
  const running = useMeasures((state) => state.running === 'robustness');
  return (
    <Card title={t('robustness.title')}>
      <div className={stabilityStyles.ask}>
        <TextChoice documents={{ value: documents, set: setDocuments }} />
        <MeasureControl
          kind="robustness"
          first={t('robustness.run')}
          again={t('robustness.again')}
          disabled={chosen.length === 0}
          onMeasure={() => void measureRobustness()}
        />
        {chosen.length === 0 && <p className={stabilityStyles.dim}>{t('terms.noChannel')}</p>}
      </div>
      {curves ? (
        <Curves curves={curves} />
      ) : (
        !running && (
          <EmptyState icon={Waves} title={t('robustness.empty')}>
            <p>{t('robustness.emptyText')}</p>
          </EmptyState>
        )
      )}
    </Card>
  );
}

function Curves({ curves }: { curves: readonly RobustnessCurve[] }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const comparedName = useComparedName();
  const read = useStability((state) => state.read);
  const all = curves.flatMap(({ bitsPerByte }) => bitsPerByte.flat());
  const range = { low: Math.min(...all), high: Math.max(...all) };
  const models = curves[0]?.bitsPerByte.length ?? 0;
  const list = (kinds: readonly RobustnessCurve['kind'][]) => kinds.map((kind) => t(`robustness.kind.${kind}`)).join(t('separator'));
  return (
    <>
      <div className={stabilityStyles.verdicts} role="status">
        {Array.from({ length: Math.max(0, models - 1) }, (_, at) => {
          const letter = letterOf(at + 1);
          const { more, less } = against(curves, at + 1);
          return (
            <p key={letter}>
              {more.length > 0 && t('robustness.brittle', { letter, kinds: list(more) })}{' '}
              {less.length > 0 && t('robustness.sturdier', { letter, kinds: list(less) })}
              {more.length + less.length === 0 && t('robustness.robust', { letter })}
            </p>
          );
        })}
      </div>
      <div className={stabilityStyles.charts}>
        {curves.map((curve) => (
          <NoiseChart key={curve.kind} curve={curve} range={range} />
        ))}
      </div>
      <Figures curves={curves} />
      {read && (
        <p className={stabilityStyles.note}>
          {t('robustness.explain', {
            line: format.decimal(SAME_RISE, 2),
            documents: format.count(read.documents),
            channels: read.channels.map((channel) => comparedName(channel).name).join(t('separator')),
          })}
        </p>
      )}
    </>
  );
}

function Figures({ curves }: { curves: readonly RobustnessCurve[] }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const levels = curves[0]?.levels ?? [];
  return (
    <div className={stabilityStyles.scroll} role="region" aria-label={t('robustness.figures')} tabIndex={0}>
      <table className={stabilityStyles.table} data-testid="robustness-table">
        <caption>{t('robustness.figures')}</caption>
        <thead>
          <tr>
            <th scope="col" className={stabilityStyles.first}>
              {t('robustness.level')}
            </th>
            <th scope="col">{t('table.weights')}</th>
            {levels.map((level) => (
              <th key={level} scope="col">
                {format.percent(level, 0)}
              </th>
            ))}
            <th scope="col">{t('robustness.rise', { level: format.percent(levels.at(-1) ?? null, 0) })}</th>
          </tr>
        </thead>
        {curves.map((curve) => (
          <tbody key={curve.kind} data-kind={curve.kind}>
            {curve.bitsPerByte.map((bits, model) => (
              <tr key={model}>
                {model === 0 && (
                  <th scope="rowgroup" rowSpan={curve.bitsPerByte.length} className={stabilityStyles.first}>
                    {t(`robustness.kind.${curve.kind}`)}
                  </th>
                )}
                <th scope="row">{letterOf(model)}</th>
                {bits.map((value, level) => (
                  <td key={level}>{format.loss(value)}</td>
                ))}
                <td>{format.delta(riseOf(curve, model))}</td>
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

/** How the models stand noise, and whether they learnt their training text by heart. */
export default function StabilitySection() {
  return (
    <>
      <RobustnessCard />
      <MemorisationCard />
    </>
  );
}
