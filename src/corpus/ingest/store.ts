/** An ingest: files chosen, what they hold, the person's choices, the reading, and those that a reload cut off. */
import { create } from 'zustand';
import type { ChannelSettings, SourceRecord } from '../../contract/corpus';
import type {
  DatasetOrigin,
  FileChoice,
  IngestFile,
  InspectedFile,
  IngestOptions,
  IngestProgress,
  InterruptedIngest,
} from '../../contract/ingest';
import { nextColour } from '../../core/corpus/channel-colours';
import { StudioError, errorRecord, type ErrorRecord } from '../../core/errors';
import { lab } from '../../lab/lab';
import type { TakenFile, TakenFiles } from '../../ui/FileDrop';
import { useWorkshop } from '../channels/store';

/** The value of the channel picker that makes a new channel. */
export const NEW_CHANNEL = '';

type NewChannel = Pick<ChannelSettings, 'name' | 'role' | 'language'>;

export interface IngestState {
  state: 'idle' | 'inspecting' | 'chosen' | 'busy' | 'done';
  files: IngestFile[];
  /** The files lie at a hub. */
  dataset: DatasetOrigin | null;
  /** There were more files than are taken. */
  more: boolean;
  inspected: InspectedFile[];
  choices: Record<string, FileChoice>;
  /** Path of the file whose choices are shown. */
  shown: string | null;
  /** Id of a channel, or NEW_CHANNEL. */
  channel: string;
  newChannel: NewChannel;
  use: IngestOptions['use'];
  progress: IngestProgress | null;
  error: ErrorRecord | null;
  made: SourceRecord[];
  interrupted: InterruptedIngest[];

  addFiles(taken: TakenFiles): Promise<void>;
  /** Files of a split at the hub that is connected. */
  addDataset(files: IngestFile[], dataset: DatasetOrigin): Promise<void>;
  show(path: string): void;
  /** @param paths files that the choice is made for */
  choose(paths: readonly string[], choice: FileChoice): void;
  describe(change: Partial<Pick<IngestState, 'channel' | 'use'>>): void;
  describeChannel(change: Partial<NewChannel>): void;
  start(): Promise<void>;
  cancel(): Promise<void>;
  reset(): void;
  dismiss(): void;

  loadInterrupted(): Promise<void>;
  /** @param files dropped again; none when they can be read by their handles */
  goOn(job: InterruptedIngest, files: readonly TakenFile[]): Promise<void>;
  /** With the files that are still to be read at hand. */
  resume(job: InterruptedIngest, files: readonly IngestFile[]): Promise<void>;
  keep(job: InterruptedIngest): Promise<void>;
  discard(job: InterruptedIngest): Promise<void>;
}

/** Files that are looked at again when a choice is made for many; all are read by it. */
const LOOKED_AT_AGAIN = 50;
/** Milliseconds after the last change of a choice. */
const SETTLED_AFTER = 250;

const NOTHING = {
  state: 'idle',
  files: [],
  dataset: null,
  more: false,
  inspected: [],
  choices: {},
  shown: null,
  use: 'split',
  progress: null,
  error: null,
  made: [],
} satisfies Partial<IngestState>;

/** Not yet in TypeScript's DOM. */
interface AskingHandle {
  requestPermission?(options: { mode: 'read' }): Promise<PermissionState>;
}

