/**
 * Runs WGSL kernels on the buffers, in the command encoder and in the memory accounting of tfjs's WebGPU backend, so that ours and
 * tfjs's own kernels follow each other in one queue. Unlike tfjs's programs ours may write several tensors, or a tensor in place.
 */
import { backend as tensorBackend } from '@tensorflow/tfjs-core';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { StudioError } from '../../../src/core/errors';
import { commandsOf, tensorUsage } from './commands';
import type { Groups, WebgpuBackend } from './commands';
import { halfAccessors, halfElement, throughAccessors } from './half';
import type { HalfArray } from './half';
import { eachElement } from './layout';

/**
 * How the work is laid out. `registers`: every thread keeps a large tile, threads never meet; best on software adapters, whose
 * barriers are costly. `workgroup`: tiles and sums are shared through workgroup memory; best on GPUs.
 */
export type Tiles = 'registers' | 'workgroup';

export interface Dispatch {
  /** Name of the kernel, and whatever else its text depends on: together they key the compiled pipeline. */
  kernel: string;
  variant?: string;
  /** Tensors by the name that they have in the text: array<f32> or array<i32>, or array<vec4<f32>> for those in `vectors`. */
  reads: Record<string, TensorInfo>;
  writes: Record<string, TensorInfo>;
  vectors?: readonly string[];
  /** u32 and f32 members of `params`. */
  integers?: Record<string, number>;
  floats?: Record<string, number>;
  /** More f32 members, asked for again at every replay of the dispatch (replay.ts). */
  live?: () => Record<string, number>;
  workgroupSize: number;
  /** Workgroups. */
  groups: Groups;
  /** Text before the entry point. */
  declarations?: () => string;
  /** Text of the entry point, which has `lane` (index within the workgroup), `group` (its place) and `groups` (their number). */
  body: () => string;
}

interface Pipeline {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

/** Which tensors of a device are stored as halves. tfjs believes all of them to be float32. */
interface HalfState {
  /** What kernels write into new activations is stored as halves. */
  on: boolean;
  stored: WeakSet<object>;
  /** Activations that no kernel has written yet. */
  undecided: WeakSet<object>;
  /** Halves that are read in place of a float32 tensor. */
  copies: Map<object, TensorInfo>;
}

const halfStates = new WeakMap<object, HalfState>();

/** Compiled pipelines outlive an engine: opening the backend again finds them. */
const pipelines = new WeakMap<GPUDevice, Map<string, Pipeline>>();

export class WebgpuEngine {
  private readonly backend = tensorBackend() as unknown as WebgpuBackend;
  private readonly commands = commandsOf(this.backend);
  private readonly compiled: Map<string, Pipeline>;
  /** What the device said to a kernel that it would not compile. */
  private refusal: string | null = null;
  private readonly half: HalfState;
  /** Whether kernels may join values by subgroups. */
  readonly subgroups: boolean;

  /** On tfjs's current backend, which must be its WebGPU one. */
  constructor(
    readonly tiles: Tiles,
    subgroups = true,
  ) {
    const { device } = this.backend;
    this.subgroups = subgroups && device.features.has('subgroups');
    this.compiled = pipelines.get(device) ?? new Map<string, Pipeline>();
    pipelines.set(device, this.compiled);
    this.half = halfStates.get(this.backend) ?? this.watchForeignReads();
  }

  /** tfjs's own kernels and reads know nothing of halves: what they touch is made float32 before. */
  private watchForeignReads(): HalfState {
    const half: HalfState = { on: false, stored: new WeakSet(), undecided: new WeakSet(), copies: new Map() };
    halfStates.set(this.backend, half);
    const { backend } = this;
    for (const name of ['uploadToGPU', 'read', 'readSync'] as const) {
      const own = backend[name].bind(backend) as (dataId: object) => never;
      backend[name] = (dataId) => {
        if (half.stored.has(dataId)) this.widen(dataId);
        return own(dataId);
      };
    }
    return half;
  }

  /** Turns a tensor of halves into one of float32. */
  private widen(dataId: object): void {
    const data = this.backend.tensorMap.get(dataId);
    const wide = this.output(data.shape);
    this.copyElements({ dataId, shape: data.shape, dtype: 'float32' }, wide);
    this.half.stored.delete(dataId);
    const other = this.backend.tensorMap.get(wide.dataId);
    [data.resource, other.resource] = [other.resource!, data.resource!];
    this.release(wide);
  }

  /** Storage buffers that a kernel may bind. */
  get storageBuffers(): number {
    return this.backend.device.limits.maxStorageBuffersPerShaderStage;
  }

  output(shape: number[], dtype: DataType = 'float32'): TensorInfo {
    return this.backend.makeTensorInfo(shape, dtype);
  }

  /**
   * A tensor that goes from op to op: stored as halves while `storeHalves` runs, if the kernel that writes it does so by fours. The values of
   * parameters, their gradients and statistics of rows are no such tensors.
   */
  activation(shape: number[]): TensorInfo {
    const tensor = this.output(shape);
    if (this.half.on) this.half.undecided.add(tensor.dataId);
    return tensor;
  }

