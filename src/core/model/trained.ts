/** What of a model a recipe's method trains: how many weights, which of the model's own, and whether the two go together. */
import { StudioError } from '../errors';
import type { Method, PartialMethod } from '../recipe/schema';
import { adapterCount, adapterFault, patternOf } from './adapter';
import type { ModelConfig } from './config';
import { namesOf } from './names';
import { parameterCount, parameterShapes } from './parameters';

export interface MethodFault {
  field: string;
  value: string;
  accepted: string;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** Names of the parameters that a method for a part of the weights trains. */
export function trainedParameters(config: ModelConfig, method: PartialMethod): Set<string> {
  const { lastLayers, finalNorm, head, embeddings, modules } = method;
  const names = namesOf(config.architecture);
  const first = lastLayers === 'all' ? 0 : Math.max(0, config.layers - lastLayers);
  const layers = Array.from({ length: config.layers - first }, (_, at) => Object.values(names.layer(first + at))).flat();
  const whole = [
    ...layers,
    ...(finalNorm ? [names.finalNorm] : []),
    ...(head ? [config.tied ? names.embedding : names.head] : []),
    ...(embeddings ? [names.embedding, names.positions] : []),
  ].filter((name) => name !== '');
  const patterns = modules.map(patternOf);
  const trained = [...parameterShapes(config).keys()].filter((parameter) => {
    const module = parameter.slice(0, parameter.lastIndexOf('.'));
    return whole.includes(module) || patterns.some((pattern) => pattern.test(module) || pattern.test(parameter));
  });
  return new Set(trained);
}

/** Number of weights that are trained; without a method all are. */
export function trainedCount(config: ModelConfig, method: Method | undefined): number {
  if (!method) return parameterCount(config);
  switch (method.kind) {
    case 'lora':
      return adapterCount(config, method);
    case 'partial': {
      const shapes = parameterShapes(config);
      return [...trainedParameters(config, method)].reduce((sum, name) => sum + sizeOf(shapes.get(name)!), 0);
    }
  }
}

/** What of a method does not go with a model; null where all does. */
export function methodFault(config: ModelConfig, method: Method): MethodFault | null {
  switch (method.kind) {
    case 'lora':
      return adapterFault(config, method);
    case 'partial':
      return partialFault(config, method);
  }
}

function partialFault(config: ModelConfig, method: PartialMethod): MethodFault | null {
  const { lastLayers, head, embeddings, modules } = method;
  if (lastLayers !== 'all' && lastLayers > config.layers)
    return { field: 'method.lastLayers', value: String(lastLayers), accepted: `0 … ${config.layers}, "all"` };
  if (head && config.tied && !embeddings)
    return { field: 'method.head', value: 'true', accepted: 'false | embeddings: true (tie_word_embeddings)' };
  const none = { ...method, lastLayers: 0, finalNorm: false, head: false, embeddings: false };
  for (const pattern of modules)
    if (trainedParameters(config, { ...none, modules: [pattern] }).size === 0)
      return { field: 'method.modules', value: pattern, accepted: [...parameterShapes(config).keys()].join(', ') };
  if (trainedParameters(config, method).size === 0)
    return { field: 'method.lastLayers', value: String(lastLayers), accepted: `1 … ${config.layers}` };
  return null;
}

/** @throws StudioError `recipe-invalid` when the method does not go with the model */
export function checkMethod(config: ModelConfig, method: Method): void {
  const fault = methodFault(config, method);
  if (!fault) return;
  throw new StudioError('recipe-invalid', `Recipe field ${fault.field} is ${fault.value}; accepted: ${fault.accepted}`, { ...fault });
}
