/** Evaluation: measures of several sets of weights on the same text, generation, and token losses. */
import type { Vectors } from '../core/metrics/embeddings';
import type { Estimate, TermLoss, MemorisationMeasure, MixtureMeasure, NoiseIntervals } from '../core/metrics/text-measure';
import type { TextDescription } from '../core/metrics/text-diversity';
import type { Echo } from '../core/recipe/schema';
import type { CorpusRecord } from './corpus';
import type { OnProgress } from './progress';
import type { ParameterChange } from '../core/metrics/model-change';
import type { Probe } from '../core/probes/probe';
import type { ProbeScore } from '../core/probes/probe-score';
import type { ProbeMeasure } from '../core/metrics/probe-measure';
import type { ChannelText } from './tokenizer';

/** A set of weights: a base model as it came, or a checkpoint of a run; its weights, or the average of them that the run kept. */
export type WeightsRef = { kind: 'model'; model: string } | ({ kind: 'checkpoint' } & CheckpointRef);

export interface CheckpointRef {
  run: string;
  step: number;
  average?: boolean | undefined;
}

/** How much held-out text of each channel a position of a merge is measured on. */
export interface MergeLook {
  documents: number;
  /** Where only their beginnings are read: tokens of each document. */
  tokens?: number;
}

/** Merges θ_base + Σ factor_k · (θ_k − θ_base) of weights of one shape and one tokenizer. */
export interface MergeRef {
  base: WeightsRef;
  tuned: WeightsRef[];
}

export interface GenerateOptions {
  prompt: string;
  seed: number;
  /** 0 always takes the likeliest token. */
  temperature: number;
  topP: number;
  /** 0 looks at the whole vocabulary. */
  topK: number;
  /** Max new tokens. */
  maxTokens: number;
}

export interface TokenLoss {
  /** Text of the token as it stands in the input. */
  text: string;
  /** nats; null for the first token, which nothing predicts. */
  a: number | null;
  b: number | null;
  /** Of a third, where there is one. */
  c?: number | null;
}

export interface MeasuredChannel extends ChannelText {
  id: string;
  role: 'general' | 'domain';
  /** A model wrote the text: retention is the mean over the others where there are any. */
  generated?: unknown;
}

/** A place where a domain term stands, with what each set of weights made of it. */
export interface TermPassage {
  before: string;
  term: string;
  after: string;
  /** nats per token of the term, by model. */
  loss: number[];
}

export interface TermsMeasure {
  /** Over all terms; null when none was found. */
  overall: TermLoss | null;
  /** Most frequent first. */
  terms: (TermLoss & { passages: TermPassage[] })[];
  documents: number;
}

export interface ChannelMemorisation {
  id: string;
  measure: MemorisationMeasure;
}

export interface AttentionView {
  /** Text of each token. */
  tokens: string[];
  /** [model][layer]: weights are [heads · tokens · tokens]. */
  models: { heads: number; weights: Float32Array }[][];
  /** [model][layer]: KL(model ‖ base) in nats, mean over heads and queries; 0 for the base. */
  divergence: number[][];
}

/** Gradient × input, integrated gradients, occlusion, and a linear fit to the model around the text. */
export type AttributionMethod = 'integrated' | 'gradient' | 'occlusion' | 'local';

export interface ModelAttribution {
  /** ln p of the explained token, in nats: behind the text, and behind as many of the token that a text starts after. */
  value: number;
  baseline: number;
  methods: Record<
    AttributionMethod,
    {
      /** Nats, by token. */
      values: number[];
      /** value − baseline − Σ values. */
      residue: number;
      /** Points of the path that integrated gradients took. */
      steps?: number;
      /** Share of the variation that the local fit explains. */
      rSquared?: number;
    }
  >;
}

export interface Attribution {
  /** Texts of the tokens that the explained one follows, the start first; and its own. */
  tokens: string[];
  target: string;
  /** Null where a model cuts the text otherwise than the first. */
  models: (ModelAttribution | null)[];
}

