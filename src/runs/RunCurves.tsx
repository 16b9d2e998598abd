/** The stored run's loss chart, as the desk draws it. */
import { useTranslation } from 'react-i18next';
import type { RunSnapshot } from '../core/run/types';
import { LossChart } from '../charts/LossChart';
import styles from './Detail.module.css';

export function RunCurves({ snapshot }: { snapshot: RunSnapshot }) {
  const { t } = useTranslation('runs');
  const logged = Object.values(snapshot.train).some((series) => series.x.length > 0);
  const measured = Object.values(snapshot.heldOut).some((series) => series.x.length > 0);
  if (!logged && !measured) return <p className={styles.dim}>{t('detail.noPoints')}</p>;
  return (
    <div className={styles.chart}>
      <LossChart snapshot={snapshot} />
    </div>
  );
}
