/** The texts that channels draw from: what they are, where they come from, a look inside, and a person's own. */
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CorpusRecord } from '../../workers/api';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { Confirm } from '../ui/Confirm';
import { ErrorBanner } from '../ui/ErrorBanner';
import { PageHead } from '../ui/PageHead';
import { Skeleton } from '../ui/Skeleton';
import { CorpusList } from './CorpusList';
import { ImportCard } from './ImportCard';
import { Sample } from './Sample';
import { Sources } from './Sources';
import { useCorpora } from './store';
import styles from './Corpus.module.css';

export default function Page() {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { list, listError, failure, load, remove, dismiss } = useCorpora();
  const [doomed, setDoomed] = useState<CorpusRecord | null>(null);
  useEffect(() => void load(), [load]);
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      {listError && <ErrorBanner error={listError} onRetry={() => void load()} />}
      {failure && <ErrorBanner error={failure.error} onDismiss={dismiss} />}
      <div className={styles.page}>
        {list === 'loading' && (
          <Card title={t('list')}>
            <Skeleton lines={6} />
          </Card>
        )}
        {list === 'ready' && <CorpusList onRemove={setDoomed} />}
        <Sample />
        <ImportCard />
        <Sources />
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
        <p>{t('delete.lost', { bytes: format.bytes(doomed ? doomed.bytes.train + doomed.bytes.heldOut : 0) })}</p>
        <p className={styles.dim}>{t('delete.stays')}</p>
      </Confirm>
    </>
  );
}
