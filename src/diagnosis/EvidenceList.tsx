/** Stretches of a run's curves: each curve with its stretch drawn strong, and where it goes from and to. */
import { useTranslation } from 'react-i18next';
import { Sparkline } from '../charts/Sparkline';
import type { Evidence } from '../core/diagnosis/diagnose';
import { RETENTION_LINE } from '../core/metrics/loss';
import type { RunSnapshot, Series } from '../core/run/types';
import { useFormat } from '../i18n/format';
import { channelColour } from '../channels/channel-colour';
import { useChannelTag } from '../channels/channel-name';
import styles from '../ui/diagnosis/Diagnosis.module.css';

function seriesOf({ curve, channel }: Evidence, { train, heldOut, retentionSeries }: RunSnapshot): Series | undefined {
  return curve === 'retention' ? retentionSeries : curve === 'train' ? train[channel] : heldOut[channel];
}

export function EvidenceList({ evidence, snapshot }: { evidence: readonly Evidence[]; snapshot: RunSnapshot }) {
  const { t } = useTranslation('diagnosis');
  const format = useFormat();
  const tag = useChannelTag();
  const corpusOf = (id: string) => snapshot.recipe.channels.find((channel) => channel.id === id)?.corpus ?? id;
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
        const series = seriesOf(item, snapshot);
        return (
          <li key={`${curve}-${channel}`}>
            <span className={styles.picture} aria-hidden>
              {series && series.x.length > 1 && (
                <Sparkline
                  series={series}
                  last={snapshot.steps}
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
