/** State of the compare page: what is picked, what was measured, what was written. Calls go through the lab. */
import { create } from 'zustand';
import type { Comparison, CorpusRecord, GenerateOptions, ModelRecord, Progress } from '../../workers/api';
import { errorRecord, type ErrorRecord } from '../core/errors';
import type { CheckpointRecord } from '../core/run/types';
import { openDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { meetCorpora } from '../ui/own-channels';
import { compareHash, readCompareAddress, readView, type CompareAddress, type View } from './address';
import { channelChoices, defaultChannels, defaultRows } from './channels';
import { defaultAddress, findSource, groupSources, type SourceGroup, type WeightsSource } from './sources';
import { storedComparison } from './stored';
import type { ComparedChannel } from './summary';
import { tokenChanges, type TokenChanges } from './token-scale';

export type Side = 'a' | 'b';
/** A place of the address: two sides, and a third set of weights laid over them. */
export type Place = Side | 'c';
export type Activity = 'evaluate' | 'generate' | 'score' | 'measure';

export interface Evaluation {
  comparison: Comparison;
  channels: ComparedChannel[];
  rowsPerChannel: number;
  /** True when the run measured it while training; false when measured here. */
  stored: boolean;
}

export interface Continuation {
  text: string;
  state: 'idle' | 'waiting' | 'writing' | 'done' | 'stopped';
}

export interface CompareState {
  library: 'loading' | 'ready' | 'failed';
  libraryError: ErrorRecord | null;
  models: ModelRecord[];
  corpora: CorpusRecord[];
  checkpoints: ReadonlyMap<string, CheckpointRecord[]>;
  groups: SourceGroup[];
  address: CompareAddress;
  view: View;
  /** Of the address, weights that are not there (any more). */
  missing: string[];
  choices: ComparedChannel[];
  chosen: string[];
  rowsPerChannel: number;
  /** The engine does one thing at a time for this page. */
  activity: Activity | null;
  progress: Progress | null;
  evaluation: Evaluation | null;
  evaluationError: ErrorRecord | null;
  generation: GenerateOptions;
  /** The prompt that the continuations belong to. */
  prompted: string;
  continuations: Record<Side, Continuation>;
  generationError: ErrorRecord | null;
  text: string;
  changes: TokenChanges | null;
  textError: ErrorRecord | null;

  load(): Promise<void>;
  /** Follows a link or the back button. */
  followHash(hash: string): void;
  /** Only `c` may be taken away again, with null. */
  choose(place: Place, key: string | null): void;
  show(view: View): void;
  /** Runs one thing on the engine, which does one at a time for this page; does nothing while another runs. */
  engage(activity: Activity, work: () => Promise<void>, fail: (error: ErrorRecord) => void): Promise<void>;
  swap(): void;
  toggleChannel(id: string): void;
  setRows(rows: number): void;
  evaluate(): Promise<void>;
  setGeneration(options: Partial<GenerateOptions>): void;
  generate(): Promise<void>;
  setText(text: string): void;
  scoreText(): Promise<void>;
  cancel(): Promise<void>;
}

const NOTHING_WRITTEN: Record<Side, Continuation> = { a: { text: '', state: 'idle' }, b: { text: '', state: 'idle' } };

/** Milliseconds between two looks of a text that is being written: tokens come faster than a page should be drawn. */
const PACE = 80;

/** Passes on the latest text at most once a PACE. */
function paced(show: (text: string) => void): (text: string) => void {
  let latest = '';
  let waiting = false;
  return (text) => {
    latest = text;
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      show(latest);
    }, PACE);
  };
}

