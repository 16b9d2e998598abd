/** Text a run has trained on against text like it that it has not, for each checkpoint among B and C. */
import { BookLock } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ChannelTag, useChannelTag } from '../../channels/channel';
import type { ChannelMemorisation } from '../../contract/evaluation';
import { MEMORISED_LINE, memorises, type Estimate, type MemorisationVerdict } from '../../core/metrics/text-measure';
import { useFormat } from '../../i18n/format';
import { Card, EmptyState } from '../../ui/Card';
import { NumberField } from '../../ui/fields';
import { letterOf, PLACES } from '../address';
import { Estimated, Letter } from '../../ui/marks';
import { MeasureControl } from '../MeasureControl';
import { pickedWeights, useMeasures } from '../measures';
import { useSourceName } from '../sources';
import { useCompare } from '../store';
import { measureMemorisation, pickedCheckpoints, useStability, type PickedCheckpoint } from './store';
import styles from './Stability.module.css';

export function MemorisationCard() {
  const { t } = useTranslation('measures');
  const format = useFormat();
  // The picked weights follow both.
  useCompare((state) => state.address);
  useCompare((state) => state.groups);
  const rows = useStability((state) => state.rows);
  const setRows = useStability((state) => state.setRows);
  const result = useMeasures((state) => state.results.memorisation);
  const running = useMeasures((state) => state.running === 'memorisation');
  const checkpoints = pickedCheckpoints(pickedWeights());
  return (
    <Card title={t('memorisation.title')}>
      {checkpoints.length === 0 ? (
        <EmptyState icon={BookLock} title={t('memorisation.empty')}>
          <p>{t('memorisation.onlyModels')}</p>
        </EmptyState>
      ) : (
        <>
          <div className={styles.memorisationAsk}>
            <div className={styles.rows}>
              <NumberField label={t('memorisation.rows')} value={rows} min={2} max={1024} integer disabled={running} onChange={setRows} />
            </div>
            <MeasureControl
              kind="memorisation"
              first={t('memorisation.run')}
              again={t('memorisation.again')}
              onMeasure={() => void measureMemorisation()}
            />
          </div>
          {!result && !running && (
            <EmptyState icon={BookLock} title={t('memorisation.empty')}>
              <p>{t('memorisation.emptyText')}</p>
            </EmptyState>
          )}
          {result &&
            checkpoints.map((checkpoint) => (
              <Checkpoint key={checkpoint.source.key} checkpoint={checkpoint} measured={result[checkpoint.source.key] ?? []} />
            ))}
          {result && <p className={styles.note}>{t('memorisation.explain', { line: format.decimal(MEMORISED_LINE, 2) })}</p>}
        </>
      )}
    </Card>
  );
}

function Checkpoint({
  checkpoint: { model, source },
  measured,
}: {
  checkpoint: PickedCheckpoint;
  measured: readonly ChannelMemorisation[];
}) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const sourceName = useSourceName();
  const channelTag = useChannelTag();
  const letter = letterOf(model);
  const base = pickedWeights()[0];
  if (measured.length === 0) return <p role="status">{t('memorisation.noText')}</p>;
  const verdicts = measured.map(({ id, measure }) => ({ id, verdict: memorises(measure.memorised[1]!) }));
  const named = (verdict: MemorisationVerdict) => verdicts.filter((one) => one.verdict === verdict).map(({ id }) => channelTag(id));
  const overall: MemorisationVerdict = named('yes').length > 0 ? 'yes' : named('unclear').length > 0 ? 'unclear' : 'no';
  const corpus = (id: string) => source.run.recipe.channels.find((channel) => channel.id === id)?.corpus ?? id;
  return (
    <div className={styles.checkpoint} data-testid={`memorisation-${letter}`}>
      <h3>
        <Letter place={PLACES[model]!} size="small" /> {sourceName(source)}
      </h3>
      <p role="status" className={styles.verdict} data-verdict={overall}>
        {t(`memorisation.${overall}`, { letter, channels: named(overall).join(t('separator')) })}
      </p>
      {base && (base.run !== null || base.base !== source.base) && <p className={styles.dim}>{t('memorisation.notBase', { letter })}</p>}
      <div className={styles.scroll} role="region" aria-label={t('table.of', { title: sourceName(source) })} tabIndex={0}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col" className={styles.first}>
                {t('memorisation.channel')}
              </th>
              <th scope="col">{t('memorisation.rowCount')}</th>
              <th scope="col">{t('memorisation.seen')}</th>
              <th scope="col">{t('memorisation.unseen')}</th>
              <th scope="col">{t('memorisation.gap')}</th>
              <th scope="col">{t('memorisation.baseGap')}</th>
              <th scope="col">{t('memorisation.memorised')}</th>
              <th scope="col">{t('memorisation.heart')}</th>
            </tr>
          </thead>
          <tbody>
            {measured.map(({ id, measure }, at) => (
              <tr key={id} data-channel={id}>
                <th scope="row" className={styles.first}>
                  <ChannelTag id={id} corpus={corpus(id)} />
                </th>
                <td>
                  {format.count(measure.rows.seen)} / {format.count(measure.rows.unseen)}
                </td>
                <Loss estimate={measure.seen[1]!} />
                <Loss estimate={measure.unseen[1]!} />
                <Loss estimate={measure.gap[1]!} signed />
                <Loss estimate={measure.gap[0]!} signed />
                <Loss estimate={measure.memorised[1]!} signed />
                <td className={styles.verdict} data-verdict={verdicts[at]!.verdict}>
                  {t(`memorisation.verdict.${verdicts[at]!.verdict}`)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Loss({ estimate, signed = false }: { estimate: Estimate; signed?: boolean }) {
  const format = useFormat();
  return (
    <td>
      <Estimated estimate={estimate} stacked>
        {signed ? format.delta(estimate.value) : format.loss(estimate.value)}
      </Estimated>
    </td>
  );
}