/** Another wording of the characters `from` … `to` of a text. */
export interface TextChange {
  text: string;
  from: number;
  to: number;
  replacement: string;
}

interface BeforeAndAfter {
  before: number;
  after: number;
}

export interface Counterfactual {
  models: {
    /** nats, of the whole text. */
    loss: BeforeAndAfter;
    /** nats, of each token behind the part that was changed. */
    following: ({ text: string } & BeforeAndAfter)[];
    /** Probabilities of the likeliest tokens behind the text, by either. */
    next: ({ text: string } & BeforeAndAfter)[];
    /** KL(after ‖ before) of the next token, nats. */
    divergence: number;
  }[];
}

/** The likeliest next token by a layer, its probability, and the loss of the token that follows; null at the end. */
export interface LensCell {
  text: string;
  probability: number;
  loss: number | null;
}

export interface LensView {
  /** layers[embeddings and layers][token] */
  models: { tokens: string[]; layers: LensCell[][] }[];
}

/** Held-out accuracy of a linear probe of the channel on the mean state of a document. */
export interface LayerProbes {
  channels: string[];
  /** Of each channel; a half of them trained the probe. */
  documents: number;
  /** [model][embeddings and layers] */
  models: Estimate[][];
}

/** `adversarial`: words for near ones that the base finds hard; its texts are cut to their beginnings. */
export type NoiseKind = 'characters' | 'deletion' | 'synonym' | 'adversarial';

/** Of a labelled corpus, as a run's channel reads it. */
export interface LabelRequest {
  channel: MeasuredChannel;
  labels: string[];
  pooling: 'last' | 'mean';
  /** Tokens of a text that are read. */
  context: number;
}

export interface MeasuredLabels {
  labels: string[];
  /** Beginnings of the texts, and the index of each one's label. */
  texts: string[];
  truth: number[];
  /** [model][text][label]: probabilities; null for a model without a head of these labels. */
  models: (number[][] | null)[];
  /** Texts whose label is none of these, which are left out. */
  unknown: number;
}

export interface RobustnessCurve {
  kind: NoiseKind;
  /** Share of characters or words that are changed. */
  levels: number[];
  /** [model][level]: bits per byte of the changed text. */
  bitsPerByte: number[][];
  /** Absent in what was measured before it had any. */
  intervals?: NoiseIntervals;
}

/** Embeddings of held-out texts under one model, and what they say of it. */
export interface EmbeddingMeasure {
  /** Of length 1, a text each. */
  vectors: Vectors;
  /** Channel of each text. */
  channels: string[];
  /** Mean squared distance of a text and its copy with noise; lower is nearer. */
  alignment: number;
  /** Lower is more evenly spread. */
  uniformity: number;
  /** Rank correlation of cosines with the likeness of pairs of sentences, by language. */
  spearman: Record<'en' | 'zh', number>;
}

/** A text with what the model makes of it. */
export interface DescribedText extends TextDescription {
  corpus: string;
  /** Of held-out documents: nats per token, and bits per byte. */
  loss: number;
  bitsPerByte: number;
  /** A few documents of the sample. */
  samples: string[];
}

/**
 * Measures of several sets of weights, the first of them the base that the others are held against. Nothing is trained: weights
 * are the same before and after, and a run may train meanwhile. All throw `cancelled` after `EngineApi.cancel`.
 */