export const useCompare = create<CompareState>()((set, get) => {
  function pair(): { a: WeightsSource; b: WeightsSource } | null {
    const { groups, address } = get();
    const a = findSource(groups, address.a);
    const b = findSource(groups, address.b);
    return a && b ? { a, b } : null;
  }

  /** Everything measured or written belongs to a pair: with another pair it goes, and what the run stored takes its place. */
  function adopt(address: CompareAddress): void {
    const { groups, corpora, checkpoints } = get();
    const missing = [address.a, address.b, address.c].flatMap((key) => (key !== null && !findSource(groups, key) ? [key] : []));
    const fallback = defaultAddress(groups);
    const effective = {
      a: findSource(groups, address.a) ? address.a : fallback.a,
      b: findSource(groups, address.b) ? address.b : fallback.b,
      c: findSource(groups, address.c) ? address.c : null,
    };
    const a = findSource(groups, effective.a);
    const b = findSource(groups, effective.b);
    const run = b?.run ?? a?.run ?? null;
    const choices = channelChoices(run, corpora);
    const evaluation = a && b ? storedComparison(a, b, checkpoints) : null;
    set({
      address: effective,
      missing,
      choices,
      chosen: defaultChannels(run, choices),
      rowsPerChannel: defaultRows(run),
      evaluation,
      evaluationError: null,
      continuations: NOTHING_WRITTEN,
      generationError: null,
      changes: null,
      textError: null,
    });
  }

  function point(address: CompareAddress): void {
    if (get().activity !== null) void lab.trainer.cancel();
    adopt(address);
    history.replaceState(history.state, '', compareHash(get().address, get().view));
  }

  /** Runs one thing on the engine. A cancelled one is no error: the person asked for it. */
  async function engage(activity: Activity, work: () => Promise<void>, fail: (error: ErrorRecord) => void): Promise<void> {
    if (get().activity !== null) return;
    set({ activity, progress: null });
    try {
      await openDevice();
      await work();
    } catch (error) {
      const record = errorRecord(error);
      if (record.code !== 'cancelled') fail(record);
    } finally {
      set({ activity: null, progress: null });
    }
  }

  return {
    library: 'loading',
    libraryError: null,
    models: [],
    corpora: [],
    checkpoints: new Map(),
    groups: [],
    address: { a: null, b: null, c: null },
    view: 'channels',
    missing: [],
    choices: [],
    chosen: [],
    rowsPerChannel: 16,
    activity: null,
    progress: null,
    evaluation: null,
    evaluationError: null,
    generation: { prompt: '', seed: 1, temperature: 0.8, topP: 0.95, topK: 40, maxTokens: 64 },
    prompted: '',
    continuations: NOTHING_WRITTEN,
    generationError: null,
    text: '',
    changes: null,
    textError: null,

    async load() {
      try {
        const [models, runs, corpora] = await Promise.all([lab.library.models(), lab.library.runs(), lab.corpus.list()]);
        meetCorpora(corpora);
        const saved = await Promise.all(runs.map(async (run) => [run.id, await lab.library.checkpoints(run.id)] as const));
        const checkpoints = new Map(saved);
        const before = get();
        set({ view: readView(location.hash) });
        set({ library: 'ready', libraryError: null, models, corpora, checkpoints, groups: groupSources(models, runs, checkpoints) });
        // On a second visit the pair and its results stay, unless the address names another pair. Weights against themselves,
        // all there was before the first run, make room for the run that was trained since.
        const wanted = readCompareAddress(location.hash);
        const same =
          before.library === 'ready' &&
          before.address.a !== before.address.b &&
          (wanted.a ?? before.address.a) === before.address.a &&
          (wanted.b ?? before.address.b) === before.address.b &&
          (wanted.c ?? before.address.c) === before.address.c;
        if (!same || !pair()) adopt(wanted);
        if (location.hash.startsWith('#/compare')) history.replaceState(history.state, '', compareHash(get().address, get().view));
      } catch (error) {
        set({ library: 'failed', libraryError: errorRecord(error) });
      }
    },

    followHash(hash) {
      const wanted = readCompareAddress(hash);
      const { address, library } = get();
      set({ view: readView(hash) });
      const changed = wanted.a !== address.a || wanted.b !== address.b || wanted.c !== address.c;
      if (library === 'ready' && (wanted.a !== null || wanted.b !== null) && changed) point(wanted);
    },

    choose(place, key) {
      if (key !== null || place === 'c') point({ ...get().address, [place]: key });
    },
    swap: () => point({ ...get().address, a: get().address.b, b: get().address.a }),
    show(view) {
      set({ view });
      history.replaceState(history.state, '', compareHash(get().address, view));
    },
    engage,

    toggleChannel(id) {
      const { chosen, choices } = get();
      const next = new Set(chosen);
      if (!next.delete(id)) next.add(id);
      set({ chosen: choices.flatMap((channel) => (next.has(channel.id) ? [channel.id] : [])) });
    },
    setRows: (rowsPerChannel) => set({ rowsPerChannel }),

    evaluate: () =>
      engage(
        'evaluate',
        async () => {
          const sides = pair();
          const { choices, chosen, rowsPerChannel, models, address } = get();
          const channels = choices.filter((channel) => chosen.includes(channel.id));
          if (!sides || channels.length === 0) return;
          set({ evaluationError: null });
          const onProgress = (progress: Progress) => set({ progress });
          const corpora = [...new Set(channels.map((channel) => channel.corpus))];
          for (const base of new Set([sides.a.base, sides.b.base]))
            if (models.some((model) => model.id === base)) await lab.tokenizer.prepare(base, corpora, onProgress);
          const comparison = await lab.trainer.compare(sides.a.weights, sides.b.weights, channels, rowsPerChannel, onProgress);
          if (get().address !== address) return;
          set({ evaluation: { comparison, channels, rowsPerChannel, stored: false } });
        },
        (evaluationError) => set({ evaluationError }),
      ),

    setGeneration: (options) => set({ generation: { ...get().generation, ...options } }),

    generate: () =>
      engage(
        'generate',
        async () => {
          const sides = pair();
          const { generation, address } = get();
          if (!sides || generation.prompt.trim() === '') return;
          const write = (side: Side, change: Partial<Continuation>) => {
            const { continuations } = get();
            set({ continuations: { ...continuations, [side]: { ...continuations[side], ...change } } });
          };
          set({
            generationError: null,
            prompted: generation.prompt,
            continuations: { a: { text: '', state: 'waiting' }, b: { text: '', state: 'waiting' } },
          });
          try {
            // One after the other: they share the processor, so in turns neither would be done sooner.
            for (const side of ['a', 'b'] as const) {
              write(side, { state: 'writing' });
              const show = paced((text) => {
                if (get().address === address && get().continuations[side].state === 'writing') write(side, { text });
              });
              let text = '';
              const whole = await lab.trainer.generate(sides[side].weights, generation, (piece) => {
                text += piece;
                show(text);
              });
              if (get().address !== address) return;
              write(side, { text: whole, state: 'done' });
            }
          } catch (error) {
            for (const side of ['a', 'b'] as const)
              if (get().continuations[side].state !== 'done') write(side, { state: get().address === address ? 'stopped' : 'idle' });
            throw error;
          }
        },
        (generationError) => set({ generationError }),
      ),

    setText: (text) => set({ text }),

    scoreText: () =>
      engage(
        'score',
        async () => {
          const sides = pair();
          const { text, address } = get();
          if (!sides || text.trim() === '') return;
          set({ textError: null });
          const losses = await lab.trainer.tokenLosses(sides.a.weights, sides.b.weights, text);
          if (get().address === address) set({ changes: tokenChanges(losses) });
        },
        (textError) => set({ textError }),
      ),

    cancel: async () => {
      if (get().activity === 'evaluate') await lab.tokenizer.cancel();
      await lab.trainer.cancel();
    },
  };
});
