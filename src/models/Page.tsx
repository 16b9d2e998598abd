/** The base models at hand, and the way to bring another. */
import { Boxes } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../contract/library';
import { EmptyState } from '../ui/Card';
import { LibraryPage, Listing, type Removal } from '../ui/LibraryPage';
import { useStorage } from '../lab/storage-store';
import { KeptLine } from '../ui/KeptLine';
import { HubCard } from './HubCard';
import { ImportCard } from './ImportCard';
import { ModelExport } from './ModelExport';
import { ModelItem } from './ModelItem';
import { useModels } from './store';
import styles from './Models.module.css';

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
    <LibraryPage
      title={t('title')}
      lead={t('lead')}
      load={load}
      listError={listError}
      failure={failure?.error}
      onDismiss={dismiss}
      removal={removal}
    >
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