  /** Whether the tensor is stored as halves. */
  isHalf({ dataId }: TensorInfo): boolean {
    return this.half.stored.has(dataId);
  }

  /** Runs `work` with activations stored as halves, and halves in place of `weights` wherever a kernel reads them. */
  storeHalves<T>(weights: readonly TensorInfo[], work: () => T): T {
    const { half } = this;
    if (half.on) return work();
    half.on = true;
    try {
      this.copyToHalves(weights.filter(({ shape, dataId }) => shape.length > 1 && sizeOf(shape) % 4 === 0 && !half.copies.has(dataId)));
      return work();
    } finally {
      half.on = false;
      this.release(...half.copies.values());
      half.copies.clear();
    }
  }

  /** As many in a dispatch as can be bound. */
  private copyToHalves(weights: readonly TensorInfo[]): void {
    const most = Math.floor(this.storageBuffers / 2);
    for (let start = 0; start < weights.length; start += most) {
      const some = weights.slice(start, start + most);
      const copies = some.map(({ shape }) => this.activation(shape));
      const counts = some.map(({ shape }) => sizeOf(shape) / 4);
      const named = <T>(name: string, values: readonly T[]) => Object.fromEntries(values.map((value, i) => [`${name}${i}`, value]));
      const longest = Math.max(...counts);
      this.run({
        kernel: 'halves of weights',
        reads: named('weight', some),
        writes: named('copy', copies),
        vectors: some.flatMap((_, i) => [`weight${i}`, `copy${i}`]),
        integers: { count: longest, ...named('size', counts) },
        workgroupSize: eachElement.workgroupSize,
        groups: eachElement.groups(longest),
        body: () =>
          eachElement.begin + some.map((_, i) => `\n  if (index < params.size${i}) { copy${i}[index] = weight${i}[index]; }`).join(''),
      });
      some.forEach(({ dataId }, i) => this.half.copies.set(dataId, copies[i]!));
    }
  }

  /** y = x, element by element. */
  copyElements(x: TensorInfo, y: TensorInfo): void {
    const size = sizeOf(x.shape);
    const width = size % 4 === 0 ? 4 : 1;
    this.run({
      kernel: 'copy',
      reads: { x },
      writes: { y },
      vectors: width === 4 ? ['x', 'y'] : [],
      integers: { count: size / width },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(size / width),
      body: () => `${eachElement.begin}\n  y[index] = x[index];`,
    });
  }

  /** Gives back a tensor that only a kernel itself has seen, once the work in the queue is done with it. */
  release(...scratch: TensorInfo[]): void {
    for (const { dataId } of scratch) this.backend.disposeData(dataId);
  }

  /** Another tensor on the same memory. */
  alias({ dataId, shape, dtype }: TensorInfo): TensorInfo {
    this.backend.incRef(dataId);
    return { dataId, shape, dtype };
  }

  /** Whether another tensor stands on the same memory. */
  isAliased({ dataId }: TensorInfo): boolean {
    return this.backend.tensorMap.get(dataId).refCount > 1;
  }

  /**
   * Readies a tensor for being written in place: a reader leaves a copy of the values on the host, perhaps only after the
   * write, and tfjs would go on to believe that copy.
   */
  keepOffHost({ dataId }: TensorInfo): void {
    this.backend.uploadToGPU(dataId);
    const data = this.backend.tensorMap.get(dataId);
    Object.defineProperty(data, 'values', { configurable: true, get: () => null, set: () => undefined });
  }

  /** Fills a tensor of integers with zeros. */
  clear(y: TensorInfo): void {
    const count = sizeOf(y.shape);
    this.run({
      kernel: 'clear',
      reads: {},
      writes: { y },
      integers: { count },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      body: () => `${eachElement.begin}\n  y[index] = 0;`,
    });
  }

  /**
   * Puts a kernel into the queue.
   * @throws StudioError `backend-unavailable` once the device has refused to compile a kernel, of which it tells only later:
   * without it the kernel's outputs would silently stay as they were
   */
  run(given: Dispatch): void {
    if (this.refusal !== null)
      throw new StudioError('backend-unavailable', `The GPU refused a kernel: ${this.refusal}`, {
        backend: 'webgpu',
        detail: this.refusal,
      });
    const { backend } = this;
    const [x, y, z] = given.groups;
    if (x * y * z === 0) return;
    const dispatch = this.withCopies(given);
    const halves = this.halvesOf(dispatch);
    const tensors = [...Object.values(dispatch.reads), ...Object.values(dispatch.writes)];
    const { pipeline, layout } = this.pipeline(dispatch, halves);
    const buffers = tensors.map(({ dataId }) => {
      if (!this.half.stored.has(dataId)) backend.uploadToGPU(dataId);
      return backend.tensorMap.get(dataId).resource!;
    });
    const { live } = given;
    this.commands.dispatch({
      kernel: given.kernel,
      pipeline,
      layout,
      buffers,
      uniforms: uniformsOf(dispatch),
      dynamic: true,
      groups: given.groups,
      live: live && { at: membersOf(given.integers) + membersOf(given.floats), values: () => Object.values(live()) },
    });
  }

