/** Import of a tokenizer.json, alone or with its tokenizer_config.json. */
import { FileJson } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { ImportForm } from '../ui/ImportForm';
import { useTokenizers } from './store';

export function ImportCard() {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const { importing, takeFiles, nameImport, importTokenizer, resetImport } = useTokenizers();
  const { files, name, state, error, made } = importing;
  return (
    <ImportForm
      title={t('import.title')}
      drop={{ title: t('import.drop'), hint: t('import.hint'), pick: t('import.pick'), accept: '.json', onFiles: takeFiles }}
      files={files}
      fileIcon={<FileJson size={15} aria-hidden />}
      summary={(count, bytes) => t('import.files', { count, bytes: format.bytes(bytes) })}
      name={name}
      busy={state === 'busy'}
      error={error}
      done={made && t('import.done', { name: made.name, size: format.count(made.size) })}
      words={{ forget: t('import.forget'), name: t('name'), namePlaceholder: t('import.namePlaceholder'), run: t('import.run') }}
      onName={nameImport}
      onSubmit={() => void importTokenizer()}
      onReset={resetImport}
    />
  );
}
