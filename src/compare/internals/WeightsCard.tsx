/** Change of the weights by layer, part and tensor, relative to the base. */
import { Fragment, useMemo, useState } from 'react';
import { ChevronRight, Shapes } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { ErrorRecord } from '../../core/errors';
import {
  weightMap,
  type PartMovement,
  type PlaceMovement,
  type WeightMap,
  type WeightMovement,
  type WeightPlace,
} from '../../core/metrics/model-change';
import { useFormat, type Format } from '../../i18n/format';
import { Banner } from '../../ui/Banner';
import { Card } from '../../ui/Card';
import { SaveChart } from '../../ui/SaveChart';
import type { Place } from '../address';
import { MeasureBar } from '../../ui/marks';
import { MeasureControl } from '../MeasureControl';
import { useMeasures } from '../measures';
import { useCompare } from '../store';
import { useInternals } from './store';
import styles from './WeightsCard.module.css';

/** Says why two sets of weights are incompatible, and what of this page still compares them. */
export function IncompatibleNotice({ place, error }: { place: Place; error: ErrorRecord }) {
  const { t } = useTranslation('internals');
  const { values } = error;
  const letter = place.toUpperCase();
  const why =
    error.code === 'tensor-shape'
      ? t('incompatible.tensor', { letter, tensor: values['tensor'], found: values['found'], expected: values['expected'] })
      : values['value'] === values['accepted']
        ? t('incompatible.tokens', { letter })
        : t('incompatible.heads', { letter, found: values['value'], expected: values['accepted'] });
  return (
    <Banner tone="warn" icon={Shapes}>
      <span>
        <strong>{why}</strong> {t('incompatible.still')}
      </span>
    </Banner>
  );
}

/** Where training acted: a sentence, a bar for each layer, and its parts and tensors when it is opened. */
export function WeightsCard({ place }: { place: Place }) {
  const { t } = useTranslation('internals');
  const key = useCompare((state) => state.address[place]);
  const result = useMeasures((state) => state.results.weights);
  const measureWeights = useInternals((state) => state.measureWeights);
  const reason = useInternals((state) => state.incompatible.weights[place]);
  const changes = key === null ? undefined : result?.[key];
  const map = useMemo(() => (changes ? weightMap(changes) : null), [changes]);
  return (
    <Card title={t('weights.title')} data-testid="weight-changes">
      <MeasureControl kind="weights" first={t('weights.run')} again={t('weights.again')} onMeasure={() => void measureWeights()} />
      {!result && <p className={styles.note}>{t('weights.before')}</p>}
      {result && reason && (
        <div className={styles.banner}>
          <IncompatibleNotice place={place} error={reason} />
        </div>
      )}
      {map && (
        <>
          <Sentence map={map} letter={place.toUpperCase()} />
          <Places map={map} />
        </>
      )}
    </Card>
  );
}

/** As a share of the base's norm; very small ones in powers of ten. */
function relative(value: number | null, format: Format): string {
  if (value !== null && value > 0 && value < 1e-5) return format.lr(value);
  return format.percent(value, value !== null && value >= 0.1 ? 1 : value !== null && value >= 0.001 ? 2 : 4);
}

function usePlaceName(): (place: WeightPlace) => string {
  const { t } = useTranslation('internals');
  return (place) => (typeof place === 'number' ? t('place.of', { layer: place + 1 }) : t(`place.${place}`));
}

function Sentence({ map, letter }: { map: WeightMap; letter: string }) {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const { most, farthest, whole } = map;
  if (!most || !farthest)
    return (
      <p className={styles.sentence} role="status">
        {t('weights.none', { letter })}
      </p>
    );
  const target =
    typeof most.place === 'number'
      ? t('weights.target.layer', { layer: most.place + 1, part: t(`part.${most.part}`) })
      : t(`weights.target.${most.part}`);
  const lying =
    typeof farthest.place === 'number' ? t('weights.place.layer', { layer: farthest.place + 1 }) : t(`weights.place.${farthest.place}`);
  return (
    <p className={styles.sentence} role="status" data-testid="weights-sentence">
      <strong>
        {t('weights.most', {
          target,
          change: relative(most.movement.relative, format),
          whole: relative(whole.relative, format),
        })}
      </strong>{' '}
      {t('weights.farthest', { target: lying, share: format.percent(farthest.share, 0) })}
    </p>
  );
}

