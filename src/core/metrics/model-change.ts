/** What training changed inside a model: how far its weights moved, by layer and part, and how far its attention moved, by head. */
import { embeddingNames } from '../model/names';

export type WeightPart = 'attention' | 'feed-forward' | 'norms' | 'embedding' | 'head';
const PARTS: readonly WeightPart[] = ['embedding', 'attention', 'feed-forward', 'norms', 'head'];
/** A block by its index, what stands before the blocks, or what stands behind them. */
export type WeightPlace = number | 'input' | 'output';

export interface ParameterChange {
  /** Hugging Face's name. */
  name: string;
  /** Index of its block; null outside the blocks. */
  layer: number | null;
  parameters: number;
  /** ‖tuned − base‖₂ and ‖base‖₂. */
  change: number;
  size: number;
}

export interface WeightMovement {
  parameters: number;
  change: number;
  /** ‖tuned − base‖ / ‖base‖; null where the base is all zeros. */
  relative: number | null;
  /** Of the whole model's ‖tuned − base‖², 0 … 1; 0 where nothing changed. */
  share: number;
}
export interface PartMovement extends WeightMovement {
  part: WeightPart;
  tensors: (WeightMovement & { name: string })[];
}
export interface PlaceMovement extends WeightMovement {
  place: WeightPlace;
  parts: PartMovement[];
}
export interface WeightMap {
  whole: WeightMovement;
  /** In the order of the computation. */
  places: PlaceMovement[];
  /** The part of a place with the greatest relative change; null when no weight changed. */
  most: { place: WeightPlace; part: WeightPart; movement: WeightMovement } | null;
  /** The place that holds most of the distance travelled; null when no weight changed. */
  farthest: PlaceMovement | null;
}

/** By the names of all families that the engine knows (src/core/model/names.ts). */
export function weightPart(name: string): WeightPart {
  if (/(norm|ln_[12f])\.(weight|bias)$/.test(name)) return 'norms';
  if (embeddingNames.has(name)) return 'embedding';
  if (/\.mlp\./.test(name)) return 'feed-forward';
  if (/\.(self_attn|attn|attention)\./.test(name)) return 'attention';
  return 'head';
}

/**
 * Changes of single parameters gathered into layers and parts. The norm of a group is that of all its weights as one vector, √Σ‖·‖², so
 * a small tensor weighs little in its layer.
 */
export function weightMap(changes: readonly ParameterChange[]): WeightMap {
  const all = changes.reduce((sum, { change }) => sum + change ** 2, 0);
  const movement = (group: readonly ParameterChange[]): WeightMovement => {
    const moved = group.reduce((sum, { change }) => sum + change ** 2, 0);
    const size = group.reduce((sum, entry) => sum + entry.size ** 2, 0);
    return {
      parameters: group.reduce((sum, { parameters }) => sum + parameters, 0),
      change: Math.sqrt(moved),
      relative: size > 0 ? Math.sqrt(moved / size) : null,
      share: all > 0 ? moved / all : 0,
    };
  };
  const placeOf = ({ name, layer }: ParameterChange): WeightPlace => layer ?? (weightPart(name) === 'embedding' ? 'input' : 'output');
  const order = (place: WeightPlace) => (place === 'input' ? -1 : place === 'output' ? Infinity : place);
  const found = [...new Set(changes.map(placeOf))].sort((one, other) => order(one) - order(other));
  const places = found.map((place): PlaceMovement => {
    const here = changes.filter((entry) => placeOf(entry) === place);
    const parts = PARTS.flatMap((part): PartMovement[] => {
      const group = here.filter(({ name }) => weightPart(name) === part);
      if (group.length === 0) return [];
      return [{ part, ...movement(group), tensors: group.map((entry) => ({ name: entry.name, ...movement([entry]) })) }];
    });
    return { place, ...movement(here), parts };
  });
  const candidates = places.flatMap(({ place, parts }) => parts.map((movement) => ({ place, part: movement.part, movement })));
  return {
    whole: movement(changes),
    places,
    most: all > 0 ? greatest(candidates, ({ movement: { relative } }) => relative ?? 0) : null,
    farthest: all > 0 ? greatest(places, ({ share }) => share) : null,
  };
}

function greatest<T>(entries: readonly T[], figure: (entry: T) => number): T | null {
  return entries.reduce<T | null>((best, entry) => (best === null || figure(entry) > figure(best) ? entry : best), null);
}

/**
 * How much of a head's attention went elsewhere: per query ½ Σ |tuned − base| over its keys (the total variation of the two
 * distributions), averaged over the queries that have a choice, all but the first. 0: looks where it looked; 1: wholly elsewhere.
 * @param base [heads · tokens · tokens], query by query; each query's weights sum to 1
 * @returns one figure for each head
 */
export function attentionShifts(base: Float32Array, tuned: Float32Array, heads: number, tokens: number): number[] {
  return Array.from({ length: heads }, (_, head) => {
    if (tokens < 2) return 0;
    let sum = 0;
    const from = (head * tokens + 1) * tokens;
    const to = (head + 1) * tokens * tokens;
    for (let at = from; at < to; at += 1) sum += Math.abs(tuned[at]! - base[at]!);
    return sum / 2 / (tokens - 1);
  });
}
