/** Counts the pre-tokens of weighted sources. */
import { utf8Length } from '../encode-documents';
import type { Turns } from '../turns';
import type { TrainingSource } from './types';

/**
 * Counts are whole numbers of 1/WEIGHT_UNIT, so that sums are exact in any order and equal counts stay equal whatever the
 * weights: ties decide the order of merges.
 */
export const WEIGHT_UNIT = 1024;

/** Gives each pre-token of a text to `visit`. */
export type Splitter = (text: string, visit: (word: string) => void) => void;

/** @returns weighted counts in units of 1/WEIGHT_UNIT, in the order of first appearance, and UTF-8 bytes read by source */
export async function countWords(
  sources: readonly TrainingSource[],
  split: Splitter,
  turns: Turns,
  onBytes: (bytes: number) => void,
): Promise<{ counts: Map<string, number>; bytes: number[] }> {
  const counts = new Map<string, number>();
  const bytes: number[] = [];
  let total = 0;
  for (const { texts, weight } of sources) {
    const unit = Math.round(weight * WEIGHT_UNIT);
    let read = 0;
    const visit = (word: string): void => void counts.set(word, (counts.get(word) ?? 0) + unit);
    for await (const text of unit > 0 ? texts : []) {
      split(text, visit);
      read += utf8Length(text);
      if (!turns.due()) continue;
      onBytes(total + read);
      await turns.take();
    }
    bytes.push(read);
    total += read;
  }
  onBytes(total);
  return { counts, bytes };
}
