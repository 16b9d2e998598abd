/** Two sets of weights side by side, a third laid over them: three figures first, then a view for each question behind them. */
import { lazy, Suspense, useEffect, useRef, type ComponentType, useMemo } from 'react';
import { Tabs, VisuallyHidden, ActionIcon, Button, Select, Tooltip } from '@mantine/core';
import {
  Blend,
  BrainCircuit,
  ChartScatter,
  Languages,
  ListChecks,
  PenLine,
  ShieldCheck,
  SlidersVertical,
  Waypoints,
  Telescope,
  type LucideIcon,
  ArrowLeftRight,
  Plus,
  X,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Card, Skeleton, EmptyState, PageHead } from '../ui/Card';
import { VIEWS, type View } from './address';
import { useMeasures, type MeasureKind, useFigures } from './measures';
import { useCompare, type Activity } from './store';
import { Link } from 'wouter';
import { useShallow } from 'zustand/react/shallow';
import { useFormat } from '../i18n/format';
import { Banner, ErrorBanner } from '../ui/Banner';
import type { Place } from './address';
import { Letter } from '../ui/marks';
import { MeasureLine } from './MeasureControl';
import { useSourceName, findSource, suggestThird } from './sources';
import { ReportButton } from './ReportButton';
import { RiskCard } from './RiskCard';
import { GainCard, RetentionCard } from './SummaryCards';
import styles from './Page.module.css';

const SECTIONS: Record<View, { icon: LucideIcon; Section: ComponentType }> = {
  channels: { icon: SlidersVertical, Section: lazy(() => import('./channels/ChannelsSection')) },
  terms: { icon: Languages, Section: lazy(() => import('./terms/TermsSection')) },
  probes: { icon: ListChecks, Section: lazy(() => import('./probes/ProbesSection')) },
  text: { icon: PenLine, Section: lazy(() => import('./text/TextSection')) },
  internals: { icon: BrainCircuit, Section: lazy(() => import('./internals/InternalsSection')) },
  embeddings: { icon: Waypoints, Section: lazy(() => import('./embeddings/EmbeddingsSection')) },
  explain: { icon: Telescope, Section: lazy(() => import('./explain/ExplainSection')) },
  stability: { icon: ShieldCheck, Section: lazy(() => import('./stability/StabilitySection')) },
  pareto: { icon: ChartScatter, Section: lazy(() => import('./pareto/ParetoSection')) },
  merge: { icon: Blend, Section: lazy(() => import('./MergeSection')) },
};

/** Where the work that the engine does shows its progress. */
const WORKPLACE: Record<MeasureKind, View> = {
  channels: 'channels',
  terms: 'terms',
  probes: 'probes',
  labels: 'probes',
  memorisation: 'stability',
  robustness: 'stability',
  embeddings: 'embeddings',
  attention: 'internals',
  weights: 'internals',
  attribution: 'explain',
  counterfactual: 'explain',
  lens: 'explain',
  layers: 'explain',
  human: 'text',
  merge: 'merge',
};

function workplace(activity: Activity | null, measure: MeasureKind | null): View | null {
  if (activity === null) return null;
  return activity === 'measure' ? measure && WORKPLACE[measure] : 'text';
}

/** The views below the summary, one at a time; each comes as a chunk of its own when it is first opened. */
function Views() {
  const { t } = useTranslation('compare');
  const view = useCompare((state) => state.view);
  const show = useCompare((state) => state.show);
  const activity = useCompare((state) => state.activity);
  const measure = useMeasures((state) => state.running);
  const working = workplace(activity, measure);
  const list = useRef<HTMLDivElement>(null);
  // On a narrow screen the tabs scroll sideways: the open one is brought into sight, and nothing moves up or down.
  useEffect(() => {
    const tab = list.current?.querySelector<HTMLElement>('[aria-selected="true"]');
    if (list.current && tab) list.current.scrollLeft = tab.offsetLeft - (list.current.clientWidth - tab.offsetWidth) / 2;
  }, [view]);
  return (
    <Tabs value={view} onChange={(next) => next !== null && show(next as View)} keepMounted={false} className={styles.tabs ?? ''}>
      <Tabs.List ref={list} className={styles.list ?? ''} aria-label={t('view.label')}>
        {VIEWS.map((id) => {
          const Icon = SECTIONS[id].icon;
          return (
            <Tabs.Tab key={id} value={id} className={styles.tab ?? ''} leftSection={<Icon size={14} />}>
              {t(`view.${id}`)}
              {working === id && (
                <>
                  <i className={styles.working} aria-hidden />
                  <VisuallyHidden> {t('view.working')}</VisuallyHidden>
                </>
              )}
            </Tabs.Tab>
          );
        })}
      </Tabs.List>
      {VIEWS.map((id) => {
        const { Section } = SECTIONS[id];
        return (
          <Tabs.Panel key={id} value={id} className={styles.panel ?? ''}>
            <Suspense
              fallback={
                <Card>
                  <Skeleton lines={7} />
                </Card>
              }
            >
              <Section />
            </Suspense>
          </Tabs.Panel>
        );
      })}
    </Tabs>
  );
}

/** One place's weights: a searchable list of base models and of checkpoints, grouped by run. */
function WeightsPicker({ place }: { place: Place }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const sourceName = useSourceName();
  const groups = useCompare((state) => state.groups);
  const value = useCompare((state) => state.address[place]);
  const choose = useCompare((state) => state.choose);
  const data = useMemo(() => {
    const taken = new Set<string>();
    return groups.map(({ run, sources }) => {
      let group = run ? `${run.name} · ${format.dateTime(run.createdAt)}` : t('group.models');
      // Two runs of one name in one minute must stay two groups.
      while (taken.has(group)) group += ' ′';
      taken.add(group);
      return { group, items: sources.map((source) => ({ value: source.key, label: sourceName(source) })) };
    });
  }, [groups, format, sourceName, t]);
  return (
    <div className={styles.side} data-side={place}>
      <Letter place={place} />
      <Select
        className={styles.select}
        aria-label={t(`pick.${place}`)}
        data-testid={`weights-${place}`}
        data={data}
        value={value}
        onChange={(key) => key !== null && choose(place, key)}
        searchable
        allowDeselect={false}
        nothingFoundMessage={t('pick.nothing')}
        placeholder={t('pick.search')}
        // Mantine's scroll area puts a focusable box between the list and its options, which hides them from a reader.
        withScrollArea={false}
        classNames={{ dropdown: styles.dropdown ?? '' }}
        comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
      />
      {place === 'c' && (
        <Tooltip label={t('pick.removeThird')}>
          <ActionIcon variant="subtle" color="gray" size={28} aria-label={t('pick.removeThird')} onClick={() => choose('c', null)}>
            <X size={15} />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  );
}

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
        <div className={styles.row}>
          <WeightsPicker place="a" />
          <Tooltip label={t('pick.swap')}>
            <ActionIcon variant="default" size={32} aria-label={t('pick.swap')} onClick={swap} disabled={library !== 'ready'}>
              <ArrowLeftRight size={15} />
            </ActionIcon>
          </Tooltip>
          <WeightsPicker place="b" />
          <Third />
          <span className={styles.spacer} />
          <ReportButton />
        </div>
      </PageHead>
      {libraryError && <ErrorBanner error={libraryError} onRetry={() => void load()} />}
      {missing.length > 0 && (
        <Banner tone="warn" icon={ArrowLeftRight}>
          <span>{t('missing', { letters: missing.map((place) => place.toUpperCase()).join(', ') })}</span>
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
