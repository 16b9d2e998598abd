/** How much noise in a text costs each model, and whether a model has learnt its training text by heart. */
import { Waves } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { LineFigure } from '../../charts/Picture';
import type { Line } from '../../charts/still-charts';
import { outerTicks } from '../../charts/ticks';
import type { RobustnessCurve } from '../../contract/evaluation';
import { useFormat } from '../../i18n/format';
import { Card, EmptyState } from '../../ui/Card';
import { Estimated } from '../../ui/marks';
import { letterOf } from '../address';
import { MeasureControl, TextChoice } from '../MeasureControl';
import { useMeasures } from '../measures';
import { useComparedName } from '../sources';
import { useCompare } from '../store';
import { MemorisationCard } from './MemorisationCard';
import { against, measureRobustness, riseOf, SAME_RISE, STROKES, useStability } from './store';
import styles from './Stability.module.css';

export default function StabilitySection() {
  return (
    <>
      <RobustnessCard />
      <MemorisationCard />
    </>
  );
}

const SIZE = { width: 320, height: 200, fontSize: 11 };

interface NoiseChartProps {
  curve: RobustnessCurve;
  /** Bits per byte, the same for all charts so that they compare. */
  range: { low: number; high: number };
}

/** Bits per byte over the share of a text that is disturbed, a line a model. The table below has the figures. */
function NoiseChart({ curve: { kind, levels, bitsPerByte }, range }: NoiseChartProps) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const title = t(`robustness.kind.${kind}`);
  const chart = {
    title: t('robustness.chart', { kind: title }),
    xTitle: t(`robustness.of.${kind}`),
    lines: bitsPerByte.map((y, model): Line => ({ ...STROKES[model]!, name: letterOf(model), dots: true, x: levels, y })),
    range,
    tick: (level: number) => format.percent(level, 0),
    ticks: levels,
  };
  return (
    <LineFigure
      chart={chart}
      size={SIZE}
      name={`robustness-${kind}`}
      caption={title}
      className={styles.chart}
      table={() => ({
        columns: ['model', 'level', 'bits_per_byte'],
        rows: bitsPerByte.flatMap((values, model) => values.map((value, at) => [letterOf(model), levels[at]!, value])),
      })}
    />
  );
}

/** Loss under rising noise: a small chart a kind of noise, what it says in words, and the same figures in a table. */
function RobustnessCard() {
  const { t } = useTranslation('measures');
  const chosen = useCompare((state) => state.chosen);
  const { documents, setDocuments } = useStability();
  const curves = useMeasures((state) => state.results.robustness);
  const running = useMeasures((state) => state.running === 'robustness');
  return (
    <Card title={t('robustness.title')}>
      <div className={styles.ask}>
        <TextChoice documents={{ value: documents, set: setDocuments }} />
        <MeasureControl
          kind="robustness"
          first={t('robustness.run')}
          again={t('robustness.again')}
          disabled={chosen.length === 0}
          onMeasure={() => void measureRobustness()}
        />
        {chosen.length === 0 && <p className={styles.dim}>{t('terms.noChannel')}</p>}
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
  const range = outerTicks(Math.min(...all), Math.max(...all), 4);
  const models = curves[0]?.bitsPerByte.length ?? 0;
  const list = (kinds: readonly RobustnessCurve['kind'][]) => kinds.map((kind) => t(`robustness.kind.${kind}`)).join(t('separator'));
  return (
    <>
      <div className={styles.verdicts} role="status">
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
      <div className={styles.charts}>
        {curves.map((curve) => (
          <NoiseChart key={curve.kind} curve={curve} range={range} />
        ))}
      </div>
      <Figures curves={curves} />
      {read && (
        <p className={styles.note}>
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
    <div className={styles.scroll} role="region" aria-label={t('robustness.figures')} tabIndex={0}>
      <table className={styles.table} data-testid="robustness-table">
        <caption>{t('robustness.figures')}</caption>
        <thead>
          <tr>
            <th scope="col" className={styles.first}>
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
                  <th scope="rowgroup" rowSpan={curve.bitsPerByte.length} className={styles.first}>
                    {t(`robustness.kind.${curve.kind}`)}
                  </th>
                )}
                <th scope="row">{letterOf(model)}</th>
                {bits.map((value, level) => (
                  <td key={level}>
                    <Estimated estimate={{ value, interval: curve.intervals?.bitsPerByte[model]?.[level] ?? null }} stacked>
                      {format.loss(value)}
                    </Estimated>
                  </td>
                ))}
                <td>
                  <Estimated estimate={{ value: riseOf(curve, model), interval: curve.intervals?.rise[model] ?? null }} stacked>
                    {format.delta(riseOf(curve, model))}
                  </Estimated>
                </td>
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}
