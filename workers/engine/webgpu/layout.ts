/** How threads share out rows and elements, and the WGSL that goes with it. */
import type { Groups } from './commands';
import type { Tiles, WebgpuEngine } from './engine';
import type { TensorInfo } from '@tensorflow/tfjs-core';

/** What decides how a row's threads meet. */
export interface Meeting {
  tiles: Tiles;
  /** Whether threads that run in step may add their values directly. */
  subgroups: boolean;
}

/** WebGPU's least limit of workgroups along one side. */
const MOST_GROUPS = 65_535;

/** `count` workgroups, in two dimensions when one is too short. `groupIndex` finds the way back. */
export function groupsOf(count: number): Groups {
  return count <= MOST_GROUPS ? [count, 1, 1] : [MOST_GROUPS, Math.ceil(count / MOST_GROUPS), 1];
}

/** The workgroup's place among those of `groupsOf`. */
export const groupIndex = '(group.y * groups.x + group.x)';

/** One thread per element: `index` below params.count. */
export const eachElement = {
  workgroupSize: 64,
  groups: (count: number): Groups => groupsOf(Math.ceil(count / 64)),
  begin: `
  let index = ${groupIndex} * 64u + lane;
  if (index >= params.count) { return; }`,
};

/** Components that one load brings, and the WGSL type of it. Four where the innermost sizes allow it. */
export interface Unit {
  width: 1 | 4;
  type: 'f32' | 'vec4<f32>';
  /** Sum of components. */
  total: (value: string) => string;
}

export function unitFor(...sizes: number[]): Unit {
  return sizes.every((size) => size % 4 === 0)
    ? { width: 4, type: 'vec4<f32>', total: (value) => `dot(${value}, vec4<f32>(1.0))` }
    : { width: 1, type: 'f32', total: (value) => value };
}

/**
 * WGSL's softCap(value) = cap · tanh(value / params.cap), and the slope there, given the capped value. tanh by Cephes' polynomial below
 * 0.625: WGSL's own may lose the small ones.
 */
export const softCap = (type: Unit['type']): string => `
fn softCap(value: ${type}) -> ${type} {
  let ratio = clamp(value / params.cap, ${type}(-10.0), ${type}(10.0));
  let square = ratio * ratio;
  let series = (((-5.70498872745e-3 * square + 2.06390887954e-2) * square - 5.37397155531e-2) * square + 1.33314422036e-1) * square - 3.33332819422e-1;
  let far = sign(ratio) * (1.0 - 2.0 / (exp(2.0 * abs(ratio)) + 1.0));
  return params.cap * select(far, ratio + ratio * square * series, abs(ratio) < ${type}(0.625));
}
fn softCapSlope(capped: ${type}) -> ${type} {
  let ratio = capped / params.cap;
  return 1.0 - ratio * ratio;
}`;

/**
 * Threads that sum over a row together: 64 through workgroup memory, or one alone. The text has `row` below params.rows, `part`
 * (index among the row's threads) and PARTS (their number).
 */
export class RowTeam {
  readonly parts: number;
  readonly workgroupSize: number;

  private readonly subgroups: boolean;

  constructor({ tiles, subgroups }: Meeting) {
    this.subgroups = subgroups && tiles === 'workgroup';
    this.parts = tiles === 'workgroup' ? 64 : 1;
    this.workgroupSize = tiles === 'workgroup' ? 64 : 16;
  }

  groups(rows: number): Groups {
    return groupsOf(this.parts === 1 ? Math.ceil(rows / this.workgroupSize) : rows);
  }

  get declarations(): string {
    return `const PARTS = ${this.parts}u;${this.parts === 1 ? '' : `\nvar<workgroup> shares: array<f32, ${this.parts}>;`}`;
  }

  get begin(): string {
    return `
  let row = ${groupIndex}${this.parts === 1 ? ` * ${this.workgroupSize}u + lane` : ''};
  if (row >= params.rows) { return; }
  let part = ${this.parts === 1 ? '0u' : 'lane'};`;
  }

  /** Declares `name`, the sum (or maximum) of `share` over the row's threads, the same for all of them. */
  combined(name: string, share: string, how: 'sum' | 'max' = 'sum'): string {
    if (this.parts === 1) return `\n  let ${name} = ${share};`;
    if (this.subgroups) return this.bySubgroups(name, share, how);
    const join = (a: string, b: string) => (how === 'sum' ? `${a} + ${b}` : `max(${a}, ${b})`);
    const rounds = [];
    for (let stride = this.parts / 2; stride >= 1; stride /= 2)
      rounds.push(`
  if (part < ${stride}u) { shares[part] = ${join('shares[part]', `shares[part + ${stride}u]`)}; }
  workgroupBarrier();`);
    return `
  shares[part] = ${share};
  workgroupBarrier();${rounds.join('')}
  let ${name} = shares[0];
  workgroupBarrier();`;
  }

  /**
   * Each subgroup joins its threads' shares, one thread of it writes them down, and each subgroup then joins what all of them wrote. Which threads
   * form a subgroup, how many, and whether all of its places are taken is the adapter's affair: a thread's rank is counted here.
   */
  private bySubgroups(name: string, share: string, how: 'sum' | 'max'): string {
    const [join, identity] = how === 'sum' ? ['subgroupAdd', '0.0'] : ['subgroupMax', '-3.4e38'];
    const step = how === 'sum' ? 'joined += shares[place];' : 'joined = max(joined, shares[place]);';
    return `
  let ${name}Own = ${join}(${share});
  shares[part] = select(${identity}, ${name}Own, subgroupElect());
  workgroupBarrier();
  var ${name}All = f32(${identity});
  let ${name}Members = subgroupAdd(1u);
  for (var place = subgroupExclusiveAdd(1u); place < PARTS; place += ${name}Members) { ${step.replaceAll('joined', `${name}All`)} }
  let ${name} = ${join}(${name}All);
  workgroupBarrier();`;
  }
}

/** Sums over the rows of a matrix, as the gradients of a bias or of a norm's weight need them. */
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
