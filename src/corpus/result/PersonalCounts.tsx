/** Personal data that was found, by kind, and whether it was masked; a count opens its rows. */
import { useTranslation } from 'react-i18next';
import type { PreparationRecord } from '../../contract/corpus';
import type { ChannelReport } from '../../core/corpus/report';
import { personalKinds } from '../../core/corpus/settings';
import { useFormat } from '../../i18n/format';
import { useRows } from './rows-store';
import styles from './Result.module.css';

export function PersonalCounts({ preparation, report }: { preparation: PreparationRecord; report: ChannelReport }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const open = useRows((state) => state.open);
  const { mask } = preparation.report.settings.personal;
  const { personal, channel } = report;
  return (
    <section className={styles.personal} aria-label={t('personal.title')}>
      <h3>{t('personal.title')}</h3>
      {personal.rows === 0 ? (
        <p className={styles.dim}>{t('personal.none')}</p>
      ) : (
        <ul>
          {personalKinds
            .filter((kind) => personal[kind] > 0)
            .map((kind) => (
              <li key={kind} data-kind={kind}>
                <span>{t(`personal.${kind}`)}</span>
                <button
                  type="button"
                  className={styles.count}
                  aria-label={t('personal.open', { kind: t(`personal.${kind}`), formatted: format.count(personal[kind]) })}
                  onClick={() => open(preparation.id, { channel: channel.id, personal: kind }, t(`personal.${kind}`))}
                >
                  {format.count(personal[kind])}
                </button>
                <span className={styles.dim}>{t(mask[kind] ? 'personal.masked' : 'personal.counted')}</span>
              </li>
            ))}
        </ul>
      )}
    </section>
  );
}
