/** Which channels are measured on how much text, and what came out: a chart of the changes, and all figures in a table. */
import { Chip } from '@mantine/core';
import { Gauge } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { Card } from '../../ui/Card';
import { EmptyState } from '../../ui/EmptyState';
import { NumberField } from '../../ui/NumberField';
import { useComparedName } from '../channel-names';
import { useFigures } from '../figures';
import { useCompare } from '../store';
import { ChannelTable } from './ChannelTable';
import { DeltaChart } from './DeltaChart';
import styles from './ChannelsSection.module.css';

export default function ChannelsSection() {
  const { t } = useTranslation('compare');
  const figures = useFigures();
  return (
    <>
      <Settings />
      {figures && figures.summary.rows.length > 0 ? (
        <>
          {!figures.summary.comparable.every(Boolean) && <p className={styles.warning}>{t('measure.vocabulary')}</p>}
          <DeltaChart summary={figures.summary} />
          <Card title={t('measure.title')}>
            <ChannelTable summary={figures.summary} />
          </Card>
        </>
      ) : (
        <Card title={t('measure.title')}>
          <EmptyState icon={Gauge} title={t('measure.empty')}>
            <p>{t('measure.emptyText')}</p>
          </EmptyState>
        </Card>
      )}
    </>
  );
}

function Settings() {
  const { t } = useTranslation('compare');
  const comparedName = useComparedName();
  const { choices, chosen, documents, activity, toggleChannel, setDocuments } = useCompare(
    useShallow((state) => ({
      choices: state.choices,
      chosen: state.chosen,
      documents: state.documentsPerChannel,
      activity: state.activity,
      toggleChannel: state.toggleChannel,
      setDocuments: state.setDocuments,
    })),
  );
  const busy = activity === 'measure';
  return (
    <div className={styles.settings}>
      <div role="group" aria-label={t('measure.channels')} className={styles.chips}>
        {choices.map((channel) => (
          <Chip
            key={channel.id}
            size="xs"
            variant="outline"
            checked={chosen.includes(channel.id)}
            disabled={busy}
            onChange={() => toggleChannel(channel.id)}
          >
            {comparedName(channel).name}
          </Chip>
        ))}
      </div>
      <div className={styles.documents}>
        <NumberField
          label={t('measure.documents')}
          title={t('measure.documentsHelp')}
          value={documents}
          min={2}
          max={4096}
          integer
          disabled={busy}
          onChange={setDocuments}
        />
      </div>
    </div>
  );
}
