/**
 * Metric rows as numbers side by side, a fixed width a row: what a feed's message carries, and how a worker keeps a whole run.
 * Eight columns, then loss and token count of each channel in the recipe's order. NaN stands for null and for an absent field, and the largest
 * number for a loss that was NaN.
 */
import type { MetricRow, NotFinite } from './types';

const CODES: Record<NotFinite, number> = { NaN: Number.MAX_VALUE, Infinity: Infinity, '-Infinity': -Infinity };
const names = new Map(Object.entries(CODES).map(([name, code]) => [code, name as NotFinite]));

const FIXED = 8;

/** Numbers of a row. */
export const rowWidth = (channels: number): number => FIXED + 2 * channels;

function packRow(row: MetricRow, channels: readonly string[]): number[] {
  const { step, lr, gradNorm, stepMs, tokens, total, lossScale, skippedSteps, notFinite } = row;
  const loss = (id: string, value: number | null | undefined) => value ?? (notFinite?.[id] ? CODES[notFinite[id]] : NaN);
  return [step, lr, gradNorm ?? NaN, stepMs, tokens, loss('total', total), lossScale ?? NaN, skippedSteps ?? NaN].concat(
    channels.flatMap((id) => [loss(id, row.loss[id]), row.count[id] ?? 0]),
  );
}

/** @param packed whole rows */
export function unpackRows(packed: Float64Array, channels: readonly string[]): MetricRow[] {
  const width = rowWidth(channels.length);
  const known = (value: number) => (Number.isNaN(value) || names.has(value) ? null : value);
  return Array.from({ length: packed.length / width }, (_, at) => {
    const [step, lr, gradNorm, stepMs, tokens, total, lossScale, skippedSteps, ...own] = packed.subarray(at * width, (at + 1) * width);
    const losses: [string, number][] = [['total', total!], ...channels.map((id, channel): [string, number] => [id, own[2 * channel]!])];
    const broken = losses.flatMap(([id, value]): [string, NotFinite][] => (names.has(value) ? [[id, names.get(value)!]] : []));
    return {
      step: step!,
      lr: lr!,
      gradNorm: known(gradNorm!),
      stepMs: stepMs!,
      tokens: tokens!,
      loss: Object.fromEntries(channels.map((id, channel) => [id, known(own[2 * channel]!)])),
      count: Object.fromEntries(channels.map((id, channel) => [id, own[2 * channel + 1]!])),
      total: known(total!),
      ...(broken.length > 0 ? { notFinite: Object.fromEntries(broken) } : {}),
      ...(Number.isNaN(lossScale!) ? {} : { lossScale: lossScale! }),
      ...(Number.isNaN(skippedSteps!) ? {} : { skippedSteps: skippedSteps! }),
    };
  });
}

/** A packed row where it lies, for who reads many: numbers as they are packed, NaN for what is not known. */
export interface PackedRow {
  step: number;
  lr: number;
  gradNorm: number;
  stepMs: number;
  tokens: number;
  lossScale: number;
  /** Of all channels, and of the `channel`-th in the recipe's order; null where nothing was logged, NaN or infinite where that was. */
  total: number | null;
  loss(channel: number): number | null;
  count(channel: number): number;
}

/** Visits rows one after another without making objects of them: the row that is given is the same each time. */
export function eachRow(packed: Float64Array, channels: number, visit: (row: PackedRow) => void): void {
  const width = rowWidth(channels);
  const unpacked = (value: number): number | null => (Number.isNaN(value) ? null : value === CODES.NaN ? NaN : value);
  let start = 0;
  const row: PackedRow = {
    ...{ step: 0, lr: 0, gradNorm: NaN, stepMs: 0, tokens: 0, lossScale: NaN, total: null },
    loss: (channel) => unpacked(packed[start + FIXED + 2 * channel]!),
    count: (channel) => packed[start + FIXED + 2 * channel + 1]!,
  };
  for (; start < packed.length; start += width) {
    row.step = packed[start]!;
    row.lr = packed[start + 1]!;
    row.gradNorm = packed[start + 2]!;
    row.stepMs = packed[start + 3]!;
    row.tokens = packed[start + 4]!;
    row.total = unpacked(packed[start + 5]!);
    row.lossScale = packed[start + 6]!;
    visit(row);
  }
}

/** A table that rows are added to; the buffer doubles when it is full. */
export class MetricTable {
  private numbers = new Float64Array(0);
  private rows = 0;
  private readonly width: number;

  /** @param channels ids in the recipe's order */
  constructor(private readonly channels: readonly string[]) {
    this.width = rowWidth(channels.length);
  }

  get length(): number {
    return this.rows;
  }

  push(row: MetricRow): void {
    const start = this.rows * this.width;
    if (start === this.numbers.length) {
      const larger = new Float64Array(Math.max(64 * this.width, 2 * start));
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers.set(packRow(row, this.channels), start);
    this.rows += 1;
  }

  /** A copy of the rows from the `start`-th on, packed. */
  from(start: number): Float64Array {
    return this.numbers.slice(start * this.width, this.rows * this.width);
  }
}
