/**
 * What was measured of the picked weights, base (A) first: each measure is started by the person, runs on the engine one at a time, and
 * keeps its figures until the weights change.
 */
import { useMemo } from 'react';
import { create } from 'zustand';
import type {
  Attribution,
  AttentionView,
  ChannelMemorisation,
  Counterfactual,
  EmbeddingMeasure,
  LayerProbes,
  LensView,
  MeasuredLabels,
  RobustnessCurve,
  TermsMeasure,
  TextChange,
  WeightsRef,
} from '../contract/evaluation';
import type { OnProgress, Progress } from '../contract/progress';
import type { ErrorRecord } from '../core/errors';
import type { ParameterChange } from '../core/metrics/model-change';
import type { ProbeMeasure } from '../core/metrics/probe-measure';
import type { Probe } from '../core/probes/probe';
import type { ProbeScore } from '../core/probes/probe-score';
import { lab } from '../lab/lab';
import { letterOf, PLACES } from './address';
import { summarise, type ComparedChannel, type ComparedFigures, type ComparisonSummary } from './figures';
import { findSource, type WeightsSource } from './sources';
import { useCompare } from './store';
import type { BlindComparison } from './text/generation-store';

/** Results by measure; arrays "by model" run over A, B and the third, in this order. */
export interface Measures {
  channels: ComparedFigures;
  /** `terms` as they were asked for, `documents` per channel. */
  terms: { measure: TermsMeasure; channels: ComparedChannel[]; terms: string[]; documents: number };
  probes: { sets: string[]; probes: Probe[]; scores: ProbeScore[][]; measure: ProbeMeasure };
  /** Of checkpoints alone: a base has no training text here. Key: weights key. */
  memorisation: Record<string, ChannelMemorisation[]>;
  robustness: RobustnessCurve[];
  /** Of the labelled channel of the picked run. */
  labels: MeasuredLabels;
  /** By model; `documents` per channel. */
  embeddings: { models: EmbeddingMeasure[]; channels: ComparedChannel[]; documents: number; pooling: 'mean' | 'last' };
  attention: { text: string; view: AttentionView };
  attribution: { text: string; target: string; view: Attribution };
  counterfactual: { change: TextChange; view: Counterfactual };
  lens: { text: string; view: LensView };
  layers: LayerProbes;
  human: BlindComparison;
  /** Of B and, if there, of the third, against A. Key: weights key. */
  weights: Record<string, ParameterChange[]>;
  /** Positions of the merge fader that have been measured; they themselves are in src/merge/store.ts, since they come one by one. */
  merge: number;
}
export type MeasureKind = keyof Measures;

interface MeasuresState {
  results: Partial<Measures>;
  errors: Partial<Record<MeasureKind, ErrorRecord>>;
  /** The measure that the engine works on. */
  running: MeasureKind | null;
  progress: Progress | null;
  /**
   * Measures on the engine. Results of weights that were changed meanwhile are dropped; a measure that is cancelled or fails leaves
   * the last good result where it is.
   * @param work gets the picked weights, A first
   */
  measure<K extends MeasureKind>(kind: K, work: (weights: WeightsRef[], onProgress: OnProgress) => Promise<Measures[K]>): Promise<void>;
}

/** The engine counts the models that it evaluates; a person knows them by their letters. */
const withLetter = (progress: Progress): Progress =>
  progress.phase === 'evaluate' ? { ...progress, item: letterOf(Number(progress.item)) } : progress;

export const useMeasures = create<MeasuresState>()((set, get) => ({
  results: {},
  errors: {},
  running: null,
  progress: null,

  measure: (kind, work) =>
    useCompare.getState().engage(
      'measure',
      async () => {
        const { address } = useCompare.getState();
        const weights = pickedWeights().map((source) => source.weights);
        if (weights.length < 2) return;
        const errors = { ...get().errors };
        delete errors[kind];
        set({ running: kind, progress: null, errors });
        try {
          const result = await work(weights, (progress) => set({ progress: withLetter(progress) }));
          if (useCompare.getState().address === address) set({ results: { ...get().results, [kind]: result } });
        } finally {
          set({ running: null, progress: null });
        }
      },
      (error) => set({ errors: { ...get().errors, [kind]: error } }),
    ),
}));

// Everything measured belongs to the weights it was measured on.
useCompare.subscribe((state, before) => {
  if (state.address !== before.address) useMeasures.setState({ results: {}, errors: {} });
});

/** Cuts the texts of these channels into the tokens of every picked model, where that was not done before. */
export async function prepareTexts(channels: readonly ComparedChannel[], onProgress: OnProgress): Promise<void> {
  const { models } = useCompare.getState();
  for (const base of new Set(pickedWeights().map((source) => source.base)))
    if (models.some(({ id }) => id === base)) await lab.tokenizer.prepare(base, [...channels], onProgress);
}

/** The picked weights in the order of all results: A, B, and the third where there is one. */
export function pickedWeights(): WeightsSource[] {
  const { groups, address } = useCompare.getState();
  return PLACES.map((place) => address[place]).flatMap((key) => findSource(groups, key) ?? []);
}

/** The channels that the person chose for measures of text, in the order they are offered. */
export function chosenChannels(): ComparedChannel[] {
  const { choices, chosen } = useCompare.getState();
  return choices.filter(({ id }) => chosen.includes(id));
}

/** The figures that the page shows now: measured here, else stored by the run. */
export interface ShownFigures extends ComparedFigures {
  summary: ComparisonSummary;
  /** False: of the run itself, without intervals. */
  measured: boolean;
}

export function useFigures(): ShownFigures | null {
  const stored = useCompare((state) => state.stored);
  const measured = useMeasures((state) => state.results.channels);
  return useMemo(() => {
    const figures = measured ?? stored;
    return figures && { ...figures, summary: summarise(figures), measured: measured !== undefined };
  }, [measured, stored]);
}

/** Measures the chosen channels under all picked weights, document by document. Does nothing without a channel. */
export async function measureChannels(): Promise<void> {
  const { documentsPerChannel: documents } = useCompare.getState();
  const channels = chosenChannels();
  if (channels.length === 0) return;
  await useMeasures.getState().measure('channels', async (weights, onProgress) => {
    await prepareTexts(channels, onProgress);
    return { measure: await lab.trainer.measureChannels(weights, channels, documents, onProgress), channels, documents };
  });
}
