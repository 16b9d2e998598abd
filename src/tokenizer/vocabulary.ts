/** The extension or replacement of a model's vocabulary: the form, what it asks for, the plan, the new model and its measurement. */
import type { CorpusRecord } from '../contract/corpus';
import type { VocabularySource, VocabularyPlan } from '../contract/tokenizer';
import { DEFAULT_TERMS, parseTerms } from './fertility';
import { findChoice, type TokenizerChoice, modelKey } from './refs';
import { create } from 'zustand';
import type { ModelRecord } from '../contract/library';
import type { Progress } from '../contract/progress';
import { errorRecord, type ErrorRecord } from '../core/errors';
import type { MixtureMeasure } from '../core/metrics/text-measure';
import { cancelUntil } from '../lab/cancel-until';
import { openDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { useTokenizers } from './store';

export type VocabularyChange = VocabularySource['kind'];
export const VOCABULARY_CHANGES: readonly VocabularyChange[] = ['terms', 'characters', 'merges', 'replace'];

export interface VocabularyForm {
  model: string | null;
  kind: VocabularyChange;
  /** As typed. */
  terms: string;
  /** Channels whose characters are counted. */
  corpora: Record<string, number>;
  most: number;
  /** Channels whose merges are learnt, with their weights. */
  weights: Record<string, number>;
  merges: number;
  /** Key of the tokenizer that takes the place of the model's own. */
  tokenizer: string | null;
  name: string;
}

const NEW_VOCABULARY: VocabularyForm = {
  model: null,
  kind: 'terms',
  terms: DEFAULT_TERMS.join('\n'),
  corpora: {},
  most: 200,
  weights: {},
  merges: 256,
  tokenizer: null,
  name: '',
};

export type VocabularyFault = 'model' | 'terms' | 'channels' | 'tokenizer';

/** What is asked for, or what is missing. */
export function vocabularySource(
  form: VocabularyForm,
  corpora: readonly CorpusRecord[],
  choices: readonly TokenizerChoice[],
): VocabularySource | VocabularyFault {
  if (form.model === null) return 'model';
  const taking = (weights: Record<string, number>) => corpora.filter(({ id }) => (weights[id] ?? 0) > 0);
  switch (form.kind) {
    case 'terms': {
      const terms = parseTerms(form.terms);
      return terms.length === 0 ? 'terms' : { kind: 'terms', terms };
    }
    case 'characters': {
      const taken = taking(form.corpora).map(({ id }) => id);
      return taken.length === 0 ? 'channels' : { kind: 'characters', corpora: taken, most: form.most };
    }
    case 'merges': {
      const channels = taking(form.weights).map(({ id }) => ({ corpus: id, weight: form.weights[id]! }));
      return channels.length === 0 ? 'channels' : { kind: 'merges', channels, merges: form.merges };
    }
    case 'replace': {
      const choice = findChoice(choices, form.tokenizer);
      return choice === null ? 'tokenizer' : { kind: 'replace', tokenizer: choice.ref };
    }
  }
}

/** Held-out documents per channel: a few seconds on two cores. */
const DOCUMENTS = 8;

interface VocabularyState {
  form: VocabularyForm;
  activity: 'plan' | 'extend' | 'measure' | null;
  progress: Progress | null;
  error: ErrorRecord | null;
  /** For the form as it was; null after a change. */
  plan: VocabularyPlan | null;
  made: ModelRecord | null;
  /** The model that `made` was made from. */
  base: ModelRecord | null;
  /** Held-out text under the base and under the model made of it. */
  comparison: MixtureMeasure | null;

  describe(change: Partial<VocabularyForm>): void;
  /** The first model and the general weights, until a person has chosen. */
  meetModels(): void;
  look(): Promise<void>;
  extend(): Promise<void>;
  measure(): Promise<void>;
  cancel(): Promise<void>;
  dismiss(): void;
}

export const useVocabulary = create<VocabularyState>()((set, get) => {
  async function engage(activity: VocabularyState['activity'], work: () => Promise<void>): Promise<void> {
    if (get().activity !== null) return;
    set({ activity, progress: null, error: null });
    try {
      await work();
    } catch (error) {
      const record = errorRecord(error);
      if (record.code !== 'cancelled') set({ error: record });
    } finally {
      set({ activity: null, progress: null });
    }
  }
  function asked() {
    const { corpora, choices } = useTokenizers.getState();
    const { form } = get();
    const source = vocabularySource(form, corpora, choices);
    return typeof source === 'string' || form.model === null ? null : { model: form.model, source };
  }
  const measure = async (): Promise<void> => {
    const { base, made } = get();
    if (!base || !made) return;
    await openDevice();
    const channels = useTokenizers.getState().corpora.map(({ id, role }) => ({ id, corpus: id, role }));
    const weights = (model: ModelRecord) => ({ kind: 'model' as const, model: model.id });
    const onProgress = (progress: Progress) => set({ progress });
    set({ comparison: await lab.trainer.measureChannels([weights(base), weights(made)], channels, DOCUMENTS, onProgress) });
  };

  return {
    form: NEW_VOCABULARY,
    activity: null,
    progress: null,
    error: null,
    plan: null,
    made: null,
    base: null,
    comparison: null,

    // A name says nothing about what is added.
    describe: (change) => set({ form: { ...get().form, ...change }, ...(Object.keys(change).join() === 'name' ? {} : { plan: null }) }),

    meetModels() {
      const { models, corpora } = useTokenizers.getState();
      const { form } = get();
      const model = models.find(({ id }) => id === form.model)?.id ?? models[0]?.id ?? null;
      const start = (known: Record<string, number>, weight: (role: string, id: string) => number) =>
        Object.fromEntries(corpora.map(({ id, role }) => [id, known[id] ?? weight(role, id)]));
      const domain = corpora.find(({ role }) => role === 'domain')?.id;
      set({
        form: {
          ...form,
          model,
          corpora: start(form.corpora, (_, id) => (id === 'zh' ? 1 : 0)),
          weights: start(form.weights, (_, id) => (id === domain ? 1 : 0)),
        },
      });
    },

    look: () =>
      engage('plan', async () => {
        const wanted = asked();
        if (!wanted) return;
        const { form } = get();
        const plan = await lab.tokenizer.planVocabulary(wanted.model, wanted.source, (progress) =>
          set({ progress: { ...progress, item: '' } }),
        );
        // What was changed meanwhile is another question.
        if (JSON.stringify({ ...get().form, name: '' }) === JSON.stringify({ ...form, name: '' })) set({ plan });
      }),

    extend: () =>
      engage('extend', async () => {
        const wanted = asked();
        const { form } = get();
        const { models, load, choose } = useTokenizers.getState();
        const base = models.find(({ id }) => id === wanted?.model);
        if (!wanted || !base || form.name.trim() === '') return;
        set({ made: null, base: null, comparison: null });
        const made = await lab.tokenizer.extendVocabulary(wanted.model, wanted.source, form.name.trim(), (progress) => set({ progress }));
        set({ made, base, form: { ...get().form, name: '' } });
        await load();
        choose('a', modelKey(base.id));
        choose('b', modelKey(made.id));
        await measure();
      }),

    measure: () => engage('measure', measure),

    cancel: () =>
      cancelUntil(
        () => get().activity === null,
        () => Promise.all([lab.tokenizer.cancel('train'), get().made ? lab.trainer.cancel() : null]),
      ),

    dismiss: () => set({ error: null }),
  };
});
