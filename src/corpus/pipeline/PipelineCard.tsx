/** Step 3: every stage with its switch and parameters, the channels that take part, and the run. */
import { Button, Chip } from '@mantine/core';
import { CircleCheck, Play, RotateCcw } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { ErrorBanner } from '../../ui/ErrorBanner';
import { NumberField } from '../../ui/NumberField';
import { rawSize, useWorkshop } from '../channels/store';
import { ChangingStages } from './ChangingStages';
import { CleaningStages } from './CleaningStages';
import { PreparingProgress } from './PreparingProgress';
import { SelectionStages } from './SelectionStages';
import { settingsFaults, settingsWarnings, type PipelineFault } from './faults';
import { usePreparing } from './run-store';
import { usePipelineSettings } from './settings-store';
import styles from './Pipeline.module.css';

export function PipelineCard({ onNext }: { onNext: () => void }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { channels, sources } = useWorkshop();
  const { settings, without, takePart, setSeed, reset } = usePipelineSettings();
  const { state, error, made, prepare, dismiss } = usePreparing();
  const busy = state === 'busy';
  const filled = channels.filter(({ id }) => rawSize(sources, id).rows > 0);
  const taking = filled.filter(({ id }) => !without.includes(id));
  if (filled.length === 0)
    return (
      <Card title={t('steps.pipeline')} data-testid="pipeline">
        <p className={styles.dim}>{t('pipeline.none')}</p>
      </Card>
    );
  const faults: PipelineFault[] = [...(taking.length === 0 ? (['no-channels'] as const) : []), ...settingsFaults(settings)];
  const warnings = settingsWarnings(settings, taking, sources);
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
            onClick={() => void prepare(taking.map(({ id }) => id))}
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
