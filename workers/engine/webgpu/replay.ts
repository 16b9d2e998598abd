/**
 * Capture and replay of a step: what a computation puts on the queue is noted down, with buffers that nothing else uses afterwards, and is put
 * there again without the computation being run. A tape takes the place of the computation only after two recordings in a row were the same
 * but for what is declared to change: inputs, which the host gives, and live uniforms (`Dispatch.live`). Whatever else the computation touched
 * must be the tensors of its state, on the same buffers as then.
 */
import { backend as tensorBackend, engine as tensorEngine } from '@tensorflow/tfjs-core';
import type { DataType, Tensor } from '@tensorflow/tfjs-core';
import { setReplay } from '../ops/replay';
import type { Recorded, Tape, Values } from '../ops/replay';
import { bindGroupOf, commandsOf } from './commands';
import type { Command, Commands, Observer, WebgpuBackend } from './commands';

export function registerReplay(): void {
  setReplay('webgpu', (inputs, state, compute) => {
    const commands = commandsOf(tensorBackend() as unknown as WebgpuBackend);
    return new Recording(commands, inputs).record(state, compute);
  });
}

/** A buffer of a tensor that exists apart from the tape. */
interface Standing {
  dataId: object;
  buffer: GPUBuffer;
}

interface Output {
  shape: number[];
  dtype: DataType;
  buffer: GPUBuffer;
}

class Recording implements Observer {
  private readonly noted: Command[] = [];
  /** Which of the inputs a buffer was filled with. */
  private readonly filled = new Map<GPUBuffer, number>();
  /** Values that the computation brought along, always the same. */
  private readonly constants = new Map<GPUBuffer, ArrayLike<number>>();
  /** Buffers of the tape's own, and those of them that a tensor has. */
  private readonly own = new Set<GPUBuffer>();
  private readonly taken = new Set<GPUBuffer>();
  private readonly free = new Map<string, GPUBuffer[]>();
  private repeatable = true;

  constructor(
    private readonly commands: Commands,
    private readonly inputs: readonly Values[],
  ) {}

  record(state: readonly Tensor[], compute: () => Tensor[]): Recorded {
    const { backend } = this.commands;
    const outputs: Output[] = [];
    // What is filled by the host while the recording goes on would belong to the tape.
    for (const { dataId } of state) backend.uploadToGPU(dataId);
    const standing = state.map(({ dataId }) => ({ dataId, buffer: backend.tensorMap.get(dataId).resource! }));
    let made: Tensor[] = [];
    this.commands.observed(this, () => {
      made = compute();
      for (const { dataId, shape, dtype } of made) {
        backend.uploadToGPU(dataId);
        outputs.push({ shape, dtype, buffer: backend.tensorMap.get(dataId).resource! });
      }
    });
    const copies = copiesOf(this.commands, outputs);
    for (const tensor of made) tensor.dispose();
    const known = new Set([...this.own, ...standing.map(({ buffer }) => buffer)]);
    const closed = this.taken.size === 0 && stands(backend, standing, state);
    const { noted, inputs, filled, constants } = this;
    // An input that was never seen may have come to the device as something else.
    const complete = this.repeatable && inputs.every((_, index) => [...filled.values()].includes(index));
    if (!closed || !complete || noted.some(({ buffers }) => buffers.some((buffer) => !known.has(buffer)))) {
      this.handBack();
      return { outputs: copies, tape: null };
    }
    const lengths = inputs.map(({ length }) => length);
    return {
      outputs: copies,
      tape: new CommandTape(this.commands, { noted, lengths, filled, constants, standing, outputs }, () => this.handBack()),
    };
  }

  command(command: Command): void {
    this.noted.push(command);
  }

  other(): void {
    this.repeatable = false;
  }

  acquire(bytes: number, usage: number): GPUBuffer {
    const buffer = this.free.get(keyOf(bytes, usage))?.pop() ?? this.another(bytes, usage);
    this.taken.add(buffer);
    return buffer;
  }

