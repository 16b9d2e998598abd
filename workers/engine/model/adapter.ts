/**
 * A low-rank adapter beside a frozen model (src/core/model/adapter.ts): y = W x + scale · B (A dropout(x)), by the ops that the model's own
 * maps use. A file of its weights has PEFT's names and layout. Added to the base's tensors it makes an ordinary model again.
 */
import { add, mul, tensor, variable } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { StudioError } from '../../../src/core/errors';
import { adaptedModules, adapterScale, savedModules, type AdaptedModule } from '../../../src/core/model/adapter';
import type { ModelConfig } from '../../../src/core/model/config';
import { namesOf, PEFT_PREFIX } from '../../../src/core/model/names';
import { isHead } from '../../../src/core/recipe/objective';
import { deriveSeed, Rng } from '../../../src/core/rng/rng';
import type { LoraMethod } from '../../../src/core/recipe/schema';
import { openSafetensors, type ByteSource, type HostTensor, type StoredTensor } from '../checkpoint/safetensors';
import { scaled } from '../ops/add';
import { dropout } from '../ops/dropout';
import { linear, product, transposedProduct } from '../ops/linear';
import type { Penalty } from '../optimizer/transforms';
import { fromFile, toFile, type FileTensor } from './file-layout';

/** The adapter of one map: A is shared by the maps of one module of the file. */
interface LowRank {
  a: Variable;
  b: Variable;
  /** Number of the module, which selects its dropout mask. */
  place: number;
}

let adapters = 0;

export class LowRankAdapter {
  /** A, B of each adapted map, by the names of the decoder's maps. */
  readonly parameters = new Map<string, Variable>();
  private readonly maps = new Map<string, LowRank>();
  private readonly modules: AdaptedModule[];
  private readonly scale: number;

  /** Begins as nothing: B = 0, A Kaiming-uniform with a = √5, that is within ± 1 / √inputs. @param seed of the run */
  constructor(
    readonly config: ModelConfig,
    readonly method: LoraMethod,
    seed: number,
  ) {
    this.modules = adaptedModules(config, method);
    this.scale = adapterScale(method);
    const prefix = `adapter-${(adapters += 1)}/`;
    const create = (name: string, shape: number[], data: Float32Array): Variable => {
      const initial = tensor(data, shape);
      const made = variable(initial, true, prefix + name);
      initial.dispose();
      this.parameters.set(name, made);
      return made;
    };
    for (const [place, { name, inputs, maps }] of this.modules.entries()) {
      const random = new Rng(deriveSeed(seed, 'lora', name));
      const bound = 1 / Math.sqrt(inputs);
      const values = Float32Array.from({ length: method.r * inputs }, () => bound * (2 * random.uniform() - 1));
      const a = create(factorName(maps[0]!.name, 'A'), [method.r, inputs], values);
      for (const { name: map, outputs, adapted } of maps) {
        if (!adapted) continue;
        const b = create(factorName(map, 'B'), [outputs, method.r], new Float32Array(outputs * method.r));
        this.maps.set(map, { a, b, place });
      }
    }
  }

  /**
   * @param outputs of the maps of these names on x
   * @param seed of the dropout's masks; undefined: no dropout
   * @returns the outputs with the adapter's part added
   */
  add(outputs: readonly Tensor2D[], x: Tensor2D, names: readonly string[], seed: number | undefined): Tensor2D[] {
    // One product with A serves all maps of a module.
    const inner = new Map<Variable, Tensor2D>();
    const innerOf = ({ a, place }: LowRank): Tensor2D => {
      const { dropout: rate } = this.method;
      const made =
        inner.get(a) ??
        scaled(
          linear(seed === undefined ? x : dropout(x, { rate, seed: deriveSeed(seed, 'lora', place), offset: 0 }), a as unknown as Tensor2D),
          this.scale,
        );
      inner.set(a, made);
      return made;
    };
    return outputs.map((output, at) => {
      const found = this.maps.get(names[at]!);
      return found ? linear(innerOf(found), found.b as unknown as Tensor2D, { residual: output }) : output;
    });
  }

  /** What it adds to the weight of a map, scale · B A; null where it adds nothing. @param map by its module's name */
  change(map: string): Tensor2D | null {
    const found = this.maps.get(map);
    return found ? mul<Tensor2D>(product(found.b as unknown as Tensor2D, found.a as unknown as Tensor2D), this.scale) : null;
  }

