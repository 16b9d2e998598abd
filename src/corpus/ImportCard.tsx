/** Import of a person's own text: files, name, role, progress, and what came of it. */
import { useMemo } from 'react';
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { CircleCheck, FileText, Import as ImportIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { ErrorBanner } from '../ui/ErrorBanner';
import { FileDrop } from '../ui/FileDrop';
import { ProgressLine } from '../ui/ProgressLine';
import { TEXT_EXTENSIONS } from './import-check';
import { useCorpora } from './store';
import styles from './Import.module.css';

export function ImportCard() {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const format = useFormat();
  const { importing, takeFiles, describeImport, importFiles, cancelImport, resetImport } = useCorpora();
  const { files, name, role, state, progress, error, made } = importing;
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
            <span>
              {t('import.done', {
                name: made.name,
                train: format.count(made.documents.train),
                heldOut: format.count(made.documents.heldOut),
              })}
            </span>
            <Link href="/desk">{t('import.toDesk')}</Link>
          </p>
        )}
        {files.length === 0 ? (
          <FileDrop
            title={t('import.drop')}
            hint={t('import.hint')}
            pick={t('import.pick')}
            accept={TEXT_EXTENSIONS.join(',')}
            onFiles={takeFiles}
          />
        ) : (
          <>
            <div className={styles.files}>
              <FileText size={15} aria-hidden />
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
                void importFiles();
              }}
            >
              <TextInput
                label={t('import.name')}
                placeholder={t('import.namePlaceholder')}
                value={name}
                maxLength={60}
                required
                disabled={busy}
                onChange={(event) => describeImport({ name: event.currentTarget.value })}
              />
              <div className={styles.role}>
                <span id="import-role">{t('import.role')}</span>
                <SegmentedControl
                  aria-labelledby="import-role"
                  value={role}
                  disabled={busy}
                  onChange={(chosen) => describeImport({ role: chosen })}
                  data={(['domain', 'general'] as const).map((value) => ({ value, label: common(`role.${value}`) }))}
                />
              </div>
              <Button type="submit" leftSection={<ImportIcon size={15} />} disabled={busy || name.trim() === ''}>
                {t('import.run')}
              </Button>
            </form>
            <p className={styles.dim}>{t(`import.roleHint.${role}`)}</p>
            {busy && <ProgressLine progress={progress} onCancel={() => void cancelImport()} />}
          </>
        )}
      </div>
    </Card>
  );
}
