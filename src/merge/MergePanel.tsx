/** The merge fader with the curve that it runs along, figures of where it stands, and a way to keep the merge as a model. */
import { useState, type ReactNode } from 'react';
import { Button, TextInput } from '@mantine/core';
import { Blend, Save } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { ProgressLine } from '../channels/ProgressLine';
import { ChannelTag, useChannelTag } from '../channels/channel';
import { RETENTION_LINE } from '../core/metrics/loss';
import { unclear } from '../core/metrics/verdict';
import { useFormat } from '../i18n/format';
import { lab } from '../lab/lab';
import { Banner, ErrorBanner } from '../ui/Banner';
import { NumberField } from '../ui/fields';
import { Delta } from '../ui/Figure';
import { Estimated, Letter } from '../ui/marks';
import { HorizontalSlider } from '../ui/Slider';
import { MergeCurve } from './MergeCurve';
import { bestOf, endOf, FADER, presentPosition, useMerge, type MergePosition } from './store';
import styles from './Merge.module.css';

interface Props {
  lead: string;
  /** The ends are A and B (and C), as on a page that compares them; else the base and what was tuned. */
  letters?: boolean;
  /** The button that starts measuring, with its progress. */
  control: ReactNode;
  /** Nothing of a measure that failed is shown as a curve. */
  failed?: boolean;
}

export function MergePanel({ lead, letters = false, control, failed = false }: Props) {
  const kind = useMerge((state) => state.kind);
  const mean = useMerge((state) => (state.subject?.checkpoints.length ?? 0) > 1) && kind === 'mean';
  return (
    <>
      <p className={styles.lead}>{lead}</p>
      {mean ? <Checkpoints /> : <Faders letters={letters} />}
      {control}
      {!failed && !mean && <Curve letters={letters} />}
      <Present letters={letters} />
      <Keep />
    </>
  );
}

const span = FADER.high - FADER.low;
const PLACES = ['b', 'c'] as const;

/** One fader for B, and one for C where there is one. */
function Faders({ letters }: { letters: boolean }) {
  const { t } = useTranslation('merge');
  const format = useFormat();
  const tuned = useMerge((state) => state.subject?.tuned);
  const factors = useMerge((state) => state.factors);
  const move = useMerge((state) => state.move);
  return tuned?.map(({ name }, at) => {
    const place = PLACES[at]!;
    const factor = factors[at]!;
    return (
      <div key={place} className={styles.fader} data-testid={`merge-fader-${place}`}>
        <span className={styles.faderName}>
          {letters && <Letter place={place} size="small" />} {name}
        </span>
        <div className={styles.faderTrack}>
          <HorizontalSlider
            label={t('fader', { name })}
            position={(factor - FADER.low) / span}
            valueNow={factor}
            valueMin={FADER.low}
            valueMax={FADER.high}
            valueText={t('factor', { factor: format.decimal(factor, 2) })}
            step={0.05 / span}
            page={0.2 / span}
            onMove={(position) => move(at as 0 | 1, FADER.low + position * span)}
          />
          <span className={styles.ends} aria-hidden>
            {[0, 1].map((end) => (
              <i key={end} style={{ left: `calc(8px + (100% - 16px) * ${(end - FADER.low) / span})` }}>
                {letters ? (end === 0 ? 'A' : place.toUpperCase()) : end === 0 ? t('table.base') : 1}
              </i>
            ))}
          </span>
        </div>
        <output className={styles.factor}>{t('factor', { factor: format.decimal(factor, 2) })}</output>
      </div>
    );
  });
}

function Checkpoints() {
  const { t } = useTranslation('merge');
  const format = useFormat();
  const checkpoints = useMerge((state) => state.checkpoints);
  const setCheckpoints = useMerge((state) => state.setCheckpoints);
  const all = useMerge((state) => state.subject?.checkpoints) ?? [];
  const taken = all.slice(0, checkpoints);
  const steps = taken.map((weights) => (weights.kind === 'checkpoint' ? format.count(weights.step) : '')).join(t('comma'));
  return (
    <div className={styles.checkpoints}>
      <NumberField
        label={t('checkpoints')}
        value={Math.min(checkpoints, all.length)}
        min={1}
        max={all.length}
        integer
        onChange={setCheckpoints}
      />
      <p>{t('steps', { steps })}</p>
    </div>
  );
}

