/** Linear and its gradients as blocked matrix products; `MatrixProducts` is also what cross-entropy stands on. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Quantisation } from '../../../../src/core/model/quantisation';
import type { WasmEngine } from '../../wasm/engine';
import { partition, partitionRows } from '../../wasm/engine';
import { numberedInputs, registerWasmKernel } from '../registry';
import { kernels } from '../kernels';
import type { QuantisedAttributes } from './quantised';

/** As in assembly/product.ts. */
const DEPTH = 384;
const TILE = 8;
const TILE_BYTES = 256;
/** As in assembly/quantised.ts. */
const FORMATS: readonly Quantisation[] = ['nf4', 'int8'];
/** Rows up to which a weight is not worth packing. */
const FEW = 3;
/** Multiplications that are worth a thread's attention. */
const VECTOR = 100_000;

const eights = (count: number): number => Math.ceil(count / TILE) * TILE;

/** Bytes of a packed right operand of `columns` columns and `depth` rows. */
export function packedBytes(columns: number, depth: number): number {
  return 4 * eights(columns) * depth;
}

/** Addresses and sizes of a product C [rows,columns] = A·B over `depth`, B packed. Strides in floats. */
export interface Product {
  a: number;
  aStride: number;
  rows: number;
  packed: number;
  columns: number;
  depth: number;
  c: number;
  cStride: number;
  bias?: number;
  residual?: number;
  /** Adds to C. */
  accumulate?: boolean;
}

export class MatrixProducts {
  constructor(private readonly engine: WasmEngine) {}

  /** B(k,n) = source[n·stride + k]: a weight in Hugging Face's layout, to be multiplied as its transpose. */
  packTransposed(source: number, stride: number, columns: number, depth: number, packed: number): void {
    this.pack('packTransposed', source, stride, columns, depth, packed);
  }

  /** B(k,n) = source[k·stride + n] */
  packPlain(source: number, stride: number, columns: number, depth: number, packed: number): void {
    this.pack('packPlain', source, stride, columns, depth, packed);
  }

  private pack(kernel: string, source: number, stride: number, columns: number, depth: number, packed: number): void {
    const { block, chunks } = panelsFor(columns, depth);
    this.engine.run(kernel, chunks, [source, stride, columns, depth, packed, block]);
  }

  /** Either of the two of a quantised weight [columns,depth], or [depth,columns]. */
  packQuantised(how: 'Transposed' | 'Plain', source: number, format: Quantisation, columns: number, depth: number, packed: number): void {
    const { block, chunks } = panelsFor(columns, depth);
    const floats = TILE * (how === 'Transposed' ? Math.min(DEPTH, depth) : block);
    const args = [source, FORMATS.indexOf(format), columns, depth, packed, block];
    this.engine.run(`packQuantised${how}`, chunks, args, 4 * floats);
  }

  /** A in rows: A(m,k) = a[m·aStride + k]. */
  rows(product: Product): void {
    const { a, aStride, rows, packed, columns, depth, c, cStride, bias = 0, residual = 0, accumulate = false } = product;
    const { blockRows, blockPanels, chunks } = blocksOf(product);
    const args = [a, aStride, rows, packed, columns, depth, bias, residual, c, cStride, Number(accumulate), blockRows, blockPanels];
    this.engine.run('productRows', chunks, args, TILE_BYTES);
  }

  /** A transposed: A(m,k) = a[k·aStride + m]. */
  columns(product: Product): void {
    const { a, aStride, rows, packed, columns, depth, c, cStride, accumulate = false } = product;
    const { blockRows, blockPanels, chunks } = blocksOf(product);
    const args = [a, aStride, rows, packed, columns, depth, c, cStride, Number(accumulate), blockRows, blockPanels];
    this.engine.run('productColumns', chunks, args, TILE_BYTES + 4 * blockRows * Math.min(DEPTH, depth));
  }
}

