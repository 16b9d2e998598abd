import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readAddress } from '../lesson/address';
import { exampleRecipe } from './example-run';
import { documentRun, LONGEST_LINK, parseRunFile, parseRunLink, runDocument, runFile, runLink } from './run-file';
import type { MetricRow, RunRecord } from './types';

const ids = exampleRecipe.channels.map(({ id }) => id);
const each = <T>(of: (at: number) => T) => Object.fromEntries(ids.map((id, at) => [id, of(at)]));
const evaluation = (step: number) => ({
  step,
  channels: each((at) => ({ loss: 4 - at / 3 - step / 1000, tokens: 100, bytes: 400 })),
  retention: 1 - step / 10_000,
});
// A train loss that no compression can make small: the digits of a linear congruence.
const row = (at: number): MetricRow => ({
  step: at + 1,
  lr: 3e-4,
  gradNorm: 1 + ((at * 7919) % 1000) / 1000,
  stepMs: 80 + ((at * 104_729) % 100),
  tokens: (at + 1) * 1024,
  loss: { ...each((channel) => 3 + (((at + channel) * 15_485_863) % 100_000) / 100_000), ...(at === 1 ? { zh: null } : {}) },
  count: { ...each((channel) => 100 * (channel + 1)), ...(at === 1 ? { zh: 0 } : {}) },
  total: 3 + ((at * 15_485_863) % 100_000) / 100_000,
});
const record: RunRecord = {
  ...{ id: 'x-1', name: 'golden', createdAt: 1, updatedAt: 2, state: 'finished', stopReason: 'budget', error: null, recipe: exampleRecipe },
  ...{ changes: [{ step: 3, at: 5, settings: { shares: { zh: 0.2, en: 0.2, domain: 0.6 } } }], step: 100, tokens: 102_400 },
  ...{ trainTokens: { zh: 10 }, rules: 2, device: 'wasm · 2 threads', base: evaluation(0), latest: evaluation(100) },
  lesson: { lesson: 'watch-it-forget', step: 'alone', prediction: { of: 'general', points: [{ step: 100, loss: 3.5 }] } },
  chain: undefined as never,
};
const history = (rows: number) => ({
  rows: Array.from({ length: rows }, (_, at) => row(at)),
  evaluations: [evaluation(0), evaluation(50), evaluation(100)],
  events: [{ type: 'paused' as const, step: 5, at: 9 }],
});
const made = { studio: '0.1.0', now: 77 };
const refusal = (bytes: Uint8Array) => {
  try {
    parseRunFile('a.crossfade', bytes);
    return null;
  } catch (error) {
    return (error as { code: string; values: Record<string, unknown> }).values;
  }
};
// A document whose fields a test breaks.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Loose = any;
const changed = (change: (document: Loose) => void) => {
  const document = JSON.parse(gunzipSync(runFile(runDocument(record, history(3), made))).toString());
  change(document);
  return gzipSync(JSON.stringify(document));
};

describe('a run as a file', () => {
  it('is gzipped JSON with everything but weights, and comes back as a run from elsewhere', () => {
    const document = runDocument(record, history(40), made);
    const bytes = runFile(document);
    const json = JSON.parse(gunzipSync(bytes).toString()) as Record<string, unknown>;
    expect(json).toMatchObject({ format: 'crossfade-run', version: 1, provenance: { studio: '0.1.0', device: 'wasm · 2 threads' } });
    const read = parseRunFile('a.crossfade', bytes);
    expect(read).toEqual(document);
    const { record: stored, rows, evaluations, events } = documentRun(read, 'a.crossfade');
    expect([rows, evaluations, events]).toEqual(Object.values(history(40)));
    expect(stored).toMatchObject({
      ...{ name: 'golden', state: 'finished', rules: 2, changes: record.changes, lesson: record.lesson, base: record.base },
      ...{ latest: record.latest, imported: { file: 'a.crossfade', format: 'crossfade', others: [] } },
    });
  });

  it('holds what was written at its evaluations, and how a sweep ended it', () => {
    const texts = [{ text: ' 病人', next: [{ id: 7, token: '的', p: 0.25 }] }];
    const { rows, evaluations, events } = history(3);
    const document = runDocument(
      { ...record, state: 'stopped', stopReason: 'sweep' },
      {
        rows,
        evaluations: evaluations.map((one) => ({ ...one, texts })),
        events: [...events, { type: 'stopped', step: 100, at: 9, reason: 'sweep' }],
      },
      made,
    );
    expect(parseRunFile('a.crossfade', runFile(document))).toEqual(document);
  });

  it('is refused by field, value and what is accepted', () => {
    expect(refusal(changed((file) => (file['version'] = 2)))).toMatchObject({ field: 'version', value: '2', accepted: '1' });
    expect(refusal(changed((file) => (file['rows'][1].loss.zh = 'NaN')))).toMatchObject({ field: 'rows.1.loss.zh', value: '"NaN"' });
    expect(refusal(changed((file) => (file['rows'][1].loss.law = 1)))).toMatchObject({ value: 'law', accepted: 'zh | en | domain' });
    expect(refusal(changed((file) => (file['run'].recipe.batchSize = 0)))).toMatchObject({
      field: 'run.recipe.batchSize',
      accepted: '≥ 1',
    });
    expect(refusal(changed((file) => (file['events'][0].type = 'constructor')))?.['field']).toBe('events.0.type');
    expect(refusal(runFile(runDocument(record, history(3), made)).subarray(0, 200))).toMatchObject({ field: 'content' });
    expect(refusal(new TextEncoder().encode('no run'))).toMatchObject({ field: 'content' });
    // Says that it is larger than what is taken, and well may be: 1 : 1032 is what gzip can.
    const large = gzipSync(Buffer.from(Array.from({ length: 140_000 }, (_, at) => (at * 7919 * (at % 251)) % 256)), { level: 0 });
    large.writeUInt32LE(2 ** 27 + 1, large.length - 4);
    expect(refusal(large)).toMatchObject({ bytes: 2 ** 27 + 1, limit: 2 ** 27 });
    // Four megabytes of zeros that claim to be a thousand bytes.
    const bomb = gzipSync(Buffer.alloc(2 ** 22));
    bomb.writeUInt32LE(1000, bomb.length - 4);
    expect(refusal(bomb)).toMatchObject({ field: 'content' });
  });
});

