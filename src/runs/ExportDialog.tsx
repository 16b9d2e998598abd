/** A checkpoint as a zip or a folder that transformers loads: which step, which number format, progress, download. */
import { useState } from 'react';
import { Button, NativeSelect } from '@mantine/core';
import { Download, FolderOutput, PackageOpen } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Dialog } from '../ui/Dialog';
import { ErrorBanner } from '../ui/Banner';
import { ProgressLine } from '../channels/ProgressLine';
import { canPickFolder, useRuns, type ExportType } from './store';
import styles from './Runs.module.css';

const TYPES: readonly ExportType[] = ['F32', 'F16', 'BF16'];

export function ExportDialog() {
  const { t } = useTranslation('runs');
  const exporting = useRuns((state) => state.exporting);
  const name = useRuns((state) => state.runs.find((run) => run.id === state.exporting?.run)?.name ?? '');
  const endExport = useRuns((state) => state.endExport);
  return (
    <Dialog opened={exporting !== null} onClose={endExport} title={t('export.title', { name })}>
      {exporting && <ExportForm key={exporting.run} run={exporting.run} />}
    </Dialog>
  );
}

function ExportForm({ run }: { run: string }) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const exporting = useRuns((state) => state.exporting);
  const saved = useRuns((state) => state.checkpoints.get(run));
  const { exportRun, exportToFolder, cancelExport } = useRuns.getState();
  const steps = [...(saved ?? [])].sort((one, other) => other.step - one.step);
  const [step, setStep] = useState(steps[0]?.step ?? null);
  const [dtype, setDtype] = useState<ExportType>('F32');
  if (!exporting) return null;
  const { busy, progress, error, file, folder } = exporting;
  return (
    <div className={styles.export}>
      <p className={styles.facts}>{t('export.text')}</p>
      {step === null ? (
        <p>{t('export.none')}</p>
      ) : (
        <>
          <NativeSelect
            label={t('export.checkpoint')}
            value={String(step)}
            disabled={busy}
            onChange={(event) => setStep(Number(event.currentTarget.value))}
            data={steps.map((checkpoint) => ({
              value: String(checkpoint.step),
              label: t('export.checkpointOption', { step: format.count(checkpoint.step), date: format.dateTime(checkpoint.at) }),
            }))}
          />
          <NativeSelect
            label={t('export.dtype')}
            value={dtype}
            disabled={busy}
            onChange={(event) => setDtype(TYPES.find((type) => type === event.currentTarget.value) ?? 'F32')}
            data={TYPES.map((type) => ({ value: type, label: t(`export.${type}`) }))}
          />
          {busy && <ProgressLine progress={progress} onCancel={() => void cancelExport()} />}
          {error && <ErrorBanner error={error} />}
          {file && (
            <p role="status" className={styles.ready}>
              {t('export.ready', { name: file.name })}
            </p>
          )}
          {folder && (
            <p role="status" className={styles.ready}>
              {t('export.written', folder)}
            </p>
          )}
          {file && (
            <Button component="a" href={file.url} download={file.name} leftSection={<Download size={15} />}>
              {t('export.download', { bytes: format.bytes(file.bytes) })}
            </Button>
          )}
          {!busy && (
            <div className={styles.exportWays}>
              <Button
                variant={file ? 'default' : 'filled'}
                leftSection={<PackageOpen size={15} />}
                onClick={() => void exportRun(step, dtype)}
              >
                {t(file ? 'export.again' : 'export.run')}
              </Button>
              {canPickFolder() && (
                <Button variant="default" leftSection={<FolderOutput size={15} />} onClick={() => void exportToFolder(step, dtype)}>
                  {t('export.toFolder')}
                </Button>
              )}
            </div>
          )}
        </>
      )}
    </div>
  );
}
