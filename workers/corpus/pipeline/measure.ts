/** What is measured of each row on its own, in whatever thread: plain columns of numbers, the same for any division of the rows. */
import { findPii } from '../../../src/core/corpus/pii';
import { judge } from '../../../src/core/corpus/quality';
import type { PipelineChannel } from '../../../src/core/corpus/row';
import { piiKinds, qualityRules, type PipelineSettings } from '../../../src/core/corpus/settings';
import { DIGIT, SYMBOL, Scanner } from './scan';
import { draw } from './hash';
import { languageOf, languages, loadDetector } from './language';
import { bandsFor } from './minhash-dedup';
import { passagesToCut, withoutPassages, normalise } from './clean';
import { emptyTable, findOverlaps, runsOf, type Overlaps, type OverlapTable, type TextRuns } from './overlap';
import { Shingler, SIGNATURE } from './shingles';
import { TermMatcher } from './terms';

export interface MeasureTask {
  channels: readonly PipelineChannel[];
  settings: PipelineSettings;
}

/** Rows of one stretch of the stream. */
export interface RowBatch {
  texts: string[];
  /** Index of the channel; 1 for given held-out rows, 2 for rows that a model labelled, which are never held out. */
  channels: Uint8Array;
  given: Uint8Array;
}

/** Steps whose time is taken. */
export const measuredSteps = ['normalise', 'scan', 'near-duplicates', 'language', 'terms', 'personal data', 'held-out runs'] as const;

export interface MeasuredBatch {
  low: Uint32Array;
  high: Uint32Array;
  bytes: Uint32Array;
  words: Float32Array;
  language: Uint8Array;
  score: Float32Array;
  rules: Float32Array;
  termDensity: Float32Array;
  pii: Uint16Array;
  /** 1 where the row is in another language than its channel's. */
  foreign: Uint8Array;
  signatures: Uint8Array;
  bands: Uint32Array;
  /** Row of the batch, index of a term, occurrences, and so on; empty unless selection is on. */
  terms: Uint32Array;
  /** Of rows that may become held-out ones, by their number in the batch. */
  runs: { row: number; runs: TextRuns }[];
  /** Seconds, by `measuredSteps`. */
  seconds: Float64Array;
}

/** A train row that overlaps with held-out text or a probe. */
export interface FoundOverlap {
  /** Number of the row it overlaps with, or PROBE. */
  owner: number;
  /** First unit of the overlap. */
  at: number;
  /** Passages to cut, or null when the row is to be dropped; bytes that are left. */
  cuts: Uint32Array | null;
  bytes: number;
}

/** Draw of a text, uniform in [0, 1): the text is held out when its draw is below the share of the split. */
export function heldOutDraw(seed: number, low: number, high: number): number {
  return draw(seed ^ 0x5b11, low, high);
}

export class RowMeasurer {
  private readonly scanner = new Scanner();
  private readonly shingler = new Shingler();
  private readonly terms: TermMatcher;
  private readonly bands: { count: number; rows: number };
  private table: OverlapTable = emptyTable;

  private constructor(private readonly task: MeasureTask) {
    this.terms = new TermMatcher(Object.values(task.settings.terms.lists).flat());
    this.bands = bandsFor(task.settings.minhashDedup.threshold);
  }

  static async open(task: MeasureTask): Promise<RowMeasurer> {
    if (task.settings.language.enabled) await loadDetector();
    return new RowMeasurer(task);
  }

