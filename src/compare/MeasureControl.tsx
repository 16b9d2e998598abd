/** Starting a measure: the choice of text, the button with progress and error, and the line that tells where the figures come from. */
import { Button, Chip } from '@mantine/core';
import { Check, Gauge, ListOrdered, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { ProgressLine } from '../channels/ProgressLine';
import { useFormat } from '../i18n/format';
import { ErrorBanner } from '../ui/Banner';
import { useCommands } from '../ui/commands';
import { NumberField } from '../ui/fields';
import { VIEWS } from './address';
import { cancelEverything, measureEverything, QUEUE, useQueue } from './measure-all';
import { measureChannels, useMeasures, type MeasureKind, type ShownFigures } from './measures';
import { useComparedName } from './sources';
import { useCompare } from './store';
import styles from './MeasureControl.module.css';

/** While everything is measured: what is done, what is under way and what waits, with one way to cancel it all. */
function MeasureQueue() {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const { waiting, done } = useQueue();
  const progress = useMeasures((state) => state.progress);
  const errors = useMeasures((state) => state.errors);
  if (waiting === null) return null;
  const order = QUEUE.filter((kind) => done.includes(kind) || waiting.includes(kind));
  return (
    <div className={styles.queue} role="group" aria-label={t('measure.everything')} data-testid="measure-queue">
      <ol>
        {order.map((kind) => {
          const state = done.includes(kind) ? (errors[kind] ? 'failed' : 'done') : waiting[0] === kind ? 'now' : 'waiting';
          return (
            <li key={kind} data-state={state} aria-current={state === 'now' ? 'step' : undefined}>
              {state === 'done' && <Check size={12} aria-label={t('measure.queue.done')} />}
              {state === 'failed' && <TriangleAlert size={12} aria-label={t('measure.queue.failed')} />}
              {t(`measure.kind.${kind}`)}
            </li>
          );
        })}
      </ol>
      <span className={styles.count}>
        {t('measure.queue.of', { done: format.count(done.length + 1), all: format.count(order.length) })}
      </span>
      <div className={styles.queueBar}>
        <ProgressLine progress={progress} onCancel={cancelEverything} />
      </div>
    </div>
  );
}

export function MeasureLine({ figures }: { figures: ShownFigures | null }) {
  const { t } = useTranslation('compare');
  const { t: internals } = useTranslation('internals');
  const queued = useQueue((state) => state.waiting !== null);
  const format = useFormat();
  const chosen = useCompare((state) => state.chosen);
  const documents = useCompare((state) => state.documentsPerChannel);
  const busy = useCompare((state) => state.activity !== null);
  const cancel = useCompare((state) => state.cancel);
  const running = useMeasures((state) => state.running === 'channels');
  const progress = useMeasures((state) => state.progress);
  const error = useMeasures((state) => state.errors.channels);
  useCommands('measures', [
    {
      id: 'measure-everything',
      group: 'page',
      title: t('measure.everything'),
      blocked: busy,
      run: () => void measureEverything(internals('attention.example')),
    },
    { id: 'measure-cancel', group: 'page', title: t('measure.cancel'), blocked: !busy, run: cancelEverything },
    ...VIEWS.map((view) => ({
      id: `view-${view}`,
      group: 'page' as const,
      title: `${t('title')}: ${t(`view.${view}`)}`,
      run: () => useCompare.getState().show(view),
    })),
  ]);
  const measured = figures?.measured === true;
  const stale = measured && (figures.documents !== documents || figures.channels.map((channel) => channel.id).join() !== chosen.join());
  return (
    <>
      <MeasureQueue />
      <div className={styles.line} data-testid="measure-line" hidden={queued}>
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
            <Button
              size="xs"
              variant="default"
              leftSection={<ListOrdered size={14} />}
              disabled={busy}
              title={t('measure.everythingHelp')}
              onClick={() => void measureEverything(internals('attention.example'))}
              data-testid="measure-everything"
            >
              {t('measure.everything')}
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
