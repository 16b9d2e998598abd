/**
 * How far each layer's attention has moved from the base's while a run trained: a heat map of evaluations across and layers upwards, with
 * the figures of its colours and of the layer that moved most.
 */
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RunView } from '../core/run/view';
import { useFormat } from '../i18n/format';
import { SaveChart } from '../ui/SaveChart';
import styles from './AttentionHeat.module.css';

/** Columns that can still be told apart; of more evaluations so many are drawn, evenly spread, the last among them. */
const MOST_COLUMNS = 80;
const HEIGHT = 12;

type Evaluations = RunView['attention'];

function drawn(evaluations: Evaluations): Evaluations {
  const { length } = evaluations;
  if (length <= MOST_COLUMNS) return evaluations;
  return Array.from({ length: MOST_COLUMNS }, (_, at) => evaluations[Math.round((at * (length - 1)) / (MOST_COLUMNS - 1))]!);
}

export default function AttentionHeat({ evaluations }: { evaluations: Evaluations }) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const [cell, setCell] = useState<{ column: number; layer: number } | null>(null);
  const columns = useMemo(() => drawn(evaluations), [evaluations]);
  const last = columns.at(-1)!;
  const layers = last.layers.length;
  const most = Math.max(...columns.flatMap((column) => column.layers));
  const top = last.layers.indexOf(Math.max(...last.layers));
  const shown = cell && cell.column < columns.length ? { ...columns[cell.column]!, layer: cell.layer } : { ...last, layer: top };
  const sentence = t(cell ? 'attention.cell' : 'attention.most', {
    layer: format.count(shown.layer + 1),
    step: format.count(shown.step),
    value: format.decimal(shown.layers[shown.layer]!, 4),
  });
  return (
    <section className={styles.heat} data-chart aria-label={t('attention.title')} data-testid="attention-heat">
      <h3>
        {t('attention.title')}{' '}
        <SaveChart
          title={t('attention.title')}
          name="attention-divergence"
          table={() => ({
            columns: ['step', 'layer', 'kl_nats'],
            rows: evaluations.flatMap(({ step, layers }) => layers.map((value, layer) => [step, layer + 1, value])),
          })}
        />
      </h3>
      <p role="status">{most > 0 ? sentence : t('attention.none')}</p>
      <div className={styles.plane}>
        <span className={styles.layers} aria-hidden>
          <i>{t('attention.layer', { layer: layers })}</i>
          {layers > 1 && <i>{t('attention.layer', { layer: 1 })}</i>}
        </span>
        <svg
          role="img"
          aria-label={most > 0 ? t('attention.label', { layers, count: columns.length, sentence }) : t('attention.none')}
          viewBox={`0 0 ${columns.length} ${layers * HEIGHT}`}
          preserveAspectRatio="none"
          style={{ height: Math.min(320, Math.max(48, layers * HEIGHT)) }}
          onMouseLeave={() => setCell(null)}
        >
          {columns.map((column, at) =>
            column.layers.map((value, layer) => (
              <rect
                key={`${column.step} ${layer}`}
                x={at}
                y={(layers - 1 - layer) * HEIGHT}
                width={1}
                height={HEIGHT}
                // Its root, since most of a run's divergence comes late.
                fillOpacity={most > 0 ? Math.sqrt(value / most) : 0}
                onMouseEnter={() => setCell({ column: at, layer })}
              />
            )),
          )}
        </svg>
      </div>
      <p className={styles.legend}>
        <span>{t('chart.step', { step: format.count(columns[0]!.step) })}</span>
        <span className={styles.ramp} aria-hidden />
        <span>{t('attention.scale', { value: format.decimal(most, 4) })}</span>
        <span>{t('chart.step', { step: format.count(last.step) })}</span>
      </p>
    </section>
  );
}
