/**
 * Runs of tokens (words, CJK characters) that held-out text and probes consist of, and their search in train rows: GPT-3's check for
 * contamination (Brown et al. 2020, appendix C) with 13 tokens. A text with fewer tokens, but 8, is looked for as a whole; shorter ones
 * stand everywhere. A run is known by 64 bits: two sums over its tokens.
 */
import { mix, power } from './hash';
import type { Scanner } from './scan';

/** Shortest text that is looked for. */
const SHORTEST = 8;
const BASE_A = 0x2c1b3c6d | 1;
const BASE_B = 0x297a2d39 | 1;
const FREE = 0xffffffff;
/** Owner of the runs of probes; those of rows belong to their number. */
export const PROBE = 0xfffffffe;

/** Runs of one text: `length` tokens each, two words a run. */
export interface TextRuns {
  length: number;
  keys: Uint32Array;
}

/** Null where the text is too short to be looked for. */
export function runsOf(scanner: Scanner, tokens: number): TextRuns | null {
  const length = Math.min(tokens, scanner.tokens);
  if (length < Math.min(SHORTEST, tokens)) return null;
  const sums = sumsOf(scanner);
  const [outA, outB] = [power(BASE_A, length), power(BASE_B, length)];
  const keys = new Uint32Array(2 * (scanner.tokens - length + 1));
  for (let at = 0; at + length <= scanner.tokens; at++) {
    keys[2 * at] = mix((sums.a[at + length]! - Math.imul(sums.a[at]!, outA)) ^ length);
    keys[2 * at + 1] = mix(sums.b[at + length]! - Math.imul(sums.b[at]!, outB));
  }
  return { length, keys };
}

/** Flat and shareable between threads: what `findOverlaps` reads. */
export interface OverlapTable {
  /**
   * Lengths of runs that are in the table, each with bits of its own, 8 to 16 times as many as keys: most runs are found missing without
   * a look at the slots, which lie far apart.
   */
  lengths: { length: number; bits: Uint32Array }[];
  /** Two words of key and the owner, per slot; the owner is FREE where the slot is. */
  slots: Uint32Array;
}

export const emptyTable: OverlapTable = { lengths: [], slots: new Uint32Array(0) };

export function overlapTable(texts: readonly { owner: number; runs: TextRuns }[]): OverlapTable {
  const counts = new Map<number, number>();
  for (const { runs } of texts) counts.set(runs.length, (counts.get(runs.length) ?? 0) + runs.keys.length / 2);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const size = 2 ** Math.ceil(Math.log2(Math.max(16, 1.5 * total)));
  const slots = shared(3 * size).fill(FREE);
  const lengths = [...counts]
    .sort((a, b) => b[0] - a[0])
    .map(([length, count]) => ({ length, bits: shared(2 ** Math.ceil(Math.log2(Math.max(2, count / 4)))) }));
  for (const { owner, runs } of texts) {
    const { bits } = lengths.find(({ length }) => length === runs.length)!;
    for (let at = 0; at < runs.keys.length; at += 2) {
      const [a, b] = [runs.keys[at]!, runs.keys[at + 1]!];
      const bit = b & (32 * bits.length - 1);
      bits[bit >>> 5]! |= 1 << (bit & 31);
      let slot = a & (size - 1);
      while (slots[3 * slot + 2] !== FREE && !(slots[3 * slot] === a && slots[3 * slot + 1] === b)) slot = (slot + 1) & (size - 1);
      if (slots[3 * slot + 2] === FREE) slots.set([a, b, owner], 3 * slot);
    }
  }
  return { lengths, slots };
}

export interface Overlaps {
  /** Number of the row that the first run stands in, or PROBE. */
  owner: number;
  /** Stretches of the text that consist of such runs: first unit and one past the last, rising. */
  stretches: [start: number, end: number][];
}

/** Where runs of the table stand in a scanned text of so many units; null for none. */
export function findOverlaps(scanner: Scanner, { lengths, slots }: OverlapTable, units: number): Overlaps | null {
  const slotMask = slots.length / 3 - 1;
  const { starts, tokens } = scanner;
  const sums = sumsOf(scanner);
  let owner = -1;
  let first = Infinity;
  const stretches: Overlaps['stretches'] = [];
  for (const { length, bits } of lengths) {
    const bitMask = 32 * bits.length - 1;
    const [outA, outB] = [power(BASE_A, length), power(BASE_B, length)];
    for (let at = 0; at + length <= tokens; at++) {
      const b = mix(sums.b[at + length]! - Math.imul(sums.b[at]!, outB));
      const bit = b & bitMask;
      if ((bits[bit >>> 5]! & (1 << (bit & 31))) === 0) continue;
      const a = mix((sums.a[at + length]! - Math.imul(sums.a[at]!, outA)) ^ length);
      for (let slot = a & slotMask; slots[3 * slot + 2] !== FREE; slot = (slot + 1) & slotMask) {
        if (slots[3 * slot] !== a || slots[3 * slot + 1] !== b) continue;
        if (at < first) [first, owner] = [at, slots[3 * slot + 2]!];
        stretches.push([starts[at]!, at + length < tokens ? starts[at + length]! : units]);
        break;
      }
    }
  }
  return owner < 0 ? null : { owner, stretches: merged(stretches) };
}

/** Rising and apart. */
function merged(stretches: [number, number][]): [number, number][] {
  const result: [number, number][] = [];
  for (const [start, end] of stretches.sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else result.push([start, end]);
  }
  return result;
}

const sums = { a: new Int32Array(4096), b: new Int32Array(4096) };

/** Sums over the first 0, 1, 2 … tokens, times the base at each step: that of a run is a difference. The next call overwrites them. */
function sumsOf({ hashes, tokens }: Scanner): { a: Int32Array; b: Int32Array } {
  if (sums.a.length <= tokens) {
    sums.a = new Int32Array(2 * tokens);
    sums.b = new Int32Array(2 * tokens);
  }
  const { a, b } = sums;
  a[0] = b[0] = 0;
  for (let at = 0; at < tokens; at++) {
    const hash = hashes[at]!;
    a[at + 1] = Math.imul(a[at]!, BASE_A) + hash;
    // Another hash of the same token, so that the two sums have no bits in common.
    b[at + 1] = Math.imul(b[at]!, BASE_B) + Math.imul(hash ^ (hash >>> 15), 0x7feb352d);
  }
  return sums;
}

/** Shared between threads where the page is isolated, copied to each where it is not. */
function shared(length: number): Uint32Array {
  return new Uint32Array(typeof SharedArrayBuffer === 'undefined' ? new ArrayBuffer(4 * length) : new SharedArrayBuffer(4 * length));
}
