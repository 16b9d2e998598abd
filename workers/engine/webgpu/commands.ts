/**
 * What is put on the queue of tfjs's WebGPU backend, by our kernels and by tfjs's own: dispatches are gathered in one compute pass and one
 * submission until somebody reads, waits or asks for it. Their uniforms lie in one buffer that is written once a submission, bind groups are
 * kept by the buffers they bind. Since commands of a submission run in their order, a tensor's buffer is free for the next as soon as the
 * tensor is disposed.
 */
import { util } from '@tensorflow/tfjs-core';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';

export type Groups = readonly [x: number, y: number, z: number];

/** One dispatch. The uniforms are bound behind the buffers. */
export interface Command {
  kernel: string;
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
  buffers: readonly GPUBuffer[];
  uniforms: Uint32Array;
  /** The layout takes the uniforms' place as a dynamic offset. */
  dynamic: boolean;
  groups: Groups;
  /** Uniforms that change from step to step: as floats, from word `at` on. */
  live?: { at: number; values: () => readonly number[] } | undefined;
}

interface TensorData {
  shape: number[];
  dtype: DataType;
  resource?: GPUBuffer | null;
  values: unknown;
  refCount: number;
}

/** What is used of tfjs's backend (its private parts included: see backend_webgpu.ts of tfjs 4.22). */
export interface WebgpuBackend {
  device: GPUDevice;
  queue: GPUQueue;
  tensorMap: { get(dataId: object): TensorData };
  bufferManager: {
    acquireBuffer(bytes: number, usage: number, mapped?: boolean, reuse?: boolean): GPUBuffer;
    releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void;
  };
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  commandQueueOwnedIds: Pick<WeakSet<object>, 'add' | 'has'>;
  stagingPendingDisposal: GPUBuffer[];
  dispatchCountInPass: number;
  makeTensorInfo(shape: number[], dtype: DataType): TensorInfo;
  incRef(dataId: object): void;
  disposeData(dataId: object): boolean;
  uploadToGPU(dataId: object): void;
  /** Whether tfjs computes an op of its own on the host, whose inputs are there and small. */
  shouldExecuteOnCPU(inputs: TensorInfo[], threshold?: number): boolean;
  read(dataId: object): Promise<unknown>;
  readSync(dataId: object): unknown;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  recordAndSubmit(program: TfjsProgram, output: TensorInfo, inputs: TensorInfo[], defined?: ProgramUniform[]): void;
}

interface TfjsProgram {
  pipeline: GPUComputePipeline;
  constructor: { name: string };
  dispatch: Groups;
  outputShape: number[];
  size?: boolean;
  outputComponent?: number;
  pixelsOpType?: unknown;
}

interface ProgramUniform {
  type: string;
  data: readonly number[];
}

/** Sees what is put on the queue, and has the buffers that are asked for meanwhile. */
export interface Observer {
  command(command: Command): void;
  /** Something that is no dispatch. */
  other(): void;
  acquire(bytes: number, usage: number): GPUBuffer;
  /** Puts a host's values into a buffer. */
  upload(bytes: number, usage: number, values: ArrayLike<number>, dtype: DataType): GPUBuffer;
}

/** A pass ends behind so many dispatches and is submitted, so that a GPU never waits for a host that goes on and on. */
const MOST_DISPATCHES = 2048;

/** Milliseconds that a submission may take: systems reset a GPU that does not answer for two seconds or so. */
const LONGEST_SUBMISSION = 1000;

/** Bytes of uniforms of one submission, at first. */
const UNIFORM_BYTES = 2 ** 16;

/** More are thrown away and made again: texts of ever other lengths bind ever other buffers. */
const MOST_BIND_GROUPS = 8192;

/** Bind groups of a layout by the buffers, in their order; at last by the uniforms' offset. */
interface Bound {
  next: Map<GPUBuffer, Bound>;
  groups: Map<number, GPUBindGroup>;
}

const noneBound = (): Bound => ({ next: new Map(), groups: new Map() });

const queues = new WeakMap<object, Commands>();

/** The one of a backend; it takes over the backend's queue at its first call. */
export function commandsOf(backend: WebgpuBackend): Commands {
  const found = queues.get(backend) ?? new Commands(backend);
  queues.set(backend, found);
  return found;
}

export class Commands {
  private readonly alignment: number;
  private uniforms: { buffer: GPUBuffer; words: Uint32Array };
  private used = 0;
  private bound = new WeakMap<GPUBindGroupLayout, Bound>();
  private kept = 0;
  private readonly layouts = new WeakMap<GPUComputePipeline, GPUBindGroupLayout>();
  private observer: Observer | null = null;
  /** Where buffers go that an observer has given out. */
  private readonly owners = new WeakMap<GPUBuffer, (buffer: GPUBuffer) => void>();
  private waiting: GPUBuffer[] = [];
  /** Dispatches of one submission, as the last ones have taken their time. */
  most = MOST_DISPATCHES;

