/** Cross-entropy by blocks of rows: logits of one block at a time, in a buffer that becomes their gradient and then the next block's. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../registry';
import { RowTeam, softCap, unitFor } from '../../webgpu/layout';
import { multiply } from '../../webgpu/product';
import { kernels } from '../kernels';
import type { CrossEntropyAttributes, CrossEntropyGradAttributes } from '.';

/** Logits held at a time: 4 MiB, but at least 32 rows of them, since every block of rows reads the whole head. */
const LOGITS = 2 ** 20;

interface CrossEntropyInputs {
  hidden: TensorInfo;
  weight: TensorInfo;
  targets: TensorInfo;
}

interface GradInputs extends CrossEntropyInputs {
  dnll: TensorInfo;
}

interface Block {
  /** First row and number of rows. */
  start: number;
  rows: number;
  /** [rows, vocabulary] and more. */
  logits: TensorInfo;
}

/** What is known of a row and what is wanted of it. */
interface RowTensors {
  reads: { targets: TensorInfo; dnll?: TensorInfo; lse?: TensorInfo };
  writes: { nll?: TensorInfo; lse?: TensorInfo };
}

function eachBlock(engine: WebgpuEngine, { hidden, weight }: CrossEntropyInputs, use: (block: Block) => void): void {
  const [total, width] = hidden.shape as [number, number];
  const vocabulary = weight.shape[0]!;
  const most = Math.min(total, Math.max(32, Math.floor(LOGITS / vocabulary / 8) * 8));
  const logits = engine.output([most, vocabulary]);
  for (let start = 0; start < total; start += most) {
    const rows = Math.min(most, total - start);
    multiply(engine, {
      a: { tensor: hidden, contiguous: 'depth', stride: width, offset: start * width },
      b: { tensor: weight, contiguous: 'depth', stride: width },
      rows,
      columns: vocabulary,
      depth: width,
      c: { tensor: logits },
    });
    use({ start, rows, logits });
  }
  engine.release(logits);
}

/** Losses and log-sum-exps of a block's rows, where wanted; its logits become their gradient where dnll is given. */
function rowPass(
  engine: WebgpuEngine,
  team: RowTeam,
  { vocabulary, cap }: { vocabulary: number; cap: number | undefined },
  { start, rows, logits }: Block,
  { reads, writes }: RowTensors,
): void {
  const logitAt = (place: string) => (cap ? `softCap(logits[${place}])` : `logits[${place}]`);
  const unit = unitFor(vocabulary);
  const differentiates = reads.dnll !== undefined;
  const knowsSum = reads.lse !== undefined;
  const columns = unit.width === 4 ? 'vec4<i32>(4 * i32(d)) + vec4<i32>(0, 1, 2, 3)' : 'i32(d)';
  const integer = unit.width === 4 ? 'vec4<i32>' : 'i32';
  const largest = unit.width === 4 ? 'max(max(highest.x, highest.y), max(highest.z, highest.w))' : 'highest';
  const findSum = `
  var highest = ${unit.type}(-1e30);
  for (var d = part; d < params.units; d += PARTS) { highest = max(highest, ${logitAt('start + d')}); }
  ${team.combined('top', largest, 'max')}
  var weights = ${unit.type}();
  for (var d = part; d < params.units; d += PARTS) { weights += exp(${logitAt('start + d')} - top); }
  ${team.combined('total', unit.total('weights'))}
  let logSum = top + log(total);
  if (part == 0u) { lse[token] = logSum; }`;
  const writeLoss = `
  // The thread that owns the target's column reads it before the logits change.
  if (chosen < 0) {
    if (part == 0u) { nll[token] = 0.0; }
  } else if (u32(chosen) / ${unit.width}u % PARTS == part) {
    let logit = ${logitAt(`start + u32(chosen) / ${unit.width}u`)}${unit.width === 4 ? '[u32(chosen) % 4u]' : ''};
    nll[token] = logSum - logit;
  }`;
  const differentiate = `
  let slope = select(dnll[token], 0.0, chosen < 0);
  for (var d = part; d < params.units; d += PARTS) {
    let hit = select(${unit.type}(), ${unit.type}(1.0), ${columns} == ${integer}(chosen));
    let logit = ${logitAt('start + d')};
    logits[start + d] = (exp(logit - logSum) - hit) * slope${cap ? ' * softCapSlope(logit)' : ''};
  }`;
  engine.run({
    kernel: 'cross-entropy rows',
    variant: `${engine.tiles}${cap ? ' capped' : ''}`,
    reads: { ...reads, ...(differentiates ? {} : { logits }) },
    writes: { ...writes, ...(differentiates ? { logits } : {}) },
    vectors: unit.width === 4 ? ['logits'] : [],
    integers: { rows, units: vocabulary / unit.width, first: start },
    ...(cap ? { floats: { cap } } : {}),
    workgroupSize: team.workgroupSize,
    groups: team.groups(rows),
    declarations: () => `${team.declarations}${cap ? softCap(unit.type) : ''}`,
    body: () => `${team.begin}
  let start = row * params.units;
  let token = params.first + row;
  let chosen = targets[token];
  ${knowsSum ? 'let logSum = lse[token];' : findSum}
  ${writes.nll ? writeLoss : ''}
  ${differentiates ? differentiate : ''}`,
  });
}

