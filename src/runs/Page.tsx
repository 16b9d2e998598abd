/** Every run that this browser keeps: what it was, how it ended, what can be done with it, and how much storage all of them take. */
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { ActionIcon, Button, Progress, SegmentedControl, Switch, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { create } from 'zustand';
import { persist } from 'zustand/middleware';
import { useFormat } from '../i18n/format';
import { lazyWithTexts } from '../i18n/start';
import { errorRecord } from '../core/errors';
import { lab } from '../lab/lab';
import { useStorage } from '../lab/storage-store';
import { Card, EmptyState, Skeleton } from '../ui/Card';
import { diskUse, EVERY_RUN, listedRuns } from './run-facts';
import { useRunExport, useRuns } from './store';
import { FileInput, History as HistoryIcon, Link2, List, Radio, Route, Search, SlidersVertical, Star, Table2 } from 'lucide-react';
import { Link } from 'wouter';
import { isActive, type RunRecord } from '../core/run/types';
import { navigate, useHashQuery } from '../ui/hash-location';
import { KeptLine } from '../ui/KeptLine';
import { LibraryPage, Listing, type Removal } from '../ui/LibraryPage';
import { plainStorage } from '../ui/plain-storage';
import { titleOf, usePresets } from './Recipe';
import { RunItem } from './RunItem';
import styles from './Runs.module.css';

const Lifelong = lazy(() => import('./Lifelong'));
const Dialogs = lazy(() => import('./Dialogs'));
const Overlay = lazy(() => import('./Overlay'));
const FollowDialog = lazyWithTexts(['follow'], () => import('./Follow'));
const Tracker = lazyWithTexts(['explore'], () => import('./Tracker'));

/** Chains of runs, read when there are some or a first one is asked for. */
function Chains() {
  const { t } = useTranslation('runs');
  const known = useRuns(({ runs, chaining }) => chaining !== null || runs.some(({ chain }) => chain !== undefined));
  const [asked, setAsked] = useState<'chain' | 'pipeline' | null>(null);
  const buttons = (
    <div className={styles.cardButtons}>
      <Button size="xs" variant="light" leftSection={<Link2 size={13} />} onClick={() => setAsked('chain')}>
        {t('chain.new')}
      </Button>
      <Button size="xs" variant="light" leftSection={<Route size={13} />} onClick={() => setAsked('pipeline')}>
        {t('chain.newPipeline')}
      </Button>
    </div>
  );
  const card = (
    <Card title={t('chain.title')} aside={buttons}>
      <p className={styles.facts}>{t('chain.lead')}</p>
    </Card>
  );
  return known || asked !== null ? (
    <Suspense fallback={card}>
      <Lifelong making={asked} setMaking={setAsked} aside={buttons} />
    </Suspense>
  ) : (
    card
  );
}

/** Logs of training elsewhere. */
function ImportCard() {
  const { t } = useTranslation('runs');
  return (
    <Card
      title={t('import.title')}
      aside={
        <div className={styles.cardButtons}>
          <Button
            size="xs"
            variant="light"
            leftSection={<FileInput size={13} />}
            onClick={() => useRuns.setState({ importing: { busy: false, error: null } })}
          >
            {t('import.open')}
          </Button>
          <Button size="xs" variant="light" leftSection={<Radio size={13} />} onClick={() => useRuns.setState({ following: true })}>
            {t('import.follow')}
          </Button>
        </div>
      }
    >
      <p className={styles.facts}>{t('import.lead')}</p>
    </Card>
  );
}

type RunsView = 'list' | 'table';

/** How runs are listed, at the next visit too. */
const useRunsView = create(
  persist((): { view: RunsView } => ({ view: 'list' }), {
    name: 'crossfade.runs-view',
    storage: plainStorage<{ view: RunsView }>(
      { view: 'list' },
      (text) => ({ view: text === 'table' ? 'table' : 'list' }),
      ({ view }) => view,
    ),
  }),
);

/** What is looked for among the runs, and whether they are a list or a table. */
function Finder({ shown }: { shown: number }) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const filter = useRuns((state) => state.filter);
  const runs = useRuns((state) => state.runs);
  const { view } = useRunsView();
  const archived = runs.filter((run) => run.archived).length;
  const change = (next: Partial<typeof filter>) => useRuns.setState({ filter: { ...filter, ...next } });
  return (
    <div className={styles.finder} role="search" aria-label={t('find.label')}>
      <TextInput
        size="xs"
        type="search"
        className={styles.search ?? ''}
        leftSection={<Search size={13} aria-hidden />}
        aria-label={t('find.label')}
        placeholder={t('find.example')}
        value={filter.text}
        onChange={(event) => change({ text: event.currentTarget.value })}
      />
      <ActionIcon
        size={30}
        variant={filter.starred ? 'light' : 'default'}
        aria-pressed={filter.starred}
        aria-label={t('find.starred')}
        title={t('find.starred')}
        onClick={() => change({ starred: !filter.starred })}
      >
        <Star size={14} fill={filter.starred ? 'currentColor' : 'none'} />
      </ActionIcon>
      {(archived > 0 || filter.archived) && (
        <Switch
          size="xs"
          label={t('find.archived', { count: archived })}
          checked={filter.archived}
          onChange={(event) => change({ archived: event.currentTarget.checked })}
        />
      )}
      <span className={styles.found} role="status">
        {shown < runs.length && t('find.found', { shown: format.count(shown), all: format.count(runs.length) })}
      </span>
      <SegmentedControl
        size="xs"
        aria-label={t('find.view')}
        value={view}
        onChange={(next) => useRunsView.setState({ view: next })}
        data={(['list', 'table'] as const).map((value) => ({
          value,
          label: (
            <span className={styles.viewLabel}>
              {value === 'list' ? <List size={13} aria-hidden /> : <Table2 size={13} aria-hidden />} {t(`find.${value}`)}
            </span>
          ),
        }))}
      />
    </div>
  );
}