  measure({ texts, channels, given }: RowBatch): MeasuredBatch {
    const { settings } = this.task;
    const { scanner, shingler, bands } = this;
    const rows = texts.length;
    const near = settings.minhashDedup.enabled;
    const measured: MeasuredBatch = {
      low: new Uint32Array(rows),
      high: new Uint32Array(rows),
      bytes: new Uint32Array(rows),
      words: new Float32Array(rows),
      language: new Uint8Array(rows),
      score: new Float32Array(rows),
      rules: new Float32Array(rows * qualityRules.length),
      termDensity: new Float32Array(rows),
      pii: new Uint16Array(rows * piiKinds.length),
      foreign: new Uint8Array(rows),
      signatures: new Uint8Array(near ? rows * SIGNATURE : 0),
      bands: new Uint32Array(near ? rows * bands.count : 0),
      terms: new Uint32Array(0),
      runs: [],
      seconds: new Float64Array(measuredSteps.length),
    };
    const terms: number[] = [];
    const clock = new StepClock(measured.seconds);
    for (let row = 0; row < rows; row++) {
      const channel = this.task.channels[channels[row]!]!;
      clock.start();
      const text = this.clean(texts[row]!);
      clock.lap(0);
      scanner.scan(text);
      measured.low[row] = scanner.low;
      measured.high[row] = scanner.high;
      measured.bytes[row] = scanner.bytes;
      measured.words[row] = scanner.words;
      clock.lap(1);
      if (near)
        shingler.sign(
          scanner,
          measured.signatures.subarray(row * SIGNATURE, (row + 1) * SIGNATURE),
          measured.bands.subarray(row * bands.count, (row + 1) * bands.count),
          bands.rows,
        );
      else shingler.count(scanner);
      clock.lap(2);
      const language = settings.language.enabled ? languageOf(text, scanner, channel.language) : 0;
      measured.language[row] = language;
      const foreign = channel.language !== null && language !== 0 && languages[language] !== channel.language;
      measured.foreign[row] = foreign ? 1 : 0;
      clock.lap(3);
      const density = this.termsOf(row, terms);
      measured.termDensity[row] = density;
      clock.lap(4);
      for (const { kind } of findPii(text)) {
        const at = row * piiKinds.length + piiKinds.indexOf(kind);
        measured.pii[at] = Math.min(65535, measured.pii[at]! + 1);
      }
      clock.lap(5);
      const rules = measured.rules.subarray(row * qualityRules.length, (row + 1) * qualityRules.length);
      measured.score[row] = judge(
        {
          words: scanner.words,
          repeatedLines: scanner.repeatedLines,
          repeatedPhrases: shingler.total === 0 ? 0 : 1 - shingler.distinct / shingler.total,
          symbols: scanner.share(SYMBOL),
          digits: scanner.share(DIGIT),
          code: languages[language] === 'code' || channel.language === 'code',
          languageFits: !foreign,
          terms: channel.role === 'domain' && settings.terms.enabled ? density : null,
        },
        settings,
        rules,
      );
      const mayBeHeldOut =
        given[row] === 1 ||
        (given[row] === 0 && settings.split.enabled && heldOutDraw(settings.seed, scanner.low, scanner.high) < settings.split.share);
      const runs = settings.decontaminate.enabled && mayBeHeldOut ? runsOf(scanner, settings.decontaminate.tokens) : null;
      if (runs) measured.runs.push({ row, runs });
      clock.lap(6);
    }
    measured.terms = Uint32Array.from(terms);
    return measured;
  }

  /** Sets of 5-grams, for an exact comparison. */
  shingles(texts: readonly string[]): Uint32Array[] {
    return texts.map((text) => {
      this.scanner.scan(this.clean(text));
      return this.shingler.list(this.scanner);
    });
  }

  runs(texts: readonly string[]): (TextRuns | null)[] {
    return texts.map((text) => {
      this.scanner.scan(this.clean(text));
      return runsOf(this.scanner, this.task.settings.decontaminate.tokens);
    });
  }

  lookFor(table: OverlapTable): void {
    this.table = table;
  }

  overlaps(texts: readonly string[]): (FoundOverlap | null)[] {
    return texts.map((raw) => {
      const text = this.clean(raw);
      const found = this.overlapsOf(text);
      if (!found) return null;
      const { owner, stretches } = found;
      const cuts = this.task.settings.decontaminate.passages === 'cut' ? passagesToCut(text, stretches) : null;
      // What a cut brings together may be a run of the table too.
      const left = cuts && withoutPassages(text, cuts);
      if (left === null || this.overlapsOf(left)) return { owner, at: stretches[0]![0], cuts: null, bytes: 0 };
      return { owner, at: stretches[0]![0], cuts, bytes: new TextEncoder().encode(left).length };
    });
  }

  private overlapsOf(text: string): Overlaps | null {
    this.scanner.scan(text);
    return findOverlaps(this.scanner, this.table, text.length);
  }

  private clean(text: string): string {
    return this.task.settings.normalise.enabled ? normalise(text) : text;
  }

  /** Share of the words in terms; notes the counts for selection. */
  private termsOf(row: number, noted: number[]): number {
    const { settings } = this.task;
    if (!settings.terms.enabled && !settings.select.enabled) return 0;
    const { words, counts } = this.terms.find(this.scanner);
    if (settings.select.enabled) for (let at = 0; at < counts.length; at += 2) noted.push(row, counts[at]!, counts[at + 1]!);
    return words / Math.max(1, this.scanner.words);
  }
}

/** Adds the time since the last lap to a step. */
class StepClock {
  private last = 0;

  constructor(private readonly seconds: Float64Array) {}

  start(): void {
    this.last = performance.now();
  }

  lap(step: number): void {
    const now = performance.now();
    this.seconds[step]! += (now - this.last) / 1000;
    this.last = now;
  }
}
