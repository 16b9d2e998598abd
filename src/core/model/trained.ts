/**
 * What of a model a recipe's method trains: how many weights, which of the model's own and from which step on, at which share of the
 * learning rate, and whether method and model go together. Names are the parameters'.
 */
import { StudioError } from '../errors';
import { addsToBase, unties } from '../recipe/method';
import type { Method, PartialMethod, Recipe } from '../recipe/schema';
import { adapterCount, adapterFault, patternOf } from './adapter';
import type { ModelConfig } from './config';
import { isolationUnits, isolable } from './isolation';
import { namesOf } from './names';
import { parameterCount, parameterShapes } from './parameters';
import { isSoft, lowestSoftLayer, softCount, softFault } from './soft-prompt';

export interface MethodFault {
  field: string;
  value: string;
  accepted: string;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);
const moduleOf = (parameter: string): string => parameter.slice(0, parameter.lastIndexOf('.'));

/** The config of the model that a run by this method trains. */
export function configUnder(config: ModelConfig, method: Method | undefined): ModelConfig {
  return config.tied && unties(method) ? { ...config, tied: false } : config;
}

/** Layer that a parameter belongs to; −1 for one outside the layers. An adapter's part has the name of its map. */
export function layerOf(config: ModelConfig, parameter: string): number {
  const { layers } = namesOf(config.architecture);
  return parameter.startsWith(layers) ? Number.parseInt(parameter.slice(layers.length), 10) : -1;
}

/** Parameters whose module, or whose own name, ends as the pattern says. */
function named(config: ModelConfig, pattern: string): string[] {
  const ends = patternOf(pattern);
  return [...parameterShapes(config).keys()].filter((parameter) => ends.test(moduleOf(parameter)) || ends.test(parameter));
}

/** Of each of the model's own parameters that the method trains, the number of finished steps before the first that does. @param steps of the run */
export function trainedFrom(base: ModelConfig, method: PartialMethod, steps: number): Map<string, number> {
  const config = configUnder(base, method);
  const { lastLayers, finalNorm, head, embeddings, modules, unfreezing, isolation } = method;
  const names = namesOf(config.architecture);
  const shapes = parameterShapes(config);
  const from = new Map<string, number>();
  const join = (step: number, parameters: Iterable<string>) => {
    for (const name of parameters) from.set(name, Math.min(step, from.get(name) ?? Infinity));
  };
  const ofModules = (wanted: readonly string[]) => [...shapes.keys()].filter((name) => wanted.includes(moduleOf(name)));
  const layerOfEach = [...shapes.keys()].map((name) => [name, layerOf(config, name)] as const);
  const ofLayers = (first: number, end: number) => layerOfEach.filter(([, layer]) => layer >= first && layer < end).map(([name]) => name);
  const tables = ofModules(names.below);
  const first = lastLayers === 'all' ? 0 : Math.max(0, config.layers - lastLayers);
  join(0, ofLayers(first, config.layers));
  if (finalNorm) join(0, ofModules([names.headMap, names.finalNorm]));
  if (head) join(0, ofModules([config.tied ? names.embedding : names.head, names.headBias]));
  for (const pattern of modules) join(0, named(config, pattern));
  if (unfreezing?.order === 'downwards') {
    const { layers, every } = unfreezing;
    let joined = 0;
    const next = () => Math.max((joined += 1), every.unit === 'steps' ? joined * every.value : Math.round(joined * every.value * steps));
    for (let end = first; end > 0; end -= layers) join(next(), ofLayers(Math.max(0, end - layers), end));
    if (embeddings) join(next(), tables);
  } else {
    if (embeddings) join(0, tables);
    for (const { step, modules: joining } of unfreezing?.stages ?? []) for (const pattern of joining) join(step, named(config, pattern));
  }
  // In the model's order, whatever joined first.
  const kept = [...shapes.keys()].filter((name) => from.has(name) && (!isolation || isolable(config, isolation.unit, name)));
  return new Map(kept.map((name) => [name, from.get(name)!]));
}

/** Parameters of the model's own that the method trains at some step. */
export function trainedParameters(config: ModelConfig, method: PartialMethod): Map<string, number[]> {
  const shapes = parameterShapes(configUnder(config, method));
  return new Map([...trainedFrom(config, method, 1).keys()].map((name) => [name, shapes.get(name)!]));
}

/** Number of weights that are trained; without a method all are. Of isolated rows, which differ in length, as of rows of the mean length. */
export function trainedCount(config: ModelConfig, method: Method | undefined): number {
  if (method?.kind !== 'partial' || !method.isolation) return optimizedCount(config, method);
  const { count, weights } = isolationUnits(config, method.isolation, trainedParameters(config, method));
  return Math.round((Math.round(method.isolation.share * count) * weights) / count);
}

/** Number of weights in a checkpoint: what a method adds to the base alone, else the whole model. */
export function checkpointCount(config: ModelConfig, method: Method | undefined): number {
  return addsToBase(method) ? trainedCount(config, method) : parameterCount(configUnder(config, method));
}

