/** Two sets of weights side by side: figures per channel, text from the same prompt, loss token by token. */
import { useEffect, useMemo } from 'react';
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { ArrowLeftRight, Download, SlidersVertical } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { Link } from 'wouter';
import { Banner } from '../ui/Banner';
import { Card } from '../ui/Card';
import { EmptyState } from '../ui/EmptyState';
import { ErrorBanner } from '../ui/ErrorBanner';
import { PageHead } from '../ui/PageHead';
import { Skeleton } from '../ui/Skeleton';
import { GeneratePanel } from './GeneratePanel';
import { MeasurePanel } from './MeasurePanel';
import { findSource } from './sources';
import { useCompare } from './store';
import { tradePoints } from './stored';
import { summarise } from './summary';
import { SummaryCards } from './SummaryCards';
import { TokenPanel } from './TokenPanel';
import { TradePlot } from './TradePlot';
import { WeightsPicker } from './WeightsPicker';
import pickerStyles from './Picker.module.css';
import styles from './Page.module.css';

export default function Page() {
  const { t } = useTranslation('compare');
  const { library, libraryError, load, followHash, swap, missing } = useCompare(
    useShallow((state) => ({
      library: state.library,
      libraryError: state.libraryError,
      load: state.load,
      followHash: state.followHash,
      swap: state.swap,
      missing: state.missing,
    })),
  );
  useEffect(() => {
    void load();
    const follow = () => {
      if (location.hash.startsWith('#/compare')) followHash(location.hash);
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, [load, followHash]);
  return (
    <>
      <PageHead title={t('title')} titleHidden>
        <div className={pickerStyles.row}>
          <WeightsPicker side="a" />
          <Tooltip label={t('pick.swap')}>
            <ActionIcon variant="default" size={32} aria-label={t('pick.swap')} onClick={swap} disabled={library !== 'ready'}>
              <ArrowLeftRight size={15} />
            </ActionIcon>
          </Tooltip>
          <WeightsPicker side="b" />
          <span className={pickerStyles.spacer} />
          <DownloadButton />
        </div>
      </PageHead>
      {libraryError && <ErrorBanner error={libraryError} onRetry={() => void load()} />}
      {missing.length > 0 && (
        <Banner tone="warn" icon={ArrowLeftRight}>
          <span>{t('missing', { keys: missing.join(', ') })}</span>
        </Banner>
      )}
      {library === 'loading' ? <Loading /> : library === 'ready' ? <Content /> : null}
    </>
  );
}

function Loading() {
  return (
    <div className={styles.grid}>
      <Card>
        <Skeleton lines={3} />
      </Card>
      <Card>
        <Skeleton lines={3} />
      </Card>
      <Card className={styles.wide}>
        <Skeleton lines={7} />
      </Card>
    </div>
  );
}

/** Vocabulary sizes that differ are surely different tokenizers; equal ones are checked by their token counts. */
function useSummary() {
  const evaluation = useCompare((state) => state.evaluation);
  const groups = useCompare((state) => state.groups);
  const models = useCompare((state) => state.models);
  const address = useCompare((state) => state.address);
  return useMemo(() => {
    const a = findSource(groups, address.a);
    const b = findSource(groups, address.b);
    if (!evaluation || !a || !b) return null;
    const vocabulary = (base: string) => models.find((model) => model.id === base)?.vocabulary;
    const same = a.base === b.base || vocabulary(a.base) === vocabulary(b.base);
    return summarise(evaluation.comparison, evaluation.channels, same);
  }, [evaluation, groups, models, address]);
}

function Content() {
  const { t } = useTranslation('compare');
  const groups = useCompare((state) => state.groups);
  const address = useCompare((state) => state.address);
  const checkpoints = useCompare((state) => state.checkpoints);
  const summary = useSummary();
  const a = findSource(groups, address.a);
  const b = findSource(groups, address.b);
  if (!a || !b)
    return (
      <EmptyState icon={SlidersVertical} title={t('noRun.title')}>
        <p>{t('noRun.text')}</p>
      </EmptyState>
    );
  const points = tradePoints(b, checkpoints);
  const onlyBase = groups.every((group) => group.run === null);
  return (
    <>
      {onlyBase ? (
        <Banner tone="plain" icon={SlidersVertical}>
          <span>
            <strong>{t('noRun.title')}.</strong> {t('noRun.text')}
          </span>
          <Button component={Link} href="/desk" size="xs" variant="default">
            {t('toDesk')}
          </Button>
        </Banner>
      ) : (
        a.key === b.key && (
          <Banner tone="plain" icon={ArrowLeftRight}>
            <span>{t('same')}</span>
          </Banner>
        )
      )}
      <div className={styles.grid} data-plot={points.length > 0}>
        <SummaryCards summary={summary} />
        <TradePlot points={points} source={b} />
        <MeasurePanel summary={summary} />
        <GeneratePanel a={a} b={b} />
        <TokenPanel />
      </div>
    </>
  );
}

/** The comparison as it stands, for a notebook or a report. */
function DownloadButton() {
  const { t } = useTranslation('compare');
  const evaluation = useCompare((state) => state.evaluation);
  const download = () => {
    const { address, generation, continuations } = useCompare.getState();
    const written = continuations.a.state === 'done' && continuations.b.state === 'done';
    const record = {
      weights: address,
      evaluation,
      generation: written ? { ...generation, a: continuations.a.text, b: continuations.b.text } : null,
    };
    const url = URL.createObjectURL(new Blob([JSON.stringify(record, null, 2)], { type: 'application/json' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = 'comparison.json';
    link.click();
    // The browser has taken the blob when the click returns; the address may go after it.
    setTimeout(() => URL.revokeObjectURL(url), 0);
  };
  return (
    <Button variant="default" leftSection={<Download size={14} />} disabled={evaluation === null} onClick={download}>
      {t('download')}
    </Button>
  );
}
