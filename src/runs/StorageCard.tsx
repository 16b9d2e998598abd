/** How much of the browser's storage is used, and which runs would free the most. */
import { Progress } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { useStorage } from '../lab/storage-store';
import { Card } from '../ui/Card';
import { KeptLine } from '../ui/KeptLine';
import { diskUse } from './run-facts';
import { useRuns } from './store';
import styles from './Runs.module.css';

/** Runs named as worth deleting. */
const LARGEST = 3;

export function StorageCard() {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const storage = useRuns((state) => state.storage);
  const runs = useRuns((state) => state.runs);
  const checkpoints = useRuns((state) => state.checkpoints);
  const persisted = useStorage((state) => state.persisted);
  if (!storage) return null;
  const held = diskUse(runs, checkpoints).filter(({ bytes }) => bytes > 0);
  const inRuns = held.reduce((sum, { bytes }) => sum + bytes, 0);
  const known = storage.quota > 0;
  // The browser's estimate lags behind what was just written.
  const used = Math.max(storage.used, inRuns);
  const amounts = { used: format.bytes(used), quota: format.bytes(storage.quota) };
  const share = (bytes: number) => (bytes / storage.quota) * 100;
  return (
    <Card title={t('storage.title')} className={styles.storage}>
      {known ? (
        <>
          <p className={styles.used}>{t('storage.used', amounts)}</p>
          <Progress.Root className={styles.track} size={8} radius={9} role="img" aria-label={t('storage.label', amounts)}>
            <Progress.Section value={share(inRuns)} withAria={false} />
            <Progress.Section value={share(used - inRuns)} color="var(--line-strong)" withAria={false} />
          </Progress.Root>
        </>
      ) : (
        <p>{t('storage.unknown')}</p>
      )}
      <p className={styles.facts}>
        {t('storage.runs', { bytes: format.bytes(inRuns) })} {t('storage.rest')}
      </p>
      <KeptLine persisted={persisted} />
      {held.length > 0 && (
        <p className={styles.facts}>
          {t('storage.free')}{' '}
          {held
            .slice(0, LARGEST)
            .map(({ run, bytes }) => t('storage.item', { name: run.name, bytes: format.bytes(bytes) }))
            .join(', ')}
        </p>
      )}
    </Card>
  );
}