  upload(bytes: number, usage: number, values: ArrayLike<number>, dtype: DataType): GPUBuffer {
    const buffer = this.another(bytes, usage);
    const array = dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
    this.commands.backend.queue.writeBuffer(buffer, 0, array);
    this.taken.add(buffer);
    const input = this.inputs.indexOf(values as Values);
    if (input < 0) this.constants.set(buffer, array);
    else this.filled.set(buffer, input);
    return buffer;
  }

  private another(bytes: number, usage: number): GPUBuffer {
    const buffer = this.commands.acquireFor((one) => this.release(one), bytes, usage);
    this.own.add(buffer);
    return buffer;
  }

  private release(buffer: GPUBuffer): void {
    this.taken.delete(buffer);
    // What the host has filled once stays as it is.
    if (this.constants.has(buffer) || this.filled.has(buffer)) return;
    const key = keyOf(buffer.size, buffer.usage);
    const free = this.free.get(key);
    if (free) free.push(buffer);
    else this.free.set(key, [buffer]);
  }

  private handBack(): void {
    for (const buffer of this.own) this.commands.handBack(buffer, !this.taken.has(buffer));
    this.own.clear();
    this.free.clear();
  }
}

const keyOf = (bytes: number, usage: number): string => `${bytes} ${usage}`;

/** Whether the tensors are those of then, where they were then. */
function stands({ tensorMap }: WebgpuBackend, standing: readonly Standing[], state: readonly Tensor[]): boolean {
  if (state.length !== standing.length) return false;
  for (let i = 0; i < state.length; i += 1) {
    const { dataId, buffer } = standing[i]!;
    if (state[i]!.dataId !== dataId || tensorMap.get(dataId).resource !== buffer) return false;
  }
  return true;
}

/** Tensors of their own, filled on the device behind what is on the queue. */
function copiesOf({ backend }: Commands, outputs: readonly Output[]): Tensor[] {
  backend.endComputePassEncoder();
  backend.ensureCommandEncoderReady();
  return outputs.map(({ shape, dtype, buffer }) => {
    const copy = backend.makeTensorInfo(shape, dtype);
    backend.uploadToGPU(copy.dataId);
    backend.commandEncoder!.copyBufferToBuffer(buffer, 0, backend.tensorMap.get(copy.dataId).resource!, 0, buffer.size);
    return tensorEngine().makeTensorFromTensorInfo(copy);
  });
}

interface Noted {
  noted: readonly Command[];
  /** Of each input. */
  lengths: readonly number[];
  filled: ReadonlyMap<GPUBuffer, number>;
  constants: ReadonlyMap<GPUBuffer, ArrayLike<number>>;
  standing: readonly Standing[];
  outputs: readonly Output[];
}

interface Entry {
  pipeline: GPUComputePipeline;
  group: GPUBindGroup;
  /** Of the uniforms; null where the bind group has it. */
  offset: [number] | null;
  groups: Command['groups'];
}

/** What a replay writes lies at the beginning of one buffer: inputs, then live uniforms; behind it those that stay. */
interface Block {
  buffer: GPUBuffer;
  words: Uint32Array;
  floats: Float32Array;
  written: number;
  /** Words at which each input begins. */
  inputs: readonly number[];
  live: readonly { at: number; values: () => readonly number[] }[];
  entries: readonly Entry[];
}

class CommandTape implements Tape {
  private block: Block | null = null;
  /** Of the last replay: its block must not be written again before it is submitted. */
  private encoder: GPUCommandEncoder | null = null;

  constructor(
    private readonly commands: Commands,
    private readonly noted: Noted,
    private readonly handBack: () => void,
  ) {}

  repeats(other: Tape): boolean {
    if (!(other instanceof CommandTape)) return false;
    const [own, theirs] = [this.noted, other.noted];
    const sameValues = ([...a]: Iterable<ArrayLike<number>>, [...b]: Iterable<ArrayLike<number>>) =>
      a.length === b.length && a.every((values, i) => sameNumbers(values, b[i]!));
    return (
      sameNumbers(own.lengths, theirs.lengths) &&
      sameNumbers([...own.filled.values()], [...theirs.filled.values()]) &&
      own.noted.length === theirs.noted.length &&
      own.noted.every((command, i) => sameCommand(command, theirs.noted[i]!)) &&
      sameValues(own.constants.values(), theirs.constants.values())
    );
  }

