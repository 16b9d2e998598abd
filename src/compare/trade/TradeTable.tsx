/** The figures of the picture, the greatest gain first; each row is taken as A, B or the third by its letters. */
import { useMemo } from 'react';
import { Check } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { RETENTION_LINE } from '../../core/metrics/loss';
import { paretoFront } from '../../core/metrics/pareto';
import { useFormat } from '../../i18n/format';
import { Letter } from '../Letter';
import { useCompare } from '../store';
import { usePointName } from './point-name';
import { RunShape } from './RunShape';
import type { MarkedRun } from './TradePlot';
import styles from './TradeTable.module.css';

export function TradeTable({ runs }: { runs: readonly MarkedRun[] }) {
  const { t } = useTranslation('inside');
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
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('trade.table.label')}>
      <table className={styles.table} data-testid="trade-table">
        <thead>
          <tr>
            <th scope="col" className={styles.name}>
              {t('trade.table.checkpoint')}
            </th>
            <th scope="col">{t('trade.table.gain')}</th>
            <th scope="col">{t('trade.table.retention')}</th>
            <th scope="col">{t('trade.table.front')}</th>
            <th scope="col">{t('trade.table.take')}</th>
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
                <td>{front && <Check size={14} role="img" aria-label={t('trade.table.onFront')} />}</td>
                <td className={styles.letters}>
                  {(['a', 'b', 'c'] as const).map((place) => (
                    <button
                      key={place}
                      type="button"
                      aria-pressed={address[place] === point.key}
                      aria-label={t(`trade.table.as.${place}`, { name })}
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
