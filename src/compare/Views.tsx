/** The views below the summary, one at a time; each comes as a chunk of its own when it is first opened. */
import { lazy, Suspense, useEffect, useRef, type ComponentType } from 'react';
import { Tabs, VisuallyHidden } from '@mantine/core';
import { BrainCircuit, ChartScatter, Languages, ListChecks, PenLine, ShieldCheck, SlidersVertical, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Card, Skeleton } from '../ui/Card';
import { VIEWS, type View } from './address';
import { useMeasures, type MeasureKind } from './measures';
import { useCompare, type Activity } from './store';
import styles from './Views.module.css';

const SECTIONS: Record<View, { icon: LucideIcon; Section: ComponentType }> = {
  channels: { icon: SlidersVertical, Section: lazy(() => import('./channels/ChannelsSection')) },
  terms: { icon: Languages, Section: lazy(() => import('./terms/TermsSection')) },
  probes: { icon: ListChecks, Section: lazy(() => import('./probes/ProbesSection')) },
  text: { icon: PenLine, Section: lazy(() => import('./text/TextSection')) },
  internals: { icon: BrainCircuit, Section: lazy(() => import('./internals/InternalsSection')) },
  stability: { icon: ShieldCheck, Section: lazy(() => import('./stability/StabilitySection')) },
  pareto: { icon: ChartScatter, Section: lazy(() => import('./pareto/ParetoSection')) },
};

/** Where the work that the engine does shows its progress. */
const WORKPLACE: Record<MeasureKind, View> = {
  channels: 'channels',
  terms: 'terms',
  probes: 'probes',
  memorisation: 'stability',
  robustness: 'stability',
  attention: 'internals',
  weights: 'internals',
};

function workplace(activity: Activity | null, measure: MeasureKind | null): View | null {
  if (activity === null) return null;
  return activity === 'measure' ? measure && WORKPLACE[measure] : 'text';
}

export function Views() {
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
