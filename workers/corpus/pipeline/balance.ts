/** Parts of a channel brought to given shares of its bytes, and what text is worth that stands in training several times. */
import type { BalanceReport } from '../../../src/core/corpus/report';
import type { PipelineChannel } from '../../../src/core/corpus/row';
import type { PipelineSettings } from '../../../src/core/corpus/settings';
import type { Decisions } from './decide';
import { draw } from './hash';
import type { RowFacts } from './measured-rows';
import type { PipelineOptions } from './passes';

/** Repetitions after which a repeated token is worth 1/e of a new one (Muennighoff et al., arXiv 2305.16264). */
const R_STAR = 15.39;

/**
 * What so much text is worth when it is read so often, in the unit of `unique`: U + U·R*·(1 − e^(−R/R*)), R = epochs − 1
 * (Muennighoff et al., arXiv 2305.16264).
 * @param epochs at least 1
 */
export function worthOfRepeats(unique: number, epochs: number): number {
  return unique * (1 + R_STAR * (1 - Math.exp(-(epochs - 1) / R_STAR)));
}

/** How often each part is read, so that all together stay as many bytes as they are and have the shares asked for. */
interface BalancedPart {
  key: string;
  bytes: number;
  /** Share asked for, of what the parts with shares have together. */
  share: number;
  /** Below 1 some of it is left out; above 1 it is repeated. */
  times: number;
}

/**
 * @param parts with what they have
 * @param shares asked for, by part; they need not sum to 1, and parts without one are left as they are
 * @param most how often a row is read at most: a part that would need more ends below its share
 */
export function balancedParts(
  parts: readonly { key: string; bytes: number }[],
  shares: Readonly<Record<string, number>>,
  most: number,
): BalancedPart[] {
  const asked = parts.filter(({ key, bytes }) => bytes > 0 && Object.hasOwn(shares, key));
  const sum = asked.reduce((total, { key }) => total + shares[key]!, 0);
  if (sum <= 0) return [];
  const all = asked.reduce((total, { bytes }) => total + bytes, 0);
  return asked.map(({ key, bytes }) => {
    const share = shares[key]! / sum;
    return { key, bytes, share, times: Math.min(most, (share * all) / bytes) };
  });
}

/**
 * Parts of channels to their shares: of one that has too much, rows are left out by a seeded hash; of one that has too little, all are
 * repeated as often as it takes, and some of them, by the same hash, once more.
 * @returns by channel what became of its parts, and how often each row stands in train
 */
export function balance(
  decisions: Decisions,
  facts: RowFacts,
  channels: readonly PipelineChannel[],
  settings: PipelineSettings,
  sources: NonNullable<PipelineOptions['sources']>,
): { parts: (BalanceReport[] | undefined)[]; times: Uint8Array } {
  const { filterLog } = decisions;
  const { enabled, by, shares, most } = settings.balance;
  const times = new Uint8Array(filterLog.rows).fill(1);
  const partOf = by === 'language' ? (row: number) => filterLog.languages[filterLog.language[row]!]! : sourceOf(sources);
  const parts = decisions
    .byChannel((row) => enabled && decisions.keptTrain(row))
    .map((rows, channel) => {
      const groups = new Map<string, number[]>();
      for (const row of rows) {
        const key = partOf(row);
        const group = groups.get(key);
        if (group) group.push(row);
        else groups.set(key, [row]);
      }
      const bytesOf = (some: readonly number[]) => some.reduce((sum, row) => sum + filterLog.bytes[row]!, 0);
      const sized = [...groups].map(([key, some]) => ({ key, bytes: bytesOf(some) }));
      const balanced = balancedParts(sized, shares[channels[channel]!.id] ?? {}, most);
      if (balanced.length === 0) return undefined;
      return balanced.map(({ key, bytes, share, times: often }): BalanceReport => {
        const group = groups.get(key)!;
        const whole = Math.floor(often);
        const draws = new Map(group.map((row) => [row, draw(settings.seed ^ 0x1f83, facts.low[row]!, facts.high[row]!)]));
        const drawn = [...group].sort((a, b) => draws.get(a)! - draws.get(b)! || a - b);
        let left = (often - whole) * bytes;
        const after = { rows: 0, bytes: 0 };
        let unique = 0;
        for (const row of drawn) {
          const size = filterLog.bytes[row]!;
          // To the nearest row, so that small parts come near their share too.
          const more = left >= size / 2;
          if (more) left -= size;
          times[row] = whole + (more ? 1 : 0);
          if (times[row] === 0) decisions.drop(row, 'balance', 'over-share');
          else unique += size;
          after.rows += times[row];
          after.bytes += times[row] * size;
        }
        const worth = unique === 0 ? 0 : worthOfRepeats(unique, Math.max(1, after.bytes / unique));
        return { part: key, before: { rows: group.length, bytes }, share, after, worth };
      });
    });
  return { parts, times };
}

/** The source of a row by its number; '' for rows of none. */
function sourceOf(sources: NonNullable<PipelineOptions['sources']>): (row: number) => string {
  return (row) => sources.find(({ firstRow, rows }) => row >= firstRow && row < firstRow + rows)?.id ?? '';
}
