/** What the models know and what they forgot: sets of questions, their figures by group, and every item with its scores. */
import { useEffect } from 'react';
import { ListChecks } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/Card';
import { EmptyState } from '../../ui/EmptyState';
import { MeasureControl } from '../MeasureControl';
import { useMeasures } from '../measures-store';
import { GroupTable } from './GroupTable';
import { Items } from './Items';
import { measureProbeSets } from './measure-probes';
import { OwnSets } from './OwnSets';
import { ReferenceTable } from './ReferenceTable';
import { RiskCard } from './RiskCard';
import { SetChips } from './SetChips';
import { useProbeSets } from './store';
import styles from './Probes.module.css';

export default function ProbesSection() {
  const { t } = useTranslation('measures');
  const load = useProbeSets((state) => state.load);
  const chosen = useProbeSets((state) => state.chosen);
  const result = useMeasures((state) => state.results.probes);
  const running = useMeasures((state) => state.running === 'probes');
  useEffect(() => void load(), [load]);
  const stale = result !== undefined && [...result.sets].sort().join() !== [...chosen].sort().join();
  return (
    <>
      <Card title={t('probes.title')}>
        <div className={styles.choose}>
          <SetChips />
          <OwnSets />
          <MeasureControl
            kind="probes"
            first={t('probes.run')}
            again={t('probes.again')}
            disabled={chosen.length === 0}
            onMeasure={() => void measureProbeSets()}
          />
          {chosen.length === 0 && <p className={styles.dim}>{t('probes.noSet')}</p>}
          {stale && <p className={styles.dim}>{t('probes.stale')}</p>}
        </div>
        {!result && !running && (
          <EmptyState icon={ListChecks} title={t('probes.empty')}>
            <p>{t('probes.emptyText')}</p>
          </EmptyState>
        )}
      </Card>
      {result && (
        <>
          <RiskCard measure={result.measure} />
          <GroupTable groups={result.measure.groups.filter(({ reference }) => !reference)} />
          <ReferenceTable groups={result.measure.groups.filter(({ reference }) => reference)} />
          <Items probes={result.probes} scores={result.scores} tooLong={result.measure.tooLong} />
        </>
      )}
    </>
  );
}
