/** A list of any length, of which only what is seen is drawn and read. */
import { useEffect, useRef, useState } from 'react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useTranslation } from 'react-i18next';
import type { PreparedRow } from '../../contract/corpus';
import { useFormat } from '../../i18n/format';
import { PAGE_ROWS, useRows } from './rows-store';
import { useVerdictText } from './verdict-text';
import styles from './Rows.module.css';

const ROW_HEIGHT = 84;

export function RowList({ total }: { total: number }) {
  const { t } = useTranslation('corpus');
  const { pages, need, showRow, row: shown } = useRows();
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const list = useRef<HTMLOListElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is memoised by the virtualiser's functions
  const virtual = useVirtualizer({ count: total, getScrollElement: () => scroller, estimateSize: () => ROW_HEIGHT, overscan: 6 });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => need(first, last), [need, first, last]);
  return (
    <div className={styles.list} ref={setScroller} tabIndex={0} role="region" aria-label={t('rows.list')}>
      <ol ref={list} style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const row = pages[Math.floor(index / PAGE_ROWS)]?.[index % PAGE_ROWS];
          return (
            <li key={index} style={{ height: ROW_HEIGHT, transform: `translateY(${start}px)` }}>
              {row ? (
                <RowLine row={row} shown={shown?.verdict.row === row.verdict.row} onShow={() => void showRow(row.verdict.row)} />
              ) : (
                <span className={styles.waiting} aria-hidden />
              )}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function RowLine({ row, shown, onShow }: { row: PreparedRow; shown: boolean; onShow: () => void }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const verdictText = useVerdictText();
  const { verdict, text, source, line } = row;
  return (
    <button type="button" aria-pressed={shown} onClick={onShow} data-testid="prepared-row" data-kept={verdict.verdict.kept}>
      <span className={styles.lineHead}>
        <span className={styles.verdict} data-kept={verdict.verdict.kept}>
          {verdictText(verdict)}
        </span>
        <span className={styles.dim}>{format.decimal(verdict.score, 2)}</span>
        <span className={styles.place}>{line > 0 ? t('place', { path: source, line: format.count(line) }) : source}</span>
      </span>
      <span className={styles.excerpt}>{text ?? t('row.gone')}</span>
    </button>
  );
}
