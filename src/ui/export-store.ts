/** State of an export in Hugging Face layout, of runs and of models: what is exported, progress, and the finished zip or folder. */
import { create, type StoreApi, type UseBoundStore } from 'zustand';
import type { Progress } from '../contract/progress';
import { errorRecord, type ErrorRecord } from '../core/errors';

export interface ExportState<Options> {
  /** Id of the run or the model whose dialog is open. */
  target: string | null;
  progress: Progress | null;
  error: ErrorRecord | null;
  /** The finished zip's address and name, until the dialog closes. */
  file: { url: string; name: string; bytes: number } | null;
  /** The folder that was written, and the one that it lies in. */
  folder: { name: string; parent: string } | null;
  busy: boolean;

  begin(target: string): void;
  toZip(options: Options): Promise<void>;
  /** Asks for a folder on the disk and writes a new one into it. */
  toFolder(options: Options): Promise<void>;
  cancel(): Promise<void>;
  /** Closes the dialog and cancels an export under way. */
  end(): void;
}

export interface ExportSource<Options> {
  /** Name of the zip and of the folder, without an ending. */
  name(target: string, options: Options): string;
  zip(target: string, options: Options, onProgress: (progress: Progress) => void): Promise<Blob>;
  /** Resolves with the name that the new folder got. */
  folder(
    target: string,
    options: Options,
    parent: FileSystemDirectoryHandle,
    name: string,
    onProgress: (progress: Progress) => void,
  ): Promise<string>;
  cancel(): Promise<void>;
}

const NOTHING = { progress: null, error: null, file: null, folder: null, busy: false } as const;

export function createExportStore<Options>(source: ExportSource<Options>): UseBoundStore<StoreApi<ExportState<Options>>> {
  return create<ExportState<Options>>()((set, get) => {
    /** Counts exports; closing the dialog ends one, and what it still reports is not of the dialog that is open then. */
    let turns = 0;
    const release = () => {
      const { file } = get();
      if (file) URL.revokeObjectURL(file.url);
    };
    type Made = Partial<Pick<ExportState<Options>, 'file' | 'folder'>>;

    /** One export at a time; what `work` made is shown as long as its dialog is open. */
    async function run(work: (target: string, onProgress: (progress: Progress) => void) => Promise<Made>): Promise<void> {
      const { target, busy } = get();
      if (target === null || busy) return;
      const turn = (turns += 1);
      const settle = (change: Partial<ExportState<Options>>) => {
        if (get().target !== null && turn === turns) set(change);
      };
      release();
      settle({ ...NOTHING, busy: true });
      try {
        settle(await work(target, (progress) => settle({ progress })));
      } catch (error) {
        const record = errorRecord(error);
        if (record.code !== 'cancelled') settle({ error: record });
      } finally {
        settle({ busy: false, progress: null });
      }
    }

    return {
      target: null,
      ...NOTHING,
      begin: (target) => set({ target, ...NOTHING }),
      toZip: (options) =>
        run(async (target, onProgress) => {
          const blob = await source.zip(target, options, onProgress);
          // The dialog may have been closed meanwhile: nobody would ever revoke the address.
          if (get().target !== target) return {};
          return { file: { url: URL.createObjectURL(blob), name: `${source.name(target, options)}.zip`, bytes: blob.size } };
        }),
      toFolder: (options) =>
        run(async (target, onProgress) => {
          const parent = await pickFolder();
          if (!parent) return {};
          const name = await source.folder(target, options, parent, source.name(target, options), onProgress);
          return { folder: { name, parent: parent.name } };
        }),
      cancel: () => source.cancel(),
      end() {
        release();
        if (get().busy) {
          turns += 1;
          void source.cancel();
        }
        set({ target: null, ...NOTHING });
      },
    };
  });
}

/** The browser's File System Access API, which Chromium has. */
type Picker = (options: { id: string; mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>;

const picker = (): Picker | undefined => (globalThis as { showDirectoryPicker?: Picker }).showDirectoryPicker;

export function canPickFolder(): boolean {
  return picker() !== undefined;
}

/** A folder on the disk to write into; null when the person cancels. The browser itself asks for permission. */
async function pickFolder(): Promise<FileSystemDirectoryHandle | null> {
  try {
    return (await picker()?.({ id: 'crossfade-export', mode: 'readwrite' })) ?? null;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw error;
  }
}
