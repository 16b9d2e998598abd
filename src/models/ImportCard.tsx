/** Import of a model in Hugging Face layout, from a folder or from loose files. */
import { useMemo } from 'react';
import { Button, TextInput } from '@mantine/core';
import { CircleCheck, FileBox, Import as ImportIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { ErrorBanner } from '../ui/ErrorBanner';
import { FileDrop } from '../ui/FileDrop';
import { ProgressLine } from '../ui/ProgressLine';
import { useModels } from './store';
import styles from './Models.module.css';

export function ImportCard() {
  const { t } = useTranslation('models');
  const format = useFormat();
  const { importing, takeFiles, nameImport, importModel, resetImport } = useModels();
  const { files, name, state, progress, error, made } = importing;
  const bytes = useMemo(() => files.reduce((sum, file) => sum + file.size, 0), [files]);
  const busy = state === 'busy';
  return (
    <Card title={t('import.title')}>
      <div className={styles.import}>
        {error && (
          <div className={styles.error}>
            <ErrorBanner error={error} onDismiss={resetImport} />
          </div>
        )}
        {made && (
          <p className={styles.done} role="status">
            <CircleCheck size={15} aria-hidden />
            {t('import.done', { name: made.name, parameters: format.compact(made.parameters) })}
          </p>
        )}
        {files.length === 0 ? (
          <FileDrop
            title={t('import.drop')}
            hint={t('import.hint')}
            pick={t('import.pick')}
            pickFolder={t('import.pickFolder')}
            accept=".json,.safetensors,.md,.txt,.model"
            onFiles={takeFiles}
          />
        ) : (
          <>
            <div className={styles.files}>
              <FileBox size={15} aria-hidden />
              <span className={styles.names}>{files.map((file) => file.name).join(', ')}</span>
              <span className={styles.dim}>{t('import.files', { count: files.length, bytes: format.bytes(bytes) })}</span>
              {!busy && (
                <button type="button" className={styles.link} onClick={resetImport}>
                  {t('import.forget')}
                </button>
              )}
            </div>
            <form
              className={styles.form}
              onSubmit={(event) => {
                event.preventDefault();
                void importModel();
              }}
            >
              <TextInput
                label={t('import.name')}
                placeholder={t('import.namePlaceholder')}
                value={name}
                maxLength={60}
                required
                disabled={busy}
                onChange={(event) => nameImport(event.currentTarget.value)}
              />
              <Button type="submit" leftSection={<ImportIcon size={15} />} disabled={busy || name.trim() === ''}>
                {t('import.run')}
              </Button>
            </form>
            {busy && <ProgressLine progress={progress} />}
          </>
        )}
      </div>
    </Card>
  );
}
