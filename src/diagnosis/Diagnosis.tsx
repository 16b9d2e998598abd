/** Findings of a run: each with the stretches of curves that show it, its likely cause, and one change for a new run. */
import { useMemo } from 'react';
import { Button } from '@mantine/core';
import { ArrowRight, SlidersVertical } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { channelColour, useChannelTag } from '../channels/channel';
import { Sparkline } from '../charts/Sparkline';
import type { Advice } from '../core/diagnosis/advice';
import { diagnose, type Evidence, type Finding as Found } from '../core/diagnosis/diagnose';
import { RETENTION_LINE } from '../core/metrics/loss';
import { betterMerge } from '../core/metrics/merge-curve';
import type { Series } from '../core/metrics/series';
import type { RunView } from '../core/run/view';
import { useFormat } from '../i18n/format';
import { mergeKey, useMergeCurves } from '../lab/desk-recipes';
import { useDifferenceWords } from '../channels/recipe-words';
import { useSymptomWords } from './words';
import styles from './Diagnosis.module.css';

function seriesOf({ curve, channel }: Evidence, { train, heldOut, retentionSeries }: RunView): Series | undefined {
  return curve === 'retention' ? retentionSeries : curve === 'train' ? train[channel] : heldOut[channel];
}

function EvidenceList({ evidence, run }: { evidence: readonly Evidence[]; run: RunView }) {
  const { t } = useTranslation('diagnosis');
  const format = useFormat();
  const tag = useChannelTag();
  const corpusOf = (id: string) => run.recipe.channels.find((channel) => channel.id === id)?.corpus ?? id;
  return (
    <ul className={styles.curves}>
      {evidence.map((item) => {
        const { curve, channel, from, to } = item;
        const write = curve === 'retention' ? format.retention : format.loss;
        const whole = curve !== 'retention' && channel === 'total';
        const name = curve === 'retention' ? t('curve.retention') : `${whole ? t('whole') : tag(channel)}, ${t(`curve.${curve}`)}`;
        const colour = curve === 'retention' ? 'var(--ink)' : channelColour(whole ? channel : corpusOf(channel));
        const words =
          from.step === to.step
            ? t('point', { value: write(from.value), step: format.count(from.step) })
            : t('stretch', { from: write(from.value), first: format.count(from.step), to: write(to.value), last: format.count(to.step) });
        const series = seriesOf(item, run);
        return (
          <li key={`${curve}-${channel}`}>
            <span className={styles.picture} aria-hidden>
              {series && series.x.length > 1 && (
                <Sparkline
                  series={series}
                  last={run.steps}
                  colour={colour}
                  label=""
                  height={24}
                  stretch={{ from: from.step, to: to.step }}
                  {...(curve === 'retention' ? { line: RETENTION_LINE } : {})}
                />
              )}
            </span>
            <span className={styles.curve}>
              <i style={{ background: colour }} aria-hidden />
              {name}
            </span>
            <span className={styles.figures}>{words}</span>
          </li>
        );
      })}
    </ul>
  );
}

interface Props {
  run: RunView;
  onApply: (advice: Advice) => void;
}

export default function Diagnosis({ run, onApply }: Props) {
  const { t } = useTranslation('diagnosis');
  const findings = useMemo(() => diagnose(run), [run]);
  const evaluations = Math.max(0, ...run.channels.map(({ id }) => run.heldOut[id]?.x.length ?? 0));
  if (findings.length === 0) return <p className={styles.nothing}>{t(evaluations < 2 ? 'waiting' : 'nothing')}</p>;
  return (
    <ul className={styles.findings}>
      {findings.map((finding, at) => (
        <Finding key={`${finding.kind}-${String(finding.values['channel'] ?? at)}`} finding={finding} run={run} onApply={onApply} />
      ))}
    </ul>
  );
}

/** Kinds that have words: readings that are no fault are never findings. */
type Kind = Exclude<Found['kind'], 'preparing' | 'baseline' | 'on-course' | 'even'>;