/** Blocks of C that take long enough (about 10 µs) to be handed out, and are many enough to keep threads equally busy. */
function blocksOf({ rows, columns, depth }: Product): { blockRows: number; blockPanels: number; chunks: number } {
  const panels = eights(columns) / TILE;
  const most = Math.max(1, Math.min(96, Math.floor((rows * columns * depth) / 200_000)));
  const blockRows = Math.max(Math.min(64, eights(Math.ceil(rows / Math.min(most, 16)))), eights(Math.ceil(rows / most)));
  const rowBlocks = Math.ceil(rows / blockRows);
  const panelBlocks = Math.max(1, Math.min(panels, Math.floor(Math.min(most, 16) / rowBlocks)));
  const blockPanels = Math.ceil(panels / panelBlocks);
  return { blockRows, blockPanels, chunks: rowBlocks * Math.ceil(panels / blockPanels) };
}

/** Panels that a thread packs at a time. */
function panelsFor(columns: number, depth: number): { block: number; chunks: number } {
  const panels = eights(columns) / TILE;
  const most = Math.max(1, Math.min(panels, 16, Math.floor((panels * TILE * depth) / 16_384)));
  const block = Math.ceil(panels / most);
  return { block, chunks: Math.ceil(panels / block) };
}

interface LinearInputs {
  x: TensorInfo;
  weight: TensorInfo;
  bias?: TensorInfo;
  residual?: TensorInfo;
}

/** The three products of affine maps, which several maps of one input share. */
class LinearProducts {
  private readonly products: MatrixProducts;

  constructor(private readonly engine: WasmEngine) {
    this.products = new MatrixProducts(engine);
  }

  /** x·weightᵀ + bias + residual [N,O] */
  forward({ x, weight, bias, residual }: LinearInputs): TensorInfo {
    const { engine, products } = this;
    const [rows, depth] = x.shape as [number, number];
    const columns = weight.shape[0]!;
    const output = engine.output([rows, columns]);
    const [a, from, biases, residuals, c] = [x, weight, bias, residual, output].map((tensor) => engine.address(tensor)) as Addresses;
    if (rows <= FEW) {
      const { block, chunks } = partition(columns, Math.ceil(VECTOR / (rows * depth) / 4) * 4);
      engine.run('vectorProduct', chunks, [a, rows, from, columns, depth, biases, residuals, c, block]);
      return output;
    }
    const packed = engine.reserve(packedBytes(columns, depth));
    products.packTransposed(from, depth, columns, depth, packed);
    products.rows({ a, aStride: depth, rows, packed, columns, depth, c, cStride: columns, bias: biases, residual: residuals });
    return output;
  }

  /** As `forward`, of a quantised weight. */
  quantised({ x, weight, bias, residual }: LinearInputs, { format, outputs: columns }: QuantisedAttributes): TensorInfo {
    const { engine, products } = this;
    const [rows, depth] = x.shape as [number, number];
    const output = engine.output([rows, columns]);
    const [a, from, biases, residuals, c] = [x, weight, bias, residual, output].map((tensor) => engine.address(tensor)) as Addresses;
    const packed = engine.reserve(packedBytes(columns, depth));
    products.packQuantised('Transposed', from, format, columns, depth, packed);
    products.rows({ a, aStride: depth, rows, packed, columns, depth, c, cStride: columns, bias: biases, residual: residuals });
    return output;
  }

  /** dy·weight [N,I] of a quantised weight. */
  quantisedGradInput({ dy, weight }: { dy: TensorInfo; weight: TensorInfo }, { format, inputs: columns }: QuantisedAttributes): TensorInfo {
    const { engine, products } = this;
    const [rows, depth] = dy.shape as [number, number];
    const output = engine.output([rows, columns]);
    const packed = engine.reserve(packedBytes(columns, depth));
    products.packQuantised('Plain', engine.address(weight), format, columns, depth, packed);
    const [a, c] = [engine.address(dy), engine.address(output)];
    products.rows({ a, aStride: depth, rows, packed, columns, depth, c, cStride: columns });
    return output;
  }