describe('a run as an address', () => {
  it('has at most 8 KB, by windows joined to their means', () => {
    const link = runLink(runDocument(record, history(2000), made))!;
    expect(link.length).toBeLessThanOrEqual(LONGEST_LINK);
    expect(link).toMatch(/^[\w-]+$/);
    const { rows, provenance, evaluations, run, base } = parseRunLink('link', link);
    const { windows } = provenance;
    expect(windows).toBeGreaterThan(1);
    expect(rows).toHaveLength(Math.ceil(2000 / windows));
    expect(rows.at(-1)).toMatchObject({ step: 2000, tokens: 2000 * 1024 });
    const first = history(windows).rows;
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(rows[0]!.loss['en']).toBeCloseTo(mean(first.map(({ loss }) => loss['en']!)), 2);
    // The second window of zh had no tokens.
    expect(rows[0]!.loss['zh']).toBeCloseTo(mean(first.flatMap(({ loss }) => loss['zh'] ?? [])), 2);
    expect(rows[0]!.count).toEqual({ zh: 100 * (windows - 1), en: 200 * windows, domain: 300 * windows });
    expect(evaluations.map(({ step }) => step)).toEqual([0, 50, 100]);
    expect(base!.channels['en']!.loss).toBeCloseTo(4 - 1 / 3, 3);
    expect([run.recipe, run.lesson]).toEqual([record.recipe, record.lesson]);
  });

  it('is the whole run where it fits, and nothing else than a run', () => {
    const link = runLink(runDocument(record, history(3), made))!;
    expect(parseRunLink('link', link).rows.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(() => parseRunLink('link', 'AAAA')).toThrow(expect.objectContaining({ code: 'run-file-invalid' }));
    expect(() => parseRunLink('link', '!')).toThrow(expect.objectContaining({ code: 'run-file-invalid' }));
  });
});

describe('what an address asks for', () => {
  const read = (query: string) => {
    const parameters = new URLSearchParams(query);
    const { faults, ...state } = readAddress((name) => parameters.get(name));
    return { ...state, faults: faults.map(({ values }) => [values['field'], values['value'], values['accepted']]) };
  };
  const nothing = { language: null, theme: null, hide: null, embed: null, start: null, seed: null, faults: [] };

  it('is read name by name', () => {
    expect(read('')).toEqual(nothing);
    expect(read('lang=zh&theme=dark&hide=lr,warmup&embed=1&run=auto&seed=7')).toEqual({
      ...{ language: 'zh', theme: 'dark', hide: ['lr', 'warmup'], embed: true, start: 'auto', seed: 7, faults: [] },
    });
    // A run's id stands where a word may.
    expect(read('run=0b1d-77&seed=random&hide=')).toEqual({ ...nothing, seed: 'random', hide: [] });
  });

  it('is told by name where it is not known, and the rest holds', () => {
    const parts = 'preset | base | seed | recipe | mixture | lr | warmup | schedule | chart | side | ahead | diagnosis';
    expect(read('lang=de&hide=lr,rate&run=now&seed=4294967296&embed=yes&theme=light')).toEqual({
      ...{ ...nothing, theme: 'light', hide: ['lr'] },
      faults: [
        ['embed', 'yes', '1 | 0'],
        ['lang', 'de', 'en | zh'],
        ['hide', 'rate', parts],
        ['run', 'now', 'auto | paused | id'],
        ['seed', '4294967296', '0 … 4294967295 | random'],
      ],
    });
  });
});
