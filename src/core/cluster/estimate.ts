/**
 * The hardware of an export, and memory of a GPU and hours of a run for models of 1B to 70B, before any is trained. Weights, gradients and AdamW's moments in mixed precision
 * take 2 + 2 + 12 bytes a parameter (Rajbhandari et al., arXiv 1910.02054), divided over the GPUs as the strategy does; time is 6·N·D at a
 * stated share of the GPU's peak.
 */

import { StudioError } from '../errors';
import type { Recipe } from '../recipe/schema';

/** Sizes of the seeds' table, with the per-device batch that it gives and the shape of a Llama of this size. */
const SIZES = [
  { name: '1B', parameters: 1.24e9, layers: 16, width: 2048, rows: 64 },
  { name: '3B', parameters: 3.2e9, layers: 28, width: 3072, rows: 32 },
  { name: '7B', parameters: 6.7e9, layers: 32, width: 4096, rows: 16 },
  { name: '13B', parameters: 13e9, layers: 40, width: 5120, rows: 8 },
  { name: '30B', parameters: 32.5e9, layers: 60, width: 6656, rows: 4 },
  { name: '70B', parameters: 69e9, layers: 80, width: 8192, rows: 2 },
] as const;

export type SizeName = (typeof SIZES)[number]['name'];
export const SIZE_NAMES: readonly SizeName[] = SIZES.map(({ name }) => name);
/** FSDP divides as ZeRO-3 does. */
export const STRATEGIES = ['ddp', 'zero2', 'zero3', 'fsdp'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** GB of memory, and dense bf16 FLOP/s by the makers' data sheets; the name that SkyPilot gives it. */
export const GPUS = {
  'H100 80 GB': { memory: 80, flops: 989e12, sky: 'H100' },
  'H200 141 GB': { memory: 141, flops: 989e12, sky: 'H200' },
  'B200 180 GB': { memory: 180, flops: 2250e12, sky: 'B200' },
  'A100 80 GB': { memory: 80, flops: 312e12, sky: 'A100-80GB' },
  'A100 40 GB': { memory: 40, flops: 312e12, sky: 'A100' },
  'L40S 48 GB': { memory: 48, flops: 362e12, sky: 'L40S' },
  'RTX 4090 24 GB': { memory: 24, flops: 165e12, sky: 'RTX4090' },
  'MI300X 192 GB': { memory: 192, flops: 1307e12, sky: 'MI300X' },
} as const;
export type GpuName = keyof typeof GPUS;
export const GPU_NAMES = Object.keys(GPUS) as GpuName[];
/** Of the peak, as large runs report it. */
const UTILISATION = 0.4;
const MOST_GPUS = 8;
/** Rows of a step that the seeds' table goes with. */
const EFFECTIVE_BATCH = 256;
const VOCABULARY = 32_000;
const GIB = 2 ** 30;

/** Where a recipe will be trained. */
export interface Hardware {
  gpu: GpuName;
  /** Of one machine. */
  gpus: number;
  /** Of the model; null: the recipe's base, whatever its size. */
  size: SizeName | null;
  strategy: Strategy;
  /** Rows of a step over all GPUs, and of a forward pass on one. */
  rows: number;
  rowsPerGpu: number;
  /** Something of it was chosen. */
  asGiven: boolean;
}

/** What a person says of it; with a size the rest is filled from the seeds' table. */
export type HardwareInput = Partial<Omit<Hardware, 'asGiven' | 'size'>> & { size?: SizeName };

const largestDivisor = (of: number, most: number): number => {
  for (let divisor = Math.max(1, Math.min(most, of)); ; divisor--) if (of % divisor === 0) return divisor;
};

/** @throws StudioError `recipe-invalid` where rows, GPUs and rows on a GPU do not divide evenly */
export function hardwareOf({ batchSize, gradientAccumulationSteps, sequenceLength }: Recipe, given: HardwareInput): Hardware {
  const { size = null, gpu = 'H100 80 GB' } = given;
  const own = batchSize * gradientAccumulationSteps;
  const rows = given.rows ?? (size ? EFFECTIVE_BATCH : own);
  const gpus = given.gpus ?? largestDivisor(rows, MOST_GPUS);
  check('gpus', gpus, rows);
  const shape = SIZES.find(({ name }) => name === size);
  const rowsPerGpu = given.rowsPerGpu ?? largestDivisor(rows / gpus, shape?.rows ?? batchSize);
  check('rowsPerGpu', rowsPerGpu, rows / gpus);
  const fits = (strategy: Strategy) =>
    shape !== undefined && memoryOf(shape, strategy, gpus, rowsPerGpu * sequenceLength) <= GPUS[gpu].memory;
  const strategy = given.strategy ?? (shape ? ((['ddp', 'zero2'] as const).find(fits) ?? 'zero3') : 'ddp');
  return { gpu, gpus, size, strategy, rows, rowsPerGpu, asGiven: Object.values(given).some((value) => value !== undefined) };
}

/** What is shared evenly divides the rows that it is of. */
function check(field: string, value: number, rows: number): void {
  if (Number.isInteger(value) && value > 0 && rows % value === 0) return;
  const divisors = Array.from({ length: rows }, (_, at) => at + 1).filter((one) => rows % one === 0);
  const accepted = divisors.join(' | ');
  throw new StudioError('recipe-invalid', `${field} is ${value}; accepted: ${accepted}`, { field, value: String(value), accepted });
}
interface Estimate {
  size: SizeName;
  /** Rows of a forward pass. */
  rows: number;
  /** GiB of each GPU. */
  memory: Record<Strategy, number>;
  /** Of 6·N·D FLOP. */
  hours: number;
}

/** What one GPU holds. @param gpus that a strategy divides states over */
function stateBytes(parameters: number, strategy: Strategy, gpus: number): number {
  switch (strategy) {
    case 'ddp':
      return 16 * parameters;
    case 'zero2':
      return (2 + 14 / gpus) * parameters;
    case 'zero3':
    case 'fsdp':
      return (16 / gpus) * parameters;
  }
}

/**
 * With activation checkpointing: the input of each layer in bf16, the inner states of one layer (34 bytes a token and channel; Korthikanti et
 * al., arXiv 2205.05198, with attention that keeps no scores), and logits in float32 with their gradient.
 */
function activationBytes(tokens: number, { layers, width }: { layers: number; width: number }): number {
  return tokens * (2 * layers * width + 34 * width + 8 * VOCABULARY);
}

/** GiB of one GPU. @param tokens of a forward pass on it */
function memoryOf(size: (typeof SIZES)[number], strategy: Strategy, gpus: number, tokens: number): number {
  return (stateBytes(size.parameters, strategy, gpus) + activationBytes(tokens, size)) / GIB;
}

/** Rows of a step, tokens of a row, steps. */
interface Work {
  context: number;
  rows: number;
  steps: number;
}

/** @param hardware absent: 8 H100 */
export function estimates({ context, rows, steps }: Work, hardware?: Pick<Hardware, 'gpu' | 'gpus'>): Estimate[] {
  const { gpu, gpus } = hardware ?? { gpu: 'H100 80 GB', gpus: MOST_GPUS };
  return SIZES.map((size) => {
    const own = Math.max(1, Math.min(size.rows, Math.floor(rows / gpus)));
    const memory = (strategy: Strategy) => memoryOf(size, strategy, gpus, own * context);
    return {
      size: size.name,
      rows: own,
      memory: { ddp: memory('ddp'), zero2: memory('zero2'), zero3: memory('zero3'), fsdp: memory('fsdp') },
      hours: (6 * size.parameters * rows * context * steps) / (gpus * GPUS[gpu].flops * UTILISATION) / 3600,
    };
  });
}

/** As Markdown; what does not fit is struck out. */
export function estimateTable(work: Work, { gpu, gpus, asGiven }: Hardware): string {
  const { memory: most, flops } = GPUS[gpu];
  const of = asGiven ? gpus : MOST_GPUS;
  const cell = (gib: number) => (gib > most ? `~~${gib.toFixed(0)}~~` : gib.toFixed(0));
  const hours = (value: number) => (value < 0.1 ? '< 0.1' : value.toFixed(1));
  return [
    `${of} × ${gpu}, bf16, all weights trained, activation checkpointing; ${UTILISATION * 100} % of ${flops / 1e12} TFLOP/s, 6·N·D. GiB of each GPU; struck out: does not fit.`,
    '',
    '| model | rows per GPU | DDP | ZeRO-2 | ZeRO-3, FSDP | hours |',
    '| --- | --- | --- | --- | --- | --- |',
    ...estimates(work, { gpu, gpus: of }).map(
      ({ size, rows, memory, hours: time }) =>
        `| ${size} | ${rows} | ${cell(memory.ddp)} | ${cell(memory.zero2)} | ${cell(memory.zero3)} | ${hours(time)} |`,
    ),
  ].join('\n');
}
