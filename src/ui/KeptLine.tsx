/** The browser's answer to the request to keep the studio's data; nothing before it was asked. */
import { useTranslation } from 'react-i18next';
import styles from './KeptLine.module.css';

export function KeptLine({ persisted }: { persisted: boolean | null }) {
  const { t } = useTranslation();
  if (persisted === null) return null;
  return (
    <p className={styles.kept} data-testid="kept">
      {t(persisted ? 'storage.promised' : 'storage.notPromised')}
    </p>
  );
}
