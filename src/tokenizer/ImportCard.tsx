/** Import of a tokenizer.json, alone or with its tokenizer_config.json. */
import { FileJson } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { ImportForm } from '../ui/ImportForm';
import { useTokenizerImport } from './store';

export function ImportCard() {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const importing = useTokenizerImport();
  return (
    <ImportForm
      importing={importing}
      words={{
        title: t('import.title'),
        drop: t('import.drop'),
        hint: t('import.hint'),
        pick: t('import.pick'),
        forget: t('import.forget'),
        name: t('name'),
        namePlaceholder: t('import.namePlaceholder'),
        run: t('import.run'),
      }}
      accept=".json"
      fileIcon={<FileJson size={15} aria-hidden />}
      summary={(count, bytes) => t('import.files', { count, bytes: format.bytes(bytes) })}
      done={({ name, size }) => t('import.done', { name, size: format.count(size) })}
    />
  );
}
