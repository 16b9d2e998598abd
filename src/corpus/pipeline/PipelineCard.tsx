/** Step 3: the channels that take part, every stage with its switch and parameters, and the run with its progress. */
import { StudioError, errorRecord, type ErrorRecord } from '../../core/errors';
import { openDevice } from '../../lab/device-store';
import { lab } from '../../lab/lab';
import { create } from 'zustand';
import type { CorpusApi, PreparationRecord } from '../../contract/corpus';
import { useWorkshop, rawSize } from '../channels/store';
import { usePipelineSettings, settingsFaults, settingsWarnings, type PipelineFault } from './settings-store';
import { Button, Progress as ProgressBar, Chip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { CircleCheck, Play, RotateCcw } from 'lucide-react';
import { Card } from '../../ui/Card';
import { ErrorBanner } from '../../ui/Banner';
import { NumberField } from '../../ui/fields';
import { ChangingStages, CleaningStages } from './CleaningStages';
import { SelectionStages } from './SelectionStages';
import styles from './Pipeline.module.css';

/** UTF-16 units of a text that are judged: its beginning tells how hard it is, and a book would take minutes. */
const JUDGED = 1000;

/** @returns nats per token of each text, in their order; rejects with `cancelled` once the signal is aborted */
function baseLoss(model: string, signal: AbortSignal): (texts: string[]) => Promise<number[]> {
  const base = { kind: 'model', model } as const;
  return async (texts) => {
    await openDevice();
    const losses: number[] = [];
    for (const text of texts) {
      if (signal.aborted) throw new StudioError('cancelled', 'Cancelled');
      const tokens = (await lab.trainer.tokenLosses(base, base, text.slice(0, JUDGED))).flatMap(({ a }) => a ?? []);
      losses.push(tokens.length === 0 ? 0 : tokens.reduce((sum, loss) => sum + loss, 0) / tokens.length);
    }
    return losses;
  };
}

/** A preparation under way: its phase, how far it is, and what stopped it. */
type PipelineProgress = Parameters<Parameters<CorpusApi['prepare']>[1]>[0];
type PipelinePhase = PipelineProgress['phase'];

interface PreparingState {
  state: 'idle' | 'busy' | 'done' | 'failed';
  progress: PipelineProgress | null;
  error: ErrorRecord | null;
  made: PreparationRecord | null;

  /** @param channels that take part */
  prepare(channels: readonly string[]): Promise<void>;
  cancel(): Promise<void>;
  dismiss(): void;
}

let cancelling = new AbortController();

const usePreparing = create<PreparingState>()((set, get) => ({
  state: 'idle',
  progress: null,
  error: null,
  made: null,

  async prepare(channels) {
    if (get().state === 'busy') return;
    set({ state: 'busy', progress: null, error: null });
    cancelling = new AbortController();
    const { settings, probes, base } = usePipelineSettings.getState();
    const byLoss = settings.order.kind === 'curriculum' && base !== null;
    try {
      const made = await lab.corpus.prepare(
        { channels: [...channels], settings, probes },
        (progress) => set({ progress }),
        ...(byLoss ? [baseLoss(base, cancelling.signal)] : []),
      );
      await useWorkshop.getState().load();
      set({ state: 'done', made });
    } catch (error) {
      const record = errorRecord(error);
      set(record.code === 'cancelled' ? { state: 'idle' } : { state: 'failed', error: record });
    } finally {
      set({ progress: null });
    }
  },
  cancel() {
    cancelling.abort();
    return lab.corpus.cancel('prepare');
  },
  dismiss: () => set({ error: null, state: 'idle' }),
}));

const PHASES: readonly PipelinePhase[] = ['measure', 'compare', 'decontaminate', 'difficulty', 'write'];

function PreparingProgress() {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const format = useFormat();
  const { progress, cancel } = usePreparing();
  const { settings, base } = usePipelineSettings();
  const without: Partial<Record<PipelinePhase, boolean>> = {
    decontaminate: !settings.decontaminate.enabled,
    difficulty: settings.order.kind !== 'curriculum' || base === null,
  };
  const shown = PHASES.filter((phase) => !without[phase]);
  const at = progress ? shown.indexOf(progress.phase) : -1;
  const ratio = progress?.total ? Math.min(1, progress.rows / progress.total) : null;
  return (
    <div className={styles.preparing} data-testid="preparing">
      <ol className={styles.phases}>
        {shown.map((phase, index) => (
          <li key={phase} data-state={index < at ? 'done' : index === at ? 'now' : 'next'} aria-current={index === at ? 'step' : undefined}>
            {t(`pipeline.phase.${phase}`)}
          </li>
        ))}
      </ol>
      <ProgressBar.Root size={8} radius={9}>
        <ProgressBar.Section
          value={(ratio ?? 0.06) * 100}
          animated={ratio === null}
          striped={ratio === null}
          aria-label={progress ? t(`pipeline.phase.${progress.phase}`) : common('loading')}
        />
      </ProgressBar.Root>
      <div className={styles.figures}>
        <span role="status">{progress ? t(`pipeline.phase.${progress.phase}`) : common('loading')}</span>
        {progress && (
          <>
            <span>
              {progress.total === null
                ? t('ingest.rows', { count: progress.rows, formatted: format.count(progress.rows) })
                : t('pipeline.rows', { done: format.count(progress.rows), total: format.count(progress.total) })}
            </span>
            <span>{t('pipeline.speed', { speed: format.compact(progress.unitsPerSecond) })}</span>
          </>
        )}
        <Button size="xs" variant="default" onClick={() => void cancel()}>
          {common('cancel')}
        </Button>
      </div>
    </div>
  );
}

export function PipelineCard({ onNext }: { onNext: () => void }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { channels, sources } = useWorkshop();
  const { settings, without, takePart, setSeed, reset } = usePipelineSettings();
  const { state, error, made, prepare, dismiss } = usePreparing();
  const busy = state === 'busy';
  const filled = channels.filter(({ id }) => rawSize(sources, id).rows > 0);
  const chosen = filled.filter(({ id }) => !without.includes(id));
  if (filled.length === 0)
    return (
      <Card title={t('steps.pipeline')} data-testid="pipeline">
        <p className={styles.dim}>{t('pipeline.none')}</p>
      </Card>
    );
  const faults: PipelineFault[] = [...(chosen.length === 0 ? (['no-channels'] as const) : []), ...settingsFaults(settings)];
  const warnings = settingsWarnings(settings, chosen, sources);
  return (
    <Card
      title={t('steps.pipeline')}
      data-testid="pipeline"
      aside={
        <Button size="compact-xs" variant="default" leftSection={<RotateCcw size={13} />} disabled={busy} onClick={reset}>
          {t('pipeline.reset')}
        </Button>
      }
    >
      <div className={styles.body}>
        <fieldset className={styles.part}>
          <legend>{t('pipeline.channels')}</legend>
          {filled.map(({ id, name }) => (
            <Chip key={id} size="xs" variant="outline" checked={!without.includes(id)} disabled={busy} onChange={(on) => takePart(id, on)}>
              {name}
            </Chip>
          ))}
        </fieldset>
        <ol className={styles.stages}>
          <CleaningStages disabled={busy} />
          <SelectionStages disabled={busy} />
          <ChangingStages disabled={busy} />
        </ol>
        <div className={styles.run}>
          <NumberField
            label={t('pipeline.seed')}
            value={settings.seed}
            min={0}
            max={0xffffffff}
            integer
            disabled={busy}
            onChange={setSeed}
          />
          <Button
            leftSection={<Play size={15} />}
            disabled={busy || faults.length > 0}
            onClick={() => void prepare(chosen.map(({ id }) => id))}
            data-testid="prepare"
          >
            {t('pipeline.run')}
          </Button>
          <ul className={styles.faults} aria-live="polite">
            {faults.map((fault) => (
              <li key={fault} data-fault>
                {t(`pipeline.fault.${fault}`)}
              </li>
            ))}
            {warnings.map((warning) => (
              <li key={warning}>{t(`pipeline.warning.${warning}`)}</li>
            ))}
          </ul>
        </div>
        {busy && <PreparingProgress />}
        {error && <ErrorBanner error={error} onDismiss={dismiss} />}
        {state === 'done' && made && (
          <p className={styles.done} role="status" data-testid="prepared">
            <CircleCheck size={15} aria-hidden />
            <span>{t('pipeline.done', { time: format.duration(made.report.timings.wall) })}</span>
            <button type="button" className={styles.link} onClick={onNext}>
              {t('pipeline.next')}
            </button>
          </p>
        )}
      </div>
    </Card>
  );
}
