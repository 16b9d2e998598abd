/** All heads of all layers by how much of their attention moved; arrow keys and clicks choose one. */
import { useRef, type CSSProperties, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import type { Place } from '../address';
import { useInternals } from './store';
import styles from './HeadPicker.module.css';

interface Props {
  /** [layer][head] */
  shifts: readonly (readonly number[])[];
  place: Place;
}

/** With more heads a figure no longer fits its cell. */
const WITH_FIGURES = 16;

export function HeadPicker({ shifts, place }: Props) {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const { layer: chosenLayer, head: chosenHead, look } = useInternals();
  const cells = useRef(new Map<string, HTMLElement>());
  const heads = shifts[0]?.length ?? 0;
  const most = Math.max(1e-9, ...shifts.flat());
  // The other weights may have fewer; what is chosen stays within.
  const layer = Math.min(chosenLayer, shifts.length - 1);
  const head = Math.min(chosenHead, heads - 1);
  const move = (event: KeyboardEvent) => {
    const to = {
      ArrowUp: [layer - 1, head],
      ArrowDown: [layer + 1, head],
      ArrowLeft: [layer, head - 1],
      ArrowRight: [layer, head + 1],
      Home: [layer, 0],
      End: [layer, heads - 1],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    const next = [clamp(to[0]!, shifts.length), clamp(to[1]!, heads)] as const;
    look(...next);
    cells.current.get(next.join())?.focus();
  };
  return (
    <div>
      <h3 className={styles.heading}>{t('heads.title', { letter: place.toUpperCase() })}</h3>
      <p className={styles.note}>{t('heads.note')}</p>
      <div className={styles.scroll}>
        <div role="grid" aria-label={t('heads.grid')} className={styles.grid} data-testid="head-picker" onKeyDown={move}>
          <div role="row" className={styles.row}>
            <span role="columnheader" className={styles.corner}>
              {t('heads.corner')}
            </span>
            {Array.from({ length: heads }, (_, at) => (
              <span key={at} role="columnheader" className={styles.head}>
                {format.count(at + 1)}
              </span>
            ))}
          </div>
          {shifts.map((row, atLayer) => (
            <div key={atLayer} role="row" className={styles.row}>
              <span role="rowheader" className={styles.layer}>
                {format.count(atLayer + 1)}
              </span>
              {row.map((shift, atHead) => {
                const chosen = atLayer === layer && atHead === head;
                return (
                  <span
                    key={atHead}
                    ref={(element) => {
                      const key = [atLayer, atHead].join();
                      if (element) cells.current.set(key, element);
                      else cells.current.delete(key);
                    }}
                    role="gridcell"
                    aria-selected={chosen}
                    aria-label={t('heads.cell', { layer: atLayer + 1, head: atHead + 1, shift: format.percent(shift, 1) })}
                    tabIndex={chosen ? 0 : -1}
                    className={styles.cell}
                    style={{ '--strength': shift / most } as CSSProperties}
                    onClick={() => look(atLayer, atHead)}
                  >
                    {heads <= WITH_FIGURES && format.decimal(shift * 100, 1)}
                  </span>
                );
              })}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

const clamp = (at: number, count: number) => Math.min(count - 1, Math.max(0, at));
