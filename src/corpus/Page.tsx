/** The corpus page: four steps from files to prepared channels, and below them every text at hand with its sources. */
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { rawSize, useWorkshop } from './channels/store';
import { usePipelineSettings } from './pipeline/settings-store';
import { lazy, Suspense, type ReactNode } from 'react';
import type { CorpusRecord } from '../contract/corpus';
import { Card, Skeleton } from '../ui/Card';
import { LibraryPage, type Removal } from '../ui/LibraryPage';
import { ChannelsCard } from './channels/ChannelsCard';
import { CorpusList, Sample } from './Texts';
import { Sources } from './Sources';
import { useCorpora } from './store';
import { IngestCard } from './ingest/IngestCard';
import styles from './Page.module.css';
import corpusStyles from './Corpus.module.css';

const STEPS = ['ingest', 'channels', 'pipeline', 'result'] as const;
type Step = (typeof STEPS)[number];

const stepId = (step: Step) => `corpus-step-${step}`;

/** Brings a step into view and gives it the focus, so that the keyboard goes on from there. */
function goToStep(step: Step): void {
  const place = document.getElementById(stepId(step));
  place?.scrollIntoView({ block: 'start' });
  place?.focus({ preventScroll: true });
}

function Steps() {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { channels, sources } = useWorkshop();
  const { rows, bytes } = rawSize(sources);
  const settings = usePipelineSettings((state) => state.settings);
  const switches = Object.values(settings).flatMap((stage) => (typeof stage === 'object' && 'enabled' in stage ? [stage.enabled] : []));
  const prepared = channels.filter(({ preparation }) => preparation !== null).length;
  const state: Record<Step, string> = {
    ingest: rows === 0 ? t('steps.nothing') : t('rowsAndBytes', { count: rows, formatted: format.count(rows), bytes: format.bytes(bytes) }),
    channels: channels.length === 0 ? t('steps.nothing') : t('steps.channelCount', { count: channels.length }),
    pipeline: t('steps.stages', { on: switches.filter((on) => on).length, all: switches.length }),
    result: prepared === 0 ? t('steps.nothing') : t('steps.prepared', { count: prepared }),
  };
  return (
    <nav aria-label={t('steps.label')} className={styles.steps}>
      <ol>
        {STEPS.map((step, at) => (
          <li key={step}>
            <button type="button" onClick={() => goToStep(step)} data-step={step}>
              <span className={styles.number} aria-hidden>
                {at + 1}
              </span>
              <span>
                <span className={styles.title}>{t(`steps.${step}`)}</span>
                <span className={styles.state}>{state[step]}</span>
              </span>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

const PipelineCard = lazy(() => import('./pipeline/PipelineCard').then((module) => ({ default: module.PipelineCard })));
const ResultCard = lazy(() => import('./result/ResultCard'));
const EchoCard = lazy(() => import('./EchoCard'));

export default function Page() {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { list, listError, failure, remove, dismiss } = useCorpora();
  const load = useWorkshop((state) => state.load);
  const removal: Removal<CorpusRecord> = {
    title: (name) => t('delete.title', { name }),
    confirm: t('delete.confirm'),
    remove,
    words: (corpus) => (
      <>
        <p>{t('delete.lost', { bytes: format.bytes(corpus ? corpus.bytes.train + corpus.bytes.heldOut : 0) })}</p>
        <p className={corpusStyles.dim}>{t('delete.stays')}</p>
      </>
    ),
  };
  return (
    <LibraryPage title={t('title')} lead={t('lead')} state={{ load, listError, failure, dismiss }} removal={removal}>
      {(askRemoval) => (
        <>
          <Steps />
          <Place step="ingest">
            <IngestCard onNext={() => goToStep('channels')} />
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
          <Suspense>
            <EchoCard />
          </Suspense>
          {list === 'loading' && (
            <Card title={t('list')}>
              <Skeleton lines={6} />
            </Card>
          )}
          {list === 'ready' && <CorpusList onRemove={askRemoval} />}
          <Sample />
          <Sources />
        </>
      )}
    </LibraryPage>
  );
}

function Place({ step, children }: { step: Step; children: ReactNode }) {
  return (
    <div id={stepId(step)} className={corpusStyles.place} tabIndex={-1}>
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
