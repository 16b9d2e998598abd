/** All probe items, filtered by outcome and group, with the open one beside the list. */
import { useMemo, useState } from 'react';
import { NativeSelect, SegmentedControl } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Probe } from '../../core/probes/probe';
import type { ProbeScore } from '../../core/probes/probe-score';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { letterOf } from '../address';
import { ItemDetail } from './ItemDetail';
import { useGroupName } from './names';
import { askedItems, questionOf, type AskedItem, type Outcome } from './outcomes';
import styles from './Items.module.css';

const ROW_HEIGHT = 62;

interface ItemListProps {
  items: readonly AskedItem[];
  letter: string;
  /** Index of the item that is open. */
  open: number | null;
  onOpen: (at: number) => void;
}

function ItemList({ items, letter, open, onOpen }: ItemListProps) {
  const { t } = useTranslation('measures');
  const groupName = useGroupName();
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is memoised by the virtualiser's functions
  const virtual = useVirtualizer({ count: items.length, getScrollElement: () => scroller, estimateSize: () => ROW_HEIGHT, overscan: 6 });
  return (
    <div className={styles.list} ref={setScroller} tabIndex={0} role="region" aria-label={t('items.list')}>
      <ol style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const item = items[index];
          if (!item) return null;
          return (
            <li key={index} style={{ height: ROW_HEIGHT, transform: `translateY(${start}px)` }}>
              <button
                type="button"
                aria-pressed={item.at === open}
                onClick={() => onOpen(item.at)}
                data-testid="probe-item"
                data-outcome={item.outcome}
              >
                <span className={styles.lineHead}>
                  <span className={styles.outcome} data-outcome={item.outcome}>
                    {t(`items.outcome.${item.outcome}`, { letter })}
                  </span>
                  <span className={styles.dim}>{groupName(item.probe.group)}</span>
                </span>
                <span className={styles.excerpt}>{questionOf(item.probe)}</span>
              </button>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

type Shown = 'all' | Outcome;
const FILTERS = ['all', 'forgotten', 'learnt', 'wrong', 'kept', 'reference', 'too-long'] as const satisfies readonly Shown[];

interface ItemsProps {
  probes: readonly Probe[];
  scores: readonly (readonly ProbeScore[])[];
  tooLong: number;
}

export function Items({ probes, scores, tooLong }: ItemsProps) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const groupName = useGroupName();
  const [model, setModel] = useState(1);
  const [shown, setShown] = useState<Shown>('all');
  const [group, setGroup] = useState('');
  const [open, setOpen] = useState<number | null>(null);
  const against = Math.min(model, scores.length - 1);
  const items = useMemo(() => askedItems(probes, scores, against), [probes, scores, against]);
  const groups = useMemo(() => [...new Set(probes.map((probe) => probe.group))], [probes]);
  const ofGroup = items.filter(({ probe }) => group === '' || probe.group === group);
  const visible = ofGroup.filter(({ outcome }) => shown === 'all' || outcome === shown);
  const chosen = open === null ? null : (items[open] ?? null);
  const count = (filter: Shown) => (filter === 'all' ? ofGroup.length : ofGroup.filter(({ outcome }) => outcome === filter).length);
  return (
    <Card title={t('items.title')}>
      <div className={styles.filters}>
        <NativeSelect
          size="xs"
          aria-label={t('items.filter')}
          value={shown}
          onChange={(event) => setShown(event.currentTarget.value as Shown)}
          data={FILTERS.filter((filter) => filter === shown || filter === 'all' || count(filter) > 0).map((filter) => ({
            value: filter,
            label: t('items.count', { name: t(`items.show.${filter}`, { letter: letterOf(against) }), count: format.count(count(filter)) }),
          }))}
        />
        <NativeSelect
          size="xs"
          aria-label={t('items.group')}
          value={group}
          onChange={(event) => setGroup(event.currentTarget.value)}
          data={[{ value: '', label: t('items.allGroups') }, ...groups.map((name) => ({ value: name, label: groupName(name) }))]}
        />
        {scores.length > 2 && (
          <SegmentedControl
            size="xs"
            aria-label={t('items.against')}
            value={String(against)}
            onChange={(value) => setModel(Number(value))}
            data={scores.slice(1).map((_, at) => ({ value: String(at + 1), label: t('items.pair', { letter: letterOf(at + 1) }) }))}
          />
        )}
      </div>
      {tooLong > 0 && (
        <p className={styles.warning} role="status">
          <TriangleAlert size={14} aria-hidden /> {t('items.tooLong', { count: tooLong, shown: format.count(tooLong) })}
        </p>
      )}
      {visible.length === 0 ? (
        <p className={styles.none}>{t('items.none')}</p>
      ) : (
        <div className={styles.panes}>
          <ItemList items={visible} letter={letterOf(against)} open={chosen?.at ?? null} onOpen={setOpen} />
          {chosen ? (
            <ItemDetail key={chosen.at} item={chosen} letter={letterOf(against)} scores={scores.map((of) => of[chosen.at]!)} />
          ) : (
            <p className={styles.hint}>{t('items.choose')}</p>
          )}
        </div>
      )}
    </Card>
  );
}