/** Read when the first of them opens, and kept so that it can close again. */
function RunDialogs() {
  const open = useRuns((state) => [state.extending, state.forking, state.importing, state.marking].some((one) => one !== null));
  const exporting = useRunExport(({ target }) => target !== null);
  const [wanted, setWanted] = useState(false);
  if ((open || exporting) && !wanted) setWanted(true);
  const following = useRuns((state) => state.following);
  const [follows, setFollows] = useState(false);
  if (following && !follows) setFollows(true);
  return (
    <Suspense>
      {wanted && <Dialogs />}
      {follows && <FollowDialog />}
    </Suspense>
  );
}

/** Runs named as worth deleting. */
const LARGEST = 3;

/** How much of the browser's storage is used, and which runs would free the most. */
function StorageCard() {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const storage = useRuns((state) => state.storage);
  const runs = useRuns((state) => state.runs);
  const checkpoints = useRuns((state) => state.checkpoints);
  const persisted = useStorage((state) => state.persisted);
  if (!storage) return null;
  const held = diskUse(runs, checkpoints).filter(({ bytes }) => bytes > 0);
  const inRuns = held.reduce((sum, { bytes }) => sum + bytes, 0);
  const known = storage.quota > 0;
  // The browser's estimate lags behind what was just written.
  const used = Math.max(storage.used, inRuns);
  const amounts = { used: format.bytes(used), quota: format.bytes(storage.quota) };
  const share = (bytes: number) => (bytes / storage.quota) * 100;
  return (
    <Card title={t('storage.title')} className={styles.storage}>
      {known ? (
        <>
          <p className={styles.used}>{t('storage.used', amounts)}</p>
          <Progress.Root className={styles.track} size={8} radius={9} role="img" aria-label={t('storage.label', amounts)}>
            <Progress.Section value={share(inRuns)} withAria={false} />
            <Progress.Section value={share(used - inRuns)} color="var(--line-strong)" withAria={false} />
          </Progress.Root>
        </>
      ) : (
        <p>{t('storage.unknown')}</p>
      )}
      <p className={styles.facts}>
        {t('storage.runs', { bytes: format.bytes(inRuns) })} {t('storage.rest')}
      </p>
      <KeptLine persisted={persisted} />
      {held.length > 0 && (
        <p className={styles.facts}>
          {t('storage.free')}{' '}
          {held
            .slice(0, LARGEST)
            .map(({ run, bytes }) => t('storage.item', { name: run.name, bytes: format.bytes(bytes) }))
            .join(', ')}
        </p>
      )}
    </Card>
  );
}

