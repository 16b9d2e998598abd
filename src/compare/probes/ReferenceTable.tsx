/** Questions with a reference answer: how likely it is to each model, and how near what the model writes comes to it. */
import { useTranslation } from 'react-i18next';
import type { Estimate } from '../../core/metrics/channel-measure';
import type { ProbeGroupMeasure } from '../../core/metrics/probe-measure';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { Estimated } from '../Estimated';
import { letterOf } from '../letters';
import { Knowledge } from './GroupTable';
import { useGroupName } from './names';
import styles from './Probes.module.css';

export function ReferenceTable({ groups }: { groups: readonly ProbeGroupMeasure[] }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const groupName = useGroupName();
  if (groups.length === 0) return null;
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
              <th scope="col">BLEU</th>
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
                  <td>
                    <Mean estimate={written?.bleu[model]} digits={1} />
                  </td>
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

function Mean({ estimate, digits }: { estimate: Estimate | undefined; digits: number }) {
  const format = useFormat();
  if (!estimate) return <span className={styles.dim}>—</span>;
  return (
    <Estimated estimate={estimate} digits={digits} stacked>
      {format.decimal(estimate.value, digits)}
    </Estimated>
  );
}
