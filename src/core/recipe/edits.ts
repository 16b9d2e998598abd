/**
 * Edits of a recipe, for the desk, its drawer and the advice of a diagnosis. Each is pure and gives a new recipe; after an edit of
 * the channels their shares sum to 1 again.
 */
import { moveFader, normaliseShares, type Shares } from '../mixture/mixture';
import type { MemoryDemand } from '../model/memory';
import { teachersKept } from './distillation';
import {
  echoCorpusId,
  EMA_TEACHER,
  type Channel,
  type ChannelRole,
  type Echo,
  type Recipe,
  type Regularisation,
  type Schedule,
} from './schema';
import type { SpecialTokens, Strategy, WeightAveraging, Objective } from './schema';

/** Share that a channel starts with when it joins a mixture. */
const ENTRY_SHARE = 0.1;
/** Warmup of a recipe whose unit of warmup is changed, as a share of all steps. */
const DEFAULT_WARMUP = 0.03;

/** Channel id → share, 0 to 1. */
export function sharesOf({ channels }: Pick<Recipe, 'channels'>): Shares {
  return Object.fromEntries(channels.map(({ id, share }) => [id, share]));
}

/** A channel that `shares` does not name keeps its share. */
export function withShares(recipe: Recipe, shares: Shares): Recipe {
  return { ...recipe, channels: recipe.channels.map((channel) => ({ ...channel, share: shares[channel.id] ?? channel.share })) };
}

/** Weights of the channels in the objective, in their order; null where every token counts alike. */
export function objectiveWeights({ channels }: Pick<Recipe, 'channels'>): number[] | null {
  const weights = channels.flatMap(({ weight }) => weight ?? []);
  return weights.length === channels.length ? weights : null;
}

/** Weights of the objective by channel; null takes them away. A channel that `weights` does not name gets 0. */
export function withWeights(recipe: Recipe, weights: Shares | null): Recipe {
  const channels = recipe.channels.map(({ weight: _, ...channel }) =>
    weights ? { ...channel, weight: weights[channel.id] ?? 0 } : channel,
  );
  return { ...recipe, channels };
}

/** Weights apart from the shares, which they are at first, or none. */
export function withObjective(recipe: Recipe, weighed: boolean): Recipe {
  return withWeights(recipe, weighed ? sharesOf(recipe) : null);
}

/** Channel id → weight in the objective; null where every token counts alike. */
export function weightsOf(recipe: Pick<Recipe, 'channels'>): Shares | null {
  return objectiveWeights(recipe) && Object.fromEntries(recipe.channels.map(({ id, weight }) => [id, weight ?? 0]));
}

/** One channel's weight in the objective; the others make room in proportion. */
export function withWeight(recipe: Recipe, id: string, weight: number): Recipe {
  const weights = Object.fromEntries(recipe.channels.map((channel) => [channel.id, channel.weight ?? 0]));
  return withWeights(recipe, moveFader(weights, id, weight, { locked: new Set() }));
}

/** Sum of the shares of the domain channels, 0 to 1. */
export function domainShare({ channels }: Pick<Recipe, 'channels'>): number {
  return channels.reduce((sum, { role, share }) => sum + (role === 'domain' ? share : 0), 0);
}

/**
 * Domain and general channels scaled among themselves so that the domain has `share`; where the general channels had nothing they
 * divide the rest evenly. A recipe without general channels, or whose domain has no share, stays as it is.
 */
export function withDomainShare(recipe: Recipe, share: number): Recipe {
  const before = domainShare(recipe);
  const general = recipe.channels.filter(({ role }) => role === 'general').length;
  if (general === 0 || before === 0) return recipe;
  const scaled = (channel: Channel): number => {
    if (channel.role === 'domain') return (channel.share / before) * share;
    return before < 1 ? (channel.share / (1 - before)) * (1 - share) : (1 - share) / general;
  };
  return { ...recipe, channels: recipe.channels.map((channel) => ({ ...channel, share: scaled(channel) })) };
}

/** A corpus that a channel can have; with how it was written where a model wrote it. */
interface MixedCorpus {
  id: string;
  role: ChannelRole;
  generated?: { settings: Echo };
}

/** On another base. What the former base writes is written by this one. */
export function withBase(recipe: Recipe, base: string): Recipe {
  const channels = recipe.channels.map((channel) => {
    if (channel.generated?.model !== recipe.base) return channel;
    const generated = { ...channel.generated, model: base };
    return { ...channel, corpus: echoCorpusId(generated), generated };
  });
  return { ...recipe, base, channels };
}

