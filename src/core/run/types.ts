/** What a run is, as stored. Losses are nats per token; shares and retention are ratios. */
import type { LogFormat } from '../trackers/tracked-run';
import type { ErrorRecord } from '../errors';
import type { MaskedRound } from '../federated/secure';
import type { SampledAnswers, SampledRisk } from '../metrics/forgetting-risk';
import type { Recipe, Schedule } from '../recipe/schema';

export type RunState =
  | 'preparing' // tokenizing, loading
  | 'running'
  | 'paused'
  | 'stopped' // by a person, or by a stopping rule before the budget
  | 'finished'
  | 'failed'
  | 'interrupted'; // was running when its tab went away; can be resumed

/**
 * Rules of METHOD by which a run reads its texts and measures itself ("Rules of a run"). It goes on by those it began with, so that its figures
 * compare and a resumed run ends as an uninterrupted one.
 */
export type RunRules = 1 | 2;

/** sweep: the rule of its sweep lets it go no further than its rung. */
export const STOP_REASONS = ['person', 'budget', 'early-stop', 'forgetting-stop', 'sweep', 'error'] as const;
export type StopReason = (typeof STOP_REASONS)[number];

/** What a person can change while a run trains. Takes effect before step `step` (0-based) is computed. */
export interface LiveSettings {
  /** Channel id → share, summing to 1. */
  shares: Record<string, number>;
  schedule: Schedule;
  /** Channel id → weight in the objective, summing to 1; absent in a run whose recipe has none. */
  weights?: Record<string, number>;
  /** Channels that a hand has taken out of the recipe's automation; absent: none. */
  held?: string[];
}

/** A change of the settings, as kept in the run's record and replayed on resume. */
export interface LiveChange {
  step: number;
  /** Epoch milliseconds. */
  at: number;
  settings: Partial<LiveSettings>;
  /** By the recipe's automation, not by hand. */
  rule?: true;
}

/** A loss that is no finite number, as JavaScript and CSV write it; JSON has none of them. */
export type NotFinite = 'NaN' | 'Infinity' | '-Infinity';

/** One logging window: sums are over the steps since the last window. `step` counts finished steps. */
export interface MetricRow {
  step: number;
  lr: number;
  /** Mean over the steps that changed weights; null when loss scaling skipped all of them. */
  gradNorm: number | null;
  /** Wall milliseconds per step, mean over the window. */
  stepMs: number;
  /** Tokens seen since the start, all channels. */
  tokens: number;
  /** Channel id → loss (nats per token); null when the channel had no tokens in this window. */
  loss: Record<string, number | null>;
  /** Channel id → predicted tokens in this window. */
  count: Record<string, number>;
  total: number | null;
  /** Channel id, or `total` → why its loss is null though it had tokens: it was no number. */
  notFinite?: Record<string, NotFinite>;
  /** What objectives say beside their losses: channel id → name → mean over the window. */
  figures?: Record<string, Record<string, number>>;
  /** With precision f16: what the loss is multiplied by after this window, and steps skipped since the start. */
  lossScale?: number;
  skippedSteps?: number;
}

export interface ChannelEvaluation {
  /** Mean nll, nats per token. */
  loss: number;
  tokens: number;
  /** UTF-8 bytes of the predicted tokens; 0 where what counts is no text. */
  bytes: number;
  /** What the channel's objective says beside its loss. */
  figures?: Record<string, number>;
}

export interface EvaluationRow {
  step: number;
  channels: Record<string, ChannelEvaluation>;
  /** Mean over general channels of exp(base loss − loss); null without a general channel. */
  retention: number | null;
  /** With `evaluation.probesPerGroup`: answers to the sample of probes, and the risk against the base. */
  probes?: SampledRisk & { answers: SampledAnswers };
  /** With `evaluation.attentionRows`: KL divergence of the attention from the base's, in nats, by layer from the lowest. */
  attention?: number[];
  /** With `evaluation.adversarialDocuments`: bits per byte of the adversarial set, by the share of words that are replaced. */
  adversarial?: number[];
  /** With `federated.secure`: of the round before it. */
  masked?: MaskedRound;
  /** With `evaluation.prompts`: what the model wrote after each, in their order. */
  texts?: WrittenText[];
}

