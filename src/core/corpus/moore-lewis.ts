/**
 * Sorts text by domain as Moore and Lewis (2010, "Intelligent selection of language model training data") do: two small language models of
 * the same kind, of text of the domain and of general text, and for each row the difference of its log-likelihoods under the two,
 * here per byte, so that rows of any length and language compare. The models are n-grams of bytes with Witten and Bell's interpolation
 * (1991, method C): a context's distinct continuations are the weight of the shorter context's estimate.
 */

/** Longest n-gram in bytes: two characters of Chinese, a word's end in English. */
const ORDER = 6;
/** Share of the table's slots from which it grows. */
const FULL = 0.6;

export class ByteModel {
  /** Of each slot: length and last three bytes of an n-gram (0: empty), the bytes before them, how often it stood, and its distinct continuations. */
  private last = new Int32Array(1 << 14);
  private before = new Int32Array(1 << 14);
  private counts = new Uint32Array(1 << 14);
  private continuations = new Uint16Array(1 << 14);
  private size = 0;
  /** Bytes learnt from, ends of texts included. */
  private total = 0;
  /** Distinct bytes. */
  private distinct = 0;
  /** Slots of the n-grams that end at the byte before, by length. */
  private readonly slots = new Int32Array(ORDER + 1);

  /** @param text UTF-8; its end counts as a byte 0 */
  learn(text: Uint8Array): void {
    let low = 0;
    let high = 0;
    let known = 0;
    for (let at = 0; at <= text.length; at++) {
      if (this.size + ORDER > FULL * this.last.length) {
        this.grow();
        for (let length = 1; length <= known; length++) this.slots[length] = this.find(low, high, length);
      }
      const byte = at < text.length ? text[at]! : 0;
      high = ((high << 8) | (low >>> 16)) & 0xffffff;
      low = ((low << 8) | byte) & 0xffffff;
      known = Math.min(ORDER, known + 1);
      this.total++;
      // Longest first: the slot of a context is that of the byte before.
      for (let length = known; length >= 1; length--) {
        const slot = this.find(low, high, length);
        if (this.counts[slot]!++ === 0) {
          this.last[slot] = lastOf(low, length);
          this.before[slot] = beforeOf(high, length);
          this.size++;
          if (length === 1) this.distinct++;
          else this.continuations[this.slots[length - 1]!]!++;
        }
        this.slots[length] = slot;
      }
    }
  }

  /** −log₂ p of a text, in bits. A model that has learnt nothing gives 8 bits a byte. */
  bits(text: Uint8Array): number {
    let low = 0;
    let high = 0;
    let known = 0;
    let sum = 0;
    const { slots, counts, continuations } = this;
    for (const byte of text) {
      high = ((high << 8) | (low >>> 16)) & 0xffffff;
      low = ((low << 8) | byte) & 0xffffff;
      let p = 1 / 256;
      // Slots of the contexts are those found for the byte before; the longest that stood in the text learnt from ends them.
      let next = 0;
      for (let length = 1; length <= Math.min(ORDER, known + 1); length++) {
        const context = length === 1 ? -1 : slots[length - 1]!;
        const stood = context < 0 ? this.total : counts[context]!;
        const followed = context < 0 ? this.distinct : continuations[context]!;
        if (stood > 0) {
          this.found[length] = this.find(low, high, length);
          const count = counts[this.found[length]!]!;
          p = (count + followed * p) / (stood + followed);
          if (count > 0) next = length;
        } else break;
      }
      slots.set(this.found);
      known = next;
      sum -= Math.log2(p);
    }
    return sum;
  }

  private readonly found = new Int32Array(ORDER + 1);

  /** The slot of an n-gram, or the empty one where it would stand. */
  private find(low: number, high: number, length: number): number {
    const last = lastOf(low, length);
    const before = beforeOf(high, length);
    const mask = this.last.length - 1;
    const hash = Math.imul(last, 0x9e3779b1) ^ Math.imul(before, 0x85ebca6b);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask)
      if (this.last[slot] === 0 || (this.last[slot] === last && this.before[slot] === before)) return slot;
  }

  private grow(): void {
    const { last, before, counts, continuations } = this;
    const size = last.length * 2;
    this.last = new Int32Array(size);
    this.before = new Int32Array(size);
    this.counts = new Uint32Array(size);
    this.continuations = new Uint16Array(size);
    for (let old = 0; old < last.length; old++) {
      if (last[old] === 0) continue;
      const slot = this.find(last[old]! & 0xffffff, before[old]!, last[old]! >>> 24);
      this.last[slot] = last[old]!;
      this.before[slot] = before[old]!;
      this.counts[slot] = counts[old]!;
      this.continuations[slot] = continuations[old]!;
    }
  }
}

function lastOf(low: number, length: number): number {
  return (length << 24) | (length >= 3 ? low : low & ((1 << (8 * length)) - 1));
}

function beforeOf(high: number, length: number): number {
  return length <= 3 ? 0 : high & ((1 << (8 * (length - 3))) - 1);
}

/** Bits per byte by which the domain's model expects a text more than the general one does: above 0 is nearer to the domain. */
export function domainScore(text: Uint8Array, domain: ByteModel, general: ByteModel): number {
  return text.length === 0 ? 0 : (general.bits(text) - domain.bits(text)) / text.length;
}

/** Of rows by number the first and then every how-many-th is taken, so that about `wanted` of `total` bytes are, evenly spread. */
export function takenEvenly(row: number, wanted: number, total: number): boolean {
  const share = total <= wanted ? 1 : wanted / total;
  return Math.ceil((row + 1) * share) > Math.ceil(row * share);
}

export interface ScoreHistogram {
  /** Lower edge of the first bin and upper edge of the last; scores beyond count in these. */
  from: number;
  to: number;
  rows: number[];
}

/** @param bins of equal width over the 99 % of the scores in the middle, 0 among them */
export function scoreHistogram(scores: Float32Array, bins: number): ScoreHistogram {
  const sorted = Float32Array.from(scores).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const from = Math.min(0, at(0.005));
  const to = Math.max(0, at(0.995), from + 1e-3);
  const rows = new Array<number>(bins).fill(0);
  for (const score of scores) rows[Math.min(bins - 1, Math.max(0, Math.floor(((score - from) / (to - from)) * bins)))]!++;
  return { from, to, rows };
}
