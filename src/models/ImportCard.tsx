/** Import of a model in Hugging Face layout: a folder, loose files, or one zip. */
import { FileBox } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { ImportForm } from '../ui/ImportForm';
import { ModelNotices } from './ModelNotices';
import { useModelImport } from './store';

export function ImportCard() {
  const { t } = useTranslation('models');
  const format = useFormat();
  const importing = useModelImport();
  return (
    <ImportForm
      importing={importing}
      words={{
        title: t('import.title'),
        drop: t('import.drop'),
        hint: t('import.hint'),
        pick: t('import.pick'),
        pickFolder: t('import.pickFolder'),
        forget: t('import.forget'),
        name: t('import.name'),
        namePlaceholder: t('import.namePlaceholder'),
        run: t('import.run'),
      }}
      accept=".json,.safetensors,.bin,.md,.txt,.zip"
      fileIcon={<FileBox size={15} aria-hidden />}
      summary={(count, bytes) => t('import.files', { count, bytes: format.bytes(bytes) })}
      done={({ name, parameters, notices }) => (
        <>
          {t('import.done', { name, parameters: format.compact(parameters) })}
          {notices && <ModelNotices notices={notices} />}
        </>
      )}
    />
  );
}
