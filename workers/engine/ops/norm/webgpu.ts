import { util } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { columnSums, RowTeam, unitFor } from '../../webgpu/layout';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../registry';
import type { Unit } from '../../webgpu/layout';
import { kernels } from '../kernels';
import type { NormAttributes } from '.';

/** Rows of the weight's width in x. */
function rowsOf(x: TensorInfo, weight: TensorInfo): { rows: number; width: number } {
  const width = weight.shape[0]!;
  return { rows: util.sizeFromShape(x.shape) / width, width };
}

export function registerWebgpu(engine: WebgpuEngine): void {
  const team = new RowTeam(engine);
  const declarations = () => team.declarations;
  const workgroupSize = team.workgroupSize;

  const rmsNorm = ({ x, weight }: { x: TensorInfo; weight: TensorInfo }, { epsilon }: NormAttributes): TensorInfo => {
    const { rows, width } = rowsOf(x, weight);
    const y = engine.activation(x.shape);
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
  };
  registerWebgpuKernel<{ x: TensorInfo; weight: TensorInfo }, NormAttributes>(kernels.RmsNorm, rmsNorm);
  registerWebgpuKernel<{ x: TensorInfo; weight: TensorInfo }, NormAttributes>(kernels.RmsNormWithResidual, (inputs, attributes) => [
    rmsNorm(inputs, attributes),
    engine.alias(inputs.x),
  ]);

  registerWebgpuKernel<{ x: TensorInfo; weight: TensorInfo; dy: TensorInfo; dresidual?: TensorInfo }, NormAttributes>(
    kernels.RmsNormGrad,
    ({ x, weight, dy, dresidual }, { epsilon }) => {
      const { rows, width } = rowsOf(x, weight);
      const dx = engine.activation(x.shape);
      const inverses = engine.output([rows]);
      const dweight = engine.output([width]);
      const unit = unitFor(width);
      engine.run({
        kernel: `${kernels.RmsNormGrad} x`,
        variant: engine.tiles,
        reads: { x, weight, dy, ...(dresidual ? { dresidual } : {}) },
        writes: { dx, inverses },
        vectors: unit.width === 4 ? ['x', 'weight', 'dy', 'dx', ...(dresidual ? ['dresidual'] : [])] : [],
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
    dx[start + d] = (dy[start + d] * weight[d] - x[start + d] * along) * inverse${dresidual ? ' + dresidual[start + d]' : ''};
  }
  if (part == 0u) { inverses[row] = inverse; }`,
      });
      columnSums(engine, {
        kernel: `${kernels.RmsNormGrad} weight`,
        reads: { x, dy, inverses },
        rows,
        columns: width,
        sums: { dweight: { output: dweight, term: 'dy[at] * x[at] * inverses[row]' } },
      });
      engine.release(inverses);
      return [dx, dweight];
    },
  );

  registerWebgpuKernel<{ x: TensorInfo; weight: TensorInfo; bias: TensorInfo }, NormAttributes>(
    kernels.LayerNorm,
    ({ x, weight, bias }, { epsilon }) => {
      const [rows, width] = x.shape as [number, number];
      const y = engine.activation([rows, width]);
      const unit = unitFor(width);
      engine.run({
        kernel: kernels.LayerNorm,
        variant: engine.tiles,
        reads: { x, weight, bias },
        writes: { y },
        vectors: unit.width === 4 ? ['x', 'weight', 'bias', 'y'] : [],
        integers: { rows, units: width / unit.width },
        floats: { width, epsilon },
        workgroupSize,
        groups: team.groups(rows),
        declarations,
        body: () => `${team.begin}${standardize(unit, team)}
  for (var d = part; d < params.units; d += PARTS) { y[start + d] = (x[start + d] - mean) * inverse * weight[d] + bias[d]; }`,
      });
      return y;
    },
  );

  registerWebgpuKernel<{ x: TensorInfo; weight: TensorInfo; dy: TensorInfo }, NormAttributes>(
    kernels.LayerNormGrad,
    ({ x, weight, dy }, { epsilon }) => {
      const [rows, width] = x.shape as [number, number];
      const dx = engine.activation([rows, width]);
      const statistics = engine.output([rows, 2]);
      const [dweight, dbias] = [engine.output([width]), engine.output([width])];
      const unit = unitFor(width);
      engine.run({
        kernel: `${kernels.LayerNormGrad} x`,
        variant: engine.tiles,
        reads: { x, weight, dy },
        writes: { dx, statistics },
        vectors: unit.width === 4 ? ['x', 'weight', 'dy', 'dx'] : [],
        integers: { rows, units: width / unit.width },
        floats: { width, epsilon },
        workgroupSize,
        groups: team.groups(rows),
        declarations,
        body: () => `${team.begin}${standardize(unit, team)}
  var slopes = ${unit.type}();
  var products = ${unit.type}();
  for (var d = part; d < params.units; d += PARTS) {
    let scaled = dy[start + d] * weight[d];
    slopes += scaled;
    products += scaled * ((x[start + d] - mean) * inverse);
  }
  ${team.combined('slope', unit.total('slopes'))}
  ${team.combined('inner', unit.total('products'))}
  let level = slope / params.width;
  let along = inner / params.width;
  for (var d = part; d < params.units; d += PARTS) {
    dx[start + d] = (dy[start + d] * weight[d] - level - (x[start + d] - mean) * inverse * along) * inverse;
  }
  if (part == 0u) { statistics[2u * row] = mean; statistics[2u * row + 1u] = inverse; }`,
      });
      columnSums(engine, {
        kernel: `${kernels.LayerNormGrad} weight`,
        reads: { x, dy, statistics },
        rows,
        columns: width,
        sums: {
          dweight: { output: dweight, term: 'dy[at] * (x[at] - statistics[2u * row]) * statistics[2u * row + 1u]' },
          dbias: { output: dbias, term: 'dy[at]' },
        },
      });
      engine.release(statistics);
      return [dx, dweight, dbias];
    },
  );
}

/** Declares `start` of the row, its `mean`, and `inverse` = 1/√(variance + ε) from squared deviations. */
const standardize = (unit: Unit, team: RowTeam): string => `
  let start = row * params.units;
  var values = ${unit.type}();
  for (var d = part; d < params.units; d += PARTS) { values += x[start + d]; }
  ${team.combined('total', unit.total('values'))}
  let mean = total / params.width;
  var squares = ${unit.type}();
  for (var d = part; d < params.units; d += PARTS) { let deviation = x[start + d] - mean; squares += deviation * deviation; }
  ${team.combined('spread', unit.total('squares'))}
  let inverse = inverseSqrt(spread / params.width + params.epsilon);`;
