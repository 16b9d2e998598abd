/** Cleaned channels as files for other tools. */
import { create } from 'zustand';
import type { ExportedFile, ExportRequest } from '../../contract/corpus';
import type { Progress } from '../../contract/progress';
import { errorRecord, type ErrorRecord } from '../../core/errors';
import { lab } from '../../lab/lab';

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

export const useExport = create<ExportState>()((set, get) => ({
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
  cancel: () => lab.corpus.cancel(),
  dismiss: () => set({ error: null }),
}));
