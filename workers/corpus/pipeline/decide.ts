/** What happens to each row once all are measured. Every function writes into the ledger and looks only at rows still kept. */
import type { PipelineLedger } from '../../../src/core/corpus/ledger';
import { dropReasons, type DropReason, type PipelineStage } from '../../../src/core/corpus/report';
import type { PipelineChannel } from '../../../src/core/corpus/row';
import { qualityRules, type PipelineSettings } from '../../../src/core/corpus/settings';
import { worstRule } from '../../../src/core/corpus/quality';
import type { TermDensity } from './density';
import { draw } from './hash';
import { place } from './measure';
import type { RowFacts } from './measured-rows';
import type { Clusters } from './near-duplicates';

export class Decisions {
  /** Place below or at which a row is held out, by channel. */
  private readonly limits: number[];

  constructor(
    readonly ledger: PipelineLedger,
    private readonly facts: RowFacts,
    private readonly channels: readonly PipelineChannel[],
    private readonly settings: PipelineSettings,
  ) {
    this.limits = this.heldOutLimits();
  }

  kept(row: number): boolean {
    return this.ledger.dropped[row] === 0;
  }

  given(row: number): boolean {
    return this.facts.given[row] === 1;
  }

  keptTrain(row: number): boolean {
    return this.kept(row) && this.ledger.heldOut[row] === 0;
  }

  drop(row: number, stage: PipelineStage, reason: DropReason, other?: number): void {
    const code = dropReasons.findIndex((known) => known.stage === stage && known.reason === reason) + 1;
    this.ledger.dropped[row] = code;
    if (other !== undefined) this.ledger.other[row] = other;
  }

  dropEmpty(): void {
    this.each((row) => {
      if (this.ledger.bytes[row] === 0) this.drop(row, 'normalise', 'empty');
    });
  }

  /** Rows compared with one another: all, or those of a channel. */
  group(scope: 'within' | 'across'): (row: number) => number {
    return scope === 'across' ? () => 0 : (row) => this.ledger.channel[row]!;
  }

