/**
 * Memory of a GPU and hours of a run for models of 1B to 70B, before any is trained. Weights, gradients and AdamW's moments in mixed precision
 * take 2 + 2 + 12 bytes a parameter (Rajbhandari et al., arXiv 1910.02054), divided over the GPUs as the strategy does; time is 6·N·D at a
 * stated share of the GPU's peak.
 */

/** Sizes of the seeds' table, with the per-device batch that it gives and the shape of a Llama of this size. */
const SIZES = [
  { name: '1B', parameters: 1.24e9, layers: 16, width: 2048, rows: 64 },
  { name: '3B', parameters: 3.2e9, layers: 28, width: 3072, rows: 32 },
  { name: '7B', parameters: 6.7e9, layers: 32, width: 4096, rows: 16 },
  { name: '13B', parameters: 13e9, layers: 40, width: 5120, rows: 8 },
  { name: '30B', parameters: 32.5e9, layers: 60, width: 6656, rows: 4 },
  { name: '70B', parameters: 69e9, layers: 80, width: 8192, rows: 2 },
] as const;

type SizeName = (typeof SIZES)[number]['name'];
type Strategy = 'ddp' | 'zero2' | 'zero3';

/** An H100 SXM: GiB, and dense bf16 FLOP/s (NVIDIA's data sheet); the share of the peak that large runs report. */
const GPU = { name: 'H100 80 GB', memory: 80, flops: 989e12, utilisation: 0.4 };
const GPUS = 8;
const VOCABULARY = 32_000;
const GIB = 2 ** 30;

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
      return (16 / gpus) * parameters;
  }
}

/**
 * With activation checkpointing: the input of each layer in bf16, the inner states of one layer (34 bytes a token and channel; Korthikanti et
 * al., arXiv 2205.05198, with attention that keeps no scores), and logits in float32 with their gradient.
 */
function activationBytes(rows: number, context: number, { layers, width }: { layers: number; width: number }): number {
  const tokens = rows * context;
  return tokens * (2 * layers * width + 34 * width + 8 * VOCABULARY);
}

/** @param work rows of a step, tokens of a row, steps */
export function estimates({ context, rows, steps }: { context: number; rows: number; steps: number }): Estimate[] {
  return SIZES.map(({ name, parameters, rows: most, ...shape }) => {
    const own = Math.max(1, Math.min(most, Math.floor(rows / GPUS)));
    const memory = (strategy: Strategy) => (stateBytes(parameters, strategy, GPUS) + activationBytes(own, context, shape)) / GIB;
    return {
      size: name,
      rows: own,
      memory: { ddp: memory('ddp'), zero2: memory('zero2'), zero3: memory('zero3') },
      hours: (6 * parameters * rows * context * steps) / (GPUS * GPU.flops * GPU.utilisation) / 3600,
    };
  });
}

/** As Markdown; what does not fit is struck out. */
export function estimateTable(work: { context: number; rows: number; steps: number }): string {
  const cell = (gib: number) => (gib > GPU.memory ? `~~${gib.toFixed(0)}~~` : gib.toFixed(0));
  const hours = (value: number) => (value < 0.1 ? '< 0.1' : value.toFixed(1));
  return [
    `${GPUS} × ${GPU.name}, bf16, all weights trained, activation checkpointing; ${GPU.utilisation * 100} % of ${GPU.flops / 1e12} TFLOP/s, 6·N·D. GiB of each GPU; struck out: does not fit.`,
    '',
    '| model | rows per GPU | DDP | ZeRO-2 | ZeRO-3, FSDP | hours |',
    '| --- | --- | --- | --- | --- | --- |',
    ...estimates(work).map(
      ({ size, rows, memory, hours: time }) =>
        `| ${size} | ${rows} | ${cell(memory.ddp)} | ${cell(memory.zero2)} | ${cell(memory.zero3)} | ${hours(time)} |`,
    ),
  ].join('\n');
}
