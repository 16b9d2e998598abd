/** The trade of all runs: what their checkpoints learnt against what they kept, as a picture to take away and as a table. */
import { useMemo, useState } from 'react';
import { Button, NativeSelect } from '@mantine/core';
import { Download, Scale } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { EmptyState } from '../../ui/EmptyState';
import { ErrorBanner } from '../../ui/ErrorBanner';
import { useComparedName } from '../channel-names';
import { findSource } from '../sources';
import { useCompare } from '../store';
import { tradePicture } from './picture';
import { shortRunName, usePointName } from './point-name';
import { tradeOf, type TradeSet } from './points';
import { runMark } from './run-marks';
import { RunShape } from './RunShape';
import { savePicture } from './save-picture';
import { TradePlot, type MarkedRun } from './TradePlot';
import { TradeTable } from './TradeTable';
import styles from './TradeSection.module.css';

export default function TradeSection() {
  const { t } = useTranslation('inside');
  const groups = useCompare((state) => state.groups);
  const checkpoints = useCompare((state) => state.checkpoints);
  const address = useCompare((state) => state.address);
  const trade = useMemo(() => tradeOf(groups, checkpoints), [groups, checkpoints]);
  const [picked, setPicked] = useState<string | null>(null);
  const b = findSource(groups, address.b);
  const ofB = trade.sets.find(({ runs }) => runs.some(({ run }) => run.id === b?.run?.id));
  const set = trade.sets.find(({ id }) => id === picked) ?? ofB ?? trade.sets[0];
  if (!set)
    return (
      <Card title={t('trade.title')}>
        <EmptyState icon={Scale} title={t('trade.empty')}>
          <p>{t('trade.emptyText')}</p>
        </EmptyState>
      </Card>
    );
  return <TradeOfSet key={set.id} set={set} sets={trade.sets} without={trade.without.length} onPick={setPicked} />;
}

/** "nano · English, medicine" */
function useSetName(): (set: TradeSet) => string {
  const { t } = useTranslation('inside');
  const models = useCompare((state) => state.models);
  const comparedName = useComparedName();
  return (set) =>
    t('trade.set', {
      base: models.find(({ id }) => id === set.base)?.name ?? set.base,
      channels: set.channels.map((channel) => comparedName(channel).name).join(t('trade.and')),
    });
}

interface Props {
  set: TradeSet;
  sets: readonly TradeSet[];
  /** Runs without a point. */
  without: number;
  onPick: (id: string) => void;
}

function TradeOfSet({ set, sets, without, onPick }: Props) {
  const { t } = useTranslation('inside');
  const format = useFormat();
  const setName = useSetName();
  const pointName = usePointName();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [fault, setFault] = useState<unknown>(null);
  const marked = useMemo(() => set.runs.map((entry, at): MarkedRun => ({ ...entry, mark: runMark(at) })), [set]);
  const shown = useMemo(() => marked.filter(({ run }) => !hidden.has(run.id)), [marked, hidden]);
  const count = shown.reduce((sum, { points }) => sum + points.length, 0);
  const elsewhere = sets.reduce((sum, other) => sum + (other === set ? 0 : other.runs.length), 0);
  const rows = set.rows.map((value) => format.count(value)).join(t('trade.and'));

  const toggle = (run: string) => {
    const next = new Set(hidden);
    if (!next.delete(run)) next.add(run);
    setHidden(next);
  };
  const save = (form: 'svg' | 'png') => {
    const svg = tradePicture({
      title: t('trade.title'),
      subtitle: t('trade.subtitle', { set: setName(set), checkpoints: format.count(count), runs: format.count(shown.length), rows }),
      x: t('trade.x'),
      y: t('trade.y'),
      line: t('trade.line'),
      front: t('trade.front'),
      base: t('trade.base'),
      runs: shown.map((entry) => ({ ...entry, run: { ...entry.run, name: shortRunName(entry.run.name) } })),
      label: pointName,
      number: format.decimal,
    });
    setFault(null);
    savePicture(svg, form, t('trade.fileName')).catch(setFault);
  };
  return (
    <div className={styles.section}>
      <Card
        title={t('trade.title')}
        aside={
          <div className={styles.save} role="group" aria-label={t('trade.save')}>
            <span aria-hidden>{t('trade.save')}</span>
            {(['svg', 'png'] as const).map((form) => (
              <Button
                key={form}
                size="xs"
                variant="default"
                leftSection={<Download size={13} />}
                aria-label={t('trade.saveAs', { format: form.toUpperCase() })}
                disabled={count === 0}
                onClick={() => save(form)}
              >
                {form.toUpperCase()}
              </Button>
            ))}
          </div>
        }
      >
        {sets.length > 1 && (
          <NativeSelect
            className={styles.sets}
            label={t('trade.pick')}
            value={set.id}
            onChange={(event) => onPick(event.currentTarget.value)}
            data={sets.map((other) => ({ value: other.id, label: `${setName(other)} (${format.count(other.runs.length)})` }))}
          />
        )}
        <p className={styles.note}>
          {t('trade.basis', { set: setName(set), rows })}
          {set.rows.length > 1 && ` ${t('trade.rowsDiffer')}`}
          {elsewhere > 0 && ` ${t('trade.elsewhere', { count: elsewhere })}`}
          {without > 0 && ` ${t('trade.without', { count: without })}`}
        </p>
        <div className={styles.legend} role="group" aria-label={t('trade.legend')}>
          {marked.map(({ run, mark }) => (
            <button
              key={run.id}
              type="button"
              className={styles.run}
              aria-pressed={!hidden.has(run.id)}
              title={t(hidden.has(run.id) ? 'trade.show' : 'trade.hide', { run: run.name })}
              onClick={() => toggle(run.id)}
            >
              <RunShape mark={mark} />
              {shortRunName(run.name)}
            </button>
          ))}
          <span className={styles.front}>
            <i aria-hidden />
            {t('trade.front')}
          </span>
        </div>
        {fault !== null && <ErrorBanner error={fault} onDismiss={() => setFault(null)} />}
        {count > 0 ? (
          <TradePlot runs={shown} label={t('trade.plot', { count })} />
        ) : (
          <EmptyState icon={Scale} title={t('trade.allHidden')} />
        )}
        <p className={styles.note}>{t('trade.hint')}</p>
      </Card>
      {count > 0 && (
        <Card title={t('trade.table.title')}>
          <TradeTable runs={shown} />
        </Card>
      )}
    </div>
  );
}
