/** Sums over the rows of a matrix, as the gradients of a bias or of a norm's weight need them. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from './engine';
import { groupsOf } from './layout';

export interface ColumnSums {
  kernel: string;
  reads: Record<string, TensorInfo>;
  rows: number;
  columns: number;
  /** By output [columns]: what is summed, in WGSL, at `row` and `at` (the element's place in a matrix [rows, columns]). */
  sums: Record<string, { output: TensorInfo; term: string }>;
}

/** Columns side by side, 16 threads for each on a GPU. */
export function columnSums(engine: WebgpuEngine, { kernel, reads, rows, columns, sums }: ColumnSums): void {
  const parts = engine.tiles === 'workgroup' ? 16 : 1;
  const names = Object.keys(sums);
  const each = (line: (name: string) => string): string => names.map((name) => `\n  ${line(name)}`).join('');
  engine.run({
    kernel,
    variant: engine.tiles,
    reads,
    writes: Object.fromEntries(names.map((name) => [name, sums[name]!.output])),
    integers: { rows, columns },
    workgroupSize: 16 * parts,
    groups: groupsOf(Math.ceil(columns / 16)),
    declarations: () => (parts === 1 ? '' : each((name) => `var<workgroup> ${name}Shares: array<f32, 256>;`)),
    body: () => `
  let column = (group.y * groups.x + group.x) * 16u + lane % 16u;
  let part = lane / 16u;
  let inside = min(column, params.columns - 1u);
  ${each((name) => `var ${name}Sum = 0.0;`)}
  for (var row = part; row < params.rows; row += ${parts}u) {
    let at = row * params.columns + inside;
    ${each((name) => `${name}Sum += ${sums[name]!.term};`)}
  }
  ${
    parts === 1
      ? ''
      : `${each((name) => `${name}Shares[lane] = ${name}Sum;`)}
  workgroupBarrier();
  if (part == 0u) {
    for (var other = 1u; other < 16u; other++) {${each((name) => `${name}Sum += ${name}Shares[other * 16u + lane];`)} }
  }`
  }
  if (part == 0u && column < params.columns) {${each((name) => `${name}[column] = ${name}Sum;`)} }`,
  });
}
