import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../../webgpu/kernel';
import { groupsOf, RowTeam, unitFor } from '../../webgpu/layout';
import { kernels } from '../kernels';
import type { RmsNormAttributes } from '.';

export function registerWebgpu(engine: WebgpuEngine): void {
  const team = new RowTeam(engine.tiles);
  const declarations = () => team.declarations;
  const workgroupSize = team.workgroupSize;

  registerWebgpuKernel<{ x: TensorInfo; weight: TensorInfo }, RmsNormAttributes>(kernels.RmsNorm, ({ x, weight }, { epsilon }) => {
    const [rows, width] = x.shape as [number, number];
    const y = engine.output([rows, width]);
    const unit = unitFor(width);
    engine.run({
      kernel: kernels.RmsNorm,
      variant: engine.tiles,
      reads: { x, weight },
      writes: { y },
      vectors: unit.width === 4 ? ['x', 'weight', 'y'] : [],
      integers: { rows, units: width / unit.width },
      floats: { width, epsilon },
      workgroupSize,
      groups: team.groups(rows),
      declarations,
      body: () => `${team.begin}
  let start = row * params.units;
  var squares = ${unit.type}();
  for (var d = part; d < params.units; d += PARTS) { squares += x[start + d] * x[start + d]; }
  ${team.combined('total', unit.total('squares'))}
  let inverse = inverseSqrt(total / params.width + params.epsilon);
  for (var d = part; d < params.units; d += PARTS) { y[start + d] = x[start + d] * inverse * weight[d]; }`,
    });
    return y;
  });

  registerWebgpuKernel<{ x: TensorInfo; weight: TensorInfo; dy: TensorInfo }, RmsNormAttributes>(
    kernels.RmsNormGrad,
    ({ x, weight, dy }, { epsilon }) => {
      const [rows, width] = x.shape as [number, number];
      const dx = engine.output([rows, width]);
      const inverses = engine.output([rows]);
      const dweight = engine.output([width]);
      const unit = unitFor(width);
      engine.run({
        kernel: `${kernels.RmsNormGrad} x`,
        variant: engine.tiles,
        reads: { x, weight, dy },
        writes: { dx, inverses },
        vectors: unit.width === 4 ? ['x', 'weight', 'dy', 'dx'] : [],
        integers: { rows, units: width / unit.width },
        floats: { width, epsilon },
        workgroupSize,
        groups: team.groups(rows),
        declarations,
        body: () => `${team.begin}
  let start = row * params.units;
  var squares = ${unit.type}();
  var products = ${unit.type}();
  for (var d = part; d < params.units; d += PARTS) {
    let value = x[start + d];
    squares += value * value;
    products += value * dy[start + d] * weight[d];
  }
  ${team.combined('total', unit.total('squares'))}
  ${team.combined('inner', unit.total('products'))}
  let inverse = inverseSqrt(total / params.width + params.epsilon);
  // In this order no factor overflows where the result does not.
  let along = inner * inverse / params.width * inverse;
  for (var d = part; d < params.units; d += PARTS) {
    dx[start + d] = (dy[start + d] * weight[d] - x[start + d] * along) * inverse;
  }
  if (part == 0u) { inverses[row] = inverse; }`,
      });
      weightGradient(engine, { x, dy, inverses, dweight, rows, width });
      engine.release(inverses);
      return [dx, dweight];
    },
  );
}

interface WeightGradient {
  x: TensorInfo;
  dy: TensorInfo;
  inverses: TensorInfo;
  dweight: TensorInfo;
  rows: number;
  width: number;
}

/** Σ over rows of dy·x/rms: columns side by side, 16 threads for each on a GPU. */
function weightGradient(engine: WebgpuEngine, { x, dy, inverses, dweight, rows, width }: WeightGradient): void {
  const parts = engine.tiles === 'workgroup' ? 16 : 1;
  engine.run({
    kernel: `${kernels.RmsNormGrad} weight`,
    variant: engine.tiles,
    reads: { x, dy, inverses },
    writes: { dweight },
    integers: { rows, columns: width },
    workgroupSize: 16 * parts,
    groups: groupsOf(Math.ceil(width / 16)),
    declarations: () => (parts === 1 ? '' : 'var<workgroup> shares: array<f32, 256>;'),
    body: () => `
  let column = (group.y * groups.x + group.x) * 16u + lane % 16u;
  let part = lane / 16u;
  let inside = min(column, params.columns - 1u);
  var sum = 0.0;
  for (var row = part; row < params.rows; row += ${parts}u) {
    let at = row * params.columns + inside;
    sum += dy[at] * x[at] * inverses[row];
  }
  ${
    parts === 1
      ? ''
      : `shares[lane] = sum;
  workgroupBarrier();
  if (part == 0u) {
    for (var other = 1u; other < 16u; other++) { sum += shares[other * 16u + lane]; }
  }`
  }
  if (part == 0u && column < params.columns) { dweight[column] = sum; }`,
  });
}
