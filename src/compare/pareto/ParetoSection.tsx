/** Domain gain against general retention of every run's checkpoints, with their Pareto front, as a picture to save and as a table. */
import { useMemo, useState } from 'react';
import { Check, Scale } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { RETENTION_LINE } from '../../core/metrics/loss';
import { paretoFront } from '../../core/metrics/pareto';
import { useFormat } from '../../i18n/format';
import { Letter } from '../../ui/marks';
import { useCompare } from '../store';
import { runMark, type RunMark } from '../../charts/paper';
import { SaveChart } from '../../ui/SaveChart';
import { usePointName, paretoSets, shortRunName, type ParetoSet } from './points';
import { NativeSelect } from '@mantine/core';
import { Card, EmptyState } from '../../ui/Card';
import { useComparedName, findSource } from '../sources';
import { ParetoPlot, type MarkedRun } from './ParetoPlot';
import { paretoPicture } from './picture';
import styles from './ParetoSection.module.css';

/** A run's mark as it stands in the picture. */
function RunShape({ mark }: { mark: RunMark }) {
  return (
    <svg width={14} height={14} viewBox="-1.2 -1.2 2.4 2.4" aria-hidden style={{ flex: 'none' }}>
      <path d={mark.shape} fill={`var(--channel-${mark.colour})`} />
    </svg>
  );
}

