/** What the run means so far: general retention, domain gain, and the reading in words. */
import { memo, useMemo } from 'react';
import { Tooltip } from '@mantine/core';
import { ArrowDown, Info } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { RiskLine } from '../charts/RiskLine';
import { Sparkline } from '../charts/Sparkline';
import { ABILITY_GROUPS, riskLevel, type AbilityGroup } from '../core/metrics/forgetting-risk';
import { perplexity, RETENTION_LINE } from '../core/metrics/loss';
import { isFinding } from '../core/diagnosis/diagnose';
import { domainFall, readRun } from '../core/metrics/reading';
import type { RunSnapshot } from '../core/run/types';
import { useFormat } from '../i18n/format';
import { useReadingWords } from '../diagnosis/reading-words';
import { Figure } from '../ui/Figure';
import styles from './SideCard.module.css';

/** The card that has the evidence and the changes. */
export const DIAGNOSIS = 'diagnosis';

function showDiagnosis(): void {
  const card = document.getElementById(DIAGNOSIS);
  card?.scrollIntoView({ block: 'nearest' });
  card?.focus({ preventScroll: true });
}

/** More than the headline and one remark is no longer read. */
const SHOWN = 2;

/** Risk by the sample of probes: its level, its curve, and what the figure rests on. */
function Risk({ snapshot }: { snapshot: RunSnapshot }) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const { risk: sampled, riskSeries, steps } = snapshot;
  const two = (value: number) => format.decimal(value, 2);
  const groups = (of: readonly AbilityGroup[]) => of.map((group) => t(`risk.group.${group}`)).join(', ');
  const risk = sampled?.risk ?? null;
  const level = risk && riskLevel(risk.value);
  const leftOut = ABILITY_GROUPS.filter((group) => !sampled?.informative.includes(group));
  const interval = risk?.interval && t('risk.interval', { low: two(risk.interval.low), high: two(risk.interval.high) });
  const help =
    sampled &&
    [
      t('risk.sampleHelp', {
        items: format.count(sampled.items),
        groups: groups(sampled.informative),
        item: format.decimal(sampled.grain, 3),
      }),
      ...(leftOut.length > 0 ? [t('risk.leftOut', { groups: groups(leftOut) })] : []),
      t('risk.bands'),
    ].join(' ');
  return (
    <section data-testid="risk">
      <h2>{t('risk.title')}</h2>
      <Figure value={risk ? two(risk.value) : '—'} tone={level === 'high' ? 'bad' : level === 'medium' ? 'warn' : 'plain'}>
        {!sampled && t('risk.waiting')}
        {sampled && !risk && t('risk.uninformative', { items: format.count(sampled.items) })}
        {risk && level && (risk.interval ? t(`risk.level.${level}`) : t('risk.base'))}
        {interval && (
          <Tooltip label={help} position="left" multiline w={280} events={{ hover: true, focus: true, touch: true }}>
            <button type="button" className={styles.basis} aria-label={`${interval}. ${help}`}>
              {interval} <Info size={12} aria-hidden />
            </button>
          </Tooltip>
        )}
      </Figure>
      {risk && riskSeries.x.length > 1 && (
        <div className={styles.spark}>
          <RiskLine
            series={riskSeries}
            last={steps}
            height={36}
            label={t('risk.curve', { first: two(riskSeries.y[0] ?? 0), last: two(risk.value) })}
          />
        </div>
      )}
    </section>
  );
}

export const SideCard = memo(function SideCard({ snapshot }: { snapshot: RunSnapshot | null }) {
  const { t } = useTranslation('desk');
  const { t: diagnosis } = useTranslation('diagnosis');
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
      <div className={styles.pair}>
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
                height={36}
                colour={kept === false ? 'var(--bad)' : 'var(--good)'}
                label={t('retention.curve', { first: format.retention(1), last: format.retention(retention) })}
              />
            </div>
          )}
        </section>
        {snapshot && (snapshot.recipe.evaluation.probesPerGroup > 0 || snapshot.risk) && <Risk snapshot={snapshot} />}
      </div>
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
              {what} {!isFinding(reading) && <span>{advice}</span>}
            </p>
          );
        })}
        {readings.some(isFinding) && (
          <button type="button" className={styles.jump} onClick={showDiagnosis}>
            {diagnosis('jump')} <ArrowDown size={13} aria-hidden />
          </button>
        )}
      </section>
    </aside>
  );
});
