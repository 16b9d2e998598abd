/** Logs that this tab follows, and what a person is asked before: the browser asks for a folder, the page for a host. */
import { create } from 'zustand';
import type { FollowPlace, FollowStatus } from '../contract/follow';
import { errorRecord, StudioError, type ErrorRecord } from '../core/errors';
import { documentAddress } from '../core/model/hub-source';
import type { RunRecord } from '../core/run/types';
import { lab, onWorkerCrash } from './lab';

type Handle = FileSystemFileHandle | FileSystemDirectoryHandle;

/** Not yet in TypeScript's DOM. */
interface AskedHandle {
  queryPermission(options: { mode: 'read' | 'readwrite' }): Promise<PermissionState>;
  requestPermission(options: { mode: 'read' | 'readwrite' }): Promise<PermissionState>;
}
interface Pickers {
  showOpenFilePicker(): Promise<[FileSystemFileHandle]>;
  showDirectoryPicker(options: { id: string; mode: 'read' }): Promise<FileSystemDirectoryHandle>;
}

/** Does this browser give files that can be read again (Chromium)? */
export const canPick = (): boolean => 'showDirectoryPicker' in window;

interface FollowsState {
  /** By the run's id. */
  follows: Readonly<Record<string, FollowStatus>>;
  /** The address whose host a person is asked about, and the run that goes on with it. */
  asking: { href: string; host: string; run: string | null } | null;
  busy: boolean;
  error: ErrorRecord | null;
  /** Lets a person pick, and follows. @returns the run's id; null where it came to nothing, which `error` tells */
  pick(kind: 'file' | 'folder'): Promise<string | null>;
  /** Opens the question; nothing leaves the browser. */
  ask(address: string): void;
  connect(): Promise<string | null>;
  /** Follows again what a reload or a person ended: asks for the file once more, or for the host. */
  goOn(run: string): Promise<void>;
  leave(run: string): Promise<void>;
  /** Asks to write into the folder, for the control file. */
  allow(run: string): Promise<void>;
  dismiss(): void;
}

let watched = false;

export const useFollows = create<FollowsState>()((set, get) => {
  async function watch(): Promise<void> {
    if (watched) return;
    watched = true;
    onWorkerCrash((error) => {
      if (error.values['worker'] !== 'library') return;
      watched = false;
      set({ follows: {}, error: errorRecord(error) });
    });
    await lab.library.watchFollows((status) => {
      const { [status.run]: _, ...others } = get().follows;
      set({ follows: status.state === 'left' ? others : { ...others, [status.run]: status } });
    });
  }

  async function attempt(act: () => Promise<string>): Promise<string | null> {
    set({ busy: true, error: null });
    try {
      await watch();
      return await act();
    } catch (error) {
      const record = errorRecord(error);
      // The picker was closed.
      set({ error: record.code === 'cancelled' ? null : record });
      return null;
    } finally {
      set({ busy: false });
    }
  }

  async function followAddress(href: string, run: string | null): Promise<string> {
    const { port1, port2 } = new MessageChannel();
    await lab.hub.serveLog(href, port1);
    return lab.library.follow({ address: href }, run, port2);
  }

  return {
    follows: {},
    asking: null,
    busy: false,
    error: null,

    pick: (kind) =>
      attempt(async () => {
        const pickers = window as unknown as Pickers;
        const handle: Handle =
          kind === 'file' ? (await pickers.showOpenFilePicker())[0] : await pickers.showDirectoryPicker({ id: 'follow', mode: 'read' });
        return lab.library.follow({ handle }, null, null);
      }),
    ask(address) {
      try {
        set({ asking: { ...documentAddress(address), run: null }, error: null });
      } catch (error) {
        set({ error: errorRecord(error) });
      }
    },
    async connect() {
      const { asking } = get();
      if (!asking) return null;
      const id = await attempt(() => followAddress(asking.href, asking.run));
      // Who asked closes the question, with what it stands in.
      if (id === null) set({ asking: null });
      return id;
    },
    async goOn(run) {
      await attempt(async () => {
        const place = await lab.library.followPlace(run);
        if (!place) throw new StudioError('run-missing', `Run ${run} is none that was followed`, { run });
        if ('address' in place) {
          set({ asking: { ...documentAddress(place.address), run } });
          return run;
        }
        const granted = await (place.handle as unknown as AskedHandle).requestPermission({ mode: 'read' });
        if (granted === 'granted') return lab.library.follow(place, run, null);
        throw new StudioError('folder-refused', 'Reading was refused', { folder: place.handle.name, detail: granted });
      });
    },
    leave: (run) => lab.library.leave(run),
    async allow(run) {
      const place = await lab.library.followPlace(run);
      if (!place || 'address' in place) return;
      await (place.handle as unknown as AskedHandle).requestPermission({ mode: 'readwrite' });
      await lab.library.recheckControl(run);
    },
    dismiss: () => set({ error: null }),
  };
});

/** Is the run one whose log can be followed on from here? */
export const isFollowable = (run: RunRecord): boolean => run.followed === true && run.state === 'interrupted';

/** Runs that were gone on with, or could not be. */
const restored = new Set<string>();

/** After a reload goes on with logs whose files the browser still lets the page read; the others wait for a person. */
export async function restoreFollows(runs: readonly RunRecord[]): Promise<void> {
  for (const { id } of runs.filter((run) => isFollowable(run) && !restored.has(run.id))) {
    restored.add(id);
    const place: FollowPlace | null = await lab.library.followPlace(id);
    if (!place || 'address' in place) continue;
    const state = await (place.handle as unknown as AskedHandle).queryPermission({ mode: 'read' });
    if (state === 'granted') await useFollows.getState().goOn(id);
  }
}