  private withCopies(dispatch: Dispatch): Dispatch {
    const { copies } = this.half;
    if (copies.size === 0) return dispatch;
    const reads = Object.entries(dispatch.reads).map(([name, tensor]) => [name, copies.get(tensor.dataId) ?? tensor] as const);
    return { ...dispatch, reads: Object.fromEntries(reads) };
  }

  /** The arrays of a dispatch that hold halves; here it is decided for those that it is the first to write. */
  private halvesOf({ reads, writes, vectors = [] }: Dispatch): HalfArray[] {
    const { backend, half } = this;
    for (const [name, { dataId, shape }] of Object.entries(writes)) {
      if (!half.undecided.delete(dataId) || !vectors.includes(name)) continue;
      backend.tensorMap.get(dataId).resource = backend.bufferManager.acquireBuffer(2 * sizeOf(shape), tensorUsage());
      half.stored.add(dataId);
    }
    return Object.entries({ ...reads, ...writes })
      .filter(([, { dataId }]) => half.stored.has(dataId))
      .map(([name]) => ({ name, vector: vectors.includes(name) }));
  }

  private pipeline(dispatch: Dispatch, halves: readonly HalfArray[]): Pipeline {
    const { kernel, variant = '', workgroupSize } = dispatch;
    const declarations = bindingDeclarations(dispatch, halves);
    const key = [kernel, variant, this.subgroups, workgroupSize, declarations].join('|');
    let found = this.compiled.get(key);
    if (!found) {
      const { device } = this.backend;
      device.pushErrorScope('validation');
      found = this.compile(dispatch, declarations, halves);
      this.compiled.set(key, found);
      void device.popErrorScope().then(
        (error) => {
          if (!error) return;
          this.compiled.delete(key);
          this.refusal ??= error.message;
        },
        // A device that goes away answers no more; that is told elsewhere.
        () => undefined,
      );
    }
    return found;
  }

  private compile(
    { kernel, reads, writes, workgroupSize, declarations, body }: Dispatch,
    bindings: string,
    halves: readonly HalfArray[],
  ): Pipeline {
    const { device } = this.backend;
    const names = halves.map(({ name }) => name);
    const main = body();
    const code = `${main.includes('subgroup') ? 'enable subgroups;\n' : ''}${bindings}
${halfAccessors(halves, new Set(Object.keys(writes)))}
${throughAccessors(declarations?.() ?? '', names)}
@compute @workgroup_size(${workgroupSize})
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
${throughAccessors(main, names)}
}`;
    const types: GPUBufferBindingType[] = [
      ...Object.keys(reads).map(() => 'read-only-storage' as const),
      ...Object.keys(writes).map(() => 'storage' as const),
      'uniform',
    ];
    const layout = device.createBindGroupLayout({
      entries: types.map((type, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type, hasDynamicOffset: type === 'uniform' },
      })),
    });
    const pipeline = device.createComputePipeline({
      label: kernel,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: device.createShaderModule({ label: kernel, code }), entryPoint: 'main' },
    });
    return { pipeline, layout };
  }
}

function bindingDeclarations(
  { reads, writes, vectors = [], integers = {}, floats = {}, live }: Dispatch,
  halves: readonly HalfArray[],
): string {
  const typed = (name: string, { dtype }: TensorInfo) => {
    const half = halves.find((one) => one.name === name);
    if (half) return halfElement(half);
    return vectors.includes(name) ? 'vec4<f32>' : dtype === 'float32' ? 'f32' : 'i32';
  };
  const storage = [
    ...Object.entries(reads).map(([name, tensor]) => `var<storage, read> ${name}: array<${typed(name, tensor)}>;`),
    ...Object.entries(writes).map(([name, tensor]) => `var<storage, read_write> ${name}: array<${typed(name, tensor)}>;`),
  ].map((text, binding) => `@group(0) @binding(${binding}) ${text}`);
  const reals = { ...floats, ...live?.() };
  const members = [...Object.keys(integers).map((name) => `${name}: u32`), ...Object.keys(reals).map((name) => `${name}: f32`)];
  // WGSL has no empty structures.
  const structure = `struct Params { ${members.length === 0 ? 'unused: u32' : members.join(', ')} }`;
  return [...storage, structure, `@group(0) @binding(${storage.length}) var<uniform> params: Params;`].join('\n');
}

const membersOf = (members: Record<string, number> = {}): number => Object.keys(members).length;

function uniformsOf({ integers = {}, floats = {}, live }: Dispatch): Uint32Array {
  const [whole, real] = [Object.values(integers), [...Object.values(floats), ...Object.values(live?.() ?? {})]];
  const words = new Uint32Array(Math.max(4, Math.ceil((whole.length + real.length) / 4) * 4));
  words.set(whole);
  new Float32Array(words.buffer).set(real, whole.length);
  return words;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
