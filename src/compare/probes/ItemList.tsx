/** The items, of which only those in sight are drawn. */
import { useState } from 'react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useTranslation } from 'react-i18next';
import { questionOf, type AskedItem } from './outcomes';
import { useGroupName } from './names';
import styles from './Items.module.css';

const ROW_HEIGHT = 62;

interface Props {
  items: readonly AskedItem[];
  letter: string;
  /** Index of the item that is open. */
  open: number | null;
  onOpen: (at: number) => void;
}

export function ItemList({ items, letter, open, onOpen }: Props) {
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
