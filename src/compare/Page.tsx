/** Two sets of weights side by side, a third laid over them: three figures first, then a view for each question behind them. */
import { useEffect } from 'react';
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { ArrowLeftRight, Plus, SlidersVertical } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { Link } from 'wouter';
import { Banner } from '../ui/Banner';
import { Card } from '../ui/Card';
import { EmptyState } from '../ui/EmptyState';
import { ErrorBanner } from '../ui/ErrorBanner';
import { PageHead } from '../ui/PageHead';
import { Skeleton } from '../ui/Skeleton';
import { GainCard } from './cards/GainCard';
import { MeasureLine } from './cards/MeasureLine';
import { RetentionCard } from './cards/RetentionCard';
import { RiskCard } from './cards/RiskCard';
import { useFigures } from './figures';
import { ReportButton } from './report/ReportButton';
import { findSource, suggestThird } from './sources';
import { useCompare } from './store';
import { Views } from './Views';
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
          <WeightsPicker place="a" />
          <Tooltip label={t('pick.swap')}>
            <ActionIcon variant="default" size={32} aria-label={t('pick.swap')} onClick={swap} disabled={library !== 'ready'}>
              <ArrowLeftRight size={15} />
            </ActionIcon>
          </Tooltip>
          <WeightsPicker place="b" />
          <Third />
          <span className={pickerStyles.spacer} />
          <ReportButton />
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

function Third() {
  const { t } = useTranslation('compare');
  const groups = useCompare((state) => state.groups);
  const address = useCompare((state) => state.address);
  const choose = useCompare((state) => state.choose);
  if (address.c !== null) return <WeightsPicker place="c" />;
  const suggested = suggestThird(groups, address);
  return (
    suggested !== null && (
      <Button variant="default" leftSection={<Plus size={14} />} onClick={() => choose('c', suggested)}>
        {t('pick.addThird')}
      </Button>
    )
  );
}

function Loading() {
  return (
    <div className={styles.summary}>
      {[0, 1, 2].map((card) => (
        <Card key={card}>
          <Skeleton lines={3} />
        </Card>
      ))}
    </div>
  );
}

function Content() {
  const { t } = useTranslation('compare');
  const groups = useCompare((state) => state.groups);
  const address = useCompare((state) => state.address);
  const figures = useFigures();
  const a = findSource(groups, address.a);
  const b = findSource(groups, address.b);
  if (!a || !b)
    return (
      <EmptyState icon={SlidersVertical} title={t('noRun.title')}>
        <p>{t('noRun.text')}</p>
      </EmptyState>
    );
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
      <div className={styles.summary}>
        <GainCard figures={figures} />
        <RetentionCard figures={figures} />
        <RiskCard />
      </div>
      <MeasureLine figures={figures} />
      <Views />
    </>
  );
}
