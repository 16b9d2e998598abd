/**
 * Memory that training takes, before it is taken. Weights, gradients and the two AdamW moments are exact; activations count what
 * the engine keeps between its forward and its backward pass, with a factor measured on it (docs/BENCHMARKS.md).
 */
import { headsOf } from '../recipe/objective';
import { comparesHidden, teacherKind } from '../recipe/distillation';
import { memoryDemand } from '../recipe/edits';
import type { LoraMethod, Method, Recipe, Regularisation } from '../recipe/schema';
import { adaptedModules, adaptedOutputs, changedCount, changedParameters, savedModules } from './adapter';
import type { ModelConfig } from './config';
import { isGated } from './config/model-config';
import { parameterCount, parameterShapes } from './parameters';
import { quantisedLayout, quantisedParameters, type Quantisation } from './quantisation';
import { isSoft, leadingTokens, softCount } from './soft-prompt';
import { checkpointCount, configUnder, lowestLayer, methodFault, optimizedCount } from './trained';

/** The part of a recipe that decides about memory; accumulation adds nothing. */
export interface MemoryDemand {
  /** Rows in flight at once. */
  rows: number;
  /** Tokens of a row. */
  context: number;
  /** Layers are computed again in the backward pass. */
  checkpointing: boolean;
  /** f16: activations and the products' copies of the weights are stored in two bytes. */
  precision: 'f32' | 'f16';
  /** What holds the weights near the base's, which are then kept beside them. */
  regularisation?: Regularisation;
  /** A running average stands beside what is trained. */
  averaged?: boolean;
  /** Models kept as teachers alone, each as large as `teacher`. */
  teachers?: number;
  /** The teacher where it is another model than the base; absent: it is as the base. */
  teacher?: TeacherShape;
  /** Absent: all weights are trained. Frozen ones have no gradient and no moments, and layers below the lowest that is trained no states. */
  method?: Method;
}

/** What of a teacher takes memory. */
interface TeacherShape {
  parameters: number;
  /** Width of its hidden states, layers, and width of queries and keys of a layer together. */
  hidden: number;
  layers: number;
  attended: number;
}

const teacherShape = (config: ModelConfig): TeacherShape => ({
  parameters: parameterCount(config),
  hidden: config.hidden,
  layers: config.layers,
  attended: (config.heads + config.kvHeads) * config.headSize,
});

/** Numbers in the learnt map W_h from the teacher's hidden states to the model's; 0 where both are equally wide or none are compared. */
function hiddenMapSize(hidden: number, teacher: TeacherShape | undefined, regularisation: Regularisation | undefined): number {
  const { distillation } = regularisation ?? {};
  return teacher && distillation && comparesHidden(distillation) && teacher.hidden !== hidden ? teacher.hidden * hidden : 0;
}

export interface TrainingMemory {
  /** All in bytes. */
  weights: number;
  gradients: number;
  moments: number;
  /**
   * The base's weights, the gradients with the term's added, and EWC's Fisher information, where the recipe holds the weights near the base's;
   * the mask of a parameter isolation; the average of what is trained; a teacher's weights and what is compared with its own; the learnt map
   * between hidden states with its gradient and moments.
   */
  anchors: number;
  activations: number;
  total: number;
  /** The largest single tensor: what must fit into one buffer of a GPU. */
  largestTensor: number;
  /** The largest of the weights, which no recipe makes smaller. */
  largestWeight: { name: string; bytes: number };
}

/** What a device offers, in bytes; null where the browser does not tell. */
export interface DeviceMemory {
  total: number | null;
  largestTensor: number | null;
}

/**
 * States that a layer keeps, with the gradients between its ops that live until its backward pass is over, against the states alone:
 * 501 MiB for twelve more layers of nano at 2,048 tokens (nano-deep against nano-256, docs/BENCHMARKS.md).
 */
const WITH_GRADIENTS = 2.4;
/** The engine's own: code, scratch of its threads, the product blocks of the head. */
const ENGINE_BYTES = 12 * 2 ** 20;

