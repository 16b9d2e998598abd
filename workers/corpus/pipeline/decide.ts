/** What happens to each row once all are measured. Every function writes into the filter log and looks only at rows still kept. */
import type { FilterLog } from '../../../src/core/corpus/filter-log';
import { dropReasons, type DropReason, type PipelineStage } from '../../../src/core/corpus/report';
import type { PipelineChannel } from '../../../src/core/corpus/row';
import { qualityRules, type PipelineSettings } from '../../../src/core/corpus/settings';
import { worstRule } from '../../../src/core/corpus/quality';
import type { TermDensity } from './terms';
import { draw } from './hash';
import { heldOutDraw } from './measure';
import type { RowFacts } from './measured-rows';
import type { Clusters } from './minhash-dedup';

export class Decisions {
  /** Draw at or below which a row is held out, by channel. */
  private readonly limits: number[];

  constructor(
    readonly filterLog: FilterLog,
    private readonly facts: RowFacts,
    private readonly channels: readonly PipelineChannel[],
    private readonly settings: PipelineSettings,
  ) {
    this.limits = this.heldOutLimits();
  }

  kept(row: number): boolean {
    return this.filterLog.dropped[row] === 0;
  }

  given(row: number): boolean {
    return this.facts.given[row] === 1;
  }

  /** A model labelled it: it may be trained on and never measured by. */
  private pseudo(row: number): boolean {
    return this.facts.given[row] === 2;
  }

  keptTrain(row: number): boolean {
    return this.kept(row) && this.filterLog.heldOut[row] === 0;
  }

  drop(row: number, stage: PipelineStage, reason: DropReason, other?: number): void {
    const code = dropReasons.findIndex((known) => known.stage === stage && known.reason === reason) + 1;
    this.filterLog.dropped[row] = code;
    if (other !== undefined) this.filterLog.other[row] = other;
  }

  dropEmpty(): void {
    this.each((row) => {
      if (this.filterLog.bytes[row] === 0) this.drop(row, 'normalise', 'empty');
    });
  }

  /** Rows compared with one another: all, or those of a channel. */
  group(scope: 'within' | 'across'): (row: number) => number {
    return scope === 'across' ? () => 0 : (row) => this.filterLog.channel[row]!;
  }