  constructor(readonly backend: WebgpuBackend) {
    this.alignment = backend.device.limits.minUniformBufferOffsetAlignment;
    this.uniforms = this.makeUniforms(UNIFORM_BYTES);
    this.takeOver();
  }

  private takeOver(): void {
    const { backend } = this;
    const manager = backend.bufferManager;
    const own = {
      record: backend.recordAndSubmit.bind(backend),
      upload: backend.uploadToGPU.bind(backend),
      onHost: backend.shouldExecuteOnCPU.bind(backend),
      endPass: backend.endComputePassEncoder.bind(backend),
      acquire: manager.acquireBuffer.bind(manager),
      release: manager.releaseBuffer.bind(manager),
    };
    backend.commandQueueOwnedIds = { add: (id) => id as never, has: () => false };
    backend.submitQueue = () => this.submit();
    backend.recordAndSubmit = (program, output, inputs, defined) => {
      const command = this.ofTfjs(program, output, inputs, defined);
      if (command) this.dispatch(command);
      else {
        this.observer?.other();
        own.record(program, output, inputs, defined);
      }
    };
    backend.endComputePassEncoder = () => {
      this.observer?.other();
      own.endPass();
    };
    backend.shouldExecuteOnCPU = (inputs, threshold) => !this.observer && own.onHost(inputs, threshold);
    backend.uploadToGPU = (dataId) => {
      const data = backend.tensorMap.get(dataId);
      if (!this.observer || data.resource || !data.values) return own.upload(dataId);
      const bytes = 4 * util.sizeFromShape(data.shape);
      data.resource = this.observer.upload(bytes, tensorUsage(), data.values as ArrayLike<number>, data.dtype);
      data.values = null;
    };
    manager.acquireBuffer = (bytes, usage, mapped = false, reuse = true) =>
      this.observer && reuse && !mapped ? this.observer.acquire(bytes, usage) : own.acquire(bytes, usage, mapped, reuse);
    manager.releaseBuffer = (buffer, reuse = true) => {
      const owner = this.owners.get(buffer);
      if (owner) owner(buffer);
      // A buffer from before must not be filled by the host while what is observed has yet to read it.
      else if (this.observer && reuse) this.waiting.push(buffer);
      else own.release(buffer, reuse);
    };
  }

  /** Runs `work` under an observer's eyes, apart from what is on the queue before and after. */
  observed<T>(observer: Observer, work: () => T): T {
    this.flush();
    this.observer = observer;
    try {
      return work();
    } finally {
      this.observer = null;
      this.flush();
      for (const buffer of this.waiting.splice(0)) this.backend.bufferManager.releaseBuffer(buffer);
    }
  }

  /** A buffer of tfjs's stock, which is given to `owner` where tfjs means to put it back. */
  acquireFor(owner: (buffer: GPUBuffer) => void, bytes: number, usage: number): GPUBuffer {
    const { observer } = this;
    this.observer = null;
    const buffer = this.backend.bufferManager.acquireBuffer(bytes, usage);
    this.observer = observer;
    this.owners.set(buffer, owner);
    return buffer;
  }

  /** The buffer is tfjs's again. @param free whether no tensor has it */
  handBack(buffer: GPUBuffer, free: boolean): void {
    this.owners.delete(buffer);
    if (free) this.backend.bufferManager.releaseBuffer(buffer);
  }

  /** Submits what waits. */
  flush(): void {
    const { backend } = this;
    if (!backend.commandEncoder) return;
    backend.endComputePassEncoder();
    backend.submitQueue();
  }

  /** The same where the cut is of no meaning to an observer. */
  private flushUnseen(): void {
    const { observer } = this;
    this.observer = null;
    this.flush();
    this.observer = observer;
  }

  private submit(): void {
    const { backend, uniforms, used } = this;
    if (!backend.commandEncoder) return;
    if (used > 0) backend.queue.writeBuffer(uniforms.buffer, 0, uniforms.words, 0, used / 4);
    this.used = 0;
    backend.queue.submit([backend.commandEncoder.finish()]);
    this.pace(backend.dispatchCountInPass);
    backend.commandEncoder = null;
    backend.dispatchCountInPass = 0;
    for (const buffer of backend.stagingPendingDisposal.splice(0)) backend.bufferManager.releaseBuffer(buffer, false);
  }

  /** Learns from a submission how many dispatches one may have; what waits before it counts as its own. */
  private pace(dispatches: number): void {
    if (dispatches < 8) return;
    const start = performance.now();
    void this.backend.queue.onSubmittedWorkDone().then(
      () => {
        const each = (performance.now() - start) / dispatches;
        this.most = Math.max(8, Math.min(MOST_DISPATCHES, Math.floor(LONGEST_SUBMISSION / each)));
      },
      // A device that goes away is told of elsewhere.
      () => undefined,
    );
  }

