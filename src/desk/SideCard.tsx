/** What the run means so far: general retention, domain gain, and the reading in words. */
import { memo, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Sparkline } from '../charts/Sparkline';
import { perplexity, RETENTION_LINE } from '../core/metrics/loss';
import { domainFall, readRun, type Reading } from '../core/metrics/reading';
import type { RunSnapshot } from '../core/run/types';
import { useFormat } from '../i18n/format';
import { Figure } from '../ui/Figure';
import styles from './SideCard.module.css';

/** More than the headline and one remark is no longer read. */
const SHOWN = 2;
const RATIOS: ReadonlySet<string> = new Set(['retention']);

function useReadingWords(): (reading: Reading) => { what: string; advice: string } {
  const { t } = useTranslation('desk');
  const format = useFormat();
  return ({ kind, values }) => {
    const shown: Record<string, unknown> = {
      channel: '',
      fall: '',
      retention: '',
      gap: '',
      epochs: '',
      peak: '',
      now: '',
      growth: '',
      loss: '',
      mean: '',
    };
    for (const [name, value] of Object.entries(values))
      shown[name] =
        typeof value === 'string'
          ? value
          : name === 'epochs'
            ? format.decimal(value, 1)
            : RATIOS.has(name)
              ? format.retention(value)
              : format.decimal(value, 2);
    return { what: t(`reading.${kind}.what`, shown), advice: t(`reading.${kind}.do`, shown) };
  };
}

export const SideCard = memo(function SideCard({ snapshot }: { snapshot: RunSnapshot | null }) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const words = useReadingWords();
  const readings = useMemo(() => readRun(snapshot).slice(0, SHOWN), [snapshot]);
  const retention = snapshot?.retention ?? null;
  const fall = snapshot ? domainFall(snapshot.channels) : null;
  const general = snapshot?.channels.filter(({ role }) => role === 'general').map(({ id }) => id) ?? [];
  const domain =
    snapshot?.channels.filter(({ role, baseLoss, heldOutLoss }) => role === 'domain' && baseLoss !== null && heldOutLoss !== null) ?? [];
  const single = domain.length === 1 ? domain[0]! : null;
  const kept = retention === null ? null : retention >= RETENTION_LINE;
  return (
    <aside className={styles.side} aria-label={t('side')}>
      <section>
        <h2>{t('retention.title')}</h2>
        <Figure value={format.retention(retention)} tone={kept === false ? 'bad' : 'plain'}>
          {kept === null ? t('retention.none') : t(kept ? 'retention.above' : 'retention.below', { channels: general.join(', ') })}
        </Figure>
        {snapshot && snapshot.retentionSeries.x.length > 1 && (
          <div className={styles.spark}>
            <Sparkline
              series={snapshot.retentionSeries}
              last={snapshot.steps}
              line={RETENTION_LINE}
              lineLabel={format.decimal(RETENTION_LINE, 2)}
              height={46}
              colour={kept === false ? 'var(--bad)' : 'var(--good)'}
              label={t('retention.curve', { first: format.retention(1), last: format.retention(retention) })}
            />
          </div>
        )}
      </section>
      <section>
        <h2>{t('gain.title')}</h2>
        <Figure
          value={format.delta(fall === null ? null : -fall)}
          tone={fall !== null && fall > 0.005 ? 'good' : fall !== null && fall < -0.005 ? 'bad' : 'plain'}
        >
          {fall === null
            ? t('gain.none')
            : single
              ? t('gain.single', {
                  from: format.perplexity(perplexity(single.baseLoss!)),
                  to: format.perplexity(perplexity(single.heldOutLoss!)),
                })
              : t('gain.several', { channels: domain.map(({ id }) => id).join(', ') })}
        </Figure>
      </section>
      <section data-testid="reading">
        <h2>{t('reading.title')}</h2>
        {readings.map((reading) => {
          const { what, advice } = words(reading);
          return (
            <p key={reading.kind} className={styles.reading} data-kind={reading.kind}>
              {what} <span>{advice}</span>
            </p>
          );
        })}
      </section>
    </aside>
  );
});
