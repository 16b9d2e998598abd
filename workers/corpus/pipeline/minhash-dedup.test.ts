/** MinHash against exact Jaccard, computed here from sets of strings: another road to the same figure. */
import { describe, expect, it } from 'vitest';
import { Rng } from '../../../src/core/rng/rng';
import { bandsFor, Clusters, joinNearDuplicates, joinByComparison } from './minhash-dedup';
import { Scanner } from './scan';
import { jaccard, Shingler, SIGNATURE } from './shingles';
import { memberHere, RowTeam } from './team';
import { pipelineSettingsSchema } from '../../../src/core/corpus/settings';

const vocabulary = Array.from({ length: 5000 }, (_, at) => `w${at.toString(36)}`);
const han = Array.from({ length: 3000 }, (_, at) => String.fromCodePoint(0x4e00 + at));

/** Exact, from the definition: words (or characters) in fives, as strings. */
function exactJaccard(a: string[], b: string[]): number {
  const fives = (tokens: string[]) =>
    new Set(tokens.slice(0, Math.max(1, tokens.length - 4)).map((_, at) => tokens.slice(at, at + 5).join(' ')));
  const [x, y] = [fives(a), fives(b)];
  let shared = 0;
  for (const five of x) if (y.has(five)) shared++;
  return shared / (x.size + y.size - shared);
}

/** Pairs of a text and a copy with tokens replaced, dropped and inserted at a rate that spreads similarities from 0.5 to 1. */
function pairs(count: number, rng: Rng, words: readonly string[], least: number, most: number): [string[], string[]][] {
  return Array.from({ length: count }, () => {
    const length = least + rng.integer(most - least);
    const original = Array.from({ length }, () => words[rng.integer(words.length)]!);
    const rate = 0.12 * rng.uniform();
    const copy = original.flatMap((token) => {
      if (rng.uniform() >= rate) return [token];
      const kind = rng.integer(3);
      const other = words[rng.integer(words.length)]!;
      return kind === 0 ? [] : kind === 1 ? [other] : [token, other];
    });
    return [original, copy];
  });
}

/** Which pairs the pipeline's own road joins: signatures, bands, estimate, comparison of the doubtful. */
async function joined(texts: string[], threshold: number, mostHeld?: number): Promise<(a: number, b: number) => boolean> {
  const scanner = new Scanner();
  const shingler = new Shingler();
  const { count, rows } = bandsFor(threshold);
  const bytes = new Uint8Array(texts.length * SIGNATURE);
  const keys = new Uint32Array(texts.length * count);
  texts.forEach((text, at) => {
    scanner.scan(text);
    shingler.sign(scanner, bytes.subarray(at * SIGNATURE, (at + 1) * SIGNATURE), keys.subarray(at * count, (at + 1) * count), rows);
  });
  const clusters = new Clusters(texts.length);
  const all = Uint32Array.from(texts, (_, at) => at);
  const { doubtful } = joinNearDuplicates(all, { bytes, bands: keys }, count, threshold, () => 0, clusters);
  const member = memberHere();
  await member.open({ channels: [], settings: pipelineSettingsSchema.parse({ language: { enabled: false } }) });
  const rowsOf = async function* () {
    yield texts.map((text) => ({ text, channel: '', source: '', line: 0 }));
  };
  const pass = {
    phase: 'compare' as const,
    rows: rowsOf,
    total: null,
    batchRows: 100,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  };
  await joinByComparison(pass, new RowTeam([member]), doubtful, threshold, clusters, mostHeld);
  return (a, b) => clusters.find(a) === clusters.find(b);
}