  /** Σ dy·weight [N,I] */
  gradInput(dys: TensorInfo[], weights: TensorInfo[]): TensorInfo {
    const { engine, products } = this;
    const rows = dys[0]!.shape[0]!;
    const columns = weights[0]!.shape[1]!;
    const output = engine.output([rows, columns]);
    const c = engine.address(output);
    dys.forEach((dy, index) => {
      const depth = dy.shape[1]!;
      const packed = engine.reserve(packedBytes(columns, depth));
      products.packPlain(engine.address(weights[index]), columns, columns, depth, packed);
      products.rows({ a: engine.address(dy), aStride: depth, rows, packed, columns, depth, c, cStride: columns, accumulate: index > 0 });
    });
    return output;
  }

  /** dyᵀ·x [O,I] of each dy; x is packed once. */
  gradWeights(dys: TensorInfo[], x: TensorInfo): TensorInfo[] {
    const { engine, products } = this;
    const [depth, columns] = x.shape as [number, number];
    const packed = engine.reserve(packedBytes(columns, depth));
    products.packPlain(engine.address(x), columns, columns, depth, packed);
    return dys.map((dy) => {
      const rows = dy.shape[1]!;
      const output = engine.output([rows, columns]);
      const [a, c] = [engine.address(dy), engine.address(output)];
      products.columns({ a, aStride: rows, rows, packed, columns, depth, c, cStride: columns });
      return output;
    });
  }
}

type Addresses = [number, number, number, number, number];

export function registerWasm(engine: WasmEngine): void {
  const products = new LinearProducts(engine);

  registerWasmKernel<LinearInputs>(kernels.Linear, (inputs) => products.forward(inputs));

  registerWasmKernel<{ dy: TensorInfo; weight: TensorInfo }>(kernels.LinearGradInput, ({ dy, weight }) =>
    products.gradInput([dy], [weight]),
  );

  registerWasmKernel<LinearInputs, QuantisedAttributes>(kernels.QuantisedLinear, (inputs, attributes) =>
    products.quantised(inputs, attributes),
  );

  registerWasmKernel<{ dy: TensorInfo; weight: TensorInfo }, QuantisedAttributes>(kernels.QuantisedLinearGradInput, (inputs, attributes) =>
    products.quantisedGradInput(inputs, attributes),
  );

  registerWasmKernel<{ dy: TensorInfo; x: TensorInfo }>(kernels.LinearGradWeight, ({ dy, x }) => products.gradWeights([dy], x)[0]!);

  registerWasmKernel<{ dy: TensorInfo }>(kernels.LinearGradBias, ({ dy }) => {
    const [rows, width] = dy.shape as [number, number];
    const output = engine.output([width]);
    const { block, chunks } = partitionRows(rows, width);
    const partial = engine.reserve(4 * chunks * width);
    engine.run('columnSums', chunks, [engine.address(dy), partial, rows, width, block]);
    engine.run('sumPartials', 1, [partial, chunks, width, engine.address(output)]);
    return output;
  });

  registerWasmKernel<TensorInfo[]>(kernels.LinearGroup, (inputs) => {
    const [x, ...weights] = inputs as [TensorInfo, ...TensorInfo[]];
    return weights.map((weight) => products.forward({ x, weight }));
  });

  registerWasmKernel<Record<string, TensorInfo>>(kernels.LinearGroupGradInput, (inputs) =>
    products.gradInput(numberedInputs(inputs, 'dy'), numberedInputs(inputs, 'weight')),
  );

  registerWasmKernel<Record<string, TensorInfo>>(kernels.LinearGroupGradWeights, (inputs) =>
    products.gradWeights(numberedInputs(inputs, 'dy'), inputs['x']!),
  );
}
