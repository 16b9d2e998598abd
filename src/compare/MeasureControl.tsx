/** The button that starts a measure, how far it is, a way out, and what went wrong; the last figures stay meanwhile. */
import { Button } from '@mantine/core';
import { Gauge } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ErrorBanner } from '../ui/ErrorBanner';
import { ProgressLine } from '../ui/ProgressLine';
import { useMeasures, type MeasureKind } from './measures-store';
import { useCompare } from './store';
import styles from './MeasureControl.module.css';

interface Props {
  kind: MeasureKind;
  /** What the button says before the first time and after it. */
  first: string;
  again: string;
  disabled?: boolean;
  onMeasure: () => void;
}

export function MeasureControl({ kind, first, again, disabled = false, onMeasure }: Props) {
  const { t } = useTranslation('measures');
  const measured = useMeasures((state) => state.results[kind] !== undefined);
  const running = useMeasures((state) => state.running === kind);
  const progress = useMeasures((state) => (state.running === kind ? state.progress : null));
  const error = useMeasures((state) => state.errors[kind]);
  const activity = useCompare((state) => state.activity);
  const cancel = useCompare((state) => state.cancel);
  return (
    <div className={styles.control}>
      {running ? (
        <ProgressLine progress={progress} onCancel={() => void cancel()} />
      ) : (
        <div className={styles.start}>
          <Button
            size="xs"
            variant={measured ? 'default' : 'filled'}
            leftSection={<Gauge size={14} />}
            disabled={disabled || activity !== null}
            onClick={onMeasure}
          >
            {measured ? again : first}
          </Button>
          {activity !== null && <span className={styles.note}>{t('busy')}</span>}
        </div>
      )}
      {error && (
        <div className={styles.error}>
          <ErrorBanner error={error} onRetry={disabled ? undefined : onMeasure} />
        </div>
      )}
    </div>
  );
}