  /** Of rows with the same text one stays. Open addressing over the texts' hashes. */
  dropSameText(): void {
    const { ledger, facts } = this;
    const { enabled, scope } = this.settings.exact;
    if (!enabled) return;
    const group = this.group(scope);
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, 2 * ledger.rows)));
    const slots = new Uint32Array(size);
    this.each((row) => {
      let slot = (facts.low[row]! ^ Math.imul(group(row), 0x9e3779b9)) & (size - 1);
      for (; slots[slot] !== 0; slot = (slot + 1) & (size - 1)) {
        const other = slots[slot]! - 1;
        if (facts.low[other] !== facts.low[row] || facts.high[other] !== facts.high[row] || group(other) !== group(row)) continue;
        const stays = this.better(row, other, 'first') ? row : other;
        slots[slot] = stays + 1;
        const goes = stays === row ? other : row;
        ledger.clusterSize[stays]! += ledger.clusterSize[goes]!;
        this.drop(goes, 'exact', 'same-text', stays);
        return;
      }
      slots[slot] = row + 1;
    });
    this.followDropped();
  }

  /** Of each cluster one row stays, and every given held-out row. */
  dropNearDuplicates(clusters: Clusters): void {
    const { ledger, settings } = this;
    const best = new Map<number, number>();
    const members: number[] = [];
    this.each((row) => {
      const root = clusters.find(row);
      const so = best.get(root);
      if (so === undefined) best.set(root, row);
      else {
        members.push(row);
        if (this.better(row, so, settings.near.keep)) best.set(root, row);
      }
    });
    const size = new Map<number, number>();
    const clustered = new Set(members.map((row) => clusters.find(row)));
    const rows: number[] = [];
    this.each((row) => {
      const root = clusters.find(row);
      if (!clustered.has(root)) return;
      rows.push(row);
      size.set(root, (size.get(root) ?? 0) + ledger.clusterSize[row]!);
    });
    for (const row of rows) {
      const root = clusters.find(row);
      const stays = best.get(root)!;
      ledger.cluster[row] = stays;
      ledger.clusterSize[row] = size.get(root)!;
      if (row !== stays && !this.given(row)) this.drop(row, 'near', 'near-duplicate', stays);
    }
    this.followDropped();
  }

  dropPoor(): void {
    const { ledger, settings } = this;
    this.each((row) => {
      if (this.given(row)) return;
      if (this.isPoor(row)) {
        const worst = worstRule(ledger.rules, row * qualityRules.length, settings.quality.weights);
        this.drop(row, 'quality', qualityRules[worst]!);
      } else if (this.isForeign(row)) this.drop(row, 'language', 'other-language');
      else if (this.isThin(row)) this.drop(row, 'terms', 'few-terms');
    });
  }

  /**
   * Held-out rows: those given; in channels without, those whose place is below the share, as many as are allowed. Where that leaves a channel of several rows
   * with no row on one side, the row nearest to it goes there.
   */
  split(drawn: ReadonlySet<number>): void {
    const { ledger, settings } = this;
    const { share, enabled } = settings.split;
    const nearest = this.channels.map(() => ({ rows: 0, held: 0, lowest: -1, highest: -1 }));
    this.each((row) => {
      const channel = ledger.channel[row]!;
      if (this.given(row)) ledger.heldOut[row] = 1;
      if (!enabled || !drawn.has(channel)) return;
      const seen = nearest[channel]!;
      seen.rows++;
      if (this.isDrawn(row)) {
        ledger.heldOut[row] = 1;
        seen.held++;
      }
      if (seen.lowest < 0 || this.place(row) < this.place(seen.lowest)) seen.lowest = row;
      if (seen.highest < 0 || this.place(row) > this.place(seen.highest)) seen.highest = row;
    });
    if (share === 0) return;
    for (const { rows, held, lowest, highest } of nearest) {
      if (rows < 2) continue;
      if (held === 0) ledger.heldOut[lowest] = 1;
      if (held === rows) ledger.heldOut[highest] = 0;
    }
  }

  /** True where the row's place makes it a held-out one. */
  isDrawn(row: number): boolean {
    return this.place(row) <= this.limits[this.ledger.channel[row]!]!;
  }

  private place(row: number): number {
    return place(this.settings.seed, this.facts.low[row]!, this.facts.high[row]!);
  }

  /** The share of the split, or less where a channel would have more than `most` rows below it. */
  private heldOutLimits(): number[] {
    const { share, most } = this.settings.split;
    return this.byChannel((row) => this.place(row) < share).map((rows) => {
      if (rows.length <= most) return share;
      return Float64Array.from(rows, (row) => this.place(row)).sort()[most - 1]!;
    });
  }

  /** Keeps the densest share of each channel's train rows, ranked over all channels that take part alike. */
  select(density: TermDensity): void {
    const { ledger, settings } = this;
    const { enabled, of, keep } = settings.select;
    if (!enabled) return;
    const takesPart = (row: number) => this.keptTrain(row) && (of === 'all' || this.role(row) === 'general');
    density.score(ledger.density, ledger.words, takesPart, settings.select);
    for (const rows of this.byChannel(takesPart)) {
      rows.sort((a, b) => ledger.density[b]! - ledger.density[a]! || a - b);
      for (const row of rows.slice(Math.ceil(keep * rows.length))) this.drop(row, 'select', 'less-dense');
    }
  }

  /** General train rows down to `ratio` times the domain's bytes, each channel in proportion to what it has. */
  sample(): void {
    const { ledger, facts, settings } = this;
    const { enabled, ratio } = settings.sample;
    if (!enabled) return;
    let domain = 0;
    let general = 0;
    this.each((row) => {
      if (ledger.heldOut[row]) return;
      if (this.role(row) === 'domain') domain += ledger.bytes[row]!;
      else general += ledger.bytes[row]!;
    });
    if (domain === 0 || general <= ratio * domain) return;
    for (const rows of this.byChannel((row) => this.keptTrain(row) && this.role(row) === 'general')) {
      const bytes = rows.reduce((sum, row) => sum + ledger.bytes[row]!, 0);
      const target = (bytes / general) * ratio * domain;
      const places = new Map(rows.map((row) => [row, draw(settings.seed ^ 0x3a4d, facts.low[row]!, facts.high[row]!)]));
      rows.sort((a, b) => places.get(a)! - places.get(b)! || a - b);
      let taken = 0;
      for (const row of rows) {
        if (taken + ledger.bytes[row]! <= target) taken += ledger.bytes[row]!;
        else this.drop(row, 'sample', 'not-drawn');
      }
    }
  }

  /**
   * Place of every kept row in its channel and split.
   * @param difficulty higher is harder; null: half the rank by length, half the rank by term density
   */
  positions(difficulty: Float32Array | null): Uint32Array {
    const { ledger, facts, settings } = this;
    const positions = new Uint32Array(ledger.rows);
    for (const heldOut of [0, 1])
      for (const rows of this.byChannel((row) => this.kept(row) && ledger.heldOut[row] === heldOut)) {
        if (heldOut === 0 && settings.order.kind === 'shuffled') {
          const places = new Map(rows.map((row) => [row, draw(settings.seed ^ 0x7c15, facts.low[row]!, facts.high[row]!)]));
          rows.sort((a, b) => places.get(a)! - places.get(b)! || a - b);
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
    for (let row = 0; row < this.ledger.rows; row++) if (takesPart(row)) rows[this.ledger.channel[row]!]!.push(row);
    return rows;
  }

  private hardness(rows: readonly number[]): Float32Array {
    const { words, termDensity } = this.ledger;
    const hardness = new Float32Array(this.ledger.rows);
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

  /** Which of two equals stays: what was given, then what passes the later stages, then the domain's, then the better, then the first. */
  private better(row: number, other: number, keep: 'best' | 'first'): boolean {
    const { score } = this.ledger;
    const rank = (of: number) => (this.given(of) ? 4 : 0) + (this.passes(of) ? 2 : 0) + (this.role(of) === 'domain' ? 1 : 0);
    if (this.given(row) !== this.given(other)) return this.given(row);
    if (keep === 'best' || this.ledger.channel[row] !== this.ledger.channel[other]) {
      if (rank(row) !== rank(other)) return rank(row) > rank(other);
      if (keep === 'best' && score[row] !== score[other]) return score[row]! > score[other]!;
    }
    return row < other;
  }

  private passes(row: number): boolean {
    return !this.isPoor(row) && !this.isForeign(row) && !this.isThin(row);
  }

  private isPoor(row: number): boolean {
    const { enabled, thresholds } = this.settings.quality;
    // The column holds 32-bit numbers: 0.7 is 0.699999988 there.
    return enabled && this.ledger.score[row]! < thresholds[this.role(row)] - 1e-6;
  }

  private isForeign(row: number): boolean {
    return this.settings.language.enabled && this.facts.foreign[row] === 1;
  }

  private isThin(row: number): boolean {
    const { enabled, least } = this.settings.terms;
    return enabled && this.role(row) === 'domain' && this.ledger.termDensity[row]! < least;
  }

  private role(row: number): PipelineChannel['role'] {
    return this.channels[this.ledger.channel[row]!]!.role;
  }

  /** Rows that were dropped for another follow it when that one goes for a third. */
  private followDropped(): void {
    const { ledger } = this;
    for (let row = 0; row < ledger.rows; row++) {
      const reason = dropReasons[ledger.dropped[row]! - 1]?.reason;
      if (reason !== 'same-text' && reason !== 'near-duplicate') continue;
      let stays = ledger.other[row]!;
      for (let next = dropReasons[ledger.dropped[stays]! - 1]?.reason; next === 'same-text' || next === 'near-duplicate';) {
        stays = ledger.other[stays]!;
        next = dropReasons[ledger.dropped[stays]! - 1]?.reason;
      }
      ledger.other[row] = stays;
      ledger.cluster[row] = stays;
      ledger.clusterSize[row] = ledger.clusterSize[stays]!;
    }
  }

  private each(visit: (row: number) => void): void {
    for (let row = 0; row < this.ledger.rows; row++) if (this.kept(row)) visit(row);
  }
}
