/** Weights between A and B (and C): the merge fader on the weights picked here. */
import { useEffect, useState } from 'react';
import { SegmentedControl } from '@mantine/core';
import { Blend } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { MergePanel } from '../merge/MergePanel';
import { MOST_CHECKPOINTS, useMerge, type MergeSubject } from '../merge/store';
import { Card, EmptyState } from '../ui/Card';
import { MeasureControl, TextChoice } from './MeasureControl';
import { mixtureSubject } from './mixtures';
import { MixturesPanel } from './MixturesPanel';
import { chosenChannels, pickedWeights, prepareTexts, useMeasures } from './measures';
import { useSourceName } from './sources';
import { useCompare } from './store';
import styles from './MeasureControl.module.css';

/** The picked weights and text as what is merged; null where A and B are the same weights. */
function useSubject(): MergeSubject | null {
  const sourceName = useSourceName();
  const { address, groups, chosen, choices, documentsPerChannel: documents } = useCompare();
  if (address.a === address.b) return null;
  const [base, ...tuned] = pickedWeights();
  if (!base || tuned.length === 0) return null;
  const [b] = tuned;
  const channels = chosenChannels();
  const saved = groups.find(({ run }) => run !== null && run.id === b?.run?.id)?.sources ?? [];
  return {
    key: JSON.stringify([address, chosen, choices, documents, saved.length]),
    base: base.weights,
    tuned: tuned.map((source) => ({ weights: source.weights, name: sourceName(source) })),
    channels,
    documents,
    checkpoints: saved
      .filter(({ step }) => step !== null && b?.step != null && step <= b.step)
      .slice(0, MOST_CHECKPOINTS)
      .map(({ weights }) => weights),
    engage: (work) =>
      useMeasures.getState().measure('merge', async (_, onProgress) => {
        await prepareTexts(channels, onProgress);
        await work(onProgress);
        return useMerge.getState().positions.size;
      }),
    onKept: () => useCompare.getState().load(),
  };
}

export default function MergeSection() {
  const { t } = useTranslation('merge');
  const subject = useSubject();
  const { meet, measure, setKind } = useMerge.getState();
  const kind = useMerge((state) => state.kind);
  const error = useMeasures((state) => state.errors.merge);
  const [ranking, setRanking] = useState(false);
  useEffect(() => {
    meet(subject);
  });
  if (!subject)
    return (
      <Card title={t('title')}>
        <EmptyState icon={Blend} title={t('empty')}>
          <p>{t('emptyText')}</p>
        </EmptyState>
      </Card>
    );
  const mean = subject.checkpoints.length > 1;
  const mixtures = mixtureSubject();
  const kinds = [...(['fader'] as const), ...(mean ? (['mean'] as const) : []), ...(mixtures ? (['mixtures'] as const) : [])];
  const shown = ranking && mixtures ? 'mixtures' : kind === 'mean' && mean ? 'mean' : 'fader';
  return (
    <>
      <TextChoice channels={shown !== 'mixtures'} />
      <div className={styles.below}>
        <Card
          title={t('title')}
          data-testid="merge"
          aside={
            kinds.length > 1 && (
              <SegmentedControl
                size="xs"
                aria-label={t('kind.label')}
                value={shown}
                onChange={(next) => {
                  setRanking(next === 'mixtures');
                  if (next !== 'mixtures') setKind(next);
                }}
                data={kinds.map((value) => ({ value, label: t(`kind.${value}`) }))}
              />
            )
          }
        >
          {shown === 'mixtures' && mixtures ? (
            <MixturesPanel subject={mixtures} />
          ) : (
            <MergePanel
              lead={t(shown === 'mean' ? 'meanLead' : 'lead')}
              letters
              failed={error !== undefined}
              control={<MeasureControl kind="merge" first={t('run')} again={t('again')} onMeasure={() => void measure()} />}
            />
          )}
        </Card>
      </div>
    </>
  );
}
