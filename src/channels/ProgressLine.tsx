/** What a worker is doing, how far it is, and a way to stop it. */
import { Button, Progress as ProgressBar } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Progress } from '../contract/progress';
import { useFormat } from '../i18n/format';
import { useChannelName } from './channel';
import styles from './ProgressLine.module.css';

interface Props {
  /** null before the first report. */
  progress: Progress | null;
  /** Shown when it is known. */
  secondsLeft?: number | null;
  onCancel?: (() => void) | undefined;
}

export function ProgressLine({ progress, secondsLeft = null, onCancel }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const channelName = useChannelName();
  const ratio = progress && progress.total > 0 ? Math.min(1, progress.done / progress.total) : null;
  const words = progress ? t(`phase.${progress.phase}`, { item: channelName(progress.item) }) : t('loading');
  return (
    <div className={styles.line}>
      <span className={styles.words} role="status">
        {words}
      </span>
      <ProgressBar.Root className={styles.bar} size={6} radius={9}>
        <ProgressBar.Section value={(ratio ?? 0.04) * 100} animated={ratio === null} striped={ratio === null} aria-label={words} />
      </ProgressBar.Root>
      {ratio !== null && <span>{format.percent(ratio, 0)}</span>}
      {secondsLeft !== null && <span>{t('timeLeft', { time: format.duration(secondsLeft) })}</span>}
      {onCancel && (
        <Button size="xs" variant="default" onClick={onCancel}>
          {t('cancel')}
        </Button>
      )}
    </div>
  );
}
