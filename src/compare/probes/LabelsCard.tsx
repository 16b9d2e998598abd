/** A classifier on the held-out texts of its labelled corpus: figures by label, the confusion matrix with the texts behind each count, calibration. */
import { Button, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LineFigure } from '../../charts/Picture';
import { measureLabels, mistakes, predictedLabel, type LabelMeasure, type LabelRows } from '../../core/metrics/label-measure';
import type { Recipe } from '../../core/recipe/schema';
import { useFormat } from '../../i18n/format';
import { lab } from '../../lab/lab';
import { Card } from '../../ui/Card';
import { Letter } from '../../ui/marks';
import { PLACES } from '../address';
import { MeasureControl } from '../MeasureControl';
import { pickedWeights, prepareTexts, useMeasures } from '../measures';
import { useCompare } from '../store';
import styles from './Probes.module.css';

/** Held-out texts that are read, at most; rows shown of a count. */
const TEXTS = 1000;
const SHOWN = 20;

type Channel = Recipe['channels'][number];
type Classified = Channel & { objective: Extract<NonNullable<Channel['objective']>, { kind: 'classification' }> };

const isClassified = (channel: Channel): channel is Classified => channel.objective?.kind === 'classification';

async function measure(recipe: Recipe, channel: Classified): Promise<void> {
  const { labels, pooling } = channel.objective;
  const measured = { id: channel.id, corpus: channel.corpus, role: channel.role };
  await useMeasures.getState().measure('labels', async (weights, onProgress) => {
    await prepareTexts([measured], onProgress);
    const request = { channel: measured, labels, pooling, context: recipe.sequenceLength };
    return lab.trainer.measureLabels(weights, request, TEXTS, onProgress);
  });
}

/** Nothing where no picked run has a classifier. */
export function LabelsCard() {
  const { t } = useTranslation('measures');
  // What is picked follows from these.
  useCompare((state) => state.address);
  useCompare((state) => state.groups);
  const run = pickedWeights().find(({ run: found }) => found?.recipe.channels.some(isClassified))?.run;
  const result = useMeasures((state) => state.results.labels);
  const [model, setModel] = useState<number | null>(null);
  const channel = run?.recipe.channels.find(isClassified);
  if (!run || !channel) return null;
  const answered = result?.models.flatMap((rows, at) => (rows ? [at] : [])) ?? [];
  const shown = model !== null && answered.includes(model) ? model : (answered.at(-1) ?? null);
  return (
    <Card title={t('labels.title')} data-testid="labels">
      <div className={styles.choose}>
        <MeasureControl
          kind="labels"
          first={t('labels.run')}
          again={t('labels.again')}
          disabled={false}
          onMeasure={() => void measure(run.recipe, channel)}
        />
        {result && answered.length === 0 && <p className={styles.dim}>{t('labels.none')}</p>}
        {result && answered.length > 1 && (
          <NativeSelect
            size="xs"
            label={t('labels.model')}
            value={String(shown)}
            data={answered.map((at) => ({ value: String(at), label: PLACES[at]!.toUpperCase() }))}
            onChange={(event) => setModel(Number(event.currentTarget.value))}
          />
        )}
      </div>
      {result && shown !== null && (
        <Classifier key={shown} place={shown} rows={{ ...result, probabilities: result.models[shown]! }} texts={result.texts} />
      )}
      {result && result.unknown > 0 && <p className={styles.dim}>{t('labels.unknown', { count: result.unknown })}</p>}
    </Card>
  );
}

function Classifier({ rows, texts, place }: { rows: LabelRows; texts: readonly string[]; place: number }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const found = measureLabels(rows);
  const [cell, setCell] = useState<readonly [own: number, predicted: number] | null>(null);
  const wrong = mistakes(rows, found);
  return (
    <>
      <p role="status">
        <Letter place={PLACES[place]!} />{' '}
        {t('labels.summary', {
          accuracy: format.percent(found.accuracy),
          f1: format.decimal(found.macro.f1, 3),
          micro: format.decimal(found.micro.f1, 3),
          ece: format.percent(found.calibrationError),
          rows: format.count(found.rows),
        })}
      </p>
      <ByLabel measure={found} />
      <Confusion measure={found} labels={rows.labels} cell={cell} onOpen={setCell} />
      {cell && (
        <Behind
          rows={rows}
          texts={texts}
          of={found.confusion[cell[0]]![cell[1]]!}
          title={t('labels.behind', { own: rows.labels[cell[0]]!, predicted: rows.labels[cell[1]]! })}
        />
      )}
      {wrong.length > 0 && (
        <details className={styles.own}>
          <summary>{t('labels.mistakes')}</summary>
          {wrong.map(({ own, predicted, rows: of }) => (
            <Behind
              key={`${own} ${predicted}`}
              rows={rows}
              texts={texts}
              of={of}
              title={`${t('labels.behind', { own: rows.labels[own]!, predicted: rows.labels[predicted]! })} · ${format.count(of.length)}`}
            />
          ))}
        </details>
      )}
      <Reliability measure={found} />
    </>
  );
}

