/** The base models at hand, their export, and the ways to bring another. */
import { useTranslation } from 'react-i18next';
import type { ExportType } from '../contract/run';
import type { ModelRecord } from '../contract/library';
import { Dialog } from '../ui/Dialog';
import { ExportForm, WHOLE_WEIGHTS } from '../ui/ExportForm';
import { useModelExport, useModels, useModelImport } from './store';
import { FileBox, Boxes } from 'lucide-react';
import { useFormat } from '../i18n/format';
import { ImportForm } from '../ui/ImportForm';
import { ModelNotices } from './ModelNotices';
import { EmptyState } from '../ui/Card';
import { LibraryPage, Listing, type Removal } from '../ui/LibraryPage';
import { useStorage } from '../lab/storage-store';
import { KeptLine } from '../ui/KeptLine';
import { HubCard } from './HubCard';
import { ModelItem } from './ModelItem';
import styles from './Models.module.css';

/** Of `torch_dtype` or `dtype` in config.json: the type that the weights have already. */
const STORED: Readonly<Record<string, ExportType>> = { float16: 'F16', bfloat16: 'BF16' };

/** A base model, bundled or imported, as a zip or a folder that transformers loads. */
function ModelExport() {
  const { t } = useTranslation('models');
  const exporting = useModelExport();
  const model = useModels((state) => state.models.find(({ id }) => id === exporting.target));
  return (
    <Dialog opened={model !== undefined} onClose={exporting.end} title={t('export.title', { name: model?.name ?? '' })}>
      {model && (
        <ExportForm key={model.id} exporting={exporting} types={WHOLE_WEIGHTS} type={storedType(model)} optionsOf={(dtype) => dtype}>
          <p className={styles.dim}>{t('export.text')}</p>
        </ExportForm>
      )}
    </Dialog>
  );
}

function storedType({ config }: ModelRecord): ExportType {
  return STORED[String(config['dtype'] ?? config['torch_dtype'])] ?? 'F32';
}

/** Import of a model in Hugging Face layout: a folder, loose files, or one zip. */
function ImportCard() {
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
      accept=".json,.safetensors,.gguf,.bin,.md,.txt,.zip"
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

export default function Page() {
  const { t } = useTranslation('models');
  const persisted = useStorage((state) => state.persisted);
  const { list, listError, models, failure, load, remove, dismiss } = useModels();
  const removal: Removal<ModelRecord> = {
    title: (name) => t('delete.title', { name }),
    confirm: t('delete.confirm'),
    remove,
    words: () => (
      <>
        <p>{t('delete.lost')}</p>
        <p className={styles.dim}>{t('delete.stays')}</p>
      </>
    ),
  };
  const empty = (
    <EmptyState icon={Boxes} title={t('empty.title')}>
      <p>{t('empty.text')}</p>
    </EmptyState>
  );
  return (
    <LibraryPage title={t('title')} lead={t('lead')} state={{ load, listError, failure, dismiss }} removal={removal}>
      {(askRemoval) => (
        <>
          <Listing label={t('list')} state={list} items={models} lines={7} empty={empty}>
            {(model) => <ModelItem key={model.id} model={model} onRemove={askRemoval} />}
          </Listing>
          <ImportCard />
          <HubCard />
          <KeptLine persisted={persisted} />
          <ModelExport />
        </>
      )}
    </LibraryPage>
  );
}
