/** Prepared channels as .jsonl or .parquet for other tools: which channels, which splits, one file or one per channel. */
import { create } from 'zustand';
import type { ExportedFile, ExportRequest, WorkshopChannel } from '../../contract/corpus';
import type { Progress } from '../../contract/progress';
import { errorRecord, type ErrorRecord } from '../../core/errors';
import { lab } from '../../lab/lab';
import { Button, Chip, SegmentedControl, Switch } from '@mantine/core';
import { Download, FileDown } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { ErrorBanner } from '../../ui/Banner';
import { ProgressLine } from '../../channels/ProgressLine';
import styles from './Result.module.css';

export interface ExportState {
  format: ExportRequest['format'];
  splits: ExportRequest['splits'];
  parts: ExportRequest['parts'];
  /** Channels left out. */
  without: readonly string[];
  state: 'idle' | 'busy' | 'done';
  progress: Progress | null;
  files: ExportedFile[];
  /** Preparations that the files are of: after another they are no longer offered. */
  of: string;
  error: ErrorRecord | null;

  describe(change: Partial<Pick<ExportState, 'format' | 'splits' | 'parts' | 'without'>>): void;
  run(corpora: readonly string[], of: string): Promise<void>;
  save(file: ExportedFile): void;
  cancel(): Promise<void>;
  dismiss(): void;
}

const useExport = create<ExportState>()((set, get) => ({
  format: 'jsonl',
  splits: ['train', 'heldOut'],
  parts: 'one',
  without: [],
  state: 'idle',
  progress: null,
  files: [],
  of: '',
  error: null,

  describe: (change) => set({ ...change, state: 'idle', files: [] }),
  async run(corpora, of) {
    const { format, splits, parts, state } = get();
    if (state === 'busy') return;
    set({ state: 'busy', progress: null, error: null, files: [] });
    try {
      const files = await lab.corpus.exportCorpora({ corpora: [...corpora], format, splits, parts }, (progress) => set({ progress }));
      set({ state: 'done', files, of });
      // One file is what was asked for; several would be several questions of the browser.
      if (files.length === 1) get().save(files[0]!);
    } catch (error) {
      const record = errorRecord(error);
      set({ state: 'idle', error: record.code === 'cancelled' ? null : record });
    } finally {
      set({ progress: null });
    }
  },
  save({ name, blob }) {
    const url = URL.createObjectURL(blob);
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
    // The browser may still be reading a large file: the address goes with a delay.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  },
  cancel: () => lab.corpus.cancel('export'),
  dismiss: () => set({ error: null }),
}));

/** Cleaned channels as .jsonl or .parquet: which channels, which splits, one file or one each. */
const SPLITS = ['train', 'heldOut'] as const;

export function ExportPanel({ channels }: { channels: readonly WorkshopChannel[] }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { format: kind, splits, parts, without, state, progress, files, of, error, describe, run, save, cancel, dismiss } = useExport();
  const usable = channels.filter(({ corpus }) => corpus !== null);
  const exported = usable.flatMap(({ id, corpus }) => (corpus !== null && !without.includes(id) ? [corpus] : []));
  const busy = state === 'busy';
  const present = usable.map(({ preparation }) => preparation).join();
  if (usable.length === 0) return null;
  return (
    <section className={styles.export} aria-label={t('export.title')} data-testid="export">
      <div>
        <h3>{t('export.title')}</h3>
        <p className={styles.dim}>{t('export.hint')}</p>
      </div>
      <div className={styles.choices} role="group" aria-label={t('export.channels')}>
        {usable.map(({ id, name }) => (
          <Chip
            key={id}
            size="xs"
            variant="outline"
            checked={!without.includes(id)}
            disabled={busy}
            onChange={(on) => describe({ without: on ? without.filter((other) => other !== id) : [...without, id] })}
          >
            {name}
          </Chip>
        ))}
      </div>
      <div className={styles.choices}>
        <SegmentedControl
          size="xs"
          aria-label={t('export.format')}
          value={kind}
          disabled={busy}
          onChange={(chosen) => describe({ format: chosen })}
          data={[
            { value: 'jsonl' as const, label: '.jsonl' },
            { value: 'parquet' as const, label: '.parquet' },
          ]}
        />
        {SPLITS.map((split) => (
          <Switch
            key={split}
            size="xs"
            label={t(`column.${split}`)}
            checked={splits.includes(split)}
            disabled={busy}
            onChange={(event) => {
              const on = event.currentTarget.checked;
              describe({ splits: SPLITS.filter((other) => (other === split ? on : splits.includes(other))) });
            }}
          />
        ))}
        <Switch
          size="xs"
          label={t('export.each')}
          checked={parts === 'each'}
          disabled={busy}
          onChange={(event) => describe({ parts: event.currentTarget.checked ? 'each' : 'one' })}
        />
        <Button
          size="xs"
          leftSection={<FileDown size={14} />}
          disabled={busy || exported.length === 0 || splits.length === 0}
          onClick={() => void run(exported, present)}
        >
          {t('export.run')}
        </Button>
      </div>
      {busy && <ProgressLine progress={progress} onCancel={() => void cancel()} />}
      {error && <ErrorBanner error={error} onDismiss={dismiss} />}
      {files.length > 0 && of === present && (
        <ul className={styles.exported} aria-label={t('export.files')}>
          {files.map((file) => (
            <li key={file.name}>
              <Button size="compact-xs" variant="default" leftSection={<Download size={13} />} onClick={() => save(file)}>
                {file.name}
              </Button>
              <span className={styles.dim}>
                {t('rowsAndBytes', { count: file.rows, formatted: format.count(file.rows), bytes: format.bytes(file.blob.size) })}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
