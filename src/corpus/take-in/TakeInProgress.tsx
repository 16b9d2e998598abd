/** A take-in under way: file, bytes, speed, rows, time left, and a way to stop it. */
import { Button, Progress as ProgressBar } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { useTakeIn } from './store';
import styles from './TakeIn.module.css';

export function TakeInProgress() {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const format = useFormat();
  const progress = useTakeIn((state) => state.progress);
  const cancel = useTakeIn((state) => state.cancel);
  const ratio = progress && progress.total > 0 ? Math.min(1, progress.done / progress.total) : null;
  const secondsLeft = progress && progress.bytesPerSecond > 0 ? (progress.total - progress.done) / progress.bytesPerSecond : null;
  return (
    <div className={styles.progress} data-testid="take-in-progress">
      <div className={styles.summary}>
        <strong role="status">
          {progress
            ? t('takeIn.reading', { path: progress.path, file: progress.file, files: format.count(progress.files) })
            : common('loading')}
        </strong>
        <Button size="xs" variant="default" onClick={() => void cancel()}>
          {common('cancel')}
        </Button>
      </div>
      <ProgressBar.Root size={8} radius={9}>
        <ProgressBar.Section
          value={(ratio ?? 0.04) * 100}
          animated={ratio === null}
          striped={ratio === null}
          aria-label={t('takeIn.progress')}
        />
      </ProgressBar.Root>
      {progress && (
        <p className={styles.facts}>
          <span>{t('takeIn.bytes', { done: format.bytes(progress.done), total: format.bytes(progress.total) })}</span>
          <span>{t('takeIn.speed', { speed: format.bytes(progress.bytesPerSecond) })}</span>
          <span data-testid="take-in-rows">{t('takeIn.rows', { count: progress.rows, formatted: format.count(progress.rows) })}</span>
          {progress.badRows > 0 && (
            <span className={styles.bad}>
              {t('takeIn.badRows', { count: progress.badRows, formatted: format.count(progress.badRows) })}
            </span>
          )}
          {secondsLeft !== null && <span>{common('timeLeft', { time: format.duration(secondsLeft) })}</span>}
        </p>
      )}
    </div>
  );
}
