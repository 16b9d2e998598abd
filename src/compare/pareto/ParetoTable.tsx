/** The figures of the picture, the greatest gain first; each row is taken as A, B or the third by its letters. */
import { useMemo } from 'react';
import { Check } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { RETENTION_LINE } from '../../core/metrics/loss';
import { paretoFront } from '../../core/metrics/pareto';
import { useFormat } from '../../i18n/format';
import { Letter } from '../marks';
import { useCompare } from '../store';
import type { MarkedRun } from './ParetoPlot';
import { usePointName, type RunMark } from './points';
import styles from './ParetoTable.module.css';

/** A run's mark as it stands in the picture. */
export function RunShape({ mark }: { mark: RunMark }) {
  return (
    <svg width={14} height={14} viewBox="-1.2 -1.2 2.4 2.4" aria-hidden style={{ flex: 'none' }}>
      <path d={mark.shape} fill={`var(--channel-${mark.colour})`} />
    </svg>
  );
}

export function ParetoTable({ runs }: { runs: readonly MarkedRun[] }) {
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
