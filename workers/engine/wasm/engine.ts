/** The CPU kernels, bound to the heap of tfjs's wasm backend: they read and write tensors where they are. */
import { backend as tensorBackend } from '@tensorflow/tfjs-core';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import relaxedShared from './build/kernels.relaxed.wasm?url';
import simdShared from './build/kernels.simd.wasm?url';
import relaxedUnshared from './build/kernels.relaxed.unshared.wasm?url';
import simdUnshared from './build/kernels.simd.unshared.wasm?url';
import { CHUNK_LIMIT, instantiate, Job, kernelNames } from './team';
import type { Kernel, ThreadStart } from './team';

/** What is used of tfjs's wasm backend. */
interface WasmBackend {
  wasm: {
    wasmMemory?: WebAssembly.Memory;
    asm?: { memory?: WebAssembly.Memory };
    _malloc(bytes: number): number;
    _free(address: number): void;
  };
  dataIdMap: { get(dataId: object): { memoryOffset: number } };
  incRef(dataId: object): void;
  refCount(dataId: object): number;
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
}

export class WasmEngine {
  private readonly indices: Map<string, number>;
  private readonly scratch: Region;
  private readonly shared: Region;

  private constructor(
    private readonly backend: WasmBackend,
    private readonly kernels: Kernel[],
    names: string[],
    private readonly job: Job | null,
    private readonly workers: Worker[],
    readonly simd: 'simd' | 'relaxed-simd',
  ) {
    this.indices = new Map(names.map((name, index) => [name, index]));
    this.scratch = new Region(backend);
    this.shared = new Region(backend);
  }

  get threads(): number {
    return this.workers.length + 1;
  }

  /**
   * Compiles the kernels for tfjs's wasm backend, which must be the current one, and starts threads − 1 workers when its heap
   * is shared. Null when the browser or tfjs's build has no SIMD: the reference ops then stay.
   */
  static async open({ threads, relaxed = true }: { threads: number; relaxed?: boolean }): Promise<WasmEngine | null> {
    if (!WebAssembly.validate(simdProbe)) return null;
    const backend = tensorBackend() as unknown as WasmBackend;
    const memory = backend.wasm.wasmMemory ?? backend.wasm.asm?.memory;
    if (!memory) return null;
    const isShared = typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer;
    const fused = relaxed && WebAssembly.validate(relaxedSimdProbe);
    const url = isShared ? (fused ? relaxedShared : simdShared) : fused ? relaxedUnshared : simdUnshared;
    const response = await fetch(new URL(url, import.meta.url));
    if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
    const module = await WebAssembly.compile(await response.arrayBuffer());
    const kernels = await instantiate(module, memory);
    const wanted = isShared ? Math.max(1, Math.min(threads, MOST_THREADS)) : 1;
    const job = wanted > 1 ? new Job() : null;
    const workers = job
      ? await Promise.all(Array.from({ length: wanted - 1 }, (_, i) => startThread({ module, memory, job: job.memory, thread: i + 1 })))
      : [];
    return new WasmEngine(backend, kernels, kernelNames(module), job, workers, fused ? 'relaxed-simd' : 'simd');
  }

  /** Runs a kernel's chunks on all threads and returns when they are done. `scratch`: bytes that each thread needs for itself. */
  run(kernel: string, chunks: number, args: readonly number[], scratch = 0): void {
    const index = this.indices.get(kernel)!;
    const bytes = Math.ceil(scratch / 64) * 64;
    const address = bytes === 0 ? 0 : this.scratch.reserve(bytes * this.threads);
    const { job } = this;
    if (!job || chunks === 1) {
      const call = this.kernels[index]!;
      for (let chunk = 0; chunk < chunks; chunk++) call(...args, chunk, address);
      return;
    }
    if (chunks > CHUNK_LIMIT) throw new RangeError(`${kernel}: ${chunks} chunks, at most ${CHUNK_LIMIT}`);
    job.publish(index, chunks, args, address, bytes);
    job.work(this.kernels, 0);
    job.finish(chunks);
  }

  /** Memory that one operation shares between its jobs, at least so many bytes; the next call may hand out the same. */
  reserve(bytes: number): number {
    return this.shared.reserve(bytes);
  }

  /** Address of a tensor's first element; 0 for an absent one. */
  address(tensor: TensorInfo | undefined): number {
    return tensor ? this.backend.dataIdMap.get(tensor.dataId).memoryOffset : 0;
  }

  output(shape: number[], dtype: DataType = 'float32'): TensorInfo {
    return this.backend.makeOutput(shape, dtype);
  }

  /** Another tensor on the same memory, which lives until both are disposed. */
  alias({ dataId, shape, dtype }: TensorInfo): TensorInfo {
    this.backend.incRef(dataId);
    return { dataId, shape, dtype };
  }

  /** Whether another tensor stands on the same memory. */
  isAliased(tensor: TensorInfo): boolean {
    return this.backend.refCount(tensor.dataId) > 1;
  }

  close(): void {
    this.job?.close();
    for (const worker of this.workers) worker.terminate();
    this.scratch.free();
    this.shared.free();
  }
}

/** A growing block of tfjs's heap, from its own malloc, so that it never meets a tensor. */
class Region {
  private block = 0;
  private size = 0;

  constructor(private readonly backend: WasmBackend) {}

  /** An address divisible by 64. */
  reserve(bytes: number): number {
    if (bytes > this.size) {
      this.free();
      this.block = this.backend.wasm._malloc(bytes + 64) >>> 0;
      if (this.block === 0) throw new RangeError(`The wasm heap has no ${bytes} bytes left`);
      this.size = bytes;
    }
    return Math.ceil(this.block / 64) * 64;
  }

  free(): void {
    if (this.block !== 0) this.backend.wasm._free(this.block);
    this.block = 0;
    this.size = 0;
  }
}

/** More threads than this only wait for each other at the sizes a browser trains. */
const MOST_THREADS = 16;

async function startThread(start: ThreadStart): Promise<Worker> {
  const worker = new Worker(new URL('./kernel-thread.worker.ts', import.meta.url), { type: 'module', name: `kernels ${start.thread}` });
  await new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = ({ message }) => reject(new Error(`A kernel thread did not start: ${message}`));
    worker.postMessage(start);
  });
  return worker;
}

/** Modules of one function that uses an instruction of the feature: i8x16.popcnt, i8x16.relaxed_swizzle. */
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);
const relaxedSimdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11,
]);

/** Rows (or elements) of a block and the number of blocks, for work cut into at most `most` equal parts of at least `least`. */
export function partition(count: number, least: number, most = 32): { block: number; chunks: number } {
  const block = Math.max(least, Math.ceil(count / most / 4) * 4);
  return { block, chunks: Math.max(1, Math.ceil(count / block)) };
}

/** Elements below which handing work to another thread costs more than it saves. */
export const SMALL = 8192;

/** Rows of `width` elements in a part. */
export function partitionRows(rows: number, width: number): { block: number; chunks: number } {
  return partition(rows, Math.max(1, Math.ceil(SMALL / width)));
}