  dispatch(command: Command): void {
    const { backend } = this;
    const bytes = 4 * command.uniforms.length;
    this.makeRoom(bytes);
    const offset = this.used;
    this.uniforms.words.set(command.uniforms, offset / 4);
    this.used += Math.ceil(bytes / this.alignment) * this.alignment;
    backend.ensureCommandEncoderReady();
    const pass = (backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass());
    pass.setPipeline(command.pipeline);
    const group = this.bindGroup(command, offset);
    if (command.dynamic) pass.setBindGroup(0, group, [offset]);
    else pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...command.groups);
    this.observer?.command(command);
    backend.dispatchCountInPass += 1;
    if (backend.dispatchCountInPass >= this.most) this.flushUnseen();
  }

  private makeRoom(bytes: number): void {
    const capacity = 4 * this.uniforms.words.length;
    if (this.used + bytes <= capacity) return;
    this.flushUnseen();
    this.uniforms.buffer.destroy();
    this.uniforms = this.makeUniforms(Math.max(2 * capacity, bytes));
    this.forgetBindGroups();
  }

  private makeUniforms(bytes: number): { buffer: GPUBuffer; words: Uint32Array } {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    return { buffer: this.backend.device.createBuffer({ label: 'uniforms', size: bytes, usage }), words: new Uint32Array(bytes / 4) };
  }

  private forgetBindGroups(): void {
    this.bound = new WeakMap();
    this.kept = 0;
  }

  private bindGroup({ layout, buffers, uniforms, dynamic }: Command, offset: number): GPUBindGroup {
    let bound: Bound = this.bound.get(layout) ?? noneBound();
    this.bound.set(layout, bound);
    for (const buffer of buffers) {
      const next: Bound = bound.next.get(buffer) ?? noneBound();
      bound.next.set(buffer, next);
      bound = next;
    }
    const place = dynamic ? 0 : offset;
    const found = bound.groups.get(place);
    if (found) return found;
    const binding = { buffer: this.uniforms.buffer, offset: place, size: 4 * uniforms.length };
    const made = bindGroupOf(this.backend.device, layout, [...buffers.map((buffer) => ({ buffer })), binding]);
    this.kept += 1;
    if (this.kept > MOST_BIND_GROUPS) this.forgetBindGroups();
    else bound.groups.set(place, made);
    return made;
  }

  /** A dispatch of one of tfjs's programs; null for those that read or write pictures, or that tfjs times. */
  private ofTfjs(program: TfjsProgram, output: TensorInfo, inputs: TensorInfo[], defined: ProgramUniform[] = []): Command | null {
    const { backend } = this;
    if (program.pixelsOpType != null || (backend as { activeTimers?: unknown }).activeTimers != null) return null;
    let layout = this.layouts.get(program.pipeline);
    if (!layout) this.layouts.set(program.pipeline, (layout = program.pipeline.getBindGroupLayout(0)));
    const integers = (data: readonly number[]): ProgramUniform => ({ type: 'int32', data });
    const size = util.sizeFromShape(program.outputShape) / (program.outputComponent ?? 1);
    const uniforms = [
      { type: 'float32', data: [NaN] },
      { type: 'float32', data: [Infinity] },
      ...[...inputs, output].flatMap(({ shape }) => [integers(shape), integers(util.computeStrides(shape))]),
      ...(program.size ? [integers([size])] : []),
      ...defined,
    ];
    return {
      kernel: program.pipeline.label || program.constructor.name,
      pipeline: program.pipeline,
      layout,
      buffers: [output, ...inputs].map(({ dataId }) => backend.tensorMap.get(dataId).resource!),
      uniforms: packed(uniforms),
      dynamic: false,
      groups: program.dispatch,
    };
  }
}

export const tensorUsage = (): number => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

export function bindGroupOf(device: GPUDevice, layout: GPUBindGroupLayout, bindings: readonly GPUBufferBinding[]): GPUBindGroup {
  return device.createBindGroup({ layout, entries: bindings.map((resource, binding) => ({ binding, resource })) });
}

/** The structure of a tfjs program's uniforms: a number is aligned to 4 bytes, two to 8, more to 16, as is what follows five or six. */
function packed(uniforms: readonly ProgramUniform[]): Uint32Array {
  let end = 0;
  let widest = 1;
  let before = 0;
  const places = uniforms.map(({ data }) => {
    const length = Math.max(1, data.length);
    const alignment = before > 4 || length > 2 ? 4 : length;
    widest = Math.max(widest, alignment);
    before = length;
    const place = Math.ceil(end / alignment) * alignment;
    end = place + length;
    return place;
  });
  const words = new Uint32Array(Math.max(4, Math.ceil(end / widest) * widest));
  const [integers, floats] = [new Int32Array(words.buffer), new Float32Array(words.buffer)];
  uniforms.forEach(({ type, data }, i) => (type === 'float32' ? floats : integers).set(data.length === 0 ? [1] : data, places[i]));
  return words;
}
