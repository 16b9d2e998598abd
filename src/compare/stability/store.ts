/** What the measures of stability are asked for, and what the last one of robustness read. */
import { create } from 'zustand';
import type { ComparedChannel } from '../summary';

interface StabilityState {
  /** Rows per channel, seen and as many unseen. */
  rows: number;
  /** Documents per channel that noise is added to: each is read 13 times by each model. */
  documents: number;
  /** What the shown robustness was measured on. */
  read: { channels: ComparedChannel[]; documents: number } | null;
  setRows(rows: number): void;
  setDocuments(documents: number): void;
}

export const useStability = create<StabilityState>()((set) => ({
  rows: 16,
  documents: 8,
  read: null,
  setRows: (rows) => set({ rows }),
  setDocuments: (documents) => set({ documents }),
}));
