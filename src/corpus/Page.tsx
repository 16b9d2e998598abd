/** The workshop, from a person's files to clean channels step by step; below it every text that is at hand and where it comes from. */
import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CorpusRecord } from '../contract/corpus';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { Confirm } from '../ui/Confirm';
import { ErrorBanner } from '../ui/ErrorBanner';
import { PageHead } from '../ui/PageHead';
import { Skeleton } from '../ui/Skeleton';
import { ChannelsCard } from './channels/ChannelsCard';
import { useWorkshop } from './channels/store';
import { CorpusList } from './CorpusList';
import { Sample } from './Sample';
import { Sources } from './Sources';
import { goToStep, stepId, Steps, type Step } from './Steps';
import { useCorpora } from './store';
import { TakeInCard } from './take-in/TakeInCard';
import styles from './Corpus.module.css';

const PipelineCard = lazy(() => import('./pipeline/PipelineCard').then((module) => ({ default: module.PipelineCard })));
const ResultCard = lazy(() => import('./result/ResultCard'));

export default function Page() {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { list, listError, failure, remove, dismiss } = useCorpora();
  const load = useWorkshop((state) => state.load);
  const [doomed, setDoomed] = useState<CorpusRecord | null>(null);
  useEffect(() => void load(), [load]);
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      {listError && <ErrorBanner error={listError} onRetry={() => void load()} />}
      {failure && <ErrorBanner error={failure.error} onDismiss={dismiss} />}
      <div className={styles.page}>
        <Steps />
        <Place step="takeIn">
          <TakeInCard onNext={() => goToStep('channels')} />
        </Place>
        <Place step="channels">
          <ChannelsCard />
        </Place>
        <Place step="pipeline">
          <PipelineCard onNext={() => goToStep('result')} />
        </Place>
        <Place step="result">
          <ResultCard />
        </Place>
        {list === 'loading' && (
          <Card title={t('list')}>
            <Skeleton lines={6} />
          </Card>
        )}
        {list === 'ready' && <CorpusList onRemove={setDoomed} />}
        <Sample />
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

function Place({ step, children }: { step: Step; children: ReactNode }) {
  return (
    <div id={stepId(step)} className={styles.place} tabIndex={-1}>
      <Suspense
        fallback={
          <Card>
            <Skeleton lines={4} />
          </Card>
        }
      >
        {children}
      </Suspense>
    </div>
  );
}
