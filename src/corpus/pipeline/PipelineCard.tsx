/** Step 3: the channels that take part, every stage with its switch and parameters, and the run with its progress. */
import { Button, Progress as ProgressBar, Chip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { usePreparing, type PipelinePhase } from './run-store';
import { usePipelineSettings, settingsFaults, settingsWarnings, type PipelineFault } from './settings-store';
import { CircleCheck, Play, RotateCcw } from 'lucide-react';
import { Card } from '../../ui/Card';
import { ErrorBanner } from '../../ui/Banner';
import { NumberField } from '../../ui/fields';
import { rawSize, useWorkshop } from '../channels/store';
import { ChangingStages, CleaningStages } from './CleaningStages';
import { SelectionStages } from './SelectionStages';
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
                ? t('ingest.rows', { count: progress.rows, formatted: format.count(progress.rows) })
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

/** Step 3: every stage with its switch and parameters, the channels that take part, and the run. */
export function PipelineCard({ onNext }: { onNext: () => void }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { channels, sources } = useWorkshop();
  const { settings, without, takePart, setSeed, reset } = usePipelineSettings();
  const { state, error, made, prepare, dismiss } = usePreparing();
  const busy = state === 'busy';
  const filled = channels.filter(({ id }) => rawSize(sources, id).rows > 0);
  const chosen = filled.filter(({ id }) => !without.includes(id));
  if (filled.length === 0)
    return (
      <Card title={t('steps.pipeline')} data-testid="pipeline">
        <p className={styles.dim}>{t('pipeline.none')}</p>
      </Card>
    );
  const faults: PipelineFault[] = [...(chosen.length === 0 ? (['no-channels'] as const) : []), ...settingsFaults(settings)];
  const warnings = settingsWarnings(settings, chosen, sources);
  return (
    <Card
      title={t('steps.pipeline')}
      data-testid="pipeline"
      aside={
        <Button size="compact-xs" variant="default" leftSection={<RotateCcw size={13} />} disabled={busy} onClick={reset}>
          {t('pipeline.reset')}
        </Button>
      }
    >
      <div className={styles.body}>
        <fieldset className={styles.part}>
          <legend>{t('pipeline.channels')}</legend>
          {filled.map(({ id, name }) => (
            <Chip key={id} size="xs" variant="outline" checked={!without.includes(id)} disabled={busy} onChange={(on) => takePart(id, on)}>
              {name}
            </Chip>
          ))}
        </fieldset>
        <ol className={styles.stages}>
          <CleaningStages disabled={busy} />
          <SelectionStages disabled={busy} />
          <ChangingStages disabled={busy} />
        </ol>
        <div className={styles.run}>
          <NumberField
            label={t('pipeline.seed')}
            value={settings.seed}
            min={0}
            max={0xffffffff}
            integer
            disabled={busy}
            onChange={setSeed}
          />
          <Button
            leftSection={<Play size={15} />}
            disabled={busy || faults.length > 0}
            onClick={() => void prepare(chosen.map(({ id }) => id))}
            data-testid="prepare"
          >
            {t('pipeline.run')}
          </Button>
          <ul className={styles.faults} aria-live="polite">
            {faults.map((fault) => (
              <li key={fault} data-fault>
                {t(`pipeline.fault.${fault}`)}
              </li>
            ))}
            {warnings.map((warning) => (
              <li key={warning}>{t(`pipeline.warning.${warning}`)}</li>
            ))}
          </ul>
        </div>
        {busy && <PreparingProgress />}
        {error && <ErrorBanner error={error} onDismiss={dismiss} />}
        {state === 'done' && made && (
          <p className={styles.done} role="status" data-testid="prepared">
            <CircleCheck size={15} aria-hidden />
            <span>{t('pipeline.done', { time: format.duration(made.report.timings.wall) })}</span>
            <button type="button" className={styles.link} onClick={onNext}>
              {t('pipeline.next')}
            </button>
          </p>
        )}
      </div>
    </Card>
  );
}
