/** How threads share out rows and elements, and the WGSL that goes with it. */
import type { Groups, Tiles } from './engine';

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
