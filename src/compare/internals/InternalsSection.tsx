/** Inside the model: where training acted, and what each head looks at under the base, the tuned weights, and between them. */
import { SegmentedControl } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useCompare } from '../store';
import { AttentionCard } from './AttentionCard';
import { useInternals } from './store';
import { WeightsCard } from './WeightsCard';
import styles from './InternalsSection.module.css';

export default function InternalsSection() {
  const { t } = useTranslation('internals');
  const third = useCompare((state) => state.address.c !== null);
  const versus = useInternals((state) => state.versus);
  const holdAgainst = useInternals((state) => state.holdAgainst);
  return (
    <div className={styles.section}>
      {third && (
        <div className={styles.versus}>
          <span id="internals-versus">{t('versus.label')}</span>
          <SegmentedControl
            size="xs"
            aria-labelledby="internals-versus"
            value={versus}
            onChange={(place) => holdAgainst(place)}
            data={[
              { value: 'b', label: t('versus.b') },
              { value: 'c', label: t('versus.c') },
            ]}
          />
        </div>
      )}
      <WeightsCard place={third ? versus : 'b'} />
      <AttentionCard place={third ? versus : 'b'} />
    </div>
  );
}
