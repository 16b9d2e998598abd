/** Weights between A and B: a fader with the curve that it runs along, figures of where it stands, and a way to keep them as a model. */
import { useState } from 'react';
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { Blend, Save } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { ProgressLine } from '../../channels/ProgressLine';
import { ChannelTag } from '../../channels/channel';
import { RETENTION_LINE } from '../../core/metrics/loss';
import { useFormat } from '../../i18n/format';
import { lab } from '../../lab/lab';
import { Banner, ErrorBanner } from '../../ui/Banner';
import { Card, EmptyState } from '../../ui/Card';
import { NumberField } from '../../ui/fields';
import { Delta } from '../../ui/Figure';
import { HorizontalSlider } from '../../ui/Slider';
import { unclear } from '../figures';
import { Estimated, Letter } from '../marks';
import { MeasureControl, TextChoice } from '../MeasureControl';
import { pickedWeights, useMeasures } from '../measures';
import { findSource, useComparedName, useSourceName } from '../sources';
import { useCompare } from '../store';
import { MergeCurve } from './MergeCurve';
import { bestOf, endOf, FADER, lastCheckpoints, MOST_CHECKPOINTS, presentPosition, useMerge, type MergePosition } from './store';
import styles from './MergeSection.module.css';

export default function MergeSection() {
  const { t } = useTranslation('internals');
  const address = useCompare((state) => state.address);
  const kind = useMerge((state) => state.kind);
  const setKind = useMerge((state) => state.setKind);
  const measure = useMerge((state) => state.measure);
  const error = useMeasures((state) => state.errors.merge);
  const mean = lastCheckpoints(MOST_CHECKPOINTS).length > 1;
  if (address.a === address.b)
    return (
      <Card title={t('merge.title')}>
        <EmptyState icon={Blend} title={t('merge.empty')}>
          <p>{t('merge.emptyText')}</p>
        </EmptyState>
      </Card>
    );
  return (
    <>
      <TextChoice />
      <div className={styles.section}>
        <Card
          title={t('merge.title')}
          data-testid="merge"
          aside={
            mean && (
              <SegmentedControl
                size="xs"
                aria-label={t('merge.kind.label')}
                value={kind}
                onChange={(next) => setKind(next)}
                data={(['fader', 'mean'] as const).map((value) => ({ value, label: t(`merge.kind.${value}`) }))}
              />
            )
          }
        >
          <p className={styles.lead}>{t(kind === 'mean' && mean ? 'merge.meanLead' : 'merge.lead')}</p>
          {kind === 'mean' && mean ? <Checkpoints /> : <Faders />}
          <MeasureControl kind="merge" first={t('merge.run')} again={t('merge.again')} onMeasure={() => void measure()} />
          {!error && kind === 'fader' && <Curve />}
          <Present />
          <Keep />
        </Card>
      </div>
    </>
  );
}

const span = FADER.high - FADER.low;

/** One fader for B, and one for C where there is one. */
function Faders() {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const sourceName = useSourceName();
  const groups = useCompare((state) => state.groups);
  const address = useCompare((state) => state.address);
  const factors = useMerge((state) => state.factors);
  const move = useMerge((state) => state.move);
  return (['b', 'c'] as const).map((place, at) => {
    const source = findSource(groups, address[place]);
    if (!source) return null;
    const factor = factors[at]!;
    return (
      <div key={place} className={styles.fader} data-testid={`merge-fader-${place}`}>
        <span className={styles.faderName}>
          <Letter place={place} size="small" /> {sourceName(source)}
        </span>
        <div className={styles.faderTrack}>
          <HorizontalSlider
            label={t('merge.fader', { name: sourceName(source) })}
            position={(factor - FADER.low) / span}
            valueNow={factor}
            valueMin={FADER.low}
            valueMax={FADER.high}
            valueText={t('merge.factor', { factor: format.decimal(factor, 2) })}
            step={0.05 / span}
            page={0.2 / span}
            onMove={(position) => move(at as 0 | 1, FADER.low + position * span)}
          />
          <span className={styles.ends} aria-hidden>
            {[0, 1].map((end) => (
              <i key={end} style={{ left: `calc(8px + (100% - 16px) * ${(end - FADER.low) / span})` }}>
                {end === 0 ? 'A' : place.toUpperCase()}
              </i>
            ))}
          </span>
        </div>
        <output className={styles.factor}>{t('merge.factor', { factor: format.decimal(factor, 2) })}</output>
      </div>
    );
  });
}

function Checkpoints() {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const checkpoints = useMerge((state) => state.checkpoints);
  const setCheckpoints = useMerge((state) => state.setCheckpoints);
  useCompare((state) => state.address);
  const all = lastCheckpoints(MOST_CHECKPOINTS);
  const taken = all.slice(0, checkpoints);
  const steps = taken.map((weights) => (weights.kind === 'checkpoint' ? format.count(weights.step) : '')).join(t('merge.comma'));
  return (
    <div className={styles.checkpoints}>
      <NumberField
        label={t('merge.checkpoints')}
        value={Math.min(checkpoints, all.length)}
        min={1}
        max={all.length}
        integer
        onChange={setCheckpoints}
      />
      <p>{t('merge.steps', { steps })}</p>
    </div>
  );
}

