/** Which channels are measured on how much text, and what came out: a chart of the changes, and all figures in a table. */
import { Gauge } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/Card';
import { EmptyState } from '../../ui/EmptyState';
import { useComparedName } from '../channel-names';
import { useFigures } from '../figures';
import { TextChoice } from '../TextChoice';
import { ChannelTable } from './ChannelTable';
import { DeltaChart } from './DeltaChart';
import styles from './ChannelsSection.module.css';

export default function ChannelsSection() {
  const { t } = useTranslation('compare');
  const comparedName = useComparedName();
  const figures = useFigures();
  const tooFew = figures?.measured ? figures.summary.rows.filter(({ documents }) => documents < 2) : [];
  return (
    <>
      <TextChoice />
      {figures && figures.summary.rows.length > 0 ? (
        <>
          {!figures.summary.comparable.every(Boolean) && <p className={styles.warning}>{t('measure.vocabulary')}</p>}
          {tooFew.length > 0 && (
            <p className={styles.warning}>
              {t('measure.tooFew', { channels: tooFew.map(({ channel }) => comparedName(channel).name).join(t('retention.comma')) })}
            </p>
          )}
          <DeltaChart summary={figures.summary} />
          <Card title={t('measure.title')}>
            <ChannelTable summary={figures.summary} />
          </Card>
        </>
      ) : (
        <Card title={t('measure.title')}>
          <EmptyState icon={Gauge} title={t('measure.empty')}>
            <p>{t(figures ? 'measure.nothing' : 'measure.emptyText')}</p>
          </EmptyState>
        </Card>
      )}
    </>
  );
}