export const useIngest = create<IngestState>()((set, get) => {
  const onProgress = (progress: IngestProgress) => set({ progress });
  const fail = (error: unknown, state: IngestState['state']) => {
    const record = errorRecord(error);
    set({ state, progress: null, error: record.code === 'cancelled' ? null : record });
  };
  async function read(work: () => Promise<SourceRecord[]>, otherwise: IngestState['state']): Promise<boolean> {
    set({ state: 'busy', progress: null, error: null });
    try {
      const made = await work();
      set({ ...NOTHING, state: 'done', made });
      return true;
    } catch (error) {
      fail(error, otherwise);
      return false;
    } finally {
      await Promise.all([get().loadInterrupted(), useWorkshop.getState().load()]);
    }
  }
  /** What the files hold. @param name proposed for a new channel */
  async function look(name: string): Promise<void> {
    try {
      const { files } = get();
      const inspected = await lab.corpus.inspect(files);
      // Others may have been chosen meanwhile.
      if (get().files !== files) return;
      const { channels } = useWorkshop.getState();
      const { channel, newChannel } = get();
      const shown = inspected.find(({ problem }) => !problem) ?? inspected[0]!;
      set({
        state: 'chosen',
        inspected,
        shown: shown.path,
        channel: channels.some(({ id }) => id === channel) ? channel : (channels.at(-1)?.id ?? NEW_CHANNEL),
        newChannel: { ...newChannel, name },
      });
    } catch (error) {
      fail(error, 'idle');
    }
  }
  let hubWasAsked = false;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  /** What files hold by what the person now says of them; of several changes in a row the last one counts. */
  function lookAgain(paths: readonly string[]): void {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const { files, choices } = get();
      const wanted = files.filter(({ path }) => paths.includes(path));
      lab.corpus.inspect(wanted, choices).then(
        (found) => {
          if (get().choices !== choices || get().files !== files) return;
          const byPath = new Map(found.map((file) => [file.path, file]));
          set({ inspected: get().inspected.map((file) => byPath.get(file.path) ?? file) });
        },
        (error: unknown) => set({ error: errorRecord(error) }),
      );
    }, SETTLED_AFTER);
  }
  return {
    ...NOTHING,
    channel: NEW_CHANNEL,
    newChannel: { name: '', role: 'domain', language: null },
    interrupted: [],

    async addFiles({ files, more }) {
      if (get().state === 'busy') return;
      if (files.length === 0) {
        const error = new StudioError('folder-empty', 'Nothing was dropped', { file: '—', found: 0 });
        set({ ...NOTHING, error: errorRecord(error) });
        return;
      }
      set({ ...NOTHING, state: 'inspecting', files, more });
      await look(proposedName(files[0]!.path));
    },
    async addDataset(files, dataset) {
      if (get().state === 'busy') return;
      hubWasAsked = true;
      set({ ...NOTHING, state: 'inspecting', files, dataset });
      await look(dataset.repository.split('/').at(-1)!.slice(0, 60));
      // A new channel is what a data set most often is.
      set({ channel: NEW_CHANNEL });
    },
    show: (shown) => set({ shown }),
    choose(paths, choice) {
      const choices = { ...get().choices };
      for (const path of paths) choices[path] = { ...choices[path], ...choice };
      set({ choices });
      lookAgain(paths.slice(0, LOOKED_AT_AGAIN));
    },
    describe: (change) => set(change),
    describeChannel: (change) => set({ newChannel: { ...get().newChannel, ...change } }),

    async start() {
      const { state, files, choices, channel, newChannel, use, dataset, inspected } = get();
      if (state !== 'chosen') return;
      let made: string | null = null;
      const done = await read(async () => {
        if (channel === NEW_CHANNEL) {
          const colour = nextColour(useWorkshop.getState().channels);
          made = (await lab.corpus.createChannel({ ...newChannel, name: newChannel.name.trim(), colour })).id;
        }
        const options = { channel: made ?? channel, use, choice: {}, choices };
        // All files of a split are read as the first one, which alone was looked at.
        return dataset
          ? lab.corpus.ingest(files, { ...options, dataset, choice: wholeChoice(inspected[0]!, choices), choices: {} }, onProgress)
          : lab.corpus.ingest(files, options, onProgress);
      }, 'chosen');
      if (made === null) return;
      // A channel that was made for these files and got none of their rows would be a riddle: all may have gone by the channel field.
      // What was stored before the line broke off can go on into it.
      if (get().interrupted.some((job) => job.channel === made)) return;
      if (!done || get().made.every((source) => source.channel !== made)) await useWorkshop.getState().removeChannel(made);
      else set({ channel: made });
    },
    async cancel() {
      await lab.corpus.cancel('ingest');
      // Ranges that were asked for; nothing where no hub is connected.
      if (hubWasAsked) await lab.hub.cancel();
    },
    reset: () => set(NOTHING),
    dismiss: () => set({ error: null }),

    async loadInterrupted() {
      try {
        set({ interrupted: await lab.corpus.interruptedIngests() });
      } catch (error) {
        set({ error: errorRecord(error) });
      }
    },
    async goOn(job, files) {
      if (get().state === 'busy') return;
      if (files.length === 0)
        for (const handle of job.handles as readonly AskingHandle[]) await handle.requestPermission?.({ mode: 'read' });
      await get().resume(job, files);
    },
    resume: async (job, files) => {
      hubWasAsked ||= job.dataset !== undefined;
      await read(() => lab.corpus.resumeIngest(job.id, [...files], onProgress), 'idle');
    },
    keep: async (job) => void (await read(() => lab.corpus.keepIngest(job.id), 'idle')),
    async discard(job) {
      try {
        await lab.corpus.discardIngest(job.id);
      } catch (error) {
        set({ error: errorRecord(error) });
      }
      await Promise.all([get().loadInterrupted(), useWorkshop.getState().load()]);
    },
  };
});

/** The folder's name, else the file's without its ending. */
function proposedName(path: string): string {
  const [first = '', ...inner] = path.split('/');
  return (inner.length > 0 ? first : first.replace(/\.(?:gz|zst)$/i, '').replace(/\.[^.]+$/, '')).slice(0, 60);
}

/** What was guessed of a file together with what the person said. */
function wholeChoice(file: InspectedFile, choices: Record<string, FileChoice>): FileChoice {
  const guessed: FileChoice = file.records
    ? { records: file.records }
    : file.join
      ? { join: file.join, ...(file.template !== null && { template: file.template }) }
      : file.textField === null
        ? {}
        : { textField: file.textField };
  const said = choices[file.path] ?? {};
  return said.textField !== undefined || said.join || said.records ? said : { ...guessed, ...said };
}

/** Why it cannot be started, or null. */
export function ingestFault({ inspected, channel, newChannel }: IngestState): 'nothing' | 'name' | null {
  if (inspected.every(({ problem }) => problem !== null)) return 'nothing';
  return channel === NEW_CHANNEL && newChannel.name.trim() === '' ? 'name' : null;
}
