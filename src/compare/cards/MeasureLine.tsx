/** Where the figures above come from, and the one button that measures them with intervals. */
import { Button } from '@mantine/core';
import { Gauge } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { ErrorBanner } from '../../ui/ErrorBanner';
import { ProgressLine } from '../../ui/ProgressLine';
import { measureChannels } from '../channels/measure-channels';
import type { ShownFigures } from '../figures';
import { useMeasures } from '../measures-store';
import { useCompare } from '../store';
import styles from './MeasureLine.module.css';

export function MeasureLine({ figures }: { figures: ShownFigures | null }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const chosen = useCompare((state) => state.chosen);
  const documents = useCompare((state) => state.documentsPerChannel);
  const busy = useCompare((state) => state.activity !== null);
  const cancel = useCompare((state) => state.cancel);
  const running = useMeasures((state) => state.running === 'channels');
  const progress = useMeasures((state) => state.progress);
  const error = useMeasures((state) => state.errors.channels);
  const measured = figures?.measured === true;
  const stale = measured && (figures.documents !== documents || figures.channels.map((channel) => channel.id).join() !== chosen.join());
  return (
    <>
      <div className={styles.line} data-testid="measure-line">
        {running ? (
          <ProgressLine progress={progress} onCancel={() => void cancel()} />
        ) : (
          <>
            <p role="status">
              {figures === null
                ? t('measure.emptyText')
                : t(measured ? 'measure.fresh' : 'measure.stored', { documents: format.count(figures.documents) })}
              {stale && <strong> {t('measure.stale')}</strong>}
              {chosen.length === 0 && <strong> {t('measure.noChannel')}</strong>}
            </p>
            <Button
              size="xs"
              variant={measured && !stale ? 'default' : 'filled'}
              leftSection={<Gauge size={14} />}
              disabled={busy || chosen.length === 0}
              onClick={() => void measureChannels()}
            >
              {t(measured ? 'measure.again' : 'measure.run')}
            </Button>
          </>
        )}
      </div>
      {error && (
        <div className={styles.error}>
          <ErrorBanner error={error} onRetry={() => void measureChannels()} />
        </div>
      )}
    </>
  );
}