  /**
   * Gradient by A or B of a penalty on ΔW = scale · B A, what the maps are away from their base: λ/2 · ‖ΔW‖² (L2-SP) and λ/2 · Σ F ΔW² (EWC).
   * With G = λ F ∘ ΔW it is scale · G Aᵀ by B and scale · Bᵀ G by A, summed over the maps that share A. Runs inside tidy.
   * @param name of a parameter; null for one that is not of the adapter
   */
  penaltyGradient(name: string, { l2sp = 0, ewc }: Penalty): Tensor | null {
    const parameter = this.parameters.get(name);
    if (!parameter) return null;
    const parts = [...this.maps].flatMap(([map, { a, b }]): Tensor[] => {
      const fisher = ewc?.fisher.get(`${map}.weight`);
      if ((a !== parameter && b !== parameter) || (l2sp === 0 && !fisher)) return [];
      const change = this.change(map)!;
      const held = mul<Tensor2D>(change, fisher ? add(mul(fisher, ewc!.lambda), l2sp) : l2sp);
      const slope = b === parameter ? linear(held, a as unknown as Tensor2D) : transposedProduct(b as unknown as Tensor2D, held);
      return [mul(slope, this.scale)];
    });
    return parts.length === 0 ? null : parts.reduce((sum, part) => add(sum, part));
  }

  /** Puts the values of a file in the place of the present ones. @param own the model's own parameters, of which some may be in the file */
  async restore(file: string, source: ByteSource, own: ReadonlyMap<string, Variable>): Promise<void> {
    const { tensors } = await openSafetensors(file, source);
    const assign = (target: Variable | undefined, { shape, data }: Pick<HostTensor, 'shape' | 'data'>) => {
      const value = tensor(data, shape);
      target?.assign(value);
      value.dispose();
    };
    for (const module of this.modules) {
      const [a, b] = factorsOf(file, tensors, module.name);
      assign(this.parameters.get(factorName(module.maps[0]!.name, 'A')), { shape: a.shape, data: await a.read() });
      for (const part of fromFile(upLayout(module, this.method.r), await b.read())) assign(this.parameters.get(part.name), part);
    }
    for (const name of savedModules(this.config, this.method)) {
      const stored = tensors.get(PEFT_PREFIX + name);
      if (!stored) throw missing(file, PEFT_PREFIX + name);
      assign(own.get(name), { shape: stored.shape, data: await stored.read() });
    }
  }

  /** As PEFT's file has it: maps that are not adapted have rows of zeros in B. @param values of parameters, the model's own among them */
  fileTensors(values: ReadonlyMap<string, HostTensor>): HostTensor[] {
    const { r } = this.method;
    const factors = this.modules.flatMap((module): HostTensor[] => {
      const layout = upLayout(module, r);
      const a = values.get(factorName(module.maps[0]!.name, 'A'))!;
      const rows = layout.parameters.map(({ name, shape }) => values.get(name)?.data ?? new Float32Array(shape[0]! * r));
      return [{ ...a, name: `${PEFT_PREFIX}${module.name}.lora_A.weight` }, toFile(layout, rows)];
    });
    const saved = savedModules(this.config, this.method).map((name) => ({ ...values.get(name)!, name: PEFT_PREFIX + name }));
    return [...factors, ...saved];
  }
}

const factorName = (map: string, factor: 'A' | 'B'): string => `${map}.lora_${factor}.weight`;

/** Where the rows of the maps' B lie in the module's B. */
function upLayout({ name, maps, turns }: AdaptedModule, r: number): FileTensor {
  return {
    name: `${PEFT_PREFIX}${name}.lora_B.weight`,
    shape: [maps.reduce((sum, { outputs }) => sum + outputs, 0), r],
    parameters: maps.map(({ name: map, outputs }) => ({ name: factorName(map, 'B'), shape: [outputs, r] })),
    transposed: false,
    turns,
  };
}

function factorsOf(file: string, tensors: ReadonlyMap<string, StoredTensor>, module: string): [StoredTensor, StoredTensor] {
  const of = (factor: 'A' | 'B'): StoredTensor => {
    const name = `${PEFT_PREFIX}${module}.lora_${factor}.weight`;
    const found = tensors.get(name);
    if (!found) throw missing(file, name);
    return found;
  };
  return [of('A'), of('B')];
}

function missing(file: string, name: string): StudioError {
  return new StudioError('tensor-missing', `${file} has no tensor "${name}"`, { file, tensor: name });
}

/** A file of an adapter, to be read together with its base. */
export interface AdapterFile {
  name: string;
  bytes: ByteSource;
  /** What B (A x) of a module of the base is multiplied by. @param module as in the base's file */
  scaleOf(module: string, rank: number): number;
}