export function trainingMemory(
  config: ModelConfig,
  { rows, context, checkpointing, precision, regularisation, averaged = false, teachers = 0, teacher, method }: MemoryDemand,
): TrainingMemory {
  const { hidden, layers, heads, kvHeads, headSize, feedForward, normedHeads, normPlacement } = config;
  const parameters = parameterCount(configUnder(config, method));
  const trained = optimizedCount(config, method);
  const lora = method?.kind === 'lora' ? method : null;
  const added = lora ? adaptedModules(config, lora) : [];
  const ranks = added.reduce((sum, module) => sum + lora!.r * (module.inputs + adaptedOutputs(module)), 0);
  const own = isSoft(method) ? softCount(config, method) : ranks;
  // Virtual tokens are rows of attention, and those of prompt tuning of everything.
  const tokens = rows * (context + leadingTokens(method));
  const bytes = precision === 'f16' ? 2 : 4;
  const queries = heads * headSize;
  const keys = kvHeads * headSize;
  // Per token: two residual inputs and their norms, q, k, v, attention's output and its log sums, and the feed-forward part's states.
  const attention = 2 * queries + 2 * keys + (normedHeads ? queries + keys : 0) + heads;
  // Norms of what a part adds keep that and their own output.
  const residual = { before: 4, sum: 4, after: 6, both: 8 }[normPlacement] * hidden;
  const states = residual + attention + (isGated(config) ? 3 : 2) * feedForward;
  // An adapter keeps A x, at both scales, and what its dropout made of x.
  const lowRank = added.reduce((sum, { inputs }) => sum + 2 * lora!.r + (lora!.dropout > 0 ? inputs : 0), 0) / layers;
  const layer = WITH_GRADIENTS * (states + lowRank) * tokens * bytes;
  // Recomputed, a layer keeps its input and the gradient that comes back; one layer at a time has the rest.
  // Below the lowest layer that is trained each keeps its input alone.
  const above = layers - lowestLayer(config, method);
  const inputs = (layers - above) * hidden * tokens * bytes;
  const kept = inputs + (checkpointing ? above * 2 * hidden * tokens * bytes + Math.min(1, above) * layer : above * layer);
  const head = 4 * hidden * tokens * bytes;
  const weights = 4 * (parameters + own) - quantisationSaves(config, lora?.quantisation) + (precision === 'f16' ? 2 * parameters : 0);
  const activations = kept + head + ENGINE_BYTES;
  const term = regularisation?.l2sp ?? regularisation?.ewc;
  const masks = method?.kind === 'partial' && method.isolation ? 4 * trained : 0;
  const anchored = term ?? regularisation?.decayTowards;
  const held = lora
    ? adapterAnchors(config, lora, trained, anchored ? regularisation : undefined)
    : 4 * parameters * (anchored ? 1 : 0) + 4 * trained * ((term ? 1 : 0) + (regularisation?.ewc ? 1 : 0));
  // A teacher keeps what is compared: hidden states, and queries and keys of every layer where attention is.
  const { distillation } = regularisation ?? {};
  const within = distillation?.states;
  const of = teacher ?? { parameters, hidden, layers, attended: queries + keys };
  const compared =
    of.hidden + (within && within.all > 0 ? of.layers * of.hidden : 0) + (within && within.attention > 0 ? of.layers * of.attended : 0);
  const map = 16 * hiddenMapSize(hidden, teacher, regularisation);
  const taught = distillation ? 4 * (of.parameters * teachers + tokens * compared) + map : 0;
  const anchors = held + masks + taught + (averaged ? 4 * trained : 0);
  const heaviest = largestWeight(config);
  return {
    weights,
    gradients: 4 * trained,
    moments: 8 * trained,
    anchors,
    activations,
    total: weights + 12 * trained + anchors + activations,
    largestTensor: Math.max(heaviest.bytes, bytes * tokens * Math.max(feedForward, queries, hidden)),
    largestWeight: heaviest,
  };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** Bytes that the maps of the blocks take less in few bits. */
function quantisationSaves(config: ModelConfig, format: Quantisation | undefined): number {
  if (!format) return 0;
  return [...quantisedParameters(config).values()].reduce(
    (sum, shape) => sum + 4 * (sizeOf(shape) - quantisedLayout(format, ...shape).words),
    0,
  );
}

/**
 * Of a run with an adapter: θ₀ of what is trained whole beside it, the gradients with the term's added, what an adapter adds to its largest map with
 * the slopes by it; and for EWC the Fisher information of the maps with the gradients that it is summed from, for which a quantised base is read whole.
 */
function adapterAnchors(config: ModelConfig, method: LoraMethod, trained: number, regularisation: Regularisation | undefined): number {
  if (!regularisation) return 0;
  const shapes = parameterShapes(config);
  const sizes = (names: Iterable<string>) => [...names].map((name) => sizeOf(shapes.get(name)!));
  const changed = sizes(changedParameters(config, method));
  const fisher = 2 * changedCount(config, method) + (method.quantisation ? parameterCount(config) : 0);
  const saved = sizes(savedModules(config, method)).reduce((sum, size) => sum + size, 0);
  return 4 * (saved + trained + 3 * Math.max(...changed) + (regularisation.ewc ? fisher : 0));
}

/** In float32, as the engine keeps weights, their gradients and moments whatever the precision of the rest. */
export function largestWeight(config: ModelConfig): { name: string; bytes: number } {
  let largest = { name: '', bytes: 0 };
  for (const [name, shape] of parameterShapes(config)) {
    const bytes = 4 * sizeOf(shape);
    if (bytes > largest.bytes) largest = { name, bytes };
  }
  return largest;
}

/** Does it fit? Null where the device does not tell enough to say so. */
export function fits(memory: TrainingMemory, device: DeviceMemory): boolean | null {
  if (device.largestTensor !== null && memory.largestTensor > device.largestTensor) return false;
  return device.total === null ? null : memory.total <= device.total;
}

export type MemoryRemedy = 'rows' | 'checkpointing' | 'context';

/**
 * The first change that makes it fit: fewer rows (accumulation makes up for them), then activation checkpointing, then both, then a
 * shorter context as well. Null when nothing does: the model itself is too large.
 */
export function memoryRemedy(
  config: ModelConfig,
  demand: MemoryDemand,
  device: DeviceMemory,
): { changes: MemoryRemedy[]; demand: MemoryDemand; memory: TrainingMemory } | null {
  const attempt = (changed: MemoryDemand) => {
    const memory = trainingMemory(config, changed);
    if (fits(memory, device) === false) return null;
    const changes: MemoryRemedy[] = [];
    if (changed.rows !== demand.rows) changes.push('rows');
    if (changed.checkpointing !== demand.checkpointing) changes.push('checkpointing');
    if (changed.context !== demand.context) changes.push('context');
    return { changes, demand: changed, memory };
  };
  const fewerRows = (from: MemoryDemand) => {
    for (let rows = Math.floor(from.rows / 2); rows >= 1; rows = Math.floor(rows / 2)) {
      const found = attempt({ ...from, rows });
      if (found) return found;
    }
    return null;
  };
  const recomputed = { ...demand, checkpointing: true };
  const found = fewerRows(demand) ?? attempt(recomputed) ?? fewerRows(recomputed);
  if (found) return found;
  for (let context = Math.floor(demand.context / 16) * 8; context >= 8; context = Math.floor(context / 16) * 8) {
    const shorter = attempt({ ...recomputed, rows: 1, context });
    if (shorter) return shorter;
  }
  return null;
}

/** What a run takes, told before it begins. */
export interface RunDemand {
  /** What of the method does not go with the base; null where all does, and then alone the rest is counted. */
  fault: ReturnType<typeof methodFault>;
  memory: TrainingMemory | null;
  /** Whether that fits into the device; null where the browser does not tell. */
  fits: boolean | null;
  /** What would make it fit. */
  remedy: ReturnType<typeof memoryRemedy>;
  /** Weights in a checkpoint, and those with moments. */
  checkpoint: { stored: number; held: number };
}

/** @param device null where none is open @param teacher null where the recipe names none, or it is not known */
export function runDemand(config: ModelConfig, recipe: Recipe, device: DeviceMemory | null, teacher: ModelConfig | null = null): RunDemand {
  const { method, sequenceLength, regularisation } = recipe;
  const other = teacher && teacherKind(recipe) === 'other' ? teacherShape(teacher) : undefined;
  // The map lies with the moments.
  const stored = checkpointCount(config, method) + hiddenMapSize(config.hidden, other, regularisation);
  const checkpoint = { stored, held: method?.kind === 'lora' ? changedCount(config, method) : checkpointCount(config, method) };
  const fault = method ? methodFault(config, method, sequenceLength, headsOf(recipe).size) : null;
  if (fault || !device) return { fault, memory: null, fits: null, remedy: null, checkpoint };
  const demand = { ...memoryDemand(recipe), ...(other ? { teacher: other } : {}) };
  const memory = trainingMemory(config, demand);
  const fitting = fits(memory, device);
  return { fault, memory, fits: fitting, remedy: fitting === false ? memoryRemedy(config, demand, device) : null, checkpoint };
}
