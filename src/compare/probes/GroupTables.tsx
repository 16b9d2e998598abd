/** Probe results by group: questions that are right or wrong, and questions with a reference answer. */
import { CircleCheck, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { RETENTION_LINE } from '../../core/metrics/loss';
import { ANSWER_FIGURES, type AnswerFigure, type DomainKnowledge, type ProbeGroupMeasure } from '../../core/metrics/probe-measure';
import { SIGNIFICANCE, type Interval } from '../../core/metrics/statistics';
import type { Estimate } from '../../core/metrics/text-measure';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { letterOf } from '../address';
import { Estimated } from '../../ui/marks';
import { useGroupName } from './names';
import styles from './Probes.module.css';

export function GroupTable({ groups }: { groups: readonly ProbeGroupMeasure[] }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const groupName = useGroupName();
  const models = groups[0]?.retention.length ?? 0;
  if (models === 0) return null;
  const letters = Array.from({ length: models }, (_, model) => letterOf(model));
  const others = letters.slice(1);
  const kept = others.map((_, at) => groups.flatMap(({ retention }) => retention[at + 1] ?? []));
  return (
    <Card title={t('groups.title')}>
      <div className={styles.scroll} role="region" aria-label={t('table.of', { title: t('groups.title') })} tabIndex={0}>
        <table className={styles.table} data-testid="probe-groups">
          <thead>
            <tr>
              <th scope="col" rowSpan={2} className={styles.first}>
                {t('table.group')}
              </th>
              <th scope="col" rowSpan={2}>
                {t('groups.items')}
              </th>
              <th scope="col" rowSpan={2}>
                {t('groups.chance')}
              </th>
              <th scope="colgroup" colSpan={models} className={styles.span}>
                {t('groups.accuracy')}
              </th>
              <th scope="colgroup" colSpan={others.length} className={styles.span}>
                {t('groups.retention')}
              </th>
              <th scope="colgroup" colSpan={others.length} className={styles.span}>
                {t('groups.knowledge')}
              </th>
            </tr>
            <tr>
              {[...letters, ...others, ...others].map((letter, at) => (
                <th key={at} scope="col">
                  {letter}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {groups.map((measure) => (
              <tr key={measure.group} data-group={measure.group}>
                <th scope="row" className={styles.first}>
                  {groupName(measure.group)}
                  {!measure.informative && (
                    <span className={styles.badge} title={t('groups.uninformativeWhy')}>
                      {t('groups.uninformative')}
                    </span>
                  )}
                </th>
                <td>{format.count(measure.items)}</td>
                <td>{format.percent(measure.chance)}</td>
                {letters.map((letter, model) => (
                  <td key={letter}>
                    <Accuracy estimate={measure.accuracy?.[model]} />
                    <PValue value={measure.pValue?.[model] ?? null} />
                    <ByBytes value={measure.accuracyByBytes?.[model] ?? null} />
                  </td>
                ))}
                {others.map((letter, at) => (
                  <td key={letter}>
                    <Kept value={measure.retention[at + 1] ?? null} interval={measure.retentionInterval?.[at + 1] ?? null} />
                  </td>
                ))}
                {others.map((letter, at) => (
                  <td key={letter}>
                    <Knowledge value={measure.knowledge[at + 1] ?? null} digits={3} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
          {kept.some(({ length }) => length > 1) && (
            <tfoot>
              <tr>
                <th scope="row" className={styles.first}>
                  {t('groups.mean')}
                </th>
                <td colSpan={2 + models} />
                {kept.map((values, at) => (
                  <td key={others[at]}>
                    <Kept value={values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : null} />
                  </td>
                ))}
                <td colSpan={others.length} />
              </tr>
            </tfoot>
          )}
        </table>
      </div>
      <p className={styles.note}>{t('groups.explain')}</p>
      {groups.some(({ informative }) => !informative) && <p className={styles.note}>{t('groups.uninformativeWhy')}</p>}
    </Card>
  );
}

function Accuracy({ estimate }: { estimate: Estimate | undefined }) {
  const format = useFormat();
  if (!estimate) return <span className={styles.dim}>—</span>;
  const { value, interval } = estimate;
  const inPercent = { value: 100 * value, interval: interval && { low: 100 * interval.low, high: 100 * interval.high } };
  return (
    <Estimated estimate={inPercent} digits={1} stacked>
      {format.percent(value)}
    </Estimated>
  );
}

function ByBytes({ value }: { value: number | null }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  return value === null ? null : <span className={styles.p}>{t('groups.byBytes', { value: format.percent(value) })}</span>;
}

function PValue({ value }: { value: number | null }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  if (value === null) return null;
  const text = value < 0.001 ? `< ${format.decimal(0.001, 3)}` : `= ${format.decimal(value, 3)}`;
  return (
    <span className={styles.p} data-chance={value > SIGNIFICANCE}>
      {t('groups.p', { value: text })}
    </span>
  );
}

function Kept({ value, interval = null }: { value: number | null; interval?: Interval | null }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  if (value === null) return <span className={styles.dim}>—</span>;
  const lost = value < RETENTION_LINE;
  const Icon = lost ? TriangleAlert : CircleCheck;
  return (
    <span className={styles.stack}>
      <Estimated estimate={{ value, interval }}>{format.retention(value)}</Estimated>
      <span className={styles.verdict} data-lost={lost}>
        <Icon size={12} aria-hidden /> {t(lost ? 'groups.lost' : 'groups.kept')}
      </span>
    </span>
  );
}

function Knowledge({ value, digits }: { value: DomainKnowledge | null; digits: number }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  if (value === null) return <span className={styles.dim}>—</span>;
  return (
    <span className={styles.stack}>
      {format.delta(value.mean)}
      <span className={styles.dim}>{t('groups.deviation', { value: format.decimal(value.deviation, digits) })}</span>
      <span className={styles.dim}>{t('groups.improved', { value: format.percent(value.improved) })}</span>
    </span>
  );
}

/** Questions with a reference answer: how likely it is to each model, and how near what the model writes comes to it. */
export function ReferenceTable({ groups }: { groups: readonly ProbeGroupMeasure[] }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const groupName = useGroupName();
  if (groups.length === 0) return null;
  const figures = ANSWER_FIGURES.filter((name) => name !== 'rougeL' && groups.some(({ written }) => written?.[name]));
  const distinct = groups.some(({ written }) => written?.distinct);
  return (
    <Card title={t('reference.title')}>
      <div className={styles.scroll} role="region" aria-label={t('table.of', { title: t('reference.title') })} tabIndex={0}>
        <table className={styles.table} data-testid="probe-references">
          <thead>
            <tr>
              <th scope="col" className={styles.first}>
                {t('table.group')}
              </th>
              <th scope="col">{t('groups.items')}</th>
              <th scope="col">{t('table.weights')}</th>
              <th scope="col">{t('reference.likelihood')}</th>
              <th scope="col">{t('reference.gain')}</th>
              <th scope="col">ROUGE-L</th>
              <th scope="col">{t('reference.rougeGain')}</th>
              {figures.map((name) => (
                <th key={name} scope="col">
                  {t(`reference.figure.${name}`)}
                </th>
              ))}
              {distinct && <th scope="col">{t('reference.distinct')}</th>}
            </tr>
          </thead>
          {groups.map(({ group, items, likelihood, knowledge, written }) => (
            <tbody key={group} data-group={group}>
              {knowledge.map((gain, model) => (
                <tr key={model}>
                  {model === 0 && (
                    <>
                      <th scope="rowgroup" rowSpan={knowledge.length} className={styles.first}>
                        {groupName(group)}
                      </th>
                      <td rowSpan={knowledge.length}>{format.count(items)}</td>
                    </>
                  )}
                  <th scope="row">{letterOf(model)}</th>
                  <td>
                    <Mean estimate={likelihood?.[model]} digits={3} />
                  </td>
                  <td>
                    <Knowledge value={gain} digits={3} />
                  </td>
                  <td>
                    <Mean estimate={written?.rougeL[model]} digits={3} />
                  </td>
                  <td>
                    <Knowledge value={written?.knowledge[model] ?? null} digits={3} />
                  </td>
                  {figures.map((name) => (
                    <td key={name}>
                      <Mean estimate={written?.[name]?.[model]} digits={digitsOf(name)} />
                    </td>
                  ))}
                  {distinct && (
                    <td>
                      {written?.distinct?.[model] ? written.distinct[model].map((share) => format.decimal(share, 2)).join(' / ') : '—'}
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </div>
      <p className={styles.note}>{t('reference.explain')}</p>
    </Card>
  );
}

/** BLEU and chrF go to 100, all others to 1. */
export const digitsOf = (name: AnswerFigure): number => (name === 'bleu' || name === 'chrf' ? 1 : 3);

function Mean({ estimate, digits }: { estimate: Estimate | undefined; digits: number }) {
  const format = useFormat();
  if (!estimate) return <span className={styles.dim}>—</span>;
  return (
    <Estimated estimate={estimate} digits={digits} stacked>
      {format.decimal(estimate.value, digits)}
    </Estimated>
  );
}
