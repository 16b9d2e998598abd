/** What the run means so far: general retention, domain gain, forgetting risk, and its symptoms in words. */
import { memo, useMemo, lazy, Suspense } from 'react';
import { Tooltip } from '@mantine/core';
import { ArrowDown, Info } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { RiskLine, Sparkline } from '../charts/Sparkline';
import { ABILITY_GROUPS, riskLevel, type AbilityGroup } from '../core/metrics/forgetting-risk';
import { perplexity, RETENTION_LINE } from '../core/metrics/loss';
import { isFinding } from '../core/diagnosis/diagnose';
import { detectSymptoms } from '../core/diagnosis/symptoms';
import type { Series } from '../core/metrics/series';
import type { RunView } from '../core/run/view';
import { useChannelTag } from '../channels/channel';
import { useFormat } from '../i18n/format';
import { useSymptomWords } from '../diagnosis/words';
import { Figure } from '../ui/Figure';
import type { Advice } from '../core/diagnosis/advice';
import { Card } from '../ui/Card';
import { SaveChart } from '../ui/SaveChart';
import { usePart } from '../ui/hash-location';
import { useRecipe } from './recipe-store';
import styles from './SideCard.module.css';

/** The card that has the evidence and the changes. */
const DIAGNOSIS = 'diagnosis';

function showDiagnosis(): void {
  const card = document.getElementById(DIAGNOSIS);
  card?.scrollIntoView({ block: 'nearest' });
  card?.focus({ preventScroll: true });
}

/** Bits per byte from which on a gain or a loss has a colour. */
const GAIN_SEEN = 0.005;

/** More than the headline and one remark is no longer read. */
const SHOWN = 2;

/** The figure's name, and its curve to be saved. */
function CurveTitle({ title, name, series }: { title: string; name: string; series: Series | null }) {
  return (
    <h2 className={styles.curveTitle}>
      {title}
      {series && series.x.length > 1 && (
        <SaveChart
          title={title}
          name={name}
          size={20}
          table={() => ({ columns: ['step', name], rows: Array.from(series.x, (step, at) => [step, series.y[at] ?? null]) })}
        />
      )}
    </h2>
  );
}

/** Risk by the sample of probes: its level, its curve, and what the figure rests on. */
function Risk({ run }: { run: RunView }) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const { risk: sampled, riskSeries, steps } = run;
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
    <section data-testid="risk" data-chart>
      <CurveTitle title={t('risk.title')} name="forgetting-risk" series={risk ? riskSeries : null} />
      <Figure value={risk ? two(risk.value) : '—'} tone={level === 'high' ? 'bad' : level === 'medium' ? 'warn' : 'plain'}>
        {!sampled && t('risk.waiting')}
        {sampled && !risk && t('risk.uninformative', { items: format.count(sampled.items) })}
        {risk && level && (risk.interval ? t(`risk.level.${level}`) : t('risk.base'))}{' '}
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

export const SideCard = memo(function SideCard({ run }: { run: RunView | null }) {
  const { t } = useTranslation('desk');
  const { t: diagnosis } = useTranslation('diagnosis');
  const format = useFormat();
  const words = useSymptomWords();
  const tag = useChannelTag();
  const { inert: _, ...part } = usePart('side');
  const symptoms = useMemo(() => detectSymptoms(run).slice(0, SHOWN), [run]);
  const retention = run?.retention ?? null;
  const gain = run?.gain ?? null;
  const general = run?.channels.filter(({ role }) => role === 'general').map(({ id }) => tag(id)) ?? [];
  const domain =
    run?.channels.filter(({ role, baseLoss, heldOutLoss }) => role === 'domain' && baseLoss !== null && heldOutLoss !== null) ?? [];
  const single = domain.length === 1 ? domain[0]! : null;
  const kept = retention === null ? null : retention >= RETENTION_LINE;
  return (
    <aside className={styles.side} aria-label={t('side')} {...part}>
      <div className={styles.pair}>
        <section data-chart>
          <CurveTitle title={t('retention.title')} name="retention" series={run?.retentionSeries ?? null} />
          <Figure value={format.retention(retention)} tone={kept === false ? 'bad' : 'plain'}>
            {kept === null ? t('retention.none') : t(kept ? 'retention.above' : 'retention.below', { channels: general.join(', ') })}
          </Figure>
          {run && run.retentionSeries.x.length > 1 && (
            <div className={styles.spark}>
              <Sparkline
                series={run.retentionSeries}
                last={run.steps}
                line={RETENTION_LINE}
                height={36}
                colour={kept === false ? 'var(--bad)' : 'var(--good)'}
                label={t('retention.curve', { first: format.retention(1), last: format.retention(retention) })}
              />
            </div>
          )}
        </section>
        {run && (run.recipe.evaluation.probesPerGroup > 0 || run.risk) && <Risk run={run} />}
      </div>
      <section>
        <h2>{t('gain.title')}</h2>
        <Figure
          value={
            gain ? (
              <>
                {format.delta(gain.bits)} <small className={styles.unit}>{t('gain.unit')}</small>
              </>
            ) : (
              '—'
            )
          }
          tone={gain && gain.bits > GAIN_SEEN ? 'good' : gain && gain.bits < -GAIN_SEEN ? 'bad' : 'plain'}
        >
          {gain === null
            ? t('gain.none')
            : single
              ? t('gain.single', {
                  nats: format.delta(gain.nats),
                  from: format.perplexity(perplexity(single.baseLoss!)),
                  to: format.perplexity(perplexity(single.heldOutLoss!)),
                })
              : t('gain.several', { nats: format.delta(gain.nats), channels: domain.map(({ id }) => tag(id)).join(', ') })}
        </Figure>
      </section>
      <section data-testid="reading">
        <h2>{t('reading.title')}</h2>
        {symptoms.map((symptom) => {
          const { what, advice } = words(symptom);
          return (
            <p key={symptom.kind} className={styles.reading} data-kind={symptom.kind}>
              {what} {!isFinding(symptom) && <span>{advice}</span>}
            </p>
          );
        })}
        {symptoms.some(isFinding) && (
          <button type="button" className={styles.jump} onClick={showDiagnosis}>
            {diagnosis('jump')} <ArrowDown size={13} aria-hidden />
          </button>
        )}
      </section>
    </aside>
  );
});

/** The run's diagnosis on the desk; a change goes into the recipe for the next run, never into this one. */
const Diagnosis = lazy(() => import('../diagnosis/Diagnosis'));

function apply({ recipe, changes }: Advice): void {
  useRecipe.getState().apply({ recipe, changes });
  // What changed, the way back and the Run button stand at the top.
  window.scrollTo({ top: 0 });
}

export const DeskDiagnosis = memo(function DeskDiagnosis({ run }: { run: RunView }) {
  const { t } = useTranslation('diagnosis');
  const { inert: _, ...part } = usePart('diagnosis');
  return (
    <div id={DIAGNOSIS} tabIndex={-1} {...part}>
      <Card title={t('title')} data-testid="diagnosis">
        <Suspense fallback={null}>
          <Diagnosis run={run} onApply={apply} />
        </Suspense>
      </Card>
    </div>
  );
});