function Places({ map }: { map: WeightMap }) {
  const { t } = useTranslation('internals');
  const placeName = usePlaceName();
  const [open, setOpen] = useState<ReadonlySet<WeightPlace>>(new Set());
  const most = Math.max(1e-30, ...map.places.flatMap(({ relative, parts }) => [relative ?? 0, ...parts.map((part) => part.relative ?? 0)]));
  const toggle = (place: WeightPlace) => {
    const next = new Set(open);
    if (!next.delete(place)) next.add(place);
    setOpen(next);
  };
  return (
    <div className={styles.scroll} data-chart>
      <p className={styles.save}>
        <SaveChart title={t('weights.title')} name="weight-changes" table={() => figuresOf(map)} />
      </p>
      <table className={styles.table} data-testid="weights-table">
        <caption className={styles.caption}>{t('weights.caption')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('weights.where')}</th>
            <td aria-hidden />
            <th scope="col">{t('weights.relative')}</th>
            <th scope="col">{t('weights.share')}</th>
            <th scope="col">{t('weights.parameters')}</th>
          </tr>
        </thead>
        <tbody>
          {map.places.map((entry) => (
            <Fragment key={entry.place}>
              <tr data-place={entry.place}>
                <th scope="row">
                  <button type="button" aria-expanded={open.has(entry.place)} onClick={() => toggle(entry.place)}>
                    <ChevronRight size={13} aria-hidden />
                    {placeName(entry.place)}
                  </button>
                </th>
                <Figures movement={entry} most={most} />
              </tr>
              {open.has(entry.place) && <Parts entry={entry} most={most} />}
            </Fragment>
          ))}
          <tr className={styles.whole}>
            <th scope="row">{t('weights.whole')}</th>
            <Figures movement={map.whole} most={most} />
          </tr>
        </tbody>
      </table>
    </div>
  );
}

/** A row a tensor, then the whole. */
const figuresOf = ({ places, whole }: WeightMap) => ({
  columns: ['layer', 'part', 'tensor', 'relative', 'share', 'change', 'parameters'],
  rows: [
    ...places.flatMap(({ place, parts }) =>
      parts.flatMap(({ part, tensors }) =>
        tensors.map((tensor) => [
          ...[typeof place === 'number' ? place + 1 : place, part, tensor.name],
          ...[tensor.relative, tensor.share, tensor.change, tensor.parameters],
        ]),
      ),
    ),
    [null, null, null, whole.relative, whole.share, whole.change, whole.parameters],
  ],
});

function Parts({ entry, most }: { entry: PlaceMovement; most: number }) {
  const { t } = useTranslation('internals');
  return entry.parts.map((part) => (
    <Fragment key={part.part}>
      <tr data-part={part.part}>
        <th scope="row" className={styles.part}>
          {t(`part.${part.part}`)}
        </th>
        <Figures movement={part} most={most} />
      </tr>
      {part.tensors.map((tensor) => (
        <tr key={tensor.name} className={styles.tensor}>
          <th scope="row" title={tensor.name}>
            {shortName(tensor, entry)}
          </th>
          <Figures movement={tensor} most={most} />
        </tr>
      ))}
    </Fragment>
  ));
}

/** Without the layer's own prefix, which the row above says. */
function shortName({ name }: PartMovement['tensors'][number], { place }: PlaceMovement): string {
  const own = name.replace(/\.weight$/, '');
  return typeof place === 'number' ? own.replace(/^.*?\.\d+\./, '') : own;
}

function Figures({ movement, most }: { movement: WeightMovement; most: number }) {
  const format = useFormat();
  return (
    <>
      <td className={styles.bar}>
        <MeasureBar ratio={(movement.relative ?? 0) / most} />
      </td>
      <td>{relative(movement.relative, format)}</td>
      <td>{format.percent(movement.share, 1)}</td>
      <td>{format.compact(movement.parameters)}</td>
    </>
  );
}