function Curve() {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const state = useMerge();
  const best = bestOf(state);
  const { along, keep } = state;
  const end = endOf(state);
  const whole = end?.measure.domainGain[1]?.value ?? null;
  if (state.positions.size === 0) return null;
  return (
    <>
      <MergeCurve />
      <div className={styles.best}>
        <NumberField label={t('merge.keep')} value={keep} min={0.5} max={1} step={0.01} onChange={state.setKeep} />
        <p role="status" data-testid="merge-best">
          {best === null
            ? t('merge.noBest', { keep: format.decimal(keep, 2) })
            : t(whole !== null && whole > 0 ? 'merge.best' : 'merge.bestPlain', {
                factor: format.decimal(best.factor, 2),
                retention: format.retention(best.retention),
                gain: format.delta(best.gain),
                share: whole !== null && whole > 0 ? format.percent(best.gain / whole, 0) : '',
              })}
        </p>
        {best !== null && (
          <Button size="xs" variant="default" onClick={() => state.move(along, best.factor)}>
            {t('merge.setBest')}
          </Button>
        )}
      </div>
    </>
  );
}

/** Figures of the merge where the fader stands. */
function Present() {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const position = useMerge(presentPosition);
  const comparedName = useComparedName();
  const choices = useCompare((state) => state.choices);
  if (!position) return null;
  const { measure, documents } = position;
  const [gain, retention] = [measure.domainGain[1], measure.meanRetention[1]];
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('merge.table.label')}>
      <table className={styles.table} data-testid="merge-table">
        <caption>{t('merge.table.caption', { documents: format.count(documents) })}</caption>
        <thead>
          <tr>
            <th scope="col" className={styles.first}>
              {t('merge.table.channel')}
            </th>
            <th scope="col">{t('merge.table.a')}</th>
            <th scope="col">{t('merge.table.merge')}</th>
            <th scope="col">{t('merge.table.delta')}</th>
            <th scope="col">{t('merge.table.retention')}</th>
          </tr>
        </thead>
        <tbody>
          {measure.channels.map((channel) => {
            const choice = choices.find(({ id }) => id === channel.id);
            const delta = channel.delta[1];
            const kept = channel.retention[1];
            return (
              <tr key={channel.id} data-channel={channel.id}>
                <th scope="row" className={styles.first}>
                  {choice ? <ChannelTag id={comparedName(choice).tag} corpus={choice.corpus} /> : channel.id}
                </th>
                <td>{format.loss(channel.loss[0]!.value)}</td>
                <td>{format.loss(channel.loss[1]!.value)}</td>
                <td>
                  {delta && (
                    <Estimated estimate={delta}>
                      <Delta value={delta.value} unclear={unclear(delta)} />
                    </Estimated>
                  )}
                </td>
                <td data-lost={channel.role === 'general' && (kept?.value ?? 1) < RETENTION_LINE}>
                  {channel.role === 'general' && kept ? format.retention(kept.value) : '—'}
                </td>
              </tr>
            );
          })}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" className={styles.first}>
              {t('merge.table.whole')}
            </th>
            <td colSpan={3} data-testid="merge-gain">
              {gain ? <Estimated estimate={gain}>{t('merge.table.gain', { gain: format.delta(gain.value) })}</Estimated> : '—'}
            </td>
            <td data-testid="merge-retention">{retention ? format.retention(retention.value) : '—'}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

function defaultName(position: MergePosition | null, base: string, format: ReturnType<typeof useFormat>): string {
  return position ? `${base} λ ${position.factors.map((factor) => format.decimal(factor, 2)).join(' ')}` : base;
}

function Keep() {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const position = useMerge(presentPosition);
  const { saving, kept, saveError, save } = useMerge();
  const [typed, setTyped] = useState<string | null>(null);
  const source = pickedWeights()[1];
  if (!position && !kept) return null;
  const name = typed ?? defaultName(position, source?.name ?? '', format);
  return (
    <div className={styles.keep}>
      {saving ? (
        <ProgressLine progress={saving} onCancel={() => void lab.library.cancel('import')} />
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void save(name.trim());
            setTyped(null);
          }}
        >
          <TextInput
            size="xs"
            label={t('merge.name')}
            value={name}
            maxLength={120}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Button type="submit" size="xs" leftSection={<Save size={14} />} disabled={name.trim() === ''}>
            {t('merge.save')}
          </Button>
        </form>
      )}
      {kept && (
        <Banner tone="plain" icon={Blend}>
          <span role="status">{t('merge.kept', { name: kept.name })}</span>
          <Button component={Link} href="/models" size="xs" variant="default">
            {t('merge.toModels')}
          </Button>
        </Banner>
      )}
      {saveError && <ErrorBanner error={saveError} />}
    </div>
  );
}
