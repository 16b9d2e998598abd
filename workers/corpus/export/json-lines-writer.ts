/** Rows as JSON Lines: one object a line, in UTF-8. */
import type { PendingFile } from '../../storage/files';
import type { ExportRow } from './export-corpora';

export interface ExportWriter {
  write(rows: readonly ExportRow[]): Promise<void>;
  /** Writes what must come last; the file is committed by who began it. */
  finish(): Promise<void>;
}

/** UTF-16 units put together before they are written. */
const PIECE = 2 ** 20;

export function jsonLinesWriter(file: PendingFile): ExportWriter {
  const encoder = new TextEncoder();
  return {
    async write(rows) {
      let piece = '';
      for (const { text, channel, source, score } of rows) {
        piece += `${JSON.stringify({ text, channel, source, score: rounded(score) })}\n`;
        if (piece.length < PIECE) continue;
        await file.write(encoder.encode(piece));
        piece = '';
      }
      if (piece !== '') await file.write(encoder.encode(piece));
    },
    finish: () => Promise.resolve(),
  };
}

/** Scores are stored as Float32: more digits than these would be noise. */
export function rounded(score: number | null): number | null {
  return score === null || Number.isNaN(score) ? null : Number(score.toFixed(4));
}
