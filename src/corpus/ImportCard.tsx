/** Import of a person's own text: files, name, role, progress, and what came of it. */
import { SegmentedControl } from '@mantine/core';
import { FileText } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useFormat } from '../i18n/format';
import { ImportForm } from '../ui/ImportForm';
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
  const busy = state === 'busy';
  const done = made && (
    <>
      <span>
        {t('import.done', {
          name: made.name,
          train: format.count(made.documents.train),
          heldOut: format.count(made.documents.heldOut),
        })}
      </span>
      <Link href="/desk">{t('import.toDesk')}</Link>
    </>
  );
  const fields = (
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
  );
  return (
    <ImportForm
      title={t('import.title')}
      drop={{
        title: t('import.drop'),
        hint: t('import.hint'),
        pick: t('import.pick'),
        accept: TEXT_EXTENSIONS.join(','),
        onFiles: takeFiles,
      }}
      files={files}
      fileIcon={<FileText size={15} aria-hidden />}
      summary={(count, bytes) => t('import.files', { count, bytes: format.bytes(bytes) })}
      name={name}
      busy={busy}
      error={error}
      done={done}
      words={{
        forget: t('import.forget'),
        name: t('import.name'),
        namePlaceholder: t('import.namePlaceholder'),
        run: t('import.run'),
      }}
      onName={(given) => describeImport({ name: given })}
      onSubmit={() => void importFiles()}
      onReset={resetImport}
      fields={fields}
    >
      <p className={styles.dim}>{t(`import.roleHint.${role}`)}</p>
      {busy && <ProgressLine progress={progress} onCancel={() => void cancelImport()} />}
    </ImportForm>
  );
}