/**
 * W + scale · B A in place of every tensor of the base that the adapter changes, rounded to float32 once; and the tensors that the adapter
 * has whole.
 * @param layout the base's tensors by the family's names
 * @throws StudioError `tensor-missing`, `tensor-shape`; `model-adapter` for a tensor that belongs to nothing of the base
 */
export async function withAdapter(
  config: ModelConfig,
  layout: readonly { tensor: FileTensor; found: StoredTensor }[],
  { name: file, bytes, scaleOf }: AdapterFile,
): Promise<{ tensor: FileTensor; found: StoredTensor }[]> {
  const { tensors } = await openSafetensors(file, bytes);
  const used = new Set<string>();
  // PEFT's file of a tied model has the one table twice.
  const { embedding, head } = namesOf(config.architecture);
  const alsoEmbedding = (name: string) =>
    config.tied && name === `${PEFT_PREFIX}${head}.weight` && used.has(`${PEFT_PREFIX}${embedding}.weight`);
  const merged = layout.map(({ tensor, found }) => {
    const whole = tensors.get(PEFT_PREFIX + tensor.name);
    if (whole) {
      used.add(whole.name);
      requireShape(whole, tensor.shape);
      return { tensor, found: { ...whole, name: tensor.name } };
    }
    const module = tensor.name.replace(/\.weight$/, '');
    if (!tensors.has(`${PEFT_PREFIX}${module}.lora_A.weight`)) return { tensor, found };
    const [a, b] = factorsOf(file, tensors, module);
    const [outputs, inputs] = tensor.transposed ? tensor.shape.toReversed() : tensor.shape;
    const rank = a.shape[0] ?? 0;
    requireShape(a, [rank, inputs!]);
    requireShape(b, [outputs!, rank]);
    used.add(a.name).add(b.name);
    return { tensor, found: sumOf(found, a, b, scaleOf(module, rank), tensor) };
  });
  const foreign = [...tensors.keys()].find((name) => !used.has(name) && !alsoEmbedding(name) && !isHead(name.slice(PEFT_PREFIX.length)));
  if (foreign !== undefined)
    throw new StudioError('model-adapter', `${file}: "${foreign}" belongs to nothing of the base`, { file, tensor: foreign });
  return merged;
}

/** Heads that a file of an adapter, or of a soft prompt, holds beside it, under their parameters' names. */
export async function adapterHeads({ name: file, bytes }: Pick<AdapterFile, 'name' | 'bytes'>): Promise<StoredTensor[]> {
  const { tensors } = await openSafetensors(file, bytes);
  return [...tensors.values()].flatMap((tensor) => {
    const name = tensor.name.slice(PEFT_PREFIX.length);
    return isHead(name) ? [{ ...tensor, name }] : [];
  });
}

/** W + scale · B A, each element summed in double precision and rounded once. */
function sumOf(base: StoredTensor, a: StoredTensor, b: StoredTensor, scale: number, { shape, transposed }: FileTensor): StoredTensor {
  const read = async (): Promise<Float32Array> => {
    const [down, up, values] = [await a.read(), await b.read(), (await base.read()).slice()];
    const rank = a.shape[0]!;
    const [outputs, inputs] = transposed ? shape.toReversed() : shape;
    const row = new Float64Array(inputs!);
    for (let output = 0; output < outputs!; output++) {
      row.fill(0);
      for (let inner = 0; inner < rank; inner++) {
        const factor = up[output * rank + inner]!;
        for (let input = 0; input < inputs!; input++) row[input]! += factor * down[inner * inputs! + input]!;
      }
      for (let input = 0; input < inputs!; input++)
        values[transposed ? input * outputs! + output : output * inputs! + input]! += scale * row[input]!;
    }
    return values;
  };
  return {
    ...base,
    dtype: 'F32',
    bytes: 4 * shape.reduce((product, side) => product * side, 1),
    checkFloat: () => base.checkFloat(),
    read,
    async *pieces() {
      yield await read();
    },
    async *rawPieces() {
      yield new Uint8Array((await read()).buffer);
    },
  };
}

function requireShape({ file, name, shape }: StoredTensor, expected: readonly number[]): void {
  if (shape.join() === expected.join()) return;
  const values = { file, tensor: name, found: `[${shape.join(', ')}]`, expected: `[${expected.join(', ')}]` };
  throw new StudioError('tensor-shape', `${file}: "${name}" has shape ${values.found}, the base asks for ${values.expected}`, values);
}