function Curve({ letters }: { letters: boolean }) {
  const { t } = useTranslation('merge');
  const format = useFormat();
  const state = useMerge();
  const best = bestOf(state);
  const { along, keep } = state;
  const end = endOf(state);
  const whole = end?.measure.domainGain[1]?.value ?? null;
  // Of next to no gain every share is large and says nothing.
  const share = best !== null && whole !== null && whole > 0 && best.gain < 2 * whole ? best.gain / whole : null;
  if (state.positions.size === 0) return null;
  return (
    <>
      <MergeCurve letters={letters} />
      <div className={styles.best}>
        <NumberField label={t('keep')} value={keep} min={0.5} max={1} step={0.01} onChange={state.setKeep} />
        <p role="status" data-testid="merge-best">
          {best === null
            ? t('noBest', { keep: format.decimal(keep, 2) })
            : t(share === null ? 'bestPlain' : 'best', {
                factor: format.decimal(best.factor, 2),
                retention: format.retention(best.retention),
                gain: format.delta(best.gain),
                share: share === null ? '' : format.percent(share, 0),
              })}
        </p>
        {best !== null && (
          <Button size="xs" variant="default" onClick={() => state.move(along, best.factor)}>
            {t('setBest')}
          </Button>
        )}
      </div>
    </>
  );
}

/** Figures of the merge where the fader stands. */
function Present({ letters }: { letters: boolean }) {
  const { t } = useTranslation('merge');
  const format = useFormat();
  const position = useMerge(presentPosition);
  const tag = useChannelTag();
  const channels = useMerge((state) => state.subject?.channels);
  if (!position) return null;
  const { measure, look } = position;
  const [gain, retention] = [measure.domainGain[1], measure.meanRetention[1]];
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('table.label')}>
      <table className={styles.table} data-testid="merge-table">
        <caption>
          {t(look.tokens === undefined ? 'table.caption' : 'table.captionFirst', { documents: format.count(look.documents) })}
        </caption>
        <thead>
          <tr>
            <th scope="col" className={styles.first}>
              {t('table.channel')}
            </th>
            <th scope="col">{t(letters ? 'table.a' : 'table.base')}</th>
            <th scope="col">{t('table.merge')}</th>
            <th scope="col">{t('table.delta')}</th>
            <th scope="col">{t('table.retention')}</th>
          </tr>
        </thead>
        <tbody>
          {measure.channels.map((channel) => {
            const known = channels?.find(({ id }) => id === channel.id);
            const delta = channel.delta[1];
            const kept = channel.retention[1];
            return (
              <tr key={channel.id} data-channel={channel.id}>
                <th scope="row" className={styles.first}>
                  {known ? <ChannelTag id={tag(known.id)} corpus={known.corpus} /> : channel.id}
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
              {t('table.whole')}
            </th>
            <td colSpan={3} data-testid="merge-gain">
              {gain ? <Estimated estimate={gain}>{t('table.gain', { gain: format.delta(gain.value) })}</Estimated> : '—'}
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
  const { t } = useTranslation('merge');
  const format = useFormat();
  const position = useMerge(presentPosition);
  const { saving, kept, saveError, save } = useMerge();
  const [typed, setTyped] = useState<string | null>(null);
  const tuned = useMerge((state) => state.subject?.tuned[0]?.name) ?? '';
  if (!position && !kept) return null;
  const name = typed ?? defaultName(position, tuned, format);
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
          <TextInput size="xs" label={t('name')} value={name} maxLength={120} onChange={(event) => setTyped(event.currentTarget.value)} />
          <Button type="submit" size="xs" leftSection={<Save size={14} />} disabled={name.trim() === ''}>
            {t('save')}
          </Button>
        </form>
      )}
      {kept && (
        <Banner tone="plain" icon={Blend}>
          <span role="status">{t('kept', { name: kept.name })}</span>
          <Button component={Link} href="/models" size="xs" variant="default">
            {t('toModels')}
          </Button>
        </Banner>
      )}
      {saveError && <ErrorBanner error={saveError} />}
    </div>
  );
}
