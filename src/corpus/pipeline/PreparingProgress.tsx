/** Where a preparation stands: its phases in order, rows and speed of the present one, and a way to stop it. */
import { Button, Progress as ProgressBar } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { usePreparing, type PipelinePhase } from './run-store';
import { usePipelineSettings } from './settings-store';
import styles from './Pipeline.module.css';

const PHASES: readonly PipelinePhase[] = ['measure', 'compare', 'decontaminate', 'difficulty', 'write'];

export function PreparingProgress() {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const format = useFormat();
  const { progress, cancel } = usePreparing();
  const { settings, base } = usePipelineSettings();
  const without: Partial<Record<PipelinePhase, boolean>> = {
    decontaminate: !settings.decontaminate.enabled,
    difficulty: settings.order.kind !== 'curriculum' || base === null,
  };
  const shown = PHASES.filter((phase) => !without[phase]);
  const at = progress ? shown.indexOf(progress.phase) : -1;
  const ratio = progress?.total ? Math.min(1, progress.rows / progress.total) : null;
  return (
    <div className={styles.preparing} data-testid="preparing">
      <ol className={styles.phases}>
        {shown.map((phase, index) => (
          <li key={phase} data-state={index < at ? 'done' : index === at ? 'now' : 'next'} aria-current={index === at ? 'step' : undefined}>
            {t(`pipeline.phase.${phase}`)}
          </li>
        ))}
      </ol>
      <ProgressBar.Root size={8} radius={9}>
        <ProgressBar.Section
          value={(ratio ?? 0.06) * 100}
          animated={ratio === null}
          striped={ratio === null}
          aria-label={progress ? t(`pipeline.phase.${progress.phase}`) : common('loading')}
        />
      </ProgressBar.Root>
      <div className={styles.figures}>
        <span role="status">{progress ? t(`pipeline.phase.${progress.phase}`) : common('loading')}</span>
        {progress && (
          <>
            <span>
              {progress.total === null
                ? t('takeIn.rows', { count: progress.rows, formatted: format.count(progress.rows) })
                : t('pipeline.rows', { done: format.count(progress.rows), total: format.count(progress.total) })}
            </span>
            <span>{t('pipeline.speed', { speed: format.compact(progress.unitsPerSecond) })}</span>
          </>
        )}
        <Button size="xs" variant="default" onClick={() => void cancel()}>
          {common('cancel')}
        </Button>
      </div>
    </div>
  );
}
