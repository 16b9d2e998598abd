/** What was kept of general ability: mean retention over general channels, held against the line. */
import { CircleCheck, CircleHelp, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Estimate } from '../../core/metrics/channel-measure';
import { RETENTION_LINE } from '../../core/metrics/loss';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { Figure } from '../../ui/Figure';
import { useComparedName } from '../channel-names';
import { Estimated } from '../Estimated';
import type { ShownFigures } from '../figures';
import { retentionVerdict, type RetentionVerdict } from '../summary';
import { ThirdLine } from './ThirdLine';
import styles from './Summary.module.css';

const ICONS = { kept: CircleCheck, lost: TriangleAlert, unclear: CircleHelp };

export function RetentionCard({ figures }: { figures: ShownFigures | null }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const comparedName = useComparedName();
  const summary = figures?.summary ?? null;
  const retention = summary?.retention[1] ?? null;
  const third = summary?.retention[2] ?? null;
  const verdict = retention && retentionVerdict(retention);
  const below = summary?.below[1] ?? [];
  const names = below.map((channel) => comparedName(channel).name).join(t('retention.comma'));
  const sentence =
    summary === null
      ? t('measure.empty')
      : summary.generalChannels === 0
        ? t('retention.none')
        : !retention || !verdict
          ? t('retention.bits')
          : verdict === 'unclear'
            ? t('retention.unclear')
            : below.length > 0
              ? t(verdict === 'kept' ? 'retention.someBelow' : 'retention.below', { channels: names })
              : t('retention.all', { count: summary.generalChannels });
  return (
    <Card title={t('retention.title')} className={styles.card} data-testid="general-retention">
      <Figure
        tone={verdict === 'lost' ? 'bad' : 'plain'}
        value={
          retention ? (
            <>
              {format.retention(retention.value)}{' '}
              {retention.interval && <span className={styles.interval}>{format.interval(retention.interval)}</span>}
            </>
          ) : (
            '—'
          )
        }
      >
        <p className={styles.sentence}>
          {verdict && <VerdictIcon verdict={verdict} below={below.length > 0} />}
          <span>{sentence}</span>
        </p>
      </Figure>
      {retention && <RetentionScale retention={retention} />}
      {third && (
        <ThirdLine>
          <Estimated estimate={third}>{format.retention(third.value)}</Estimated>
        </ThirdLine>
      )}
    </Card>
  );
}

/** The mean may be kept while a channel fell below the line: that is worth a warning. */
function VerdictIcon({ verdict, below }: { verdict: RetentionVerdict; below: boolean }) {
  const Icon = ICONS[below && verdict === 'kept' ? 'lost' : verdict];
  return <Icon size={14} aria-hidden className={styles[verdict]} data-below={below} />;
}

/** From 0.6 to 1.1, with the line marked: wide enough for what short runs do, and clipped beyond. */
const SCALE = { low: 0.6, high: 1.1 };
const place = (at: number) => `${(Math.min(1, Math.max(0, (at - SCALE.low) / (SCALE.high - SCALE.low))) * 100).toFixed(2)}%`;

function RetentionScale({ retention: { value, interval } }: { retention: Estimate }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const line = place(RETENTION_LINE);
  return (
    <div className={styles.scale} role="img" aria-label={t('retention.scale', { value: format.retention(value) })}>
      <div className={styles.track}>
        <div className={styles.zone} style={{ left: 0, width: line }} />
        <div className={styles.mark} style={{ left: line }} />
        {interval && (
          <div className={styles.whisker} style={{ left: place(interval.low), right: `calc(100% - ${place(interval.high)})` }} />
        )}
        <div className={styles.dot} data-lost={value < RETENTION_LINE} style={{ left: place(value) }} />
      </div>
      <span className={styles.lineLabel} style={{ left: line }}>
        {t('retention.line')}
      </span>
    </div>
  );
}