/** Number of weights that have a gradient and moments: of a parameter of which a part is trained, all. */
export function optimizedCount(config: ModelConfig, method: Method | undefined): number {
  if (!method) return parameterCount(config);
  switch (method.kind) {
    case 'lora':
      return adapterCount(config, method);
    case 'prefix':
    case 'prompt':
    case 'llama-adapter':
      return softCount(config, method);
    case 'partial':
      return [...trainedParameters(config, method).values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
  }
}

/** The lowest layer that a gradient passes through: the backward pass ends there. */
export function lowestLayer(config: ModelConfig, method: Method | undefined): number {
  if (isSoft(method)) return lowestSoftLayer(config, method);
  if (method?.kind !== 'partial') return 0;
  const { below, above } = namesOf(config.architecture);
  const layers = [...trainedParameters(config, method).keys()].map((name) => {
    const module = moduleOf(name);
    if (below.includes(module)) return 0;
    return above.includes(module) ? config.layers : layerOf(config, name);
  });
  return Math.min(config.layers, ...layers);
}

/**
 * What the step's learning rate is multiplied by: layerDecay ^ (layers above), as in ELECTRA's and BEiT's fine-tuning. Head and final norm
 * have the whole, the embeddings the least.
 */
export function layerRate(config: ModelConfig, layerDecay: number, parameter: string): number {
  if (namesOf(config.architecture).below.includes(moduleOf(parameter))) return layerDecay ** (config.layers + 1);
  const layer = layerOf(config, parameter);
  return layer < 0 ? 1 : layerDecay ** (config.layers - layer);
}

/** What joins the training later than at its first step, and at which. */
export function joinings(config: ModelConfig, { method, budget }: Pick<Recipe, 'method' | 'budget'>): { step: number; parts: string[] }[] {
  if (method?.kind !== 'partial' || !method.unfreezing) return [];
  const from = trainedFrom(config, method, budget.steps);
  const steps = [...new Set(from.values())].filter((step) => step > 0 && step < budget.steps).sort((one, other) => one - other);
  return steps.map((step) => {
    const joining = [...from].filter(([, at]) => at === step).map(([name]) => name);
    return { step, parts: partsOf(config, joining) };
  });
}

/** Layers by their number from 1 ("L3"), other parameters by their module. */
function partsOf(config: ModelConfig, parameters: readonly string[]): string[] {
  return [
    ...new Set(
      parameters.map((name) => {
        const layer = layerOf(config, name);
        return layer < 0 ? moduleOf(name).slice(moduleOf(name).lastIndexOf('.') + 1) : `L${layer + 1}`;
      }),
    ),
  ];
}

/** What of a method does not go with a model; null where all does. @param rows tokens of a row */
export function methodFault(config: ModelConfig, method: Method, rows = 1, heads = 0): MethodFault | null {
  switch (method.kind) {
    case 'lora':
      return adapterFault(config, method);
    case 'prefix':
    case 'prompt':
    case 'llama-adapter':
      return softFault(config, method, rows);
    case 'partial':
      return partialFault(config, method, heads);
  }
}

function partialFault(config: ModelConfig, method: PartialMethod, heads: number): MethodFault | null {
  const { lastLayers, embeddings, modules, unfreezing, isolation } = method;
  const { layers } = config;
  const fault = (field: string, value: unknown, accepted: string): MethodFault => ({
    field: `method.${field}`,
    value: String(value),
    accepted,
  });
  if (config.encoder && unties(method)) return fault('head', method.head, 'head with embeddings: true; an encoder has one table for both');
  if (lastLayers !== 'all' && lastLayers > layers) return fault('lastLayers', lastLayers, `0 … ${layers}, "all"`);
  const nowhere = (patterns: readonly string[]) => patterns.find((pattern) => named(config, pattern).length === 0);
  const known = () => [...new Set([...parameterShapes(config).keys()].map((name) => moduleOf(name).replace(/\.\d+\./, '.*.')))].join(', ');
  const strange = nowhere(modules);
  if (strange !== undefined) return fault('modules', strange, known());
  if (unfreezing?.order === 'named') {
    const unknown = nowhere(unfreezing.stages.flatMap((stage) => stage.modules));
    if (unknown !== undefined) return fault('unfreezing.stages', unknown, known());
  } else if (unfreezing && !embeddings && (lastLayers === 'all' || lastLayers === layers))
    return fault('unfreezing', `lastLayers ${lastLayers}`, `lastLayers 0 … ${layers - 1}`);
  const from = trainedFrom(config, method, 1);
  // A linear probe: the heads of the recipe's objectives learn alone.
  if (from.size === 0 && heads > 0 && !isolation && !unfreezing) return null;
  if (from.size === 0) return fault('lastLayers', lastLayers, `1 … ${layers}`);
  if (!isolation && ![...from.values()].includes(0)) return fault('lastLayers', lastLayers, `1 … ${layers}`);
  if (!isolation) return null;
  const { count } = isolationUnits(config, isolation, trainedParameters(config, method));
  if (count === 0) return fault('isolation.unit', isolation.unit, isolation.unit === 'heads' ? `lastLayers 1 … ${layers}` : '"weights"');
  if (Math.round(isolation.share * count) === 0)
    return fault('isolation.share', isolation.share, `≥ ${Number((0.5 / count).toPrecision(2))}`);
  return null;
}

/** @throws StudioError `recipe-invalid` when the method does not go with the model */
export function checkMethod(config: ModelConfig, method: Method, rows?: number, heads?: number): void {
  const fault = methodFault(config, method, rows, heads);
  if (!fault) return;
  throw new StudioError('recipe-invalid', `Recipe field ${fault.field} is ${fault.value}; accepted: ${fault.accepted}`, { ...fault });
}
