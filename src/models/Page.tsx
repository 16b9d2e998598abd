/** The base models at hand, and the way to bring another. */
import { useEffect, useState } from 'react';
import { Boxes } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../contract/library';
import { Card, EmptyState, PageHead, Skeleton } from '../ui/Card';
import { Confirm } from '../ui/Dialog';
import { ErrorBanner } from '../ui/Banner';
import { HubCard } from './HubCard';
import { ImportCard } from './ImportCard';
import { ModelItem } from './ModelItem';
import { useModels } from './store';
import styles from './Models.module.css';

export default function Page() {
  const { t } = useTranslation('models');
  const { list, listError, models, failure, load, remove, dismiss } = useModels();
  const [doomed, setDoomed] = useState<ModelRecord | null>(null);
  useEffect(() => void load(), [load]);
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      {listError && <ErrorBanner error={listError} onRetry={() => void load()} />}
      {failure && <ErrorBanner error={failure.error} onDismiss={dismiss} />}
      <div className={styles.page}>
        {list === 'loading' && (
          <Card>
            <Skeleton lines={7} />
          </Card>
        )}
        {list === 'ready' && models.length === 0 && (
          <Card>
            <EmptyState icon={Boxes} title={t('empty.title')}>
              <p>{t('empty.text')}</p>
            </EmptyState>
          </Card>
        )}
        {models.length > 0 && (
          <ul className={styles.list} aria-label={t('list')}>
            {models.map((model) => (
              <ModelItem key={model.id} model={model} onRemove={setDoomed} />
            ))}
          </ul>
        )}
        <ImportCard />
        <HubCard />
      </div>
      <Confirm
        opened={doomed !== null}
        title={t('delete.title', { name: doomed?.name ?? '' })}
        confirm={t('delete.confirm')}
        onClose={() => setDoomed(null)}
        onConfirm={() => {
          if (doomed) void remove(doomed.id);
          setDoomed(null);
        }}
      >
        <p>{t('delete.lost')}</p>
        <p className={styles.dim}>{t('delete.stays')}</p>
      </Confirm>
    </>
  );
}
