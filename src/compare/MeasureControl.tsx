/** Starting a measure: the choice of text, the button with progress and error, and the line that tells where the figures come from. */
import { Button, Chip } from '@mantine/core';
import { Gauge } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { ProgressLine } from '../channels/ProgressLine';
import { useFormat } from '../i18n/format';
import { ErrorBanner } from '../ui/Banner';
import { NumberField } from '../ui/fields';
import { measureChannels, useMeasures, type MeasureKind, type ShownFigures } from './measures';
import { useComparedName } from './sources';
import { useCompare } from './store';
import styles from './MeasureControl.module.css';

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

interface TextChoiceProps {
  /** Of a measure that reads each document many times, and so fewer of them; else the page's own number. */
  documents?: { value: number; set: (documents: number) => void };
  /** False where the channels are given by something else. */
  channels?: boolean;
}

/** Which channels are measured, and on how many held-out documents of each: one choice for all measures of text. */
export function TextChoice({ documents: own, channels = true }: TextChoiceProps) {
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
        {(channels ? choices : []).map((channel) => (
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

interface MeasureControlProps {
  kind: MeasureKind;
  /** What the button says before the first time and after it. */
  first: string;
  again: string;
  disabled?: boolean;
  onMeasure: () => void;
}

/** The button that starts a measure, its progress with a way to cancel, and its error; the last figures stay meanwhile. */
export function MeasureControl({ kind, first, again, disabled = false, onMeasure }: MeasureControlProps) {
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
        <div className={styles.measureControlError}>
          <ErrorBanner error={error} onRetry={disabled ? undefined : onMeasure} />
        </div>
      )}
    </div>
  );
}
