/** State of the training card: the form, the training under way and what came of it. */
import { create } from 'zustand';
import type { TokenizerRecord } from '../contract/tokenizer';
import type { TrainProgress } from '../contract/tokenizer';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { lab } from '../lab/lab';
import { modelKey, tokenizerKey } from './refs';
import { useTokenizers } from './store';
import { NEW_FORM, ofKind, startingWeights, trainFault, trainingOf, type TrainForm, type TrainKind } from './train-options';

interface TrainState {
  form: TrainForm;
  state: 'idle' | 'busy' | 'failed';
  progress: TrainProgress | null;
  /** Of the phase under way; null until it has lasted long enough to tell. */
  secondsLeft: number | null;
  error: ErrorRecord | null;
  made: TokenizerRecord | null;

  describe(change: Partial<TrainForm>): void;
  chooseKind(kind: TrainKind): void;
  /** Gives channels that are new their weight. */
  meetCorpora(): void;
  train(): Promise<void>;
  cancel(): Promise<void>;
  dismiss(): void;
}

/** Seconds of a phase before what is left of it is said. */
const TELLING = 1;

export const useTraining = create<TrainState>()((set, get) => ({
  form: NEW_FORM,
  state: 'idle',
  progress: null,
  secondsLeft: null,
  error: null,
  made: null,

  describe: (change) => set({ form: { ...get().form, ...change } }),
  chooseKind: (kind) => set({ form: ofKind(get().form, kind) }),
  meetCorpora() {
    const { form } = get();
    set({ form: { ...form, weights: startingWeights(useTokenizers.getState().corpora, form.weights) } });
  },

  async train() {
    const { form, state } = get();
    if (state === 'busy' || trainFault(form) !== null) return;
    const { channels, options } = trainingOf(form, useTokenizers.getState().corpora);
    set({ state: 'busy', progress: null, secondsLeft: null, error: null, made: null });
    let phase: { name: TrainProgress['phase']; began: number } | null = null;
    const onProgress = (progress: TrainProgress) => {
      if (phase?.name !== progress.phase) phase = { name: progress.phase, began: performance.now() };
      const seconds = (performance.now() - phase.began) / 1000;
      const secondsLeft = seconds < TELLING || progress.done === 0 ? null : (seconds / progress.done) * (progress.total - progress.done);
      set({ progress, secondsLeft });
    };
    try {
      const made = await lab.tokenizer.train(form.name.trim(), channels, options, onProgress);
      set({ state: 'idle', made, form: { ...get().form, name: '' } });
      const tokenizers = useTokenizers.getState();
      await tokenizers.load();
      // At once beside the tokenizer of the base.
      const base = useTokenizers.getState().models[0];
      if (base) tokenizers.choose('a', modelKey(base.id));
      tokenizers.choose('b', tokenizerKey(made.id));
    } catch (error) {
      const record = errorRecord(error);
      if (record.code === 'cancelled') set({ state: 'idle' });
      else set({ state: 'failed', error: record });
    } finally {
      set({ progress: null, secondsLeft: null });
    }
  },
  cancel: () => lab.tokenizer.cancel('train'),
  dismiss: () => set({ state: 'idle', error: null }),
}));
