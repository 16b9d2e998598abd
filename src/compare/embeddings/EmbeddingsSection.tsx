/** Embeddings of held-out texts: a map of them coloured by channel under each model, how near views lie, how evenly texts spread, and how pairs rank. */
import { Fragment, useEffect, useMemo, useState } from 'react';
import { SegmentedControl } from '@mantine/core';
import { Waypoints } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { channelColour, ChannelTag } from '../../channels/channel';
import { SCREEN } from '../../charts/paper';
import { Picture } from '../../charts/Picture';
import { el, type SvgNode } from '../../charts/svg';
import { principalPlaces, vectorCount, type Vectors } from '../../core/metrics/embeddings';
import { Rng } from '../../core/rng/rng';
import { useFormat } from '../../i18n/format';
import { lab } from '../../lab/lab';
import { Card, EmptyState } from '../../ui/Card';
import { SaveChart } from '../../ui/SaveChart';
import { letterOf } from '../address';
import { MeasureControl, TextChoice } from '../MeasureControl';
import { chosenChannels, prepareTexts, useMeasures, type Measures } from '../measures';
import { useCompare } from '../store';
import styles from '../stability/Stability.module.css';

type Pooling = 'mean' | 'last';
type Layout = 'pca' | 'umap';

/** Embeds held-out texts of the chosen channels under all picked weights. Does nothing without a channel. */
async function measureEmbeddings(pooling: Pooling): Promise<void> {
  const { documentsPerChannel: documents } = useCompare.getState();
  const channels = chosenChannels();
  if (channels.length === 0) return;
  await useMeasures.getState().measure('embeddings', async (weights, onProgress) => {
    await prepareTexts(channels, onProgress);
    return { models: await lab.trainer.measureEmbeddings(weights, channels, documents, pooling, onProgress), channels, documents, pooling };
  });
}

/** Places [n·2] by UMAP (McInnes et al., arXiv 1802.03426), whose library comes when it is asked for; the same each time. */
async function umapPlaces(vectors: Vectors): Promise<Float32Array> {
  const { UMAP } = await import('umap-js');
  const count = vectorCount(vectors);
  const random = new Rng(1);
  const umap = new UMAP({ nComponents: 2, nNeighbors: Math.min(15, count - 1), random: () => random.uniform() });
  const rows = Array.from({ length: count }, (_, at) => Array.from(vectors.values.subarray(at * vectors.width, (at + 1) * vectors.width)));
  return Float32Array.from((await umap.fitAsync(rows)).flat());
}

/** Fewer texts have no neighbourhoods. */
const LEAST_OF_UMAP = 8;
const SIZE = { width: 320, height: 260, edge: 12 };

function mapPicture(title: string, places: Float32Array, colours: readonly string[]): SvgNode {
  const axis = (component: number, length: number) => {
    const values = Array.from(places.filter((_, at) => at % 2 === component));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return values.map((value) => SIZE.edge + ((value - low) / (high - low || 1)) * (length - 2 * SIZE.edge));
  };
  const [x, y] = [axis(0, SIZE.width), axis(1, SIZE.height)];
  return el(
    'svg',
    { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, width: '100%', role: 'img', 'aria-label': title },
    el('rect', { ...{ x: 0.5, y: 0.5, width: SIZE.width - 1, height: SIZE.height - 1 }, fill: 'none', stroke: SCREEN.grid }),
    colours.map((fill, at) => el('circle', { cx: x[at]!, cy: SIZE.height - y[at]!, r: 3, fill, 'fill-opacity': 0.75 })),
  );
}