/** Does a channel read this corpus? */
export function isMixed({ channels }: Pick<Recipe, 'channels'>, corpus: string): boolean {
  return channels.some((channel) => channel.id === corpus || channel.corpus === corpus);
}

/** What of a channel its corpus says. The id of a text that a model wrote is made of its settings: its channel is called `echo`. */
function readBy({ channels }: Recipe, { id, role, generated }: MixedCorpus): Pick<Channel, 'id' | 'corpus' | 'role' | 'generated'> {
  if (!generated) return { id, corpus: id, role };
  let name = 'echo';
  for (let number = 2; channels.some((channel) => channel.id === name); number++) name = `echo-${number}`;
  return { id: name, corpus: id, role, generated: generated.settings };
}

/** A channel whose text the base writes, by the usual settings, as a general one. */
export function addEcho(recipe: Recipe): Recipe {
  const settings = usualEcho(recipe.base);
  return addChannel(recipe, { id: echoCorpusId(settings), role: 'general', generated: { settings } });
}

/** The model's own distribution, from the beginning of a document. */
export function usualEcho(model: string): Echo {
  return { model, prompts: { kind: 'none' }, temperature: 1, topP: 1, length: 192, tokens: 65_536, seed: 1 };
}

/** A new channel at the end of its role's group; the others make room in proportion. */
export function addChannel(recipe: Recipe, corpus: MixedCorpus): Recipe {
  if (isMixed(recipe, corpus.id)) return recipe;
  const added: Channel = { ...readBy(recipe, corpus), share: 0 };
  const next = { ...recipe, channels: [...recipe.channels, added] };
  const mixed = withShares(next, moveFader(sharesOf(next), added.id, ENTRY_SHARE, { locked: new Set() }));
  return objectiveWeights(recipe) ? withWeight(mixed, added.id, ENTRY_SHARE) : mixed;
}

/** Without the channel; the others take its share. The last channel stays. */
export function removeChannel(recipe: Recipe, id: string): Recipe {
  const channels = recipe.channels.filter((channel) => channel.id !== id);
  if (channels.length === 0 || channels.length === recipe.channels.length) return recipe;
  const rest = withChannelInPhases({ ...recipe, channels }, id, null);
  const mixed = withShares(rest, scaledToOne(sharesOf(rest)));
  const weights = objectiveWeights(rest);
  return weights ? withWeights(mixed, scaledToOne(Object.fromEntries(channels.map((channel, at) => [channel.id, weights[at]!])))) : mixed;
}

/** In proportion to a sum of 1; evenly where all are 0. */
function scaledToOne(shares: Shares): Shares {
  const none = Object.values(shares).every((share) => share === 0);
  return normaliseShares(none ? Object.fromEntries(Object.keys(shares).map((id) => [id, 1])) : shares);
}

/** Another text in the same strip, at the same share. */
export function swapChannel(recipe: Recipe, id: string, corpus: MixedCorpus): Recipe {
  if (isMixed(recipe, corpus.id)) return recipe;
  const channels = recipe.channels.map((channel) => {
    if (channel.id !== id) return channel;
    const { generated: _, ...rest } = channel;
    return { ...rest, ...readBy(recipe, corpus) };
  });
  const next = channels.find((_, at) => recipe.channels[at]!.id === id)?.id ?? id;
  return withChannelInPhases({ ...recipe, channels }, id, next);
}

/** A channel that leaves the recipe, or has another id in it, in the shares of the phases too. */
function withChannelInPhases(recipe: Recipe, id: string, next: string | null): Recipe {
  if (!recipe.phases) return recipe;
  const phases = recipe.phases.map((phase) => {
    if (!phase.shares || !(id in phase.shares)) return phase;
    const { [id]: share = 0, ...rest } = phase.shares;
    if (next !== null) return { ...phase, shares: { ...rest, [next]: share } };
    const { shares: _, ...bare } = phase;
    return Object.values(rest).some((other) => other > 0) ? { ...phase, shares: normaliseShares(rest) } : bare;
  });
  return { ...recipe, phases };
}

/** A channel that reads special tokens written out in its text as plain text, which is the default and not written, or as tokens. */
export function withSpecialTokens(recipe: Recipe, id: string, specialTokens: SpecialTokens): Recipe {
  const channels = recipe.channels.map((channel) => {
    if (channel.id !== id) return channel;
    const { specialTokens: _, ...rest } = channel;
    return specialTokens === 'plain' ? rest : { ...rest, specialTokens };
  });
  return { ...recipe, channels };
}

