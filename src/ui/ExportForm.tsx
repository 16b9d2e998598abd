/** An export as a zip or into a folder: the number format of the weights, progress, errors, and the download. */
import { useState, type ReactNode } from 'react';
import { Button, NativeSelect } from '@mantine/core';
import { Download, FolderOutput, PackageOpen } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ProgressLine } from '../channels/ProgressLine';
import type { ExportType, RunExportType } from '../contract/run';
import { useFormat } from '../i18n/format';
import { ErrorBanner } from './Banner';
import { canPickFolder, type ExportState } from './export-store';
import styles from './ExportForm.module.css';

/** Number formats of whole weights. */
export const WHOLE_WEIGHTS: readonly ExportType[] = ['F32', 'F16', 'BF16', 'GGUF-F16', 'GGUF-Q8_0'];

interface ExportFormProps<Options, Type extends RunExportType> {
  exporting: ExportState<Options>;
  types: readonly Type[];
  /** Chosen at first. */
  type: Type;
  /** Formats of another kind, below the others. */
  logs?: { label: string; types: readonly Type[] };
  /** Said below the choice. */
  note?: string | undefined;
  optionsOf: (type: Type) => Options;
  /** More fields, above the number format. */
  children?: ReactNode;
}

export function ExportForm<Options, Type extends RunExportType>(props: ExportFormProps<Options, Type>) {
  const { exporting, types, type, logs, note, optionsOf, children } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const [dtype, setDtype] = useState<Type>(type);
  const options = (of: readonly Type[]) => of.map((one) => ({ value: one, label: t(`export.${one}`) }));
  const { busy, progress, error, file, folder, toZip, toFolder, cancel } = exporting;
  return (
    <div className={styles.export}>
      {children}
      <NativeSelect
        label={t(logs ? 'export.kind' : 'export.dtype')}
        description={note}
        inputWrapperOrder={['label', 'input', 'description']}
        value={dtype}
        disabled={busy}
        onChange={(event) => setDtype([...types, ...(logs?.types ?? [])].find((one) => one === event.currentTarget.value) ?? type)}
        data={
          logs
            ? [
                { group: t('export.weights'), items: options(types) },
                { group: logs.label, items: options(logs.types) },
              ]
            : options(types)
        }
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
