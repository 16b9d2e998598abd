/** Text files imported in one step: files, name, role, progress, and what was made and left out. */
import { SegmentedControl } from '@mantine/core';
import { FileText } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useFormat } from '../../i18n/format';
import { ImportForm } from '../../ui/ImportForm';
import { ProgressLine } from '../../channels/ProgressLine';
import { useWorkshop } from '../channels/store';
import { TEXT_EXTENSIONS, useCorpora } from '../store';
import styles from './Ingest.module.css';

export function ImportCard() {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const format = useFormat();
  const loadWorkshop = useWorkshop((state) => state.load);
  const { importing, takeFiles, describeImport, importFiles, cancelImport, resetImport } = useCorpora();
  const { files, name, role, state, progress, error, made } = importing;
  const busy = state === 'busy';
  const leftOut = (what: 'duplicates' | 'badLines', count: number) => t(`import.${what}`, { count, formatted: format.count(count) });
  const done = made && (
    <>
      <span>
        {t('import.done', {
          name: made.name,
          train: format.count(made.documents.train),
          heldOut: format.count(made.documents.heldOut),
        })}
      </span>
      {made.leftOut && made.leftOut.duplicates > 0 && <span>{leftOut('duplicates', made.leftOut.duplicates)}</span>}
      {made.leftOut && made.leftOut.badLines > 0 && <span>{leftOut('badLines', made.leftOut.badLines)}</span>}
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
      onSubmit={() => void importFiles().then(loadWorkshop)}
      onReset={resetImport}
      fields={fields}
    >
      <p className={styles.dim}>{t(`import.roleHint.${role}`)}</p>
      {busy && <ProgressLine progress={progress} onCancel={() => void cancelImport()} />}
    </ImportForm>
  );
}