/** The figures of the picture, the greatest gain first; each row is taken as A, B or the third by its letters. */
function ParetoTable({ runs }: { runs: readonly MarkedRun[] }) {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const pointName = usePointName();
  const address = useCompare((state) => state.address);
  const choose = useCompare((state) => state.choose);
  const rows = useMemo(() => {
    const points = runs.flatMap(({ points, mark }) => points.map((point) => ({ ...point, mark })));
    // With the base, which learns nothing and loses nothing.
    const front = new Set<object>(paretoFront<{ gain: number; retention: number }>([{ gain: 0, retention: 1 }, ...points]));
    return points
      .sort((one, other) => other.gain - one.gain || other.retention - one.retention)
      .map((point) => ({ point, front: front.has(point) }));
  }, [runs]);
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('pareto.table.label')}>
      <table className={styles.table} data-testid="pareto-table">
        <thead>
          <tr>
            <th scope="col" className={styles.name}>
              {t('pareto.table.checkpoint')}
            </th>
            <th scope="col">{t('pareto.table.gain')}</th>
            <th scope="col">{t('pareto.table.retention')}</th>
            <th scope="col">{t('pareto.table.front')}</th>
            <th scope="col">{t('pareto.table.take')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ point, front }) => {
            const name = pointName(point);
            return (
              <tr key={point.key} data-point={point.key}>
                <th scope="row" className={styles.name}>
                  <span className={styles.run}>
                    <RunShape mark={point.mark} />
                    {name}
                  </span>
                </th>
                <td>{format.delta(point.gain)}</td>
                <td data-lost={point.retention < RETENTION_LINE}>{format.retention(point.retention)}</td>
                <td>{front && <Check size={14} role="img" aria-label={t('pareto.table.onFront')} />}</td>
                <td className={styles.letters}>
                  {(['a', 'b', 'c'] as const).map((place) => (
                    <button
                      key={place}
                      type="button"
                      aria-pressed={address[place] === point.key}
                      aria-label={t(`pareto.table.as.${place}`, { name })}
                      onClick={() => choose(place, place === 'c' && address.c === point.key ? null : point.key)}
                    >
                      <Letter place={place} size="small" />
                    </button>
                  ))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

export default function ParetoSection() {
  const { t } = useTranslation('internals');
  const groups = useCompare((state) => state.groups);
  const checkpoints = useCompare((state) => state.checkpoints);
  const address = useCompare((state) => state.address);
  const all = useMemo(() => paretoSets(groups, checkpoints), [groups, checkpoints]);
  const [picked, setPicked] = useState<string | null>(null);
  const b = findSource(groups, address.b);
  const ofB = all.sets.find(({ runs }) => runs.some(({ run }) => run.id === b?.run?.id));
  const set = all.sets.find(({ id }) => id === picked) ?? ofB ?? all.sets[0];
  if (!set)
    return (
      <Card title={t('pareto.title')}>
        <EmptyState icon={Scale} title={t('pareto.empty')}>
          <p>{t('pareto.emptyText')}</p>
        </EmptyState>
      </Card>
    );
  return <ParetoOfSet key={set.id} set={set} sets={all.sets} without={all.without.length} onPick={setPicked} />;
}

/** "nano · English, medicine" */
function useSetName(): (set: ParetoSet) => string {
  const { t } = useTranslation('internals');
  const models = useCompare((state) => state.models);
  const comparedName = useComparedName();
  return (set) =>
    t('pareto.set', {
      base: models.find(({ id }) => id === set.base)?.name ?? set.base,
      channels: set.channels.map((channel) => comparedName(channel).name).join(t('pareto.and')),
    });
}

interface Props {
  set: ParetoSet;
  sets: readonly ParetoSet[];
  /** Runs without a point. */
  without: number;
  onPick: (id: string) => void;
}

function ParetoOfSet({ set, sets, without, onPick }: Props) {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const setName = useSetName();
  const pointName = usePointName();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const marked = useMemo(() => set.runs.map((entry, at): MarkedRun => ({ ...entry, mark: runMark(at) })), [set]);
  const shown = useMemo(() => marked.filter(({ run }) => !hidden.has(run.id)), [marked, hidden]);
  const count = shown.reduce((sum, { points }) => sum + points.length, 0);
  const elsewhere = sets.reduce((sum, other) => sum + (other === set ? 0 : other.runs.length), 0);
  const rows = set.rows.map((value) => format.count(value)).join(t('pareto.and'));

  const toggle = (run: string) => {
    const next = new Set(hidden);
    if (!next.delete(run)) next.add(run);
    setHidden(next);
  };
  const draw = () =>
    paretoPicture({
      title: t('pareto.title'),
      subtitle: t('pareto.subtitle', { set: setName(set), checkpoints: format.count(count), runs: format.count(shown.length), rows }),
      x: t('pareto.x'),
      y: t('pareto.y'),
      line: t('pareto.line'),
      front: t('pareto.front'),
      base: t('pareto.base'),
      runs: shown.map((entry) => ({ ...entry, run: { ...entry.run, name: shortRunName(entry.run.name) } })),
      label: pointName,
      number: format.decimal,
    });
  return (
    <div className={styles.section}>
      <Card
        title={t('pareto.title')}
        aside={
          count > 0 && (
            <SaveChart
              title={t('pareto.title')}
              name={t('pareto.fileName')}
              draw={draw}
              table={() => ({
                columns: ['run', 'step', 'gain_bits_per_byte', 'retention'],
                rows: shown.flatMap(({ run, points }) => points.map(({ step, gain, retention }) => [run.name, step, gain, retention])),
              })}
            />
          )
        }
      >
        {sets.length > 1 && (
          <NativeSelect
            className={styles.sets}
            label={t('pareto.pick')}
            value={set.id}
            onChange={(event) => onPick(event.currentTarget.value)}
            data={sets.map((other) => ({ value: other.id, label: `${setName(other)} (${format.count(other.runs.length)})` }))}
          />
        )}
        <p className={styles.note}>
          {t('pareto.basis', { set: setName(set), rows })}
          {set.rows.length > 1 && ` ${t('pareto.rowsDiffer')}`}
          {elsewhere > 0 && ` ${t('pareto.elsewhere', { count: elsewhere })}`}
          {without > 0 && ` ${t('pareto.without', { count: without })}`}
        </p>
        <div className={styles.legend} role="group" aria-label={t('pareto.legend')}>
          {marked.map(({ run, mark }) => (
            <button
              key={run.id}
              type="button"
              className={styles.paretoSectionRun}
              aria-pressed={!hidden.has(run.id)}
              title={t(hidden.has(run.id) ? 'pareto.show' : 'pareto.hide', { run: run.name })}
              onClick={() => toggle(run.id)}
            >
              <RunShape mark={mark} />
              {shortRunName(run.name)}
            </button>
          ))}
          <span className={styles.front}>
            <i aria-hidden />
            {t('pareto.front')}
          </span>
        </div>
        {count > 0 ? (
          <ParetoPlot runs={shown} label={t('pareto.plot', { count })} />
        ) : (
          <EmptyState icon={Scale} title={t('pareto.allHidden')} />
        )}
        <p className={styles.note}>{t('pareto.hint')}</p>
      </Card>
      {count > 0 && (
        <Card title={t('pareto.table.title')}>
          <ParetoTable runs={shown} />
        </Card>
      )}
    </div>
  );
}
