/** A checkpoint as a zip or a folder that transformers loads: which step, and the form of every export. */
import { useState } from 'react';
import { NativeSelect } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Dialog } from '../ui/Dialog';
import { ExportForm } from '../ui/ExportForm';
import { useRunExport, useRuns } from './store';
import styles from './Runs.module.css';

export function ExportDialog() {
  const { t } = useTranslation('runs');
  const target = useRunExport((state) => state.target);
  const end = useRunExport((state) => state.end);
  const name = useRuns((state) => state.runs.find((run) => run.id === target)?.name ?? '');
  return (
    <Dialog opened={target !== null} onClose={end} title={t('export.title', { name })}>
      {target !== null && <RunExport key={target} run={target} />}
    </Dialog>
  );
}

function RunExport({ run }: { run: string }) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const exporting = useRunExport();
  const adapter = useRuns((state) => state.runs.find(({ id }) => id === run)?.recipe.method !== undefined);
  const saved = useRuns((state) => state.checkpoints.get(run));
  const steps = [...(saved ?? [])].sort((one, other) => other.step - one.step);
  const [step, setStep] = useState(steps[0]?.step ?? null);
  if (step === null) return <p>{t('export.none')}</p>;
  return (
    <ExportForm exporting={exporting} type="F32" adapter={adapter} optionsOf={(dtype) => ({ step, dtype })}>
      <p className={styles.facts}>{t('export.text')}</p>
      <NativeSelect
        label={t('export.checkpoint')}
        value={String(step)}
        disabled={exporting.busy}
        onChange={(event) => setStep(Number(event.currentTarget.value))}
        data={steps.map((checkpoint) => ({
          value: String(checkpoint.step),
          label: t('export.checkpointOption', { step: format.count(checkpoint.step), date: format.dateTime(checkpoint.at) }),
        }))}
      />
    </ExportForm>
  );
}