  holds(state: readonly Tensor[]): boolean {
    return stands(this.commands.backend, this.noted.standing, state);
  }

  replay(inputs: readonly Values[]): Tensor[] {
    const { backend } = this.commands;
    if (this.encoder !== null && this.encoder === backend.commandEncoder) this.commands.flush();
    const block = (this.block ??= this.lay());
    inputs.forEach((values, i) => (values instanceof Int32Array ? block.words : block.floats).set(values, block.inputs[i]));
    for (const { at, values } of block.live) block.floats.set(values(), at);
    backend.queue.writeBuffer(block.buffer, 0, block.words, 0, block.written);
    for (const { pipeline, group, offset, groups } of block.entries) {
      if (backend.dispatchCountInPass >= this.commands.most) this.commands.flush();
      backend.ensureCommandEncoderReady();
      const pass = (backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass());
      pass.setPipeline(pipeline);
      if (offset) pass.setBindGroup(0, group, offset);
      else pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(groups[0], groups[1], groups[2]);
      backend.dispatchCountInPass += 1;
    }
    this.encoder = backend.commandEncoder;
    return copiesOf(this.commands, this.noted.outputs);
  }

  private lay(): Block {
    const { device, queue } = this.commands.backend;
    const { noted, lengths, filled } = this.noted;
    const alignment = Math.max(device.limits.minUniformBufferOffsetAlignment, device.limits.minStorageBufferOffsetAlignment) / 4;
    let end = 0;
    const take = (words: number) => {
      const at = end;
      end += Math.ceil(words / alignment) * alignment;
      return at;
    };
    const starts = lengths.map(take);
    const changing = noted.filter(({ live }) => live);
    const places = new Map(changing.map((command) => [command, take(command.uniforms.length)]));
    const written = end;
    for (const command of noted) if (!command.live) places.set(command, take(command.uniforms.length));
    const words = new Uint32Array(end);
    for (const [{ uniforms }, at] of places) words.set(uniforms, at);
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ label: 'step', size: 4 * end, usage });
    queue.writeBuffer(buffer, 0, words);
    const moved = new Map([...filled].map(([own, i]) => [own, { buffer, offset: 4 * starts[i]!, size: 4 * lengths[i]! }]));
    const entries = noted.map((command): Entry => {
      const { pipeline, layout, buffers, uniforms, dynamic, groups } = command;
      const place = 4 * places.get(command)!;
      const own = { buffer, offset: dynamic ? 0 : place, size: 4 * uniforms.length };
      const group = bindGroupOf(device, layout, [...buffers.map((one) => moved.get(one) ?? { buffer: one }), own]);
      return { pipeline, group, offset: dynamic ? [place] : null, groups };
    });
    const live = changing.map((command) => ({ at: places.get(command)! + command.live!.at, values: command.live!.values }));
    return { buffer, words, floats: new Float32Array(words.buffer), written, inputs: starts, live, entries };
  }

  dispose(): void {
    if (this.block) {
      // Its last replay may wait yet.
      this.commands.flush();
      this.block.buffer.destroy();
      this.block = null;
    }
    this.handBack();
  }
}

/** Bit by bit where both are of a kind, as NaN is equal to itself. */
function sameNumbers(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (!Object.is(a[i], b[i])) return false;
  return true;
}

function sameCommand(a: Command, b: Command): boolean {
  const [from, to] = a.live ? [a.live.at, a.live.at + a.live.values().length] : [0, 0];
  return (
    a.pipeline === b.pipeline &&
    a.live?.at === b.live?.at &&
    sameNumbers(a.groups, b.groups) &&
    a.uniforms.length === b.uniforms.length &&
    a.uniforms.every((word, i) => word === b.uniforms[i] || (i >= from && i < to)) &&
    a.buffers.length === b.buffers.length
  );
}
