/**
 * Low-rank adapters (LoRA, Hu et al., arXiv 2106.09685): which linear maps one has, of which sizes and at which scale. A map's output is
 * W x + scale · B (A x). Where a file keeps several maps in one module (GPT-2's c_attn), they share its A, as in PEFT.
 */
import type { LoraMethod } from '../recipe/schema';
import type { ModelConfig } from './config';
import { namesOf, type LayerNames } from './names';
import { modulesOf, parameterShapes } from './parameters';

/** Short names of the maps of a block, in any family. */
const ROLES = { q: 'query', k: 'key', v: 'value', o: 'output', gate: 'gate', up: 'up', down: 'down' } as const satisfies Record<
  string,
  keyof LayerNames
>;
/** All linear maps of the blocks, by PEFT's name. */
export const ALL_LINEAR = 'all-linear';

/** A module of the file with an adapter. */
export interface AdaptedModule {
  /** In the file, as PEFT has it. */
  name: string;
  /** Columns of A. */
  inputs: number;
  /** The decoder's maps in it, in the file's order; those that no target names stay as they are. */
  maps: { name: string; outputs: number; adapted: boolean }[];
  /** Rows of the maps change places this many times (file layout). */
  turns: number;
}

/** Every linear module of the blocks, with the maps that a target names. */
function adaptableModules(config: ModelConfig, targets: readonly string[]): AdaptedModule[] {
  const { file, layer } = namesOf(config.architecture);
  const shapes = new Map(modulesOf(config).map(({ name, shape }) => [name, shape]));
  return Array.from({ length: config.layers }, (_, index) => {
    const names = layer(index);
    const fused = file.fused.map(({ name, parts, order }) => ({
      name: name(index),
      parts: parts.map((part) => names[part]),
      turns: order === 'by-head' ? config.heads : 1,
    }));
    const whole = Object.values(ROLES)
      .map((role) => names[role])
      .filter((name) => shapes.has(name) && !fused.some(({ parts }) => parts.includes(name)))
      .map((name) => ({ name, parts: [name], turns: 1 }));
    return [...fused, ...whole].map(({ name, parts, turns }): AdaptedModule => ({
      name,
      inputs: shapes.get(parts[0]!)![1]!,
      maps: parts.map((map) => ({
        name: map,
        outputs: shapes.get(map)![0]!,
        adapted: targets.some((target) => namedBy(target, map, name, names)),
      })),
      turns,
    }));
  }).flat();
}

/** Of names that end so, `*` being anything. */
export function patternOf(end: string): RegExp {
  const escaped = end.split('*').map((part) => part.replace(/[.\\+?^${}()|[\]]/g, '\\$&'));
  return new RegExp(`(^|\\.)${escaped.join('.*')}$`);
}

/** Does a target name this map: by its role, or by the end of its name or of its module's in the file, `*` being anything? */
function namedBy(target: string, map: string, module: string, names: LayerNames): boolean {
  if (target === ALL_LINEAR) return true;
  const role = (ROLES as Partial<Record<string, keyof LayerNames>>)[target];
  if (role) return names[role] === map;
  const pattern = patternOf(target);
  return pattern.test(map) || pattern.test(module);
}

/** The modules that get an adapter. */
export function adaptedModules(config: ModelConfig, { targets }: Pick<LoraMethod, 'targets'>): AdaptedModule[] {
  return adaptableModules(config, targets).filter(({ maps }) => maps.some(({ adapted }) => adapted));
}

/** The rows of B that are trained. */
export const adaptedOutputs = ({ maps }: AdaptedModule): number =>
  maps.reduce((sum, { outputs, adapted }) => sum + (adapted ? outputs : 0), 0);

/** What B (A x) is multiplied by: α / r, or α / √r when rank-stabilised (rsLoRA, Kalajdzievski, arXiv 2312.03732). */
export function adapterScale({ r, alpha, rankStabilised }: Pick<LoraMethod, 'r' | 'alpha' | 'rankStabilised'>): number {
  return alpha / (rankStabilised ? Math.sqrt(r) : r);
}

/** Parameters of the model itself that are trained beside the adapter; tied, embeddings and head are one table. */
export function savedModules(config: ModelConfig, { modulesToSave }: Pick<LoraMethod, 'modulesToSave'>): string[] {
  const { embedding, head } = namesOf(config.architecture);
  const modules = modulesToSave.map((module) => (module === 'embeddings' || config.tied ? embedding : head));
  return [...new Set(modules)].map((module) => `${module}.weight`);
}

/** Number of weights that are trained: the adapter's, and the model's own beside it. */
export function adapterCount(config: ModelConfig, method: LoraMethod): number {
  const shapes = parameterShapes(config);
  const size = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
  const saved = savedModules(config, method).reduce((sum, name) => sum + size(shapes.get(name)!), 0);
  return adaptedModules(config, method).reduce((sum, module) => sum + method.r * (module.inputs + adaptedOutputs(module)), saved);
}

/** The model's own parameters that an adapter changes or trains whole: what a penalty on it holds to the base. */
export function changedParameters(config: ModelConfig, method: LoraMethod): Set<string> {
  const adapted = adaptedModules(config, method).flatMap(({ maps }) =>
    maps.filter((map) => map.adapted).map(({ name }) => `${name}.weight`),
  );
  return new Set([...adapted, ...savedModules(config, method)]);
}

/** Number of weights in them. */
export function changedCount(config: ModelConfig, method: LoraMethod): number {
  const shapes = parameterShapes(config);
  const sizes = [...changedParameters(config, method)].map((name) => shapes.get(name)!.reduce((product, side) => product * side, 1));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** What of an adapter does not go with a model; null where all does. */
export function adapterFault(config: ModelConfig, method: LoraMethod): { field: string; value: string; accepted: string } | null {
  const all = adaptableModules(config, [ALL_LINEAR]);
  const lastPart = (name: string) => name.slice(name.lastIndexOf('.') + 1);
  for (const target of method.targets)
    if (adaptedModules(config, { targets: [target] }).length === 0) {
      const accepted = [ALL_LINEAR, ...Object.keys(ROLES), ...new Set(all.map(({ name }) => lastPart(name)))].join(', ');
      return { field: 'method.targets', value: target, accepted };
    }
  for (const module of adaptedModules(config, method)) {
    const side = Math.min(module.inputs, adaptedOutputs(module));
    if (method.r > side) return { field: 'method.r', value: String(method.r), accepted: `1 … ${side} (${module.name})` };
  }
  return null;
}
