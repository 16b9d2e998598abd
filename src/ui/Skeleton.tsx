/** Grey bars in the place of what is being read. */
import { useTranslation } from 'react-i18next';
import styles from './Skeleton.module.css';

export function Skeleton({ lines = 4 }: { lines?: number }) {
  const { t } = useTranslation();
  return (
    <div className={styles.skeleton} role="status" aria-label={t('loading')}>
      {Array.from({ length: lines }, (_, at) => (
        <div key={at} className={styles.bar} aria-hidden />
      ))}
    </div>
  );
}
