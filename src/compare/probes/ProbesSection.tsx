/** What the models know and what they forgot: sets of questions, forgetting risk, figures by group, and every item with its scores. */
import { VisuallyHidden } from '@mantine/core';
import { useEffect } from 'react';
import { ListChecks } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { RISK_LEVELS, RISK_WEIGHTS } from '../../core/metrics/forgetting-risk';
import type { ProbeMeasure } from '../../core/metrics/probe-measure';
import { useFormat } from '../../i18n/format';
import { Card, EmptyState } from '../../ui/Card';
import { Figure } from '../../ui/Figure';
import { letterOf, PLACES } from '../address';
import { Estimated, Letter } from '../../ui/marks';
import { MeasureControl } from '../MeasureControl';
import { useMeasures } from '../measures';
import { RISK_TONES } from '../RiskCard';
import { GroupTable, ReferenceTable } from './GroupTables';
import { Items } from './Items';
import { LabelsCard } from './LabelsCard';
import { useGroupName } from './names';
import { OwnSets, SetChips } from './ProbeSets';
import { measureProbeSets, useProbeSets } from './store';
import styles from './Probes.module.css';

function ProbeRiskCard({ measure }: { measure: ProbeMeasure }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  if (!measure.risk)
    return (
      <Card title={t('risk.title')}>
        <p className={styles.dim}>{t('risk.none')}</p>
      </Card>
    );
  return (
    <Card title={t('risk.title')} data-testid="probe-risk">
      <div className={styles.risks}>
        {measure.risk.map((risk, at) => {
          const letter = letterOf(at + 1);
          return (
            <div key={letter} className={styles.risk}>
              <div className={styles.riskHead}>
                <Letter place={PLACES[at + 1]!} />
                <Figure
                  tone={RISK_TONES[risk.level]}
                  value={
                    <>
                      {t(`risk.level.${risk.level}`)}{' '}
                      <span className={styles.unit}>
                        <Estimated estimate={risk}>{format.decimal(risk.value, 3)}</Estimated>
                      </span>
                    </>
                  }
                />
              </div>
              <Parts letter={letter} parts={risk.parts} total={risk.value} />
            </div>
          );
        })}
      </div>
      <p className={styles.note}>
        {t('risk.explain', { low: format.decimal(RISK_LEVELS.low, 2), medium: format.decimal(RISK_LEVELS.medium, 2) })}
      </p>
    </Card>
  );
}

type Risk = NonNullable<ProbeMeasure['risk']>[number];

function Parts({ letter, parts, total }: { letter: string; parts: Risk['parts']; total: number }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const groupName = useGroupName();
  return (
    <div className={styles.scroll} role="region" aria-label={t('risk.parts', { letter })} tabIndex={0}>
      <table className={styles.table}>
        <caption className={VisuallyHidden.classes.root}>{t('risk.parts', { letter })}</caption>
        <thead>
          <tr>
            <th scope="col" className={styles.first}>
              {t('table.group')}
            </th>
            <th scope="col">{t('risk.weight')}</th>
            <th scope="col">{t('risk.score', { letter })}</th>
            <th scope="col">{t('risk.part')}</th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ group, weight, score }) => (
            <tr key={group}>
              <th scope="row" className={styles.first}>
                {groupName(group)} <span className={styles.dim}>{t('risk.full', { weight: format.decimal(RISK_WEIGHTS[group], 1) })}</span>
              </th>
              {weight === null || score === null ? (
                <td colSpan={3} className={styles.dim}>
                  {t('risk.left')}
                </td>
              ) : (
                <>
                  <td>{format.decimal(weight, 3)}</td>
                  <td>{format.retention(score)}</td>
                  <td>{format.decimal(weight * (1 - score), 3)}</td>
                </>
              )}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={3} className={styles.first}>
              {t('risk.sum')}
            </th>
            <td>{format.decimal(total, 3)}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

/** What the models know and what they forgot: sets of questions, their figures by group, and every item with its scores. */
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
          <ProbeRiskCard measure={result.measure} />
          <GroupTable groups={result.measure.groups.filter(({ reference }) => !reference)} />
          <ReferenceTable groups={result.measure.groups.filter(({ reference }) => reference)} />
          <Items probes={result.probes} scores={result.scores} tooLong={result.measure.tooLong} />
        </>
      )}
      <LabelsCard />
    </>
  );
}
