/** What a person should know before they trust the counts. */
import { TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { PreparationRecord, WorkshopChannel } from '../../contract/corpus';
import { useFormat } from '../../i18n/format';
import styles from './Result.module.css';

export function Notes({ channel, preparation }: { channel: WorkshopChannel; preparation: PreparationRecord }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const notes = preparation.report.notes.filter((note) => note.channel === null || note.channel === channel.id);
  const { badProbes } = preparation;
  if (notes.length + badProbes.length === 0) return null;
  return (
    <ul className={styles.notes}>
      {notes.map(({ note, count }) => (
        <li key={note}>
          <TriangleAlert size={14} aria-hidden />
          {t(`note.${note}`, { count, formatted: format.count(count) })}
        </li>
      ))}
      {badProbes.slice(0, 10).map(({ name, line, reason }) => (
        <li key={`${name} ${line}`}>
          <TriangleAlert size={14} aria-hidden />
          {t('result.badProbe', { place: t('place', { path: name, line: format.count(line) }), reason })}
        </li>
      ))}
    </ul>
  );
}
