import { util } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../registry';
import { RowTeam } from '../../webgpu/layout';
import { kernels } from '../kernels';
import type { ChannelSumsAttributes } from '.';

export function registerWebgpu(engine: WebgpuEngine): void {
  registerChannelSums(engine);
  registerGlobalNorm(engine);
}

function registerChannelSums(engine: WebgpuEngine): void {
  const team = new RowTeam(engine);
  registerWebgpuKernel<{ nll: TensorInfo; channels: TensorInfo }, ChannelSumsAttributes>(
    kernels.ChannelSums,
    ({ nll, channels }, { count }) => {
      const sums = engine.output([2, count]);
      engine.run({
        kernel: kernels.ChannelSums,
        variant: engine.tiles,
        reads: { nll, channels },
        writes: { sums },
        // A row of the team is a channel here.
        integers: { rows: count, tokens: nll.shape[0]! },
        workgroupSize: team.workgroupSize,
        groups: team.groups(count),
        declarations: () => team.declarations,
        body: () => `${team.begin}
  var loss = 0.0;
  var tokens = 0.0;
  for (var n = part; n < params.tokens; n += PARTS) {
    if (channels[n] == i32(row)) {
      loss += nll[n];
      tokens += 1.0;
    }
  }
  ${team.combined('losses', 'loss')}
  ${team.combined('counted', 'tokens')}
  if (part == 0u) {
    sums[row] = losses;
    sums[params.rows + row] = counted;
  }`,
      });
      return sums;
    },
  );
}

/** Elements that one partial sum covers. */
const BLOCK = 4096;

function registerGlobalNorm(engine: WebgpuEngine): void {
  const team = new RowTeam(engine);
  const layout = { workgroupSize: team.workgroupSize, declarations: () => team.declarations, variant: engine.tiles };

  registerWebgpuKernel<Record<string, TensorInfo>>(kernels.GlobalNorm, (inputs) => {
    const gradients = Object.values(inputs);
    const blocks = gradients.map(({ shape }) => Math.ceil(util.sizeFromShape(shape) / BLOCK));
    const total = blocks.reduce((sum, count) => sum + count, 0);
    const partial = engine.output([Math.max(1, total)]);
    // As many tensors at a time as fit beside the partial sums.
    const most = engine.storageBuffers - 1;
    let done = 0;
    for (let start = 0; start < gradients.length; start += most) {
      const some = gradients.slice(start, start + most);
      const theirs = blocks.slice(start, start + most);
      const rows = theirs.reduce((sum, count) => sum + count, 0);
      const ends = theirs.map((_, index) => theirs.slice(0, index + 1).reduce((sum, count) => sum + count, 0));
      engine.run({
        ...layout,
        kernel: `${kernels.GlobalNorm} blocks`,
        reads: Object.fromEntries(some.map((gradient, index) => [`g${index}`, gradient])),
        writes: { sums: partial },
        integers: {
          rows,
          done,
          ...Object.fromEntries(
            some.flatMap(({ shape }, i) => [
              [`size${i}`, util.sizeFromShape(shape)],
              [`end${i}`, ends[i]!],
            ]),
          ),
        },
        groups: team.groups(rows),
        body: () => `${team.begin}
  var sum = 0.0;
  ${some.map((_, index) => squares(index)).join(' else ')}
  ${team.combined('squares', 'sum')}
  if (part == 0u) { sums[params.done + row] = squares; }`,
      });
      done += rows;
    }
    const norm = engine.output([]);
    engine.run({
      ...layout,
      kernel: `${kernels.GlobalNorm} root`,
      reads: { sums: partial },
      writes: { norm },
      integers: { rows: 1, count: total },
      groups: team.groups(1),
      body: () => `${team.begin}
  var sum = 0.0;
  for (var i = part; i < params.count; i += PARTS) { sum += sums[i]; }
  ${team.combined('squares', 'sum')}
  if (part == 0u) { norm[0] = sqrt(squares); }`,
    });
    engine.release(partial);
    return norm;
  });
}

/** Sums over the block of tensor `index` that the row stands for, if it is one of its blocks. */
function squares(index: number): string {
  const before = index === 0 ? '0u' : `params.end${index - 1}`;
  return `if (row < params.end${index}) {
    let start = (row - ${before}) * ${BLOCK}u;
    let end = min(start + ${BLOCK}u, params.size${index});
    for (var i = start + part; i < end; i += PARTS) { sum += g${index}[i] * g${index}[i]; }
  }`;
}