  /** Of rows with the same text one stays. Open addressing over the texts' hashes. */
  dropExactDuplicates(): void {
    const { filterLog, facts } = this;
    const { enabled, scope } = this.settings.exactDedup;
    if (!enabled) return;
    const group = this.group(scope);
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, 2 * filterLog.rows)));
    const slots = new Uint32Array(size);
    this.each((row) => {
      let slot = (facts.low[row]! ^ Math.imul(group(row), 0x9e3779b9)) & (size - 1);
      for (; slots[slot] !== 0; slot = (slot + 1) & (size - 1)) {
        const other = slots[slot]! - 1;
        if (facts.low[other] !== facts.low[row] || facts.high[other] !== facts.high[row] || group(other) !== group(row)) continue;
        const stays = this.better(row, other, 'first') ? row : other;
        slots[slot] = stays + 1;
        const goes = stays === row ? other : row;
        filterLog.clusterSize[stays]! += filterLog.clusterSize[goes]!;
        this.drop(goes, 'exactDedup', 'same-text', stays);
        return;
      }
      slots[slot] = row + 1;
    });
    this.followDropped();
  }

  /** Of each cluster one row stays, and every given held-out row. */
  dropNearDuplicates(clusters: Clusters): void {
    const { filterLog, settings } = this;
    const best = new Map<number, number>();
    const members: number[] = [];
    this.each((row) => {
      const root = clusters.find(row);
      const so = best.get(root);
      if (so === undefined) best.set(root, row);
      else {
        members.push(row);
        if (this.better(row, so, settings.minhashDedup.keep)) best.set(root, row);
      }
    });
    const size = new Map<number, number>();
    const clustered = new Set(members.map((row) => clusters.find(row)));
    const rows: number[] = [];
    this.each((row) => {
      const root = clusters.find(row);
      if (!clustered.has(root)) return;
      rows.push(row);
      size.set(root, (size.get(root) ?? 0) + filterLog.clusterSize[row]!);
    });
    for (const row of rows) {
      const root = clusters.find(row);
      const stays = best.get(root)!;
      filterLog.cluster[row] = stays;
      filterLog.clusterSize[row] = size.get(root)!;
      if (row !== stays && !this.given(row)) this.drop(row, 'minhashDedup', 'near-duplicate', stays);
    }
    this.followDropped();
  }

  dropUnfit(): void {
    const { filterLog, settings } = this;
    this.each((row) => {
      if (this.given(row)) return;
      if (this.lowQuality(row)) {
        const worst = worstRule(filterLog.rules, row * qualityRules.length, settings.quality.weights);
        this.drop(row, 'quality', qualityRules[worst]!);
      } else if (this.wrongLanguage(row)) this.drop(row, 'language', 'other-language');
      else if (this.lowTermDensity(row)) this.drop(row, 'terms', 'few-terms');
    });
  }

  /**
   * Held-out rows: those given; in channels without, those whose draw is below the share, as many as are allowed. Where that leaves a channel of several rows
   * with no row on one side, the row nearest to it goes there.
   */
  split(drawn: ReadonlySet<number>): void {
    const { filterLog, settings } = this;
    const { share, enabled } = settings.split;
    const nearest = this.channels.map(() => ({ rows: 0, held: 0, lowest: -1, highest: -1 }));
    this.each((row) => {
      const channel = filterLog.channel[row]!;
      if (this.given(row)) filterLog.heldOut[row] = 1;
      if (!enabled || !drawn.has(channel) || this.pseudo(row)) return;
      const seen = nearest[channel]!;
      seen.rows++;
      if (this.isDrawn(row)) {
        filterLog.heldOut[row] = 1;
        seen.held++;
      }
      if (seen.lowest < 0 || this.heldOutDraw(row) < this.heldOutDraw(seen.lowest)) seen.lowest = row;
      if (seen.highest < 0 || this.heldOutDraw(row) > this.heldOutDraw(seen.highest)) seen.highest = row;
    });
    if (share === 0) return;
    for (const { rows, held, lowest, highest } of nearest) {
      if (rows < 2) continue;
      if (held === 0) filterLog.heldOut[lowest] = 1;
      if (held === rows) filterLog.heldOut[highest] = 0;
    }
  }

  /** True where the row's draw makes it a held-out one. */
  isDrawn(row: number): boolean {
    return !this.pseudo(row) && this.heldOutDraw(row) <= this.limits[this.filterLog.channel[row]!]!;
  }

  private heldOutDraw(row: number): number {
    return heldOutDraw(this.settings.seed, this.facts.low[row]!, this.facts.high[row]!);
  }

  /** The share of the split, or less where a channel would have more than `most` rows below it. */
  private heldOutLimits(): number[] {
    const { share, most } = this.settings.split;
    return this.byChannel((row) => !this.pseudo(row) && this.heldOutDraw(row) < share).map((rows) => {
      if (rows.length <= most) return share;
      return Float64Array.from(rows, (row) => this.heldOutDraw(row)).sort()[most - 1]!;
    });
  }

  /** Keeps the densest share of each channel's train rows, ranked over all channels that take part alike. */
  select(density: TermDensity): void {
    const { filterLog, settings } = this;
    const { enabled, of, keep } = settings.select;
    if (!enabled) return;
    const takesPart = (row: number) => this.keptTrain(row) && (of === 'all' || this.role(row) === 'general');
    density.score(filterLog.density, filterLog.words, takesPart, settings.select);
    for (const rows of this.byChannel(takesPart)) {
      rows.sort((a, b) => filterLog.density[b]! - filterLog.density[a]! || a - b);
      for (const row of rows.slice(Math.ceil(keep * rows.length))) this.drop(row, 'select', 'less-dense');
    }
  }

  /** General train rows down to `ratio` times the domain's bytes, each channel in proportion to what it has. */
  sample(): void {
    const { filterLog, facts, settings } = this;
    const { enabled, ratio } = settings.sample;
    if (!enabled) return;
    let domain = 0;
    let general = 0;
    this.each((row) => {
      if (filterLog.heldOut[row]) return;
      if (this.role(row) === 'domain') domain += filterLog.bytes[row]!;
      else general += filterLog.bytes[row]!;
    });
    if (domain === 0 || general <= ratio * domain) return;
    for (const rows of this.byChannel((row) => this.keptTrain(row) && this.role(row) === 'general')) {
      const bytes = rows.reduce((sum, row) => sum + filterLog.bytes[row]!, 0);
      const target = (bytes / general) * ratio * domain;
      const draws = new Map(rows.map((row) => [row, draw(settings.seed ^ 0x3a4d, facts.low[row]!, facts.high[row]!)]));
      rows.sort((a, b) => draws.get(a)! - draws.get(b)! || a - b);
      let taken = 0;
      for (const row of rows) {
        if (taken + filterLog.bytes[row]! <= target) taken += filterLog.bytes[row]!;
        else this.drop(row, 'sample', 'not-drawn');
      }
    }
  }

  /**
   * Position, from 0, of every kept row in its channel and split.
   * @param difficulty higher is harder; null: half the rank by length, half the rank by term density
   */
  positions(difficulty: Float32Array | null): Uint32Array {
    const { filterLog, facts, settings } = this;
    const positions = new Uint32Array(filterLog.rows);
    for (const heldOut of [0, 1])
      for (const rows of this.byChannel((row) => this.kept(row) && filterLog.heldOut[row] === heldOut)) {
        if (heldOut === 0 && settings.order.kind === 'shuffled') {
          const draws = new Map(rows.map((row) => [row, draw(settings.seed ^ 0x7c15, facts.low[row]!, facts.high[row]!)]));
          rows.sort((a, b) => draws.get(a)! - draws.get(b)! || a - b);
        }
        if (heldOut === 0 && settings.order.kind === 'curriculum') {
          const hardness = difficulty ?? this.hardness(rows);
          rows.sort((a, b) => hardness[a]! - hardness[b]! || a - b);
        }
        rows.forEach((row, position) => (positions[row] = position));
      }
    return positions;
  }

  /** Kept rows by channel, rising. */
  byChannel(takesPart: (row: number) => boolean): number[][] {
    const rows: number[][] = this.channels.map(() => []);
    for (let row = 0; row < this.filterLog.rows; row++) if (takesPart(row)) rows[this.filterLog.channel[row]!]!.push(row);
    return rows;
  }

  private hardness(rows: readonly number[]): Float32Array {
    const { words, termDensity } = this.filterLog;
    const hardness = new Float32Array(this.filterLog.rows);
    for (const column of [words, termDensity]) {
      const ranked = [...rows].sort((a, b) => column[a]! - column[b]! || a - b);
      // Equal values share a rank.
      let rank = 0;
      ranked.forEach((row, at) => {
        if (at > 0 && column[row] !== column[ranked[at - 1]!]) rank = at;
        hardness[row]! += rank / (2 * rows.length);
      });
    }
    return hardness;
  }

  /** Which of two equals stays: what was given, then what passes the later stages, then the domain's, then what a person labelled, then the better, then the first. */
  private better(row: number, other: number, keep: 'best' | 'first'): boolean {
    const { score } = this.filterLog;
    const rank = (of: number) =>
      (this.given(of) ? 4 : 0) + (this.passes(of) ? 2 : 0) + (this.role(of) === 'domain' ? 1 : 0) + (this.pseudo(of) ? 0 : 0.5);
    if (this.given(row) !== this.given(other)) return this.given(row);
    if (keep === 'best' || this.filterLog.channel[row] !== this.filterLog.channel[other]) {
      if (rank(row) !== rank(other)) return rank(row) > rank(other);
      if (keep === 'best' && score[row] !== score[other]) return score[row]! > score[other]!;
    }
    return row < other;
  }

  private passes(row: number): boolean {
    return !this.lowQuality(row) && !this.wrongLanguage(row) && !this.lowTermDensity(row);
  }

  private lowQuality(row: number): boolean {
    const { enabled, thresholds } = this.settings.quality;
    // The column holds 32-bit numbers: 0.7 is 0.699999988 there.
    return enabled && this.filterLog.score[row]! < thresholds[this.role(row)] - 1e-6;
  }

  private wrongLanguage(row: number): boolean {
    return this.settings.language.enabled && this.facts.foreign[row] === 1;
  }

  private lowTermDensity(row: number): boolean {
    const { enabled, least } = this.settings.terms;
    return enabled && this.role(row) === 'domain' && this.filterLog.termDensity[row]! < least;
  }

  private role(row: number): PipelineChannel['role'] {
    return this.channels[this.filterLog.channel[row]!]!.role;
  }

  /** Rows that were dropped for another follow it when that one goes for a third. */
  private followDropped(): void {
    const { filterLog } = this;
    for (let row = 0; row < filterLog.rows; row++) {
      const reason = dropReasons[filterLog.dropped[row]! - 1]?.reason;
      if (reason !== 'same-text' && reason !== 'near-duplicate') continue;
      let stays = filterLog.other[row]!;
      for (let next = dropReasons[filterLog.dropped[stays]! - 1]?.reason; next === 'same-text' || next === 'near-duplicate';) {
        stays = filterLog.other[stays]!;
        next = dropReasons[filterLog.dropped[stays]! - 1]?.reason;
      }
      filterLog.other[row] = stays;
      filterLog.cluster[row] = stays;
      filterLog.clusterSize[row] = filterLog.clusterSize[stays]!;
    }
  }

  private each(visit: (row: number) => void): void {
    for (let row = 0; row < this.filterLog.rows; row++) if (this.kept(row)) visit(row);
  }
}