/** `open=` holds a run, which is kept; `shown=` names one of those that are kept. */
function useRunAddress(): void {
  const query = useHashQuery();
  const [link, shown] = [query.get('open'), query.get('shown')];
  useEffect(() => {
    const { load, open } = useRuns.getState();
    if (shown !== null) void load().then(() => open(shown));
    if (link !== null)
      lab.library.importLink(link).then(
        ({ id }) => navigate(`/runs?shown=${id}`, { replace: true }),
        (error: unknown) => useRuns.setState({ failure: errorRecord(error) }),
      );
  }, [link, shown]);
}

export default function Page() {
  useRunAddress();
  const { t, i18n } = useTranslation('runs');
  const { t: common } = useTranslation();
  const format = useFormat();
  const filter = useRuns((state) => state.filter);
  const { view } = useRunsView();
  const { list, listError, runs, checkpoints, failure, load, remove, dismiss } = useRuns();
  const { presets } = usePresets();
  const listed = useMemo(
    () =>
      listedRuns(
        runs,
        filter,
        (run) => `${titleOf(run.recipe, presets, i18n.language) ?? run.recipe.name}\n${common(`state.${run.state}`)}`,
      ),
    [runs, filter, presets, i18n.language, common],
  );
  const several = useRuns((state) => state.overlaid.size > 0);
  const removal: Removal<RunRecord> = {
    title: (name) => t('delete.title', { name }),
    confirm: t('delete.confirm'),
    disabled: (run) => isActive(run.state),
    remove,
    words: (run) => {
      if (run && isActive(run.state)) return <p>{t('delete.active')}</p>;
      const saved = (run && checkpoints.get(run.id)) ?? [];
      const bytes = saved.reduce((sum, checkpoint) => sum + checkpoint.bytes, 0);
      return (
        <>
          <p>{t('delete.lost', { count: saved.length, bytes: format.bytes(bytes) })}</p>
          <p className={styles.facts}>{t('delete.stays')}</p>
        </>
      );
    },
  };
  const empty = (
    <EmptyState icon={HistoryIcon} title={t('empty.title')}>
      <p>{t('empty.text')}</p>
      <Button component={Link} href="/desk" leftSection={<SlidersVertical size={15} />}>
        {t('toDesk')}
      </Button>
    </EmptyState>
  );
  return (
    <>
      <LibraryPage title={t('title')} lead={t('lead')} state={{ load, listError, failure, dismiss }} removal={removal}>
        {(askRemoval) => (
          <>
            {several && (
              <Suspense fallback={<Skeleton lines={6} />}>
                <Overlay />
              </Suspense>
            )}
            {list === 'ready' && runs.length > 0 && <Finder shown={listed.length} />}
            {list === 'ready' && view === 'table' && listed.length > 0 && (
              <Suspense fallback={<Skeleton lines={6} />}>
                <Tracker runs={listed} />
              </Suspense>
            )}
            {list === 'ready' && runs.length > 0 && listed.length === 0 && (
              <Card className={styles.none}>
                <p className={styles.facts}>{t('find.nothing')}</p>
                <Button size="compact-xs" variant="default" onClick={() => useRuns.setState({ filter: { ...EVERY_RUN, archived: true } })}>
                  {t('find.all')}
                </Button>
              </Card>
            )}
            {(list !== 'ready' || runs.length === 0 || (view === 'list' && listed.length > 0)) && (
              <Listing label={t('list')} state={list} items={listed} lines={6} empty={empty}>
                {(run) => (
                  <RunItem
                    key={run.id}
                    run={run}
                    checkpoints={checkpoints.get(run.id) ?? []}
                    presetTitle={titleOf(run.recipe, presets, i18n.language)}
                    onDelete={askRemoval}
                  />
                )}
              </Listing>
            )}
            {list === 'ready' && <Chains />}
            {list === 'ready' && <ImportCard />}
            <StorageCard />
          </>
        )}
      </LibraryPage>
      <RunDialogs />
    </>
  );
}