export interface WrittenText {
  /** Without the prompt. */
  text: string;
  /** The likeliest tokens after the prompt, the likeliest first; p is a probability. */
  next: { id: number; token: string; p: number }[];
}

export interface CheckpointRecord {
  runId: string;
  step: number;
  /** Epoch milliseconds. */
  at: number;
  bytes: number;
  reason: 'start' | 'periodic' | 'person' | 'pause' | 'end';
  evaluation: EvaluationRow | null;
  /** False where it was saved without the optimizer's moments. */
  moments?: boolean;
  /** It holds the average of the weights too. */
  average?: boolean;
}

/** What a person put down about a run; absent: nothing. */
export interface RunMarks {
  note?: string;
  tags?: readonly string[];
  starred?: boolean;
  /** Out of the way: listed only where it is asked for. */
  archived?: boolean;
}

export interface RunRecord extends RunMarks {
  id: string;
  name: string;
  createdAt: number;
  updatedAt: number;
  state: RunState;
  stopReason: StopReason | null;
  error: ErrorRecord | null;
  /** As started, but for the steps of a run that was given more (event `extended`); live changes are in `changes`. */
  recipe: Recipe;
  changes: LiveChange[];
  /** Finished steps. */
  step: number;
  tokens: number;
  /** Channel id → tokens of its training text: the length of one epoch. */
  trainTokens: Record<string, number>;
  /** Absent: the first. */
  rules?: RunRules;
  /** The run up to whose step this is that run; its name as it was then. */
  forkedFrom?: { run: string; step: number; name: string };
  /** Where it is a stage of a chain: which one, from 0, and the chain's plan. */
  chain?: ChainStage;
  /** Of a log that was trained elsewhere and read in: its file and format, and series that are none of the studio's figures. */
  imported?: { file: string; format: LogFormat; others: string[] };
  /** Its log is one that a person follows, or followed, while it is written (contract/follow.ts). */
  followed?: boolean;
  /** Where a sweep trains it: which one, and its index there. */
  sweep?: { id: string; index: number };
  /** Backend it last ran on, as shown to a person: "wasm · 2 threads". */
  device: string;
  base: EvaluationRow | null;
  latest: EvaluationRow | null;
  /** Where it was trained in a lesson: its step, and what was foretold before it began. */
  lesson?: RunLesson;
  /** What look-ahead said of it; absent where it was never asked. */
  forecasts?: readonly Forecast[];
}

export interface RunLesson {
  lesson: string;
  step: string;
  prediction?: Prediction;
}

/** Losses foretold at steps, in ascending order: the mean of the general channels or of those of the domain, nats. */
export interface Prediction {
  of: 'general' | 'domain';
  points: { step: number; loss: number }[];
}

/** What look-ahead said of a run that goes on as planned: a channel's held-out loss at a step, with its 95 % interval, nats. */
export interface Forecast {
  /** Finished steps when it was said. */
  from: number;
  channel: string;
  step: number;
  loss: number;
  low: number;
  high: number;
}

/** A run's place in a chain of runs, each of which begins with the weights of the one before (core/run/lifelong.ts). */
interface ChainStage {
  id: string;
  name: string;
  stage: number;
  plan: ChainPlan;
}

/** Domains one after another, or stages with a recipe each. */
export type ChainPlan = LifelongPlan | PipelinePlan;

/** Continued pretraining, annealing, fine-tuning, preferences …: each stage's recipe, as it was put together (core/run/pipeline.ts). */
export interface PipelinePlan {
  kind: 'pipeline';
  stages: { name: string; recipe: Recipe }[];
}

export interface LifelongPlan {
  kind?: undefined;
  /** What all stages have in common; its general channels are in all of them. */
  recipe: Recipe;
  stages: { domains: { id: string; corpus: string }[]; steps: number }[];
  /** Part of the domain's share that the domains of earlier stages have, 0 to 1. */
  replay: number;
  /** EWC at each stage, the Fisher information of the earlier ones carried on with γ; null: none. */
  ewc: { lambda: number; gamma: number } | null;
  /** A low-rank adapter a stage, merged into the weights before the next. */
  adapter: boolean;
}

/** Is a trainer holding the run: preparing, training or paused? */
export function isActive(state: RunState): boolean {
  return state === 'preparing' || state === 'running' || state === 'paused';
}