export interface EvaluationApi {
  /** Held-out text document by document, the same documents for all, with 95 % intervals. */
  measureChannels(
    weights: WeightsRef[],
    channels: MeasuredChannel[],
    documentsPerChannel: number,
    onProgress: OnProgress,
  ): Promise<MixtureMeasure>;
  /**
   * Merges beside their base, as `measureChannels` of two: one measure for each list of factors, which has one for each tuned model.
   * Throws `tensor-shape` when a tuned model has another shape than the base.
   */
  measureMerges(
    merge: MergeRef,
    factors: number[][],
    channels: MeasuredChannel[],
    look: MergeLook,
    onProgress: OnProgress,
  ): Promise<MixtureMeasure[]>;
  /** Loss inside terms in the held-out text of these channels. */
  measureTerms(
    weights: WeightsRef[],
    channels: MeasuredChannel[],
    terms: string[],
    documentsPerChannel: number,
    onProgress: OnProgress,
  ): Promise<TermsMeasure>;
  /** `scores[model][probe]`, in the probes' order. */
  measureProbes(weights: WeightsRef[], probes: Probe[], onProgress: OnProgress): Promise<{ scores: ProbeScore[][]; measure: ProbeMeasure }>;
  /** Text that the run's checkpoint has seen against held-out text of the same channels. */
  measureMemorisation(
    base: WeightsRef,
    tuned: CheckpointRef,
    rowsPerChannel: number,
    onProgress: OnProgress,
  ): Promise<ChannelMemorisation[]>;
  /** Held-out text with rising noise. */
  measureRobustness(
    weights: WeightsRef[],
    channels: MeasuredChannel[],
    documentsPerChannel: number,
    onProgress: OnProgress,
  ): Promise<RobustnessCurve[]>;
  /** What classifiers say of the held-out texts of a labelled corpus. */
  measureLabels(weights: WeightsRef[], request: LabelRequest, texts: number, onProgress: OnProgress): Promise<MeasuredLabels>;
  /** Embeddings of held-out documents, mean or last token, with alignment, uniformity and ranks; by model. */
  measureEmbeddings(
    weights: WeightsRef[],
    channels: MeasuredChannel[],
    documentsPerChannel: number,
    pooling: 'mean' | 'last',
    onProgress: OnProgress,
  ): Promise<EmbeddingMeasure[]>;
  /** At most 128 tokens of the text. Throws `config-unsupported` when the models' layers or heads differ. */
  attention(weights: WeightsRef[], text: string): Promise<AttentionView>;
  /** At most 128 tokens. @param target text behind it, whose first token is explained; empty: the likeliest next one by the first model */
  explainToken(weights: WeightsRef[], text: string, target: string, onProgress: OnProgress): Promise<Attribution>;
  /** At most 128 tokens of either text. */
  counterfactual(weights: WeightsRef[], change: TextChange, onProgress: OnProgress): Promise<Counterfactual>;
  /** What the head reads out of each layer, at most 128 tokens. */
  logitLens(weights: WeightsRef[], text: string, onProgress: OnProgress): Promise<LensView>;
  /** Can a linear probe tell the channels apart by a layer's states? Throws `probe-texts`. */
  probeLayers(
    weights: WeightsRef[],
    channels: MeasuredChannel[],
    documentsPerChannel: number,
    onProgress: OnProgress,
  ): Promise<LayerProbes>;
  /** Throws `tensor-shape` when the two are not of one shape. */
  weightChanges(base: WeightsRef, tuned: WeightsRef): Promise<ParameterChange[]>;
  /** Streams text pieces; resolves with the whole generated text, without the prompt. The same seed gives the same text. */
  generate(weights: WeightsRef, options: GenerateOptions, onPiece: (piece: string) => void): Promise<string>;
  /**
   * The corpus that a model writes by these settings, which is stored; the stored one where it is there. A cancel keeps the documents that are
   * whole, under settings that ask for no more. Throws `text-single` where there are fewer than two, `text-empty`, `quota`, `cancelled`.
   */
  writeEcho(settings: Echo, onProgress: OnProgress): Promise<CorpusRecord>;
  /** Texts in samples of one size, and the model's loss on each. */
  describeTexts(model: string, corpora: string[], onProgress: OnProgress): Promise<DescribedText[]>;
  /** Loss of each piece of a person's own text under two sets of weights, or three. */
  tokenLosses(a: WeightsRef, b: WeightsRef, text: string, c?: WeightsRef): Promise<TokenLoss[]>;
}