function Finding({ finding, run, onApply }: Props & { finding: Found }) {
  const { t } = useTranslation('diagnosis');
  const words = useSymptomWords();
  const kind = finding.kind as Kind;
  const { what, advice: meaning } = words(finding);
  const { advice, evidence, others } = finding;
  return (
    <li data-finding={kind}>
      <div className={styles.said}>
        <p className={styles.title}>{t(`finding.${kind}.title`)}</p>
        <p>{what}</p>
        <p className={styles.cause}>
          <b>{t('cause')}</b> {t(`finding.${kind}.cause`)}
        </p>
      </div>
      {evidence.length > 0 && (
        <div className={styles.evidence}>
          <p className={styles.part}>{t('evidence')}</p>
          <EvidenceList evidence={evidence} run={run} />
        </div>
      )}
      <div className={styles.change}>
        <p className={styles.part}>{t('change')}</p>
        {advice ? <Change advice={advice} onApply={onApply} /> : <p>{`${t('noChange')} ${meaning}`}</p>}
      </div>
      {kind === 'forgetting' && <OtherWays ways={others} run={run} onApply={onApply} />}
    </li>
  );
}

/** Methods that the run did not use: what the merge fader has measured, and recipes with one more method, of which nothing is known yet. */
function OtherWays({ ways, run, onApply }: Props & { ways: readonly Advice[] }) {
  const { t } = useTranslation('diagnosis');
  const last = Math.max(0, ...run.checkpoints.map(({ step }) => step));
  return (
    <div className={styles.change} data-testid="other-ways">
      <p className={styles.part}>{t('other.title')}</p>
      <ul className={styles.ways}>
        {last > 0 && <MergeWay run={run} step={last} />}
        {ways.map((way) => (
          <li key={way.kind} data-way={way.kind}>
            <p>{t(`other.${way.kind as 'lora' | 'ewc' | 'echo'}`)}</p>
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('applyLabel', { advice: t(`advice.${way.kind}`) })}
              onClick={() => onApply(way)}
            >
              {t(`advice.${way.kind}`)}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function MergeWay({ run: { runId, recipe }, step }: { run: RunView; step: number }) {
  const { t } = useTranslation('diagnosis');
  const format = useFormat();
  const curve = useMergeCurves((curves) => curves[mergeKey({ base: recipe.base, run: runId, step })]);
  const found = curve && betterMerge(curve, RETENTION_LINE);
  const words = found
    ? t('other.merged', {
        tuned: format.retention(found.tuned.retention),
        factor: format.decimal(found.best.factor, 2),
        retention: format.retention(found.best.retention),
        gain: format.percent(found.gainShare, 0),
      })
    : t(curve?.some(({ factor }) => factor === 1) ? 'other.mergedNone' : 'other.merge', { line: format.decimal(RETENTION_LINE, 2) });
  const address = `/compare?a=model:${encodeURIComponent(recipe.base)}&b=run:${encodeURIComponent(runId)}@${step}&view=merge`;
  return (
    <li data-way="merge">
      <p>{words}</p>
      <Button component={Link} href={address} size="compact-xs" variant="default">
        {t('other.openMerge')}
      </Button>
    </li>
  );
}

function Change({ advice, onApply }: { advice: Advice; onApply: (advice: Advice) => void }) {
  const { t } = useTranslation('diagnosis');
  const words = useDifferenceWords();
  const name = t(`advice.${advice.kind}`);
  return (
    <>
      <p>{name}</p>
      <dl className={styles.diff}>
        {advice.changes.map((change) => {
          const { field, from, to } = words(change);
          return (
            <div key={change.field} data-field={change.field}>
              <dt>{field}</dt>
              <dd>
                <del>{from}</del> <ArrowRight size={12} aria-label={t('to')} /> <ins>{to}</ins>
              </dd>
            </div>
          );
        })}
      </dl>
      <Button
        size="xs"
        variant="light"
        leftSection={<SlidersVertical size={14} aria-hidden />}
        aria-label={t('applyLabel', { advice: name })}
        onClick={() => onApply(advice)}
      >
        {t('apply')}
      </Button>
    </>
  );
}
