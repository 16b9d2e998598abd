/** From one run to a decision: sweeps are planned, trained, looked at, fitted and turned into a recommendation. */
import { lazy, Suspense, useEffect, useRef, type ComponentType, type LazyExoticComponent } from 'react';
import { ActionIcon, Button, Progress, Tabs } from '@mantine/core';
import {
  ChartScatter,
  CircleCheck,
  CirclePause,
  CirclePlay,
  ClipboardList,
  FlaskConical,
  LayoutGrid,
  PencilLine,
  Plus,
  Scale,
  TableProperties,
  Trash2,
  type LucideIcon,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import type { SweepRecord, SweepState } from '../core/sweep/record';
import { useFormat } from '../i18n/format';
import { lazyWithTexts } from '../i18n/start';
import { Card, EmptyState, Skeleton } from '../ui/Card';
import { useHashQuery } from '../ui/hash-location';
import { EditableName, LibraryPage, type Removal } from '../ui/LibraryPage';
import { countsOf } from './progress';
import { IMPORT, NEW, SECTIONS, sweepPath, useSweeps, type Section } from './store';
import styles from './Sweeps.module.css';

interface Part {
  icon: LucideIcon;
  Section: LazyExoticComponent<ComponentType<{ sweep: SweepRecord }>>;
}

/** Sections of an open sweep; each comes as a chunk of its own when it is first opened. */
const PARTS: Partial<Record<Section, Part>> = {
  plan: { icon: ClipboardList, Section: lazy(() => import('./PlanSection')) },
  board: { icon: LayoutGrid, Section: lazy(() => import('./Board')) },
  explore: { icon: ChartScatter, Section: lazyWithTexts(['explore'], () => import('./explore/Explore')) },
  decide: { icon: Scale, Section: lazyWithTexts(['laws'], () => import('./decide/Decide')) },
};

const PlanEditor = lazy(() => import('./PlanEditor'));
const ImportTable = lazyWithTexts(['laws'], () => import('./decide/ImportTable'));

const waiting = (
  <Card>
    <Skeleton lines={7} />
  </Card>
);

const STATE_ICONS: Record<SweepState, LucideIcon> = {
  draft: PencilLine,
  running: CirclePlay,
  paused: CirclePause,
  finished: CircleCheck,
};

function StateBadge({ state }: { state: SweepState }) {
  const { t } = useTranslation('sweeps');
  const Icon = STATE_ICONS[state];
  return (
    <span className={styles.state} data-state={state}>
      <Icon size={12} aria-hidden /> {t(`sweepState.${state}`)}
    </span>
  );
}

function SweepLink({ sweep, shown }: { sweep: SweepRecord; shown: boolean }) {
  const { t } = useTranslation('sweeps');
  const format = useFormat();
  const { done, all } = countsOf(sweep);
  const words = t('done', { done: format.count(done), all: format.count(all) });
  return (
    <li>
      <Link href={sweepPath(sweep.id)} className={styles.link} aria-current={shown ? 'true' : undefined} data-testid="sweep">
        <b>{sweep.name}</b>
        <span className={styles.linkFacts}>
          <StateBadge state={sweep.state} />
          <span>{words}</span>
        </span>
        <Progress value={(done / Math.max(1, all)) * 100} size={3} radius={9} className={styles.track ?? ''} aria-hidden />
        <span className={styles.note}>{format.moment(sweep.createdAt)}</span>
      </Link>
    </li>
  );
}

function OpenSweep({ sweep, askRemoval }: { sweep: SweepRecord; askRemoval: (sweep: SweepRecord) => void }) {
  const { t } = useTranslation('sweeps');
  const query = useHashQuery();
  const { rename, open } = useSweeps.getState();
  const named = SECTIONS.find((section) => section === query.get('section') && PARTS[section] !== undefined);
  const section = named ?? (sweep.state === 'draft' ? 'plan' : sweep.plan ? 'board' : 'decide');
  const list = useRef<HTMLDivElement>(null);
  return (
    <section className={styles.column} aria-label={sweep.name} data-testid="open-sweep">
      <div className={styles.head}>
        <EditableName
          name={sweep.name}
          heading="h2"
          className={styles.name}
          label={t('name')}
          renameLabel={t('rename', { name: sweep.name })}
          maxLength={120}
          onRename={(name) => void rename(sweep.id, name)}
        />
        <StateBadge state={sweep.state} />
        <ActionIcon
          variant="subtle"
          color="gray"
          size={28}
          aria-label={t('remove.label', { name: sweep.name })}
          onClick={() => askRemoval(sweep)}
        >
          <Trash2 size={15} />
        </ActionIcon>
      </div>
      <Tabs
        value={section}
        onChange={(next) => next !== null && open(sweep.id, next as Section)}
        keepMounted={false}
        className={styles.tabs ?? ''}
      >
        <Tabs.List ref={list} className={styles.tabList ?? ''} aria-label={t('sections')}>
          {SECTIONS.map((id) => {
            const part = PARTS[id];
            return (
              part && (
                <Tabs.Tab key={id} value={id} leftSection={<part.icon size={14} />}>
                  {t(`section.${id}`)}
                </Tabs.Tab>
              )
            );
          })}
        </Tabs.List>
        {SECTIONS.map((id) => {
          const part = PARTS[id];
          return (
            part && (
              <Tabs.Panel key={id} value={id} className={styles.panel ?? ''}>
                <Suspense fallback={waiting}>
                  <part.Section key={sweep.id} sweep={sweep} />
                </Suspense>
              </Tabs.Panel>
            )
          );
        })}
      </Tabs>
    </section>
  );
}

export default function Page() {
  const { t } = useTranslation('sweeps');
  const [path] = useLocation();
  const { list, listError, sweeps, failure, opened, load, remove, dismiss } = useSweeps();
  const id = /^\/sweeps\/([^/]+)/.exec(path)?.[1] ?? null;
  const planning = id === NEW || id === IMPORT;
  useEffect(() => {
    if (id !== null && id !== NEW && id !== IMPORT) useSweeps.setState({ opened: id });
  }, [id]);
  const shownId = planning ? null : (id ?? opened);
  const shown = sweeps.find((sweep) => sweep.id === shownId) ?? null;
  const removal: Removal<SweepRecord> = {
    title: (name) => t('remove.title', { name }),
    confirm: t('remove.confirm'),
    disabled: (sweep) => sweep.state === 'running',
    remove,
    words: (sweep) => {
      if (sweep?.state === 'running') return <p>{t('remove.running')}</p>;
      const kept = sweep?.runs.filter(({ run }) => run !== null).length ?? 0;
      return <p>{t('remove.lost', { count: kept })}</p>;
    },
  };
  const start = (
    <Button component={Link} href={sweepPath(NEW)} size="xs" leftSection={<Plus size={14} />}>
      {t('new')}
    </Button>
  );
  const take = (
    <Button component={Link} href={sweepPath(IMPORT)} size="xs" variant="default" leftSection={<TableProperties size={14} />}>
      {t('import')}
    </Button>
  );
  return (
    <LibraryPage title={t('title')} lead={t('lead')} state={{ load, listError, failure, dismiss }} removal={removal}>
      {(askRemoval) => (
        <div className={styles.page} data-alone={sweeps.length === 0 || undefined}>
          {sweeps.length > 0 && (
            <Card
              title={t('list.sweeps')}
              aside={
                !planning && (
                  <>
                    {start} {take}
                  </>
                )
              }
              className={styles.side}
            >
              <ul className={styles.sweeps} aria-label={t('list.sweeps')}>
                {sweeps.map((sweep) => (
                  <SweepLink key={sweep.id} sweep={sweep} shown={sweep === shown} />
                ))}
              </ul>
            </Card>
          )}
          {list === 'loading' && waiting}
          {list === 'ready' && planning && (
            <Suspense fallback={waiting}>
              {id === NEW ? (
                <PlanEditor />
              ) : (
                <Card title={t('import')}>
                  <ImportTable
                    onImported={(sweep) => {
                      useSweeps.getState().take(sweep);
                      useSweeps.getState().open(sweep.id, 'decide');
                    }}
                  />
                </Card>
              )}
            </Suspense>
          )}
          {list === 'ready' && !planning && shown && <OpenSweep sweep={shown} askRemoval={askRemoval} />}
          {list === 'ready' && !planning && !shown && (
            <Card>
              <EmptyState icon={FlaskConical} title={t(sweeps.length === 0 ? 'empty.title' : 'empty.missing')}>
                <p>{t('empty.text')}</p>
                <div className={styles.starts}>
                  {start}
                  {take}
                </div>
              </EmptyState>
            </Card>
          )}
        </div>
      )}
    </LibraryPage>
  );
}
