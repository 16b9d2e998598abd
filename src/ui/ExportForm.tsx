/** An export as a zip or into a folder: the number format of the weights, progress, errors, and the download. */
import { useState, type ReactNode } from 'react';
import { Button, NativeSelect } from '@mantine/core';
import { Download, FolderOutput, PackageOpen } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ProgressLine } from '../channels/ProgressLine';
import type { ExportType } from '../contract/run';
import { useFormat } from '../i18n/format';
import { ErrorBanner } from './Banner';
import { canPickFolder, type ExportState } from './export-store';
import styles from './ExportForm.module.css';

const WHOLE: readonly ExportType[] = ['F32', 'F16', 'BF16', 'GGUF-F16', 'GGUF-Q8_0'];

interface ExportFormProps<Options> {
  exporting: ExportState<Options>;
  /** Chosen at first. */
  type: ExportType;
  /** What is exported has an adapter of its own, beside whole weights or alone: one that cannot be added to them. */
  adapter?: 'beside' | 'alone' | undefined;
  optionsOf: (type: ExportType) => Options;
  /** More fields, above the number format. */
  children?: ReactNode;
}

export function ExportForm<Options>({ exporting, type, adapter, optionsOf, children }: ExportFormProps<Options>) {
  const { t } = useTranslation();
  const format = useFormat();
  const [dtype, setDtype] = useState<ExportType>(adapter === 'alone' ? 'PEFT' : type);
  const types: readonly ExportType[] = adapter === 'alone' ? ['PEFT'] : adapter ? [...WHOLE, 'PEFT'] : WHOLE;
  const { busy, progress, error, file, folder, toZip, toFolder, cancel } = exporting;
  return (
    <div className={styles.export}>
      {children}
      <NativeSelect
        label={t('export.dtype')}
        description={adapter === 'alone' ? t('export.unmergeable') : undefined}
        inputWrapperOrder={['label', 'input', 'description']}
        value={dtype}
        disabled={busy}
        onChange={(event) => setDtype(types.find((one) => one === event.currentTarget.value) ?? 'F32')}
        data={types.map((one) => ({ value: one, label: t(`export.${one}`) }))}
      />
      {busy && <ProgressLine progress={progress} onCancel={() => void cancel()} />}
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
        <div className={styles.ways}>
          <Button
            variant={file ? 'default' : 'filled'}
            leftSection={<PackageOpen size={15} />}
            onClick={() => void toZip(optionsOf(dtype))}
          >
            {t(file ? 'export.again' : 'export.run')}
          </Button>
          {canPickFolder() && (
            <Button variant="default" leftSection={<FolderOutput size={15} />} onClick={() => void toFolder(optionsOf(dtype))}>
              {t('export.toFolder')}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
