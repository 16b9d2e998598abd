/**
 * What evaluations tell of a run beside its losses. How far each layer's attention has moved from the base's: a heat map of evaluations across and
 * layers upwards, with the figures of its colours and of the layer that moved most. How an adversarial set is read: bits per byte over steps, a line
 * for each share of words that are replaced.
 */
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RunView } from '../core/run/view';
import { ADVERSARIAL_LEVELS } from '../core/text/perturb';
import { useFormat } from '../i18n/format';
import { SaveChart } from '../ui/SaveChart';
import { SCREEN } from './paper';
import { Picture } from './Picture';
import { lineChart } from './still-charts';
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

/** The rise from untouched text to that with most words replaced says how easily the model is upset. */
export function AdversarialLines({ evaluations }: { evaluations: RunView['adversarial'] }) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const last = evaluations.at(-1)!;
  const rise = ({ bits }: RunView['adversarial'][number]) => bits.at(-1)! - bits[0]!;
  const name = (level: number) => format.percent(ADVERSARIAL_LEVELS[level] ?? null, 0);
  const chart = {
    title: t('adversarial.title'),
    xTitle: t('adversarial.step'),
    lines: last.bits.map((_, level) => ({
      name: name(level),
      colour: level === 0 ? 'var(--dim)' : `color-mix(in srgb, var(--accent) ${20 + 20 * level}%, var(--dim))`,
      dots: evaluations.length < 30,
      x: evaluations.map(({ step }) => step),
      y: evaluations.map(({ bits }) => bits[level] ?? null),
    })),
    tick: (step: number) => format.count(step),
  };
  return (
    <section className={styles.heat} data-chart aria-label={chart.title} data-testid="adversarial-lines">
      <h3>
        {chart.title}{' '}
        <SaveChart
          title={chart.title}
          name="adversarial-set"
          table={() => ({
            columns: ['step', 'share', 'bits_per_byte'],
            rows: evaluations.flatMap(({ step, bits }) => bits.map((value, level) => [step, ADVERSARIAL_LEVELS[level] ?? level, value])),
          })}
        />
      </h3>
      <p role="status">
        {t('adversarial.rise', {
          share: name(last.bits.length - 1),
          step: format.count(last.step),
          rise: format.delta(rise(last)),
          before: format.delta(rise(evaluations[0]!)),
        })}
      </p>
      <Picture picture={lineChart(chart, { width: 560, height: 220, fontSize: 11, ink: SCREEN, decimal: format.decimal })} />
    </section>
  );
}
