/** Answers about layers: the prediction read out of each, and how well each tells the channels apart. */
import type { CSSProperties } from 'react';
import { SegmentedControl } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { LineFigure } from '../../charts/Picture';
import { useFormat } from '../../i18n/format';
import { Estimated } from '../../ui/marks';
import { letterOf } from '../address';
import { visibleText } from '../figures';
import { useMeasures } from '../measures';
import { useComparedName } from '../sources';
import { STROKES } from '../stability/store';
import { useCompare } from '../store';
import { lensLosses, useExplain } from '../internals/store';
import styles from './Explain.module.css';

const SIZE = { width: 460, height: 220, fontSize: 11 };

/** A value of each model by layer, from the embeddings (0) up. */
function LayerChart({ title, name, values }: { title: string; name: string; values: readonly (readonly (number | null)[])[] }) {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const depth = Math.max(...values.map(({ length }) => length));
  const chart = {
    title,
    xTitle: t('place.layer'),
    lines: values.map((y, model) => ({ ...STROKES[model]!, name: letterOf(model), dots: true, x: y.map((_, layer) => layer), y })),
    tick: (layer: number) => (layer === 0 ? t('explain.embeddings') : format.count(layer)),
    ...(depth <= 16 ? { ticks: Array.from({ length: depth }, (_, layer) => layer) } : {}),
  };
  return (
    <LineFigure
      chart={chart}
      size={SIZE}
      name={name}
      className={styles.chart}
      table={() => ({
        columns: ['model', 'layer', 'value'],
        rows: values.flatMap((own, model) => own.map((value, layer) => [letterOf(model), layer, value])),
      })}
    />
  );
}

export function LensResult({ written }: { written: string }) {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const result = useMeasures((state) => state.results.lens);
  const { model: wanted, ask } = useExplain();
  if (!result) return null;
  const { models } = result.view;
  const model = Math.min(wanted, models.length - 1);
  const shown = models[model]!;
  const losses = lensLosses(shown);
  return (
    <div className={styles.result}>
      {result.text !== written && <p className={styles.stale}>{t('attention.stale')}</p>}
      <LayerChart title={t('explain.lens.chart')} name="logit-lens" values={models.map(lensLosses)} />
      <SegmentedControl
        size="xs"
        className={styles.methods ?? ''}
        aria-label={t('explain.lens.model')}
        value={String(model)}
        onChange={(next) => ask({ model: Number(next) })}
        data={models.map((_, at) => ({ value: String(at), label: letterOf(at) }))}
      />
      <div className={styles.scroll} role="region" aria-label={t('explain.lens.table', { letter: letterOf(model) })} tabIndex={0}>
        <table className={styles.lens} data-testid="logit-lens">
          <caption>{t('explain.lens.table', { letter: letterOf(model) })}</caption>
          <thead>
            <tr>
              <th scope="col">{t('place.layer')}</th>
              <th scope="col">{t('explain.lens.loss')}</th>
              {shown.tokens.map((token, at) => (
                <th key={at} scope="col">
                  {at === 0 ? t('token.start') : visibleText(token)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.layers
              .map((cells, layer) => ({ cells, layer }))
              .reverse()
              .map(({ cells, layer }) => (
                <tr key={layer}>
                  <th scope="row">{layer === 0 ? t('explain.embeddings') : format.count(layer)}</th>
                  <td>{format.loss(losses[layer] ?? null)}</td>
                  {cells.map(({ text, probability, loss }, at) => (
                    <td
                      key={at}
                      className={styles.cell}
                      style={{ '--strength': probability } as CSSProperties}
                      title={`${visibleText(text)} ${format.percent(probability)}${loss === null ? '' : ` · ${t('explain.lens.cell', { loss: format.loss(loss) })}`}`}
                    >
                      {visibleText(text)}
                    </td>
                  ))}
                </tr>
              ))}
          </tbody>
        </table>
      </div>
      <p className={styles.note}>{t('explain.lens.explain')}</p>
    </div>
  );
}

export function LayersResult() {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const result = useMeasures((state) => state.results.layers);
  const choices = useCompare((state) => state.choices);
  const comparedName = useComparedName();
  const { t: measures } = useTranslation('measures');
  if (!result) return null;
  const { channels, documents, models } = result;
  const depth = Math.max(...models.map(({ length }) => length));
  const names = channels.map((id) => {
    const channel = choices.find((one) => one.id === id);
    return channel ? comparedName(channel).name : id;
  });
  return (
    <div className={styles.result}>
      <LayerChart
        title={t('explain.layers.chart')}
        name="linear-probes"
        values={models.map((layers) => layers.map(({ value }) => value))}
      />
      <div className={styles.scroll} role="region" aria-label={t('explain.layers.chart')} tabIndex={0}>
        <table className={styles.table} data-testid="layer-probes">
          <thead>
            <tr>
              <th scope="col" className={styles.first}>
                {t('place.layer')}
              </th>
              {models.map((_, at) => (
                <th key={at} scope="col">
                  {letterOf(at)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: depth }, (_, layer) => (
              <tr key={layer}>
                <th scope="row" className={styles.first}>
                  {layer === 0 ? t('explain.embeddings') : format.count(layer)}
                </th>
                {models.map((layers, at) => (
                  <td key={at}>
                    {layers[layer] ? (
                      <Estimated estimate={layers[layer]} digits={2} stacked>
                        {format.percent(layers[layer].value)}
                      </Estimated>
                    ) : (
                      '—'
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={styles.note}>
        {t('explain.layers.explain', {
          channels: names.join(measures('separator')),
          documents: format.count(documents),
          chance: format.percent(1 / channels.length),
        })}
      </p>
    </div>
  );
}
