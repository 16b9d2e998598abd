/** The two figures that decide: what the domain gained, and what general ability was kept. A sentence beside each. */
import { CircleCheck, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { RETENTION_LINE } from '../core/metrics/loss';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { Figure } from '../ui/Figure';
import { useComparedName } from './channel-names';
import type { ComparisonSummary } from './summary';
import styles from './Summary.module.css';

/** Differences that show as zero at three digits count as none. */
const SHOWN_ZERO = 0.0005;

export function SummaryCards({ summary }: { summary: ComparisonSummary | null }) {
  return (
    <>
      <GainCard summary={summary} />
      <RetentionCard summary={summary} />
    </>
  );
}

function GainCard({ summary }: { summary: ComparisonSummary | null }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const domain = summary?.domain ?? null;
  const delta = domain?.delta ?? null;
  const difference = domain === null ? 0 : (delta ?? domain.bitsB - domain.bitsA);
  const direction = difference < -SHOWN_ZERO ? 'fell' : difference > SHOWN_ZERO ? 'rose' : 'same';
  const tone = direction === 'fell' ? 'good' : direction === 'rose' ? 'bad' : 'plain';
  const sentence =
    summary === null
      ? t('measure.empty')
      : domain === null
        ? t('gain.none')
        : delta === null
          ? t('gain.bits', { from: format.loss(domain.bitsA), to: format.loss(domain.bitsB) })
          : t(`gain.${direction}`, { from: format.perplexity(domain.perplexityA), to: format.perplexity(domain.perplexityB) });
  return (
    <Card title={t('gain.title')} data-testid="domain-gain">
      <Figure
        value={
          domain === null ? '—' : <Signed text={format.delta(difference)} unit={delta === null ? t('table.deltaBits') : t('gain.nats')} />
        }
        tone={tone}
      >
        <span className={styles.sentence}>{sentence}</span>
      </Figure>
    </Card>
  );
}

function Signed({ text, unit }: { text: string; unit: string }) {
  return (
    <>
      {text} <span className={styles.unit}>{unit}</span>
    </>
  );
}

function RetentionCard({ summary }: { summary: ComparisonSummary | null }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const comparedName = useComparedName();
  const retention = summary?.retention ?? null;
  const kept = summary !== null && summary.below.length === 0;
  const sentence =
    summary === null
      ? t('measure.empty')
      : summary.generalChannels === 0
        ? t('retention.none')
        : !summary.comparable
          ? t('retention.bits')
          : kept
            ? t('retention.all', { count: summary.generalChannels })
            : t('retention.below', { channels: summary.below.map((channel) => comparedName(channel).name).join(', ') });
  const Icon = kept ? CircleCheck : TriangleAlert;
  return (
    <Card title={t('retention.title')} data-testid="general-retention">
      <Figure value={format.retention(retention)} tone={retention === null ? 'plain' : retention < RETENTION_LINE ? 'bad' : 'plain'}>
        <span className={styles.sentence}>
          {retention !== null && <Icon size={14} aria-hidden className={kept ? styles.kept : styles.lost} />}
          <span>{sentence}</span>
        </span>
      </Figure>
      {retention !== null && (
        <RetentionScale value={retention} label={t('retention.scale', { value: format.retention(retention) })} line={t('retention.line')} />
      )}
    </Card>
  );
}

/** From 0.6 to 1.1, with the line marked: wide enough for what short runs do, and clipped beyond. */
const SCALE = { low: 0.6, high: 1.1 };

function RetentionScale({ value, label, line }: { value: number; label: string; line: string }) {
  const place = (at: number) => `${(Math.min(1, Math.max(0, (at - SCALE.low) / (SCALE.high - SCALE.low))) * 100).toFixed(2)}%`;
  return (
    <div className={styles.scale} role="img" aria-label={label}>
      <div className={styles.track}>
        <div className={styles.zone} style={{ left: 0, width: place(RETENTION_LINE) }} />
        <div className={styles.mark} style={{ left: place(RETENTION_LINE) }} />
        <div className={styles.dot} data-lost={value < RETENTION_LINE} style={{ left: place(value) }} />
      </div>
      <span className={styles.lineLabel} style={{ left: place(RETENTION_LINE) }}>
        {line}
      </span>
    </div>
  );
}
