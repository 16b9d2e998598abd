/**
 * Runs of tokens (words, CJK characters) that held-out text and probes consist of, and their search in train rows: GPT-3's check for
 * contamination (Brown et al. 2020, appendix C) with 13 tokens. A text with fewer tokens, but 8, is looked for as a whole; shorter ones
 * stand everywhere. A run is known by 64 bits: two sums over its tokens that roll on from token to token.
 */
import { mix } from './hash';
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
  const keys = new Uint32Array(2 * (scanner.tokens - length + 1));
  let count = 0;
  eachRun(scanner, length, (a, b) => {
    keys[count++] = a;
    keys[count++] = b;
  });
  return { length, keys };
}

/** Flat and shareable between threads: what `findOverlaps` reads. */
export interface OverlapTable {
  /** Lengths of runs that are in the table. */
  lengths: number[];
  /** Two words of key and the owner, per slot; the owner is FREE where the slot is. */
  slots: Uint32Array;
  /** One bit for 16 to 32 times as many keys: most runs are found missing without a look at the slots, which lie far apart. */
  bits: Uint32Array;
}

export const emptyTable: OverlapTable = { lengths: [], slots: new Uint32Array(0), bits: new Uint32Array(0) };

export function overlapTable(texts: readonly { owner: number; runs: TextRuns }[]): OverlapTable {
  const runs = texts.reduce((sum, { runs: { keys } }) => sum + keys.length / 2, 0);
  const size = 2 ** Math.ceil(Math.log2(Math.max(32, 1.5 * runs)));
  const slots = shared(3 * size).fill(FREE);
  const bits = shared(size / 2);
  const lengths = new Set<number>();
  for (const { owner, runs } of texts) {
    lengths.add(runs.length);
    for (let at = 0; at < runs.keys.length; at += 2) {
      const [a, b] = [runs.keys[at]!, runs.keys[at + 1]!];
      const bit = b & (16 * size - 1);
      bits[bit >>> 5]! |= 1 << (bit & 31);
      let slot = a & (size - 1);
      while (slots[3 * slot + 2] !== FREE && !(slots[3 * slot] === a && slots[3 * slot + 1] === b)) slot = (slot + 1) & (size - 1);
      if (slots[3 * slot + 2] === FREE) slots.set([a, b, owner], 3 * slot);
    }
  }
  return { lengths: [...lengths].sort((a, b) => b - a), slots, bits };
}

export interface Overlaps {
  /** Number of the row that the first run stands in, or PROBE. */
  owner: number;
  /** Stretches of the text that consist of such runs: first unit and one past the last, rising. */
  stretches: [start: number, end: number][];
}

/** Where runs of the table stand in a scanned text; null for none. */
export function findOverlaps(scanner: Scanner, { lengths, slots, bits }: OverlapTable, units: number): Overlaps | null {
  const slotMask = slots.length / 3 - 1;
  const bitMask = 32 * bits.length - 1;
  const { starts, tokens } = scanner;
  let first: { owner: number; token: number } | null = null;
  const stretches: Overlaps['stretches'] = [];
  for (const length of lengths) {
    if (length > tokens) continue;
    eachRun(scanner, length, (a, b, token) => {
      const bit = b & bitMask;
      if ((bits[bit >>> 5]! & (1 << (bit & 31))) === 0) return;
      for (let slot = a & slotMask; slots[3 * slot + 2] !== FREE; slot = (slot + 1) & slotMask) {
        if (slots[3 * slot] !== a || slots[3 * slot + 1] !== b) continue;
        if (!first || token < first.token) first = { owner: slots[3 * slot + 2]!, token };
        const end = token + length < tokens ? starts[token + length]! : units;
        const last = stretches.at(-1);
        if (last && starts[token]! <= last[1] && starts[token]! >= last[0]) last[1] = Math.max(last[1], end);
        else stretches.push([starts[token]!, end]);
        return;
      }
    });
  }
  return first && { owner: (first as { owner: number }).owner, stretches: merged(stretches) };
}

/** Rising and apart. */
export function merged(stretches: readonly [number, number][]): [number, number][] {
  const result: [number, number][] = [];
  for (const [start, end] of [...stretches].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else result.push([start, end]);
  }
  return result;
}

/** Visits every run: both halves of its key, and its first token. */
function eachRun({ hashes, tokens }: Scanner, length: number, visit: (a: number, b: number, token: number) => void): void {
  let outA = 1;
  let outB = 1;
  for (let at = 0; at < length; at++) {
    outA = Math.imul(outA, BASE_A);
    outB = Math.imul(outB, BASE_B);
  }
  let a = 0;
  let b = 0;
  for (let at = 0; at < tokens; at++) {
    const hash = hashes[at]!;
    a = (Math.imul(a, BASE_A) + hash) | 0;
    b = (Math.imul(b, BASE_B) + other(hash)) | 0;
    if (at >= length) {
      const gone = hashes[at - length]!;
      a = (a - Math.imul(gone, outA)) | 0;
      b = (b - Math.imul(other(gone), outB)) | 0;
    }
    if (at >= length - 1) visit(mix(a ^ length), mix(b), at - length + 1);
  }
}

/** Another hash of the same token, so that the two sums have no bits in common. */
function other(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x7feb352d);
}

/** Shared between threads where the page is isolated, copied to each where it is not. */
function shared(length: number): Uint32Array {
  return new Uint32Array(typeof SharedArrayBuffer === 'undefined' ? new ArrayBuffer(4 * length) : new SharedArrayBuffer(4 * length));
}
