/** The first two figures of the page: domain gain and general retention. */
import type { ReactNode } from 'react';
import { CircleCheck, CircleHelp, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { RETENTION_LINE } from '../core/metrics/loss';
import type { Estimate } from '../core/metrics/text-measure';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { Figure } from '../ui/Figure';
import { gainVerdict, retentionVerdict, type RetentionVerdict } from './figures';
import { Estimated, Letter } from '../ui/marks';
import type { ShownFigures } from './measures';
import { useComparedName } from './sources';
import styles from './SummaryCards.module.css';

export function ThirdLine({ children }: { children: ReactNode }) {
  return (
    <p className={styles.third}>
      <Letter place="c" size="small" />
      {children}
    </p>
  );
}

const TONES = { learnt: 'good', lost: 'bad', same: 'plain', unclear: 'plain' } as const;

/** Domain gain in bits per byte, which are comparable whatever the tokenizers. */
export function GainCard({ figures }: { figures: ShownFigures | null }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const summary = figures?.summary ?? null;
  const gain = summary?.gain[1] ?? null;
  const third = summary?.gain[2] ?? null;
  const verdict = gain && gainVerdict(gain);
  return (
    <Card title={t('gain.title')} className={styles.card} data-testid="domain-gain">
      <Figure
        tone={verdict ? TONES[verdict] : 'plain'}
        value={
          gain ? (
            <>
              {format.delta(gain.value)} <span className={styles.unit}>{t('gain.unit')}</span>{' '}
              {gain.interval && <span className={styles.interval}>{format.interval(gain.interval)}</span>}
            </>
          ) : (
            '—'
          )
        }
      >
        <p className={styles.sentence}>
          {summary === null ? t('measure.empty') : verdict === null ? t('gain.none') : <GainSentence figures={figures!} />}
        </p>
      </Figure>
      {third && (
        <ThirdLine>
          <Estimated estimate={third}>{format.delta(third.value)}</Estimated>
        </ThirdLine>
      )}
    </Card>
  );
}

function GainSentence({ figures: { summary, measured } }: { figures: ShownFigures }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const gain = summary.gain[1]!;
  const nats = summary.gainInNats[1] ?? null;
  const verdict = gainVerdict(gain);
  const share = format.percent(Math.abs(gain.value) / (summary.domainBits ?? 1));
  const domain = summary.rows.filter(({ channel }) => channel.role === 'domain');
  const [only] = domain;
  // Perplexities are of one channel and of one tokenizer.
  const perplexity =
    domain.length === 1 && only && summary.comparable[1]
      ? { from: format.perplexity(only.perplexity[0]!.value), to: format.perplexity(only.perplexity[1]!.value) }
      : null;
  return (
    <>
      {t(`gain.${verdict}`, { share })} {nats !== null && t('gain.nats', { nats: format.delta(nats) })}{' '}
      {perplexity && verdict !== 'same' && t('gain.perplexity', perplexity)}{' '}
      {measured && gain.interval && (verdict === 'learnt' || verdict === 'lost') && t('gain.sure')}
    </>
  );
}

const ICONS = { kept: CircleCheck, lost: TriangleAlert, unclear: CircleHelp };

/** Mean retention over general channels, against the 0.95 line. */
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
