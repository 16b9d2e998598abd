/** Which channels are measured, and on how many held-out documents of each: one choice for all measures of text. */
import { Chip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { NumberField } from '../ui/NumberField';
import { useComparedName } from './channel-names';
import { useCompare } from './store';
import styles from './TextChoice.module.css';

interface Props {
  /** Of a measure that reads each document many times, and so fewer of them; else the page's own number. */
  documents?: { value: number; set: (documents: number) => void };
}

export function TextChoice({ documents: own }: Props) {
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
          value={own?.value ?? documents}
          min={2}
          max={4096}
          integer
          disabled={busy}
          onChange={own?.set ?? setDocuments}
        />
      </div>
    </div>
  );
}