/** With a prefix before each of the channel's texts; none where it is empty. */
export function withPrefix(recipe: Recipe, id: string, prefix: string): Recipe {
  const channels = recipe.channels.map((channel) => {
    if (channel.id !== id) return channel;
    const { prefix: _, ...rest } = channel;
    return prefix === '' ? rest : { ...rest, prefix };
  });
  return { ...recipe, channels };
}

/** A channel with an objective of its own, or trained on the next token again. */
export function withChannelObjective(recipe: Recipe, id: string, objective: Objective | null): Recipe {
  const channels = recipe.channels.map((channel) => {
    if (channel.id !== id) return channel;
    const { objective: _, ...rest } = channel;
    return objective ? { ...rest, objective } : rest;
  });
  return { ...recipe, channels };
}

/** With terms of the regularisation changed, or taken away where they are undefined; without the field where none is left. */
export function withRegularisation(recipe: Recipe, change: Partial<Regularisation>): Recipe {
  const { regularisation, ...rest } = recipe;
  const kept = Object.entries({ ...regularisation, ...change }).filter(([, term]) => term !== undefined);
  return kept.length === 0 ? rest : { ...rest, regularisation: Object.fromEntries(kept) };
}

/** With an average of the weights, or without: what it would teach the base does then. */
export function withAverage(recipe: Recipe, average: WeightAveraging | null): Recipe {
  const { average: _, ...rest } = recipe;
  if (average) return { ...rest, average };
  const { distillation } = rest.regularisation ?? {};
  if (distillation?.teacher !== EMA_TEACHER) return rest;
  const { teacher: __, ...taught } = distillation;
  return withRegularisation(rest, { distillation: taught });
}

export function withSchedule(recipe: Recipe, change: Partial<Schedule>): Recipe {
  return { ...recipe, schedule: { ...recipe.schedule, ...change } };
}

/** The usual warmup counted in steps, or as a ratio of all steps. @param steps that the schedule runs over */
export function warmupIn(unit: Schedule['warmup']['unit'], steps: number): Pick<Schedule, 'warmup'> {
  return { warmup: { unit, value: unit === 'steps' ? Math.round(DEFAULT_WARMUP * steps) : DEFAULT_WARMUP } };
}

/** Another strategy with its usual phases, as ratios of all steps. */
export function withStrategy(recipe: Recipe, kind: Strategy['kind']): Recipe {
  const strategy = (): Strategy => {
    if (kind === 'general-then-domain') return { kind, generalRatio: 0.5 };
    return kind === 'curriculum' ? { kind, generalRatio: 0.2, riseRatio: 0.3 } : { kind };
  };
  return { ...recipe, strategy: strategy() };
}

/** Early stopping and the limit of forgetting, switched on with their usual settings, or off. */
export function withStopping(recipe: Recipe, rule: keyof Recipe['stopping'], on: boolean): Recipe {
  const usual = { early: { patience: 3, threshold: 0.01 }, forgetting: { retention: 0.95 } };
  return { ...recipe, stopping: { ...recipe.stopping, [rule]: on ? usual[rule] : null } };
}

/** What a recipe asks of memory. */
export function memoryDemand(recipe: Recipe): MemoryDemand {
  const { batchSize, sequenceLength, activationCheckpointing, precision, average, regularisation, method } = recipe;
  const teachers = teachersKept(recipe);
  return {
    rows: batchSize,
    context: sequenceLength,
    checkpointing: activationCheckpointing,
    precision: precision === 'f16' ? 'f16' : 'f32',
    ...(regularisation ? { regularisation } : {}),
    ...(average ? { averaged: true } : {}),
    ...(teachers > 0 ? { teachers } : {}),
    ...(method ? { method } : {}),
  };
}

/** The recipe within another demand of memory. Rows that go are made up for by accumulation, so that a step sees at least as much text. */
export function withDemand(recipe: Recipe, { rows, context, checkpointing }: MemoryDemand): Recipe {
  const { batchSize, gradientAccumulationSteps } = recipe;
  return {
    ...recipe,
    sequenceLength: context,
    activationCheckpointing: checkpointing,
    batchSize: rows,
    gradientAccumulationSteps: rows === batchSize ? gradientAccumulationSteps : Math.ceil((batchSize * gradientAccumulationSteps) / rows),
  };
}
