/** What the measures of stability are asked for, and what the last one of robustness read. */
import { create } from 'zustand';
import type { ComparedChannel } from '../summary';

interface StabilityState {
  /** Rows per channel, seen and as many unseen. */
  rows: number;
  /** What the shown robustness was measured on. */
  read: { channels: ComparedChannel[]; documents: number } | null;
  setRows(rows: number): void;
}

export const useStability = create<StabilityState>()((set) => ({
  rows: 16,
  read: null,
  setRows: (rows) => set({ rows }),
}));