function ByLabel({ measure: { perLabel, macro, micro, rows } }: { measure: LabelMeasure }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const lines = [...perLabel, { label: t('labels.macro'), rows, ...macro }, { label: t('labels.micro'), rows, ...micro }];
  return (
    <div className={styles.scroll} role="region" aria-label={t('labels.byLabel')} tabIndex={0}>
      <table className={styles.table}>
        <caption>{t('labels.byLabel')}</caption>
        <thead>
          <tr>
            <th scope="col" className={styles.first}>
              {t('labels.label')}
            </th>
            <th scope="col">{t('labels.rows')}</th>
            <th scope="col">{t('labels.precision')}</th>
            <th scope="col">{t('labels.recall')}</th>
            <th scope="col">F1</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ label, rows: own, precision, recall, f1 }, at) => (
            <tr key={at}>
              <th scope="row" className={styles.first}>
                {label}
              </th>
              <td>{format.count(own)}</td>
              <td>{format.decimal(precision, 3)}</td>
              <td>{format.decimal(recall, 3)}</td>
              <td>{format.decimal(f1, 3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface ConfusionProps {
  measure: LabelMeasure;
  labels: readonly string[];
  cell: readonly [number, number] | null;
  onOpen(cell: readonly [number, number] | null): void;
}

/** Own labels down, predicted ones across; each count opens its texts. */
function Confusion({ measure: { confusion }, labels, cell, onOpen }: ConfusionProps) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  return (
    <div className={styles.scroll} role="region" aria-label={t('labels.confusion')} tabIndex={0}>
      <table className={styles.table} data-testid="confusion">
        <caption>{t('labels.confusion')}</caption>
        <thead>
          <tr>
            <th scope="col" className={styles.first}>
              {t('labels.ownPredicted')}
            </th>
            {labels.map((label) => (
              <th scope="col" key={label}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {confusion.map((counts, own) => {
            const all = counts.reduce((sum, { length }) => sum + length, 0);
            return (
              <tr key={labels[own]}>
                <th scope="row" className={styles.first}>
                  {labels[own]}
                </th>
                {counts.map(({ length }, predicted) => {
                  const open = cell !== null && cell[0] === own && cell[1] === predicted;
                  const share = all === 0 ? 0 : Math.round((60 * length) / all);
                  const tone = own === predicted ? 'var(--good)' : 'var(--bad)';
                  return (
                    <td key={predicted} style={{ background: `color-mix(in srgb, ${tone} ${share}%, transparent)` }}>
                      <Button
                        size="compact-xs"
                        variant="subtle"
                        color="gray"
                        disabled={length === 0}
                        aria-expanded={open}
                        aria-label={t('labels.open', { count: length, own: labels[own]!, predicted: labels[predicted]! })}
                        onClick={() => onOpen(open ? null : [own, predicted])}
                      >
                        {format.count(length)}
                      </Button>
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Behind({ rows, texts, of, title }: { rows: LabelRows; texts: readonly string[]; of: readonly number[]; title: string }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  return (
    <section aria-label={title} data-testid="behind">
      <h4>{title}</h4>
      <ol>
        {of.slice(0, SHOWN).map((row) => {
          const probabilities = rows.probabilities[row]!;
          return (
            <li key={row}>
              {texts[row]} <span className={styles.dim}>{format.percent(probabilities[predictedLabel(probabilities)]!)}</span>
            </li>
          );
        })}
      </ol>
      {of.length > SHOWN && <p className={styles.dim}>{t('labels.more', { count: of.length - SHOWN })}</p>}
    </section>
  );
}

/** Accuracy over confidence by bins: a calibrated classifier lies on the diagonal. */
function Reliability({ measure: { bins, calibrationError } }: { measure: LabelMeasure }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const met = bins.filter(({ rows }) => rows > 0);
  const chart = {
    title: t('labels.reliability', { ece: format.percent(calibrationError) }),
    xTitle: t('labels.confidence'),
    lines: [
      { name: t('labels.calibrated'), colour: 'var(--dim)', dash: '4 3', dots: false, x: [0, 1], y: [0, 1] },
      {
        name: t('labels.accuracy'),
        colour: 'var(--accent)',
        dots: true,
        x: met.map(({ confidence }) => confidence),
        y: met.map(({ accuracy }) => accuracy),
      },
    ],
    range: { low: 0, high: 1 },
    tick: (level: number) => format.percent(level, 0),
    ticks: [0, 0.5, 1],
  };
  return (
    <LineFigure
      chart={chart}
      size={{ width: 320, height: 220, fontSize: 11 }}
      name="reliability"
      className={styles.reliability}
      testId="reliability"
      table={() => ({ columns: ['confidence', 'accuracy'], rows: met.map(({ confidence, accuracy }) => [confidence, accuracy]) })}
    />
  );
}
