/** Measurements of all rows, gathered batch by batch: the filter log's columns, and what is needed until all is decided. */
import { Growing } from './growing';
import { NO_ROW, type FilterLog } from '../../../src/core/corpus/filter-log';
import type { PipelineChannel } from '../../../src/core/corpus/row';
import { TermDensity } from './terms';
import { languages } from './language';
import { measuredSteps, heldOutDraw, type MeasuredBatch } from './measure';
import type { Signatures } from './minhash-dedup';
import type { TextRuns } from './overlap';

export class MeasuredRows {
  readonly density = new TermDensity();
  /** Runs of tokens of rows that may become held-out ones: of those given, and of each channel the `most` with the lowest draws. */
  readonly runs = new Map<number, TextRuns>();
  private readonly drawn: { row: number; draw: number }[][] = [];
  readonly seconds = new Float64Array(measuredSteps.length);
  private readonly channel = new Growing(Uint8Array);
  private readonly given = new Growing(Uint8Array);
  private readonly foreign = new Growing(Uint8Array);
  private readonly low = new Growing(Uint32Array);
  private readonly high = new Growing(Uint32Array);
  private readonly bytes = new Growing(Uint32Array);
  private readonly words = new Growing(Float32Array);
  private readonly language = new Growing(Uint8Array);
  private readonly score = new Growing(Float32Array);
  private readonly rules = new Growing(Float32Array);
  private readonly termDensity = new Growing(Float32Array);
  private readonly pii = new Growing(Uint16Array);
  private readonly signatures = new Growing(Uint8Array);
  private readonly bands = new Growing(Uint32Array);

  constructor(
    private readonly seed: number,
    private readonly most: number,
  ) {}

  add(batch: MeasuredBatch, channels: Uint8Array, given: Uint8Array): void {
    const first = this.channel.length;
    this.channel.append(channels);
    this.given.append(given);
    this.foreign.append(batch.foreign);
    this.low.append(batch.low);
    this.high.append(batch.high);
    this.bytes.append(batch.bytes);
    this.words.append(batch.words);
    this.language.append(batch.language);
    this.score.append(batch.score);
    this.rules.append(batch.rules);
    this.termDensity.append(batch.termDensity);
    this.pii.append(batch.pii);
    this.signatures.append(batch.signatures);
    this.bands.append(batch.bands);
    for (let at = 0; at < batch.terms.length; at += 3)
      this.density.add(first + batch.terms[at]!, batch.terms[at + 1]!, batch.terms[at + 2]!);
    for (const { row, runs } of batch.runs) {
      this.runs.set(first + row, runs);
      if (given[row] === 0) this.noteDrawn(channels[row]!, first + row, heldOutDraw(this.seed, batch.low[row]!, batch.high[row]!));
    }
    batch.seconds.forEach((seconds, step) => (this.seconds[step]! += seconds));
  }

  /** Forgets the runs of rows that cannot become held-out ones any more. */
  private noteDrawn(channel: number, row: number, at: number): void {
    const drawn = (this.drawn[channel] ??= []);
    drawn.push({ row, draw: at });
    if (drawn.length <= 2 * this.most) return;
    drawn.sort((a, b) => a.draw - b.draw || a.row - b.row);
    for (const { row: gone } of drawn.splice(this.most)) this.runs.delete(gone);
  }

  /** All rows kept so far, none held out. */
  filterLog(channels: readonly PipelineChannel[]): FilterLog {
    const rows = this.channel.length;
    return {
      rows,
      channels: channels.map(({ id }) => id),
      languages,
      channel: this.channel.done(),
      bytes: this.bytes.done(),
      words: this.words.done(),
      language: this.language.done(),
      dropped: new Uint8Array(rows),
      heldOut: new Uint8Array(rows),
      score: this.score.done(),
      rules: this.rules.done(),
      termDensity: this.termDensity.done(),
      density: new Float32Array(rows),
      cluster: Uint32Array.from({ length: rows }, (_, row) => row),
      clusterSize: new Uint32Array(rows).fill(1),
      other: new Uint32Array(rows).fill(NO_ROW),
      cutBytes: new Uint32Array(rows),
      overlapAt: new Uint32Array(rows),
      pii: this.pii.done(),
    };
  }

  /** What only the decisions need. Like the others, for one call: the columns are handed over. */
  facts(): RowFacts {
    return { given: this.given.done(), foreign: this.foreign.done(), low: this.low.done(), high: this.high.done() };
  }

  signed(): Signatures {
    return { bytes: this.signatures.done(), bands: this.bands.done() };
  }
}

export interface RowFacts {
  /** 1 for held-out rows given by the person, 2 for rows that a model labelled. */
  given: Uint8Array;
  /** 1 for rows in another language than their channel's. */
  foreign: Uint8Array;
  /** The text's hash. */
  low: Uint32Array;
  high: Uint32Array;
}