describe('near duplicates', () => {
  it.each([
    { what: 'long English rows', words: vocabulary, gap: ' ', least: 100, most: 250, threshold: 0.8 },
    { what: 'short English rows', words: vocabulary, gap: ' ', least: 15, most: 60, threshold: 0.8 },
    { what: 'Chinese rows', words: han, gap: '', least: 40, most: 300, threshold: 0.8 },
    { what: 'long English rows', words: vocabulary, gap: ' ', least: 100, most: 250, threshold: 0.6 },
    { what: 'long English rows', words: vocabulary, gap: ' ', least: 100, most: 250, threshold: 0.95 },
  ])('finds the pairs at or above $threshold among $what', async ({ what, words, gap, least, most, threshold }) => {
    const made = pairs(400, new Rng(7), words, least, most);
    const texts = made.flatMap(([a, b]) => [a.join(gap), b.join(gap)]);
    const same = await joined(texts, threshold);
    let [hits, found, real] = [0, 0, 0];
    made.forEach(([a, b], at) => {
      const near = exactJaccard(a, b) >= threshold;
      const said = same(2 * at, 2 * at + 1);
      if (near) real++;
      if (said) found++;
      if (near && said) hits++;
    });
    const [recall, precision] = [hits / real, hits / found];
    console.info(`${what} at ${threshold}: ${real} of 400 pairs are near; recall ${recall.toFixed(4)}, precision ${precision.toFixed(4)}`);
    expect(real).toBeGreaterThan(20);
    expect(real).toBeLessThan(380);
    expect(recall).toBeGreaterThanOrEqual(0.95);
    expect(precision).toBeGreaterThanOrEqual(0.95);
  });

  it('is right about most pairs by signatures alone, where memory allows no comparison', async () => {
    const made = pairs(400, new Rng(11), vocabulary, 100, 250);
    const same = await joined(
      made.flatMap(([a, b]) => [a.join(' '), b.join(' ')]),
      0.8,
      0,
    );
    const right = made.filter(([a, b], at) => exactJaccard(a, b) >= 0.8 === same(2 * at, 2 * at + 1)).length;
    console.info(`signatures alone at 0.8: ${right} of 400 pairs are judged as by comparison`);
    expect(right).toBeGreaterThanOrEqual(0.9 * 400);
  });

  it('does not drown in texts made from one template', async () => {
    const rng = new Rng(3);
    const frame = Array.from({ length: 120 }, (_, at) => `frame${at}`);
    const texts = Array.from({ length: 400 }, () =>
      frame.map((word, at) => (at % 60 === 0 ? vocabulary[rng.integer(5000)]! : word)).join(' '),
    );
    // 6 of 116 fives hold a word of their own: 110 are shared, of 122 in all.
    expect(exactJaccard(texts[0]!.split(' '), texts[1]!.split(' '))).toBeCloseTo(110 / 122, 12);
    const same = await joined(texts, 0.9);
    for (const a of [0, 100, 200, 300]) for (const b of [1, 150, 350]) expect(same(a, b)).toBe(true);
  });

  it('compares sets of 5-grams exactly', () => {
    const scanner = new Scanner();
    const shingler = new Shingler();
    const list = (text: string) => {
      scanner.scan(text);
      return shingler.list(scanner);
    };
    // One of 6 words changed at the end: 1 of 2 fives on either side is shared, of 3 in all.
    expect(jaccard(list('a b c d e f'), list('a b c d e g'))).toBeCloseTo(1 / 3, 12);
    expect(jaccard(list('One two, three: FOUR five'), list('one two three four five!'))).toBe(1);
    expect(jaccard(list('one two'), list('one two'))).toBe(1);
    expect(jaccard(list('one two'), list('one three'))).toBe(0);
    expect(jaccard(list('知之为知之，不知为不知'), list('知之为知之不知为不知。'))).toBe(1);
  });

  it('chooses bands that miss at most 3 of 1,000 pairs at the threshold', () => {
    for (const threshold of [0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 1]) {
      const { count, rows } = bandsFor(threshold);
      expect(count * rows).toBeLessThanOrEqual(SIGNATURE);
      expect((1 - threshold ** rows) ** count).toBeLessThanOrEqual(0.003);
    }
  });
});
