/** The page that run.mjs drives: fused and plain take turns, so that a busy machine slows both alike. */
import { wrap } from 'comlink';
import type { Remote } from 'comlink';
import type { DeviceInfo } from '../../src/contract/device';
import type { BenchWorker, HostTime, Implementation, OpenBench } from './bench.worker';
import type { ProductSpeed } from './products';
import { productFlops, shapes } from './shapes';
import type { ShapeName } from './shapes';

interface BenchOptions extends OpenBench {
  shape: ShapeName;
  implementations: (Implementation | 'other')[];
  /** Address of the worker script of `other`, which runs its own fused step. */
  otherWorker: string | null;
  /** Turns of each implementation. */
  rounds: number;
  /** Milliseconds of a turn, about. */
  turn: number;
  /** Milliseconds of warm-up, about; at least 25 fused steps, in which every kernel is called a hundred times. */
  warmUp: number;
  /** Adds the time of every kernel of the fused step. */
  profile: boolean;
}

interface StepResult {
  implementation: Implementation | 'other';
  tokensPerSecond: number;
  /** Median milliseconds of a step in each turn. */
  turns: number[];
  firstStep: number;
  /** Median processor milliseconds of a step, all of the browser's threads together; 0 where the system does not tell. */
  processor: number;
  steps: number;
  loss: number;
  memory: { tensors: number; heap: number };
  profile?: Awaited<ReturnType<Remote<BenchWorker>['profile']>>;
  /** On WebGPU: what a step costs the host. */
  host?: HostTime[];
}

export interface ShapeResult {
  device: DeviceInfo;
  shape: ShapeName;
  tokensPerStep: number;
  flopsPerToken: number;
  results: StepResult[];
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

function start(script: string | null = null): { worker: Worker; remote: Remote<BenchWorker> } {
  const worker = script
    ? new Worker(new URL(script, document.baseURI), { type: 'module' })
    : new Worker(new URL('./bench.worker.ts', import.meta.url), { type: 'module' });
  return { worker, remote: wrap<BenchWorker>(worker) };
}

async function benchStep({
  shape,
  implementations,
  otherWorker,
  rounds,
  turn,
  warmUp,
  profile,
  ...open
}: BenchOptions): Promise<ShapeResult> {
  const { config, rows, context } = shapes[shape];
  const tokensPerStep = rows * context;
  const runs = [];
  let device: DeviceInfo | undefined;
  for (const implementation of implementations) {
    const other = implementation === 'other';
    const { worker, remote } = start(other ? otherWorker : null);
    device = await remote.open(open);
    await remote.prepare(other ? 'fused' : implementation, shape);
    const [firstStep] = await remote.time(1);
    const least = (other || implementation === 'fused') && open.backend === 'wasm' ? 25 : 2;
    let warm = await remote.time(1);
    const more = Math.min(200, Math.max(least, Math.round(warmUp / warm[0]!)));
    warm = await remote.time(more);
    runs.push({
      implementation,
      worker,
      remote,
      firstStep: firstStep!,
      count: Math.max(1, Math.round(turn / warm.at(-1)!)),
      turns: [] as number[],
      processor: [] as number[],
    });
  }
  for (let round = 0; round < rounds; round++)
    for (const run of runs) {
      const before = await window.processorSeconds();
      run.turns.push(median(await run.remote.time(run.count)));
      run.processor.push((1000 * ((await window.processorSeconds()) - before)) / run.count);
    }
  const results: StepResult[] = [];
  for (const { implementation, worker, remote, firstStep, count, turns, processor } of runs) {
    const [loss, memory] = [await remote.loss(), await remote.memory()];
    const tokensPerSecond = (1000 * tokensPerStep) / median(turns);
    const steps = count * rounds;
    const host = device?.backend === 'webgpu' && implementation === 'fused' ? { host: await remote.host(4) } : {};
    const result: StepResult = {
      implementation,
      tokensPerSecond,
      turns,
      firstStep,
      processor: median(processor),
      steps,
      loss,
      memory,
      ...host,
    };
    // Kernels of a GPU are not done when their call returns.
    const timed = profile && device?.backend !== 'webgpu';
    results.push(timed ? { ...result, profile: await remote.profile(count) } : result);
    worker.terminate();
  }
  return { device: device!, shape, tokensPerStep, flopsPerToken: productFlops(config), results };
}

/** Median milliseconds of a generated token, in wall-clock and processor time. */
async function benchGeneration(open: OpenBench, shape: ShapeName, tokens: number): Promise<{ wall: number; processor: number }> {
  const { worker, remote } = start();
  await remote.open(open);
  await remote.generate(shape, Math.ceil(tokens / 4));
  const before = await window.processorSeconds();
  const times = await remote.generate(shape, tokens);
  const processor = (1000 * ((await window.processorSeconds()) - before)) / tokens;
  worker.terminate();
  return { wall: median(times), processor };
}

async function benchProducts(open: OpenBench, sizes: [number, number, number][], warmUp: number): Promise<ProductSpeed[]> {
  const { worker, remote } = start();
  await remote.open(open);
  const speeds = await remote.products(sizes, warmUp);
  worker.terminate();
  return speeds;
}

declare global {
  interface Window {
    benchStep: typeof benchStep;
    benchProducts: typeof benchProducts;
    benchGeneration: typeof benchGeneration;
    /** Processor time that the browser has used; given by run.mjs. */
    processorSeconds: () => Promise<number>;
  }
}
window.benchStep = benchStep;
window.benchProducts = benchProducts;
window.benchGeneration = benchGeneration;
