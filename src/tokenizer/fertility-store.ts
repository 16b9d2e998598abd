/** How well the chosen tokenizers fit each channel: measured again when a tokenizer, the channels or the terms change. */
import { create } from 'zustand';
import type { FertilityPoint, FertilityReport } from '../contract/tokenizer';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { lab } from '../lab/lab';
import { DEFAULT_TERMS, parseTerms } from './domain-terms';
import type { TokenizerChoice } from './refs';
import type { Side } from './store';

/** Held-out text that is measured of each channel. */
export const SAMPLE_BYTES = 100_000;

export interface MeasuredSide {
  key: string;
  name: string;
  report: FertilityReport | null;
  curve: FertilityPoint[] | null;
  error: ErrorRecord | null;
}

interface FertilityState {
  /** As typed. */
  terms: string;
  sides: Record<Side, MeasuredSide | null>;
  setTerms(terms: string): void;
  /** Measures one side; null empties it. */
  measure(side: Side, choice: TokenizerChoice | null, corpora: string[]): Promise<void>;
}

export const useFertility = create<FertilityState>()((set, get) => {
  const latest: Record<Side, number> = { a: 0, b: 0 };
  return {
    terms: DEFAULT_TERMS.join('\n'),
    sides: { a: null, b: null },
    setTerms: (terms) => set({ terms }),

    async measure(side, choice, corpora) {
      const asked = (latest[side] += 1);
      const write = (value: MeasuredSide | null) => {
        if (latest[side] === asked) set({ sides: { ...get().sides, [side]: value } });
      };
      if (choice === null) return write(null);
      const { key, ref, name } = choice;
      const before = get().sides[side];
      const known = before?.key === key ? before : null;
      let measured: MeasuredSide = { key, name, report: known?.report ?? null, curve: known?.curve ?? null, error: null };
      write(measured);
      try {
        measured = { ...measured, report: await lab.tokenizer.fertility(ref, corpora, parseTerms(get().terms), SAMPLE_BYTES) };
        write(measured);
        if (latest[side] !== asked) return;
        write({ ...measured, curve: await lab.tokenizer.fertilityCurve(ref, corpora, SAMPLE_BYTES) });
      } catch (error) {
        write({ ...measured, error: errorRecord(error) });
      }
    },
  };
});