/** The gradients, and what adds a block's share to them once its logits have become their gradient. */
function gradients(engine: WebgpuEngine, { hidden, weight }: CrossEntropyInputs, frozen = false) {
  const [vocabulary, width] = weight.shape as [number, number];
  const dhidden = engine.activation(hidden.shape);
  const dweight = frozen ? null : engine.output(weight.shape);
  const addBlock = ({ start, rows, logits }: Block): void => {
    multiply(engine, {
      a: { tensor: logits, contiguous: 'depth', stride: vocabulary },
      b: { tensor: weight, contiguous: 'side', stride: width },
      rows,
      columns: width,
      depth: vocabulary,
      c: { tensor: dhidden, offset: start * width },
    });
    if (!dweight) return;
    multiply(engine, {
      a: { tensor: logits, contiguous: 'side', stride: vocabulary },
      b: { tensor: hidden, contiguous: 'side', stride: width, offset: start * width },
      rows: vocabulary,
      columns: width,
      depth: rows,
      c: { tensor: dweight },
      accumulate: start > 0,
    });
  };
  return { made: dweight ? [dhidden, dweight] : [dhidden], addBlock };
}

export function registerWebgpu(engine: WebgpuEngine): void {
  const team = new RowTeam(engine);

  registerWebgpuKernel<CrossEntropyInputs, CrossEntropyAttributes>(kernels.CrossEntropy, (inputs, { cap }) => {
    const total = inputs.hidden.shape[0]!;
    const [nll, lse] = [engine.output([total]), engine.output([total])];
    eachBlock(engine, inputs, (block) => {
      rowPass(engine, team, { vocabulary: inputs.weight.shape[0]!, cap }, block, {
        reads: { targets: inputs.targets },
        writes: { nll, lse },
      });
    });
    return [nll, lse];
  });

  registerWebgpuKernel<GradInputs & { lse: TensorInfo }, CrossEntropyGradAttributes>(
    kernels.CrossEntropyGrad,
    (inputs, { frozen, cap }) => {
      const { targets, lse, dnll } = inputs;
      const { made, addBlock } = gradients(engine, inputs, frozen);
      eachBlock(engine, inputs, (block) => {
        rowPass(engine, team, { vocabulary: inputs.weight.shape[0]!, cap }, block, { reads: { targets, dnll, lse }, writes: {} });
        addBlock(block);
      });
      return made;
    },
  );

  registerWebgpuKernel<GradInputs, CrossEntropyGradAttributes>(kernels.CrossEntropyTrain, (inputs, { frozen, cap }) => {
    const { targets, dnll } = inputs;
    const total = inputs.hidden.shape[0]!;
    const [nll, lse] = [engine.output([total]), engine.output([total])];
    const { made, addBlock } = gradients(engine, inputs, frozen);
    eachBlock(engine, inputs, (block) => {
      rowPass(engine, team, { vocabulary: inputs.weight.shape[0]!, cap }, block, { reads: { targets, dnll }, writes: { nll, lse } });
      addBlock(block);
    });
    return [nll, lse, ...made];
  });
}
