/** A plan as it stands: what varies and how, what it costs, and, while it is a draft, its runs to be edited before they start. */
import { Suspense, useState } from 'react';
import { Button } from '@mantine/core';
import { FileDown, ListPlus, PencilRuler, Play, Server } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { sweepCost, type SweepCost } from '../core/sweep/plan';
import type { SweepRecord } from '../core/sweep/record';
import type { Axis, SweepPlan } from '../core/sweep/schema';
import { useFormat } from '../i18n/format';
import { lazyWithTexts } from '../i18n/start';
import { Card } from '../ui/Card';
import { saveFile } from '../ui/save-file';
import { RunList } from './Board';
import { useFieldName, useTimeText, useValueText } from './fields';
import { draftOf, planFile, rungsOf, useDraft } from './plan-draft';
import { countsOf, ownSpeeds } from './progress';
import { NEW, useSweeps } from './store';
import styles from './Sweeps.module.css';

const ClusterDialog = lazyWithTexts(['cluster'], () => import('../ui/ClusterDialog'));

/** Runs, tokens and time, with the interval of what was measured. */
export function CostWords({ cost }: { cost: SweepCost }) {
  const { t } = useTranslation('sweeps');
  const format = useFormat();
  const time = useTimeText();
  const { runs, tokens, minutes } = cost;
  return (
    <p data-testid="cost">
      <b>{t('cost.runs', { count: runs, tokens: format.compact(tokens) })}</b>{' '}
      {minutes ? time(minutes) : <span className={styles.note}>{t('cost.unknown')}</span>}
    </p>
  );
}

/** The ladder of successive halving: how many runs reach which step. */
export function Rungs({ rungs }: { rungs: readonly { steps: number; runs: number }[] }) {
  const { t } = useTranslation('sweeps');
  const format = useFormat();
  if (rungs.length === 0) return null;
  const most = rungs[0]!.runs;
  return (
    <ol className={styles.rungs} aria-label={t('halving.rungs')}>
      {rungs.map(({ steps, runs }) => (
        <li key={steps}>
          <span>{t('halving.rung', { steps: format.count(steps) })}</span>
          <i style={{ width: `${(runs / most) * 100}%` }} aria-hidden />
          <span>{t('runs', { count: runs })}</span>
        </li>
      ))}
    </ol>
  );
}

function useAxisWords(): (axis: Axis) => { name: string; values: string } {
  const { t } = useTranslation('sweeps');
  const name = useFieldName();
  const value = useValueText();
  return (axis) => {
    if ('mixtures' in axis) return { name: t('axis.mixtures'), values: t('axis.mixtureCount', { count: axis.mixtures.length }) };
    const { field } = axis;
    if ('values' in axis) return { name: name(field), values: axis.values.map((one) => value(field, one)).join(', ') };
    if ('factors' in axis)
      return { name: name(field), values: axis.factors.map((factor) => `× ${Number(factor.toPrecision(3))}`).join(', ') };
    const ends = `${value(field, axis.low)} … ${value(field, axis.high)}`;
    const scale = t(`axis.scales.${axis.scale}`);
    return {
      name: name(field),
      values: axis.points === undefined ? `${ends} (${scale})` : `${ends} (${scale}, ${t('axis.pointCount', { count: axis.points })})`,
    };
  };
}

function PlanFacts({ sweep, plan }: { sweep: SweepRecord; plan: SweepPlan }) {
  const { t } = useTranslation('sweeps');
  const format = useFormat();
  const words = useAxisWords();
  const { base, axes, method, seeds, limits } = plan;
  const limited = (['runs', 'tokens', 'minutes'] as const).flatMap((limit) =>
    limits[limit] === undefined ? [] : [`${t(`limits.${limit}`)} ${format.compact(limits[limit])}`],
  );
  const facts: [string, string][] = [
    [t('facts.base'), `${base.name} · ${base.base} · ${t('facts.steps', { steps: format.count(base.budget.steps) })}`],
    ...axes.map((axis): [string, string] => {
      const { name, values } = words(axis);
      return [name, values];
    }),
    [t('search.method'), 'runs' in method ? `${t(`search.${method.kind}`)} · ${method.runs}` : t(`search.${method.kind}`)],
    [t('field.seeds'), seeds.join(', ')],
    ...(limited.length > 0 ? [[t('limits.title'), limited.join(' · ')] as [string, string]] : []),
  ];
  const runs = sweep.runs.flatMap((run) => (run.state === 'dropped' || !run.recipe ? [] : [{ ...run, recipe: run.recipe }]));
  return (
    <>
      <dl className={styles.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {runs.length > 0 && <CostWords cost={sweepCost({ ...plan, limits: {} }, runs, ownSpeeds(sweep))} />}
      <Rungs rungs={rungsOf(plan, runs)} />
    </>
  );
}

export default function PlanSection({ sweep }: { sweep: SweepRecord }) {
  const { t } = useTranslation('sweeps');
  const { t: common } = useTranslation();
  const [exporting, setExporting] = useState(false);
  const { join, open } = useSweeps.getState();
  const busy = useSweeps((state) => state.busy);
  const { plan, state, id } = sweep;
  if (!plan)
    return (
      <Card title={t('section.plan')}>
        <p>{t('imported', { count: sweep.runs.length })}</p>
      </Card>
    );
  const again = (replaces: string | null) => {
    useDraft.setState({ draft: draftOf(plan, plan.base), replaces });
    open(NEW);
  };
  const draft = state === 'draft';
  const count = countsOf(sweep).planned;
  return (
    <>
      <Card title={t('section.plan')}>
        <PlanFacts sweep={sweep} plan={plan} />
        <div className={styles.buttons}>
          {draft && (
            <Button
              size="xs"
              leftSection={<Play size={14} />}
              loading={busy?.id === id && busy.command === 'join'}
              disabled={busy !== null || count === 0}
              onClick={() => {
                open(id, 'board');
                void join(id);
              }}
            >
              {t('start', { count })}
            </Button>
          )}
          {draft && (
            <Button size="xs" variant="default" leftSection={<PencilRuler size={14} />} onClick={() => again(id)}>
              {t('change')}
            </Button>
          )}
          {!draft && (
            <Button size="xs" variant="default" leftSection={<ListPlus size={14} />} onClick={() => again(null)}>
              {t('again')}
            </Button>
          )}
          <Button
            size="xs"
            variant="default"
            leftSection={<FileDown size={14} />}
            onClick={() => saveFile(planFile(draftOf(plan, plan.base)), `${sweep.name}.sweep.json`)}
          >
            {t('file.save')}
          </Button>
          <Button size="xs" variant="default" leftSection={<Server size={14} />} onClick={() => setExporting(true)}>
            {common('toCluster')}
          </Button>
          <Suspense>
            {exporting && <ClusterDialog source={{ kind: 'sweep', plan }} name={sweep.name} onClose={() => setExporting(false)} />}
          </Suspense>
        </div>
      </Card>
      {draft && <RunList sweep={sweep} live={{}} />}
    </>
  );
}
