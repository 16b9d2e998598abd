/** The legend is made of buttons: one press shows that line alone, a second brings all back. */
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel-name';
import type { LossLine } from './loss-lines';
import styles from './LossChart.module.css';

interface Props {
  lines: readonly LossLine[];
  solo: string | null;
  onSolo(id: string | null): void;
}

export function LossLegend({ lines, solo, onSolo }: Props) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const tag = useChannelTag();
  return (
    <div className={styles.legend}>
      <div className={styles.series} role="group" aria-label={t('chart.legend')}>
        {lines.map(({ id, colour }) => (
          <button
            key={id}
            type="button"
            className={styles.entry}
            aria-pressed={solo === id}
            data-dimmed={(solo !== null && solo !== id) || undefined}
            title={t(solo === id ? 'chart.showAll' : 'chart.solo', { channel: tag(id) })}
            onClick={() => onSolo(solo === id ? null : id)}
          >
            <i style={{ background: colour }} aria-hidden />
            {id === 'total' ? common('total') : tag(id)}
          </button>
        ))}
      </div>
      <div className={styles.kinds} aria-hidden>
        <span data-kind="held-out">{t('heldOut')}</span>
        <span data-kind="train">{t('train')}</span>
        <span data-kind="base">{t('base')}</span>
      </div>
    </div>
  );
}
