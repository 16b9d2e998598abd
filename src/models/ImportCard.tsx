/** Import of a model in Hugging Face layout: a folder, loose files, or one zip. */
import { FileBox } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { ImportForm } from '../ui/ImportForm';
import { ProgressLine } from '../channels/ProgressLine';
import { useModels } from './store';

export function ImportCard() {
  const { t } = useTranslation('models');
  const format = useFormat();
  const { importing, takeFiles, nameImport, importModel, cancelImport, resetImport } = useModels();
  const { files, name, state, progress, error, made } = importing;
  const busy = state === 'busy';
  return (
    <ImportForm
      title={t('import.title')}
      drop={{
        title: t('import.drop'),
        hint: t('import.hint'),
        pick: t('import.pick'),
        pickFolder: t('import.pickFolder'),
        accept: '.json,.safetensors,.md,.txt,.zip',
        onFiles: takeFiles,
      }}
      files={files}
      fileIcon={<FileBox size={15} aria-hidden />}
      summary={(count, bytes) => t('import.files', { count, bytes: format.bytes(bytes) })}
      name={name}
      busy={busy}
      error={error}
      done={made && t('import.done', { name: made.name, parameters: format.compact(made.parameters) })}
      words={{
        forget: t('import.forget'),
        name: t('import.name'),
        namePlaceholder: t('import.namePlaceholder'),
        run: t('import.run'),
      }}
      onName={nameImport}
      onSubmit={() => void importModel()}
      onReset={resetImport}
    >
      {busy && <ProgressLine progress={progress} onCancel={() => void cancelImport()} />}
    </ImportForm>
  );
}