function EmbeddingMap({ measure, model, layout }: { measure: Measures['embeddings']; model: number; layout: Layout }) {
  const { t } = useTranslation('measures');
  const { vectors, channels } = measure.models[model]!;
  const principal = useMemo(() => principalPlaces(vectors), [vectors]);
  const [placed, setPlaced] = useState<{ of: Vectors; places: Float32Array } | null>(null);
  useEffect(() => {
    let gone = false;
    if (layout === 'umap') void umapPlaces(vectors).then((places) => !gone && setPlaced({ of: vectors, places }));
    return () => {
      gone = true;
    };
  }, [layout, vectors]);
  const places = layout === 'pca' ? principal : placed?.of === vectors ? placed.places : null;
  const title = t('embeddings.map', { letter: letterOf(model) });
  const corpusOf = (id: string) => measure.channels.find((channel) => channel.id === id)?.corpus ?? id;
  return (
    <figure className={styles.chart} data-chart>
      <figcaption>
        {title}{' '}
        <SaveChart
          title={title}
          name={`embeddings-${letterOf(model).toLowerCase()}`}
          table={() => ({
            columns: ['channel', 'x', 'y'],
            rows: channels.map((channel, at) => [channel, places?.[2 * at] ?? null, places?.[2 * at + 1] ?? null]),
          })}
        />
      </figcaption>
      {places ? (
        <Picture
          picture={mapPicture(
            title,
            places,
            channels.map((id) => channelColour(corpusOf(id))),
          )}
        />
      ) : (
        <p>{t('embeddings.placing')}</p>
      )}
    </figure>
  );
}

function Figures({ measure }: { measure: Measures['embeddings'] }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const [layout, setLayout] = useState<Layout>('pca');
  const few = vectorCount(measure.models[0]!.vectors) < LEAST_OF_UMAP;
  const number = (value: number) => (Number.isFinite(value) ? format.decimal(value, 3) : '—');
  return (
    <>
      <SegmentedControl
        size="xs"
        aria-label={t('embeddings.layout')}
        value={layout}
        disabled={few}
        onChange={(next) => setLayout(next)}
        data={[
          { value: 'pca', label: 'PCA' },
          { value: 'umap', label: 'UMAP' },
        ]}
      />
      <div className={styles.charts}>
        {measure.models.map((_, model) => (
          <EmbeddingMap key={model} {...{ measure, model, layout }} />
        ))}
      </div>
      <p>
        {measure.channels.map(({ id, corpus }) => (
          <Fragment key={id}>
            <ChannelTag id={id} corpus={corpus} />{' '}
          </Fragment>
        ))}
      </p>
      <div className={styles.scroll}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t('embeddings.model')}</th>
              <th scope="col">{t('embeddings.alignment')}</th>
              <th scope="col">{t('embeddings.uniformity')}</th>
              <th scope="col">{t('embeddings.ranksEn')}</th>
              <th scope="col">{t('embeddings.ranksZh')}</th>
            </tr>
          </thead>
          <tbody>
            {measure.models.map(({ alignment, uniformity, spearman }, model) => (
              <tr key={model}>
                <th scope="row">{letterOf(model)}</th>
                <td>{number(alignment)}</td>
                <td>{number(uniformity)}</td>
                <td>{number(spearman.en)}</td>
                <td>{number(spearman.zh)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={styles.note}>{t('embeddings.explain')}</p>
    </>
  );
}

export default function EmbeddingsSection() {
  const { t } = useTranslation('measures');
  const chosen = useCompare((state) => state.chosen);
  const measure = useMeasures((state) => state.results.embeddings);
  const running = useMeasures((state) => state.running === 'embeddings');
  const [pooling, setPooling] = useState<Pooling>('mean');
  return (
    <Card title={t('embeddings.title')}>
      <div className={styles.ask}>
        <TextChoice />
        <SegmentedControl
          size="xs"
          aria-label={t('embeddings.pooling')}
          value={pooling}
          onChange={(next) => setPooling(next)}
          data={[
            { value: 'mean', label: t('embeddings.mean') },
            { value: 'last', label: t('embeddings.last') },
          ]}
        />
        <MeasureControl
          kind="embeddings"
          first={t('embeddings.run')}
          again={t('embeddings.again')}
          disabled={chosen.length === 0}
          onMeasure={() => void measureEmbeddings(pooling)}
        />
        {chosen.length === 0 && <p className={styles.dim}>{t('terms.noChannel')}</p>}
      </div>
      {measure ? (
        <Figures measure={measure} />
      ) : (
        !running && (
          <EmptyState icon={Waypoints} title={t('embeddings.empty')}>
            <p>{t('embeddings.emptyText')}</p>
          </EmptyState>
        )
      )}
    </Card>
  );
}
