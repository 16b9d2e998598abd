/** Text files imported in one step: files, name, role, progress, and what was made and left out. */
import { SegmentedControl } from '@mantine/core';
import { FileText } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { CorpusRecord } from '../../contract/corpus';
import { useFormat } from '../../i18n/format';
import { ImportForm } from '../../ui/ImportForm';
import { useWorkshop } from '../channels/store';
import { TEXT_EXTENSIONS, useCorpora, useCorpusImport } from '../store';
import styles from './Ingest.module.css';

export function ImportCard() {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const format = useFormat();
  const loadWorkshop = useWorkshop((state) => state.load);
  const importing = useCorpusImport();
  const role = useCorpora((state) => state.importRole);
  const setRole = useCorpora((state) => state.setImportRole);
  const leftOut = (what: 'duplicates' | 'badLines', count: number) => t(`import.${what}`, { count, formatted: format.count(count) });
  const done = (made: CorpusRecord) => (
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
        disabled={importing.state === 'busy'}
        onChange={setRole}
        data={(['domain', 'general'] as const).map((value) => ({ value, label: common(`role.${value}`) }))}
      />
    </div>
  );
  return (
    <ImportForm
      importing={importing}
      words={{
        title: t('import.title'),
        drop: t('import.drop'),
        hint: t('import.hint'),
        pick: t('import.pick'),
        forget: t('import.forget'),
        name: t('import.name'),
        namePlaceholder: t('import.namePlaceholder'),
        run: t('import.run'),
      }}
      accept={TEXT_EXTENSIONS.join(',')}
      fileIcon={<FileText size={15} aria-hidden />}
      summary={(count, bytes) => t('import.files', { count, bytes: format.bytes(bytes) })}
      done={done}
      onSubmit={() => void importing.submit().then(loadWorkshop)}
      fields={fields}
    >
      <p className={styles.dim}>{t(`import.roleHint.${role}`)}</p>
    </ImportForm>
  );
}
