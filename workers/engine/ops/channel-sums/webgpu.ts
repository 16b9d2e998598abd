import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../../webgpu/kernel';
import { RowTeam } from '../../webgpu/layout';
import { kernels } from '../kernels';
import type { ChannelSumsAttributes } from '.';

export function registerWebgpu(engine: WebgpuEngine): void {
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
