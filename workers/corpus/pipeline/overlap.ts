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

/** Runs of one text: `length` tokens each, three words a run: two of its key, one of the run's first tokens. */
export interface TextRuns {
  length: number;
  keys: Uint32Array;
}

/** Null where the text is too short to be looked for. */
export function runsOf(scanner: Scanner, tokens: number): TextRuns | null {
  const length = Math.min(tokens, scanner.tokens);
  const head = Math.min(SHORTEST, tokens);
  if (length < head) return null;
  const { a, b } = sumsOf(scanner);
  const [outA, outB, outHead] = [power(BASE_A, length), power(BASE_B, length), power(BASE_B, head)];
  const keys = new Uint32Array(3 * (scanner.tokens - length + 1));
  for (let at = 0, key = 0; at + length <= scanner.tokens; at++) {
    keys[key++] = difference(a, at, length, outA) ^ length;
    keys[key++] = difference(b, at, length, outB);
    keys[key++] = difference(b, at, head, outHead);
  }
  return { length, keys };
}

/** Flat and shareable between threads: what `findOverlaps` reads. */
export interface OverlapTable {
  /** Lengths of runs that are in the table. */
  lengths: number[];
  /** Tokens that a run's first look is at, and a bit for each such beginning: almost everywhere that look is the only one. */
  head: number;
  bits: Uint32Array;
  /** Two words of key and the owner, per slot; the owner is FREE where the slot is. */
  slots: Uint32Array;
}

export const emptyTable: OverlapTable = { lengths: [], head: SHORTEST, bits: new Uint32Array(1), slots: new Uint32Array(0) };

/** `tokens`: what `runsOf` was called with. */
export function overlapTable(texts: readonly { owner: number; runs: TextRuns }[], tokens: number): OverlapTable {
  const total = texts.reduce((sum, { runs: { keys } }) => sum + keys.length / 3, 0);
  const size = 2 ** Math.ceil(Math.log2(Math.max(16, 1.5 * total)));
  const slots = shared(3 * size).fill(FREE);
  const bits = shared(size / 4);
  const bitMask = 8 * size - 1;
  const lengths = new Set<number>();
  for (const { owner, runs } of texts) {
    lengths.add(runs.length);
    for (let at = 0; at < runs.keys.length; at += 3) {
      const [a, b] = [runs.keys[at]!, runs.keys[at + 1]!];
      const bit = runs.keys[at + 2]! & bitMask;
      bits[bit >>> 5]! |= 1 << (bit & 31);
      let slot = a & (size - 1);
      while (slots[3 * slot + 2] !== FREE && !(slots[3 * slot] === a && slots[3 * slot + 1] === b)) slot = (slot + 1) & (size - 1);
      if (slots[3 * slot + 2] === FREE) slots.set([a, b, owner], 3 * slot);
    }
  }
  return { lengths: [...lengths].sort((a, b) => b - a), head: Math.min(SHORTEST, tokens), bits, slots };
}

export interface Overlaps {
  /** Number of the row that the first run stands in, or PROBE. */
  owner: number;
  /** Stretches of the text that consist of such runs: first unit and one past the last, rising. */
  stretches: [start: number, end: number][];
}

/** Where runs of the table stand in a scanned text of so many units; null for none. */
export function findOverlaps(scanner: Scanner, table: OverlapTable, units: number): Overlaps | null {
  const { head, bits } = table;
  const { starts, tokens } = scanner;
  const { a, b } = sumsOf(scanner);
  const bitMask = 32 * bits.length - 1;
  const out = power(BASE_B, head);
  const outs = table.lengths.map((length) => ({ length, a: power(BASE_A, length), b: power(BASE_B, length) }));
  let owner = -1;
  const stretches: Overlaps['stretches'] = [];
  for (let at = 0; at + head <= tokens; at++) {
    const bit = difference(b, at, head, out) & bitMask;
    if ((bits[bit >>> 5]! & (1 << (bit & 31))) === 0) continue;
    for (const { length, a: outA, b: outB } of outs) {
      if (at + length > tokens) continue;
      const found = ownerOf(table, (difference(a, at, length, outA) ^ length) >>> 0, difference(b, at, length, outB) >>> 0);
      if (found === FREE) continue;
      if (owner < 0) owner = found;
      stretches.push([starts[at]!, at + length < tokens ? starts[at + length]! : units]);
      break;
    }
  }
  return owner < 0 ? null : { owner, stretches: merged(stretches) };
}

function ownerOf({ slots }: OverlapTable, a: number, b: number): number {
  const mask = slots.length / 3 - 1;
  let slot = a & mask;
  while (slots[3 * slot + 2] !== FREE && !(slots[3 * slot] === a && slots[3 * slot + 1] === b)) slot = (slot + 1) & mask;
  return slots[3 * slot + 2]!;
}

/** Sum over a run, mixed; `out` is the base to the power of its length. */
function difference(sums: Int32Array, at: number, length: number, out: number): number {
  return mix((sums[at + length]! - Math.imul(sums[at]!, out)) | 0);
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
