/** Cross-entropy on the CPU: logits of a block of rows at a time, in memory that the next block takes over. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmEngine } from '../../wasm/engine';
import { partitionRows } from '../../wasm/engine';
import { registerWasmKernel } from '../registry';
import { kernels } from '../kernels';
import { MatrixProducts, packedBytes } from '../linear/wasm';
import type { CrossEntropyAttributes, CrossEntropyGradAttributes } from '.';

/** Logits held at a time: 4 MiB, but at least 32 rows of them, since every block of rows reads the whole head. */
const LOGITS = 2 ** 20;
/** Rows of the head packed at a time. */
const GROUP = 4096;

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
  /** Address of logits [rows, vocabulary]. */
  logits: number;
  /** Address of free memory for the packed rows of hidden. */
  free: number;
  /** Runs `use` with each group of the head's rows: first row, number, address of the group packed plainly. */
  groups: (use: (first: number, count: number, packed: number) => void) => void;
}

/** Computes logits block by block, capped where there is a cap. `packHead`: the groups of the head are wanted packed plainly too. */
function eachBlock(
  engine: WasmEngine,
  products: MatrixProducts,
  { hidden, weight }: CrossEntropyInputs,
  { packHead, cap }: { packHead: boolean; cap: number | undefined },
  use: (block: Block) => void,
): void {
  const [total, width] = hidden.shape as [number, number];
  const vocabulary = weight.shape[0]!;
  const most = Math.min(total, Math.max(32, Math.floor(LOGITS / vocabulary / 8) * 8));
  const group = Math.min(GROUP, vocabulary);
  const groupBytes = packedBytes(group, width);
  const plainBytes = packHead ? packedBytes(width, group) : 0;
  const transposed = engine.reserve(groupBytes + plainBytes + 4 * most * vocabulary + (packHead ? packedBytes(width, most) : 0));
  const plain = transposed + groupBytes;
  const logits = plain + plainBytes;
  const free = logits + 4 * most * vocabulary;
  const head = engine.address(weight);
  const whole = vocabulary <= GROUP;
  for (let start = 0; start < total; start += most) {
    const rows = Math.min(most, total - start);
    for (let first = 0; first < vocabulary; first += group) {
      const count = Math.min(group, vocabulary - first);
      if (!whole || start === 0) products.packTransposed(head + 4 * first * width, width, count, width, transposed);
      products.rows({
        a: engine.address(hidden) + 4 * start * width,
        aStride: width,
        rows,
        packed: transposed,
        columns: count,
        depth: width,
        c: logits + 4 * first,
        cStride: vocabulary,
      });
    }
    if (cap) {
      const { block, chunks } = partitionRows(rows, vocabulary);
      engine.run('capRows', chunks, [logits, cap, rows, vocabulary, block]);
    }
    const groups: Block['groups'] = (useGroup) => {
      for (let first = 0; first < vocabulary; first += group) {
        const count = Math.min(group, vocabulary - first);
        if (!whole || start === 0) products.packPlain(head + 4 * first * width, width, width, count, plain);
        useGroup(first, count, plain);
      }
    };
    use({ start, rows, logits, free, groups });
  }
}

export function registerWasm(engine: WasmEngine): void {
  const products = new MatrixProducts(engine);

  registerWasmKernel<CrossEntropyInputs, CrossEntropyAttributes>(kernels.CrossEntropy, (inputs, { cap }) => {
    const total = inputs.hidden.shape[0]!;
    const vocabulary = inputs.weight.shape[0]!;
    const nll = engine.output([total]);
    const lse = engine.output([total]);
    const [targets, losses, norms] = addresses(engine, inputs.targets, nll, lse);
    eachBlock(engine, products, inputs, { packHead: false, cap }, ({ start, rows, logits }) => {
      const { block, chunks } = partitionRows(rows, vocabulary);
      const offset = 4 * start;
      engine.run('crossEntropyRows', chunks, [logits, targets + offset, losses + offset, norms + offset, rows, vocabulary, block]);
    });
    return [nll, lse];
  });

  registerWasmKernel<GradInputs & { lse: TensorInfo }, CrossEntropyGradAttributes>(kernels.CrossEntropyGrad, (inputs, { frozen, cap }) => {
    const vocabulary = inputs.weight.shape[0]!;
    const { made, use } = gradients(engine, products, inputs, frozen);
    const [targets, norms, slopes] = addresses(engine, inputs.targets, inputs.lse, inputs.dnll);
    eachBlock(engine, products, inputs, { packHead: true, cap }, (part) => {
      const { block, chunks } = partitionRows(part.rows, vocabulary);
      const [target, norm, slope] = [targets, norms, slopes].map((address) => address + 4 * part.start) as [number, number, number];
      engine.run('crossEntropyGradRows', chunks, [part.logits, target, norm, slope, cap ?? 0, part.rows, vocabulary, block]);
      use(part);
    });
    return made;
  });

  registerWasmKernel<GradInputs, CrossEntropyGradAttributes>(kernels.CrossEntropyTrain, (inputs, { frozen, cap }) => {
    const total = inputs.hidden.shape[0]!;
    const vocabulary = inputs.weight.shape[0]!;
    const nll = engine.output([total]);
    const lse = engine.output([total]);
    const { made, use } = gradients(engine, products, inputs, frozen);
    const rowTensors = addresses(engine, inputs.targets, inputs.dnll, nll, lse);
    eachBlock(engine, products, inputs, { packHead: true, cap }, (part) => {
      const { block, chunks } = partitionRows(part.rows, vocabulary);
      const [target, slope, loss, norm] = rowTensors.map((address) => address + 4 * part.start) as [number, number, number, number];
      // The cap's slope needs the logits that the softmax in one pass writes over.
      if (cap) {
        engine.run('crossEntropyRows', chunks, [part.logits, target, loss, norm, part.rows, vocabulary, block]);
        engine.run('crossEntropyGradRows', chunks, [part.logits, target, norm, slope, cap, part.rows, vocabulary, block]);
      } else engine.run('crossEntropyTrainRows', chunks, [part.logits, target, slope, loss, norm, part.rows, vocabulary, block]);
      use(part);
    });
    return [nll, lse, ...made];
  });
}

function addresses(engine: WasmEngine, ...tensors: TensorInfo[]): [number, number, number, ...number[]] {
  return tensors.map((tensor) => engine.address(tensor)) as [number, number, number, ...number[]];
}

/** The gradients, and what adds a block's share to them once its logits have become their gradient. */
function gradients(engine: WasmEngine, products: MatrixProducts, { hidden, weight }: CrossEntropyInputs, frozen = false) {
  const [vocabulary, width] = weight.shape as [number, number];
  const dhidden = engine.output(hidden.shape);
  const dweight = frozen ? null : engine.output(weight.shape);
  const use = ({ start, rows, logits, free, groups }: Block): void => {
    groups((first, count, packed) => {
      products.rows({
        a: logits + 4 * first,
        aStride: vocabulary,
        rows,
        packed,
        columns: width,
        depth: count,
        c: engine.address(dhidden) + 4 * start * width,
        cStride: width,
        accumulate: first > 0,
      });
    });
    if (!dweight) return;
    products.packPlain(engine.address(hidden) + 4 * start * width, width, width, rows, free);
    products.columns({
      a: logits,
      aStride: vocabulary,
      rows: vocabulary,
      packed: free,
      columns: width,
      depth: rows,
      c: engine.address(dweight),
      cStride: width,
      accumulate: start > 0,
    });
  };
  return { made: dweight ? [dhidden, dweight] : [dhidden], use };
}
