/**
 * Parameter isolation: of the weights that a run may train, the share with the most to say for it (or the least to lose), as a mask of zeros
 * and ones. Units are single weights, rows of linear maps with their bias, or attention heads. How much a unit says is its mean Fisher
 * information, or its mean change. Units of the same figure are taken in the model's order, so the same figures give the same mask.
 */
import type { Isolation } from '../recipe/schema';
import type { ModelConfig } from './config';
import { namesOf } from './names';
import { modulesOf } from './parameters';

/** Can a unit of this kind lie in the parameter? */
export function isolable(config: ModelConfig, unit: Isolation['unit'], parameter: string): boolean {
  if (unit === 'weights') return true;
  return unit === 'heads'
    ? headPart(config, parameter) !== null
    : modulesOf(config).some(({ name, kind }) => kind !== 'norm' && within(name, parameter));
}

const within = (module: string, parameter: string): boolean => parameter === `${module}.weight` || parameter === `${module}.bias`;

/** Of an attention map's parameter: its layer, the elements of a head that follow one another, and whether a head is columns of it. */
function headPart({ architecture, layers, heads, kvHeads, headSize }: ModelConfig, parameter: string) {
  const { layer } = namesOf(architecture);
  for (let index = 0; index < layers; index++) {
    const { query, key, value, output } = layer(index);
    const grouped = (heads / kvHeads) * headSize;
    if (within(query, parameter)) return { layer: index, size: grouped, columns: false };
    if (within(key, parameter) || within(value, parameter)) return { layer: index, size: headSize, columns: false };
    if (parameter === `${output}.weight`) return { layer: index, size: grouped, columns: true };
  }
  return null;
}

interface Units {
  /** Number of units. */
  count: number;
  /** Weights in all of them. */
  weights: number;
  /** Number of the unit that element `index` of a parameter is in. */
  unitAt: ReadonlyMap<string, (index: number) => number>;
}

/** @param trained parameters of which a part is trained, all of them isolable, with their shapes */
export function isolationUnits(
  config: ModelConfig,
  { unit }: Pick<Isolation, 'unit'>,
  trained: ReadonlyMap<string, readonly number[]>,
): Units {
  const unitAt = new Map<string, (index: number) => number>();
  const firsts = new Map<string, number>();
  let [count, weights] = [0, 0];
  /** The first unit of those that bear this name. */
  const firstOf = (name: string, size: number): number => {
    const known = firsts.get(name);
    if (known !== undefined) return known;
    firsts.set(name, count);
    count += size;
    return count - size;
  };
  for (const [name, shape] of trained) {
    const size = shape.reduce((product, side) => product * side, 1);
    const width = shape.length > 1 ? shape[1]! : 1;
    weights += size;
    const part = unit === 'heads' ? headPart(config, name) : null;
    if (part) {
      const first = firstOf(String(part.layer), config.kvHeads);
      unitAt.set(name, (index) => first + Math.floor((part.columns ? index % width : Math.floor(index / width)) / part.size));
    } else if (unit === 'rows') {
      const first = firstOf(name.slice(0, name.lastIndexOf('.')), shape[0]!);
      unitAt.set(name, (index) => first + Math.floor(index / width));
    } else {
      const first = firstOf(name, size);
      unitAt.set(name, (index) => first + index);
    }
  }
  return { count, weights, unitAt };
}

/**
 * 1 for each element that is trained, else 0, by the parameters' names.
 * @param fisher of each parameter of which a part is trained the diagonal of its Fisher information, or how far each element moves; ≥ 0
 */
export function isolationMasks(
  config: ModelConfig,
  isolation: Pick<Isolation, 'unit' | 'share' | 'by'>,
  fisher: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>,
): Map<string, Float32Array> {
  const shapes = new Map([...fisher].map(([name, { shape }]) => [name, shape]));
  const { count, unitAt } = isolationUnits(config, isolation, shapes);
  const wanted = Math.round(isolation.share * count);
  const figures = isolation.unit === 'weights' ? [...fisher.values()].map(({ data }) => data) : [unitMeans(count, unitAt, fisher)];
  const taken = chosen(figures, wanted, isolation.by !== 'general');
  if (isolation.unit === 'weights') return new Map([...fisher.keys()].map((name, at) => [name, taken[at]!]));
  const [ofUnits] = taken;
  return new Map([...fisher].map(([name, { data }]) => [name, data.map((_, index) => ofUnits![unitAt.get(name)!(index)]!)]));
}

function unitMeans(count: number, unitAt: Units['unitAt'], fisher: ReadonlyMap<string, { data: Float32Array }>): Float32Array {
  const [sums, sizes] = [new Float64Array(count), new Float64Array(count)];
  for (const [name, { data }] of fisher) {
    const unitOf = unitAt.get(name)!;
    data.forEach((value, index) => {
      sums[unitOf(index)]! += value;
      sizes[unitOf(index)]! += 1;
    });
  }
  return Float32Array.from(sums, (sum, unit) => sum / sizes[unit]!);
}

/** Bits of a float32 ≥ 0 rise with its value. */
const HALF = 16;
const BUCKETS = 2 ** HALF;

/** 1 for the `wanted` highest (or lowest) of all figures, ≥ 0, and of equal ones the first; no sorting, since there may be 10⁸ of them. */
export function chosen(figures: readonly Float32Array[], wanted: number, highest: boolean): Float32Array<ArrayBuffer>[] {
  // Keys rank like the figures, the first chosen the smallest.
  const keysOf = (data: Float32Array) => new Uint32Array(data.buffer, data.byteOffset, data.length);
  const key = (bits: number) => (highest ? ~bits >>> 0 : bits);
  /** The bucket in which the `nth` key lies, and how many lie before it. */
  const find = (bucketOf: (key: number) => number, nth: number): { bucket: number; before: number } => {
    const counts = new Float64Array(BUCKETS);
    for (const data of figures)
      for (const bits of keysOf(data)) {
        const bucket = bucketOf(key(bits));
        if (bucket >= 0) counts[bucket]! += 1;
      }
    let [bucket, before] = [0, 0];
    while (before + counts[bucket]! < nth) before += counts[bucket++]!;
    return { bucket, before };
  };
  const high = find((of) => of >>> HALF, wanted);
  const low = find((of) => (of >>> HALF === high.bucket ? of & (BUCKETS - 1) : -1), wanted - high.before);
  const last = ((high.bucket << HALF) | low.bucket) >>> 0;
  let equal = wanted - high.before - low.before;
  return figures.map((data) =>
    Float32Array.from(keysOf(data), (bits) => {
      const own = key(bits);
      if (own < last) return 1;
      return own === last && equal-- > 0 ? 1 : 0;
    }),
  );
}
