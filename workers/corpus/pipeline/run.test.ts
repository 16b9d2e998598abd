/** The pipeline from rows to rows: what holds for any corpus, drawn at random, and what each setting does. */
import { Cancelling } from '../../rpc/expose';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowsOf, decisionOf, type FilterLog } from '../../../src/core/corpus/filter-log';
import type { KeptRow, PipelineChannel, Row } from '../../../src/core/corpus/row';
import { pipelineSettingsSchema, type PipelineSettingsInput } from '../../../src/core/corpus/settings';
import { Rng } from '../../../src/core/rng/rng';
import type { PipelineOptions, PipelineResult } from './passes';
import { run } from './run';
import { memberHere, RowTeam, type RowMember } from './team';

const channels: PipelineChannel[] = [
  { id: 'zh', role: 'general', language: 'zh' },
  { id: 'en', role: 'general', language: 'en' },
  { id: 'med', role: 'domain', language: null },
];

const stems = 'river stone quiet letter window garden silver morning engine paper voice winter market bridge summer forest'.split(' ');
const medical = 'patient diagnosis fever clinical dose blood treatment nurse ward symptom'.split(' ');
const han = [...'天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜金生丽水玉出昆冈'];

/** Rows of words drawn at random, among them repeated ones, nearly repeated ones and pieces of others. */
function corpus(seed: number, rows: number): Row[] {
  const rng = new Rng(seed);
  const pick = <T>(from: readonly T[]): T => from[rng.integer(from.length)]!;
  const made: Row[] = [];
  for (let at = 0; at < rows; at++) {
    const channel = pick(channels).id;
    const words = Array.from({ length: 15 + rng.integer(60) }, () =>
      channel === 'zh' ? pick(han) : channel === 'med' && rng.integer(4) === 0 ? pick(medical) : `${pick(stems)}${rng.integer(40)}`,
    );
    let text = words.join(channel === 'zh' ? '' : ' ');
    const kind = rng.integer(8);
    const before = made.length > 0 ? pick(made) : null;
    if (before && kind === 0) text = before.text;
    if (before && kind === 1) text = before.text.slice(0, -3);
    if (before && kind === 2) text = `${text}\n${before.text.slice(0, 120)}`;
    made.push({ text, channel: before && kind < 2 && rng.integer(2) === 0 ? before.channel : channel, source: 'drawn', line: at + 1 });
  }
  return made;
}

/** A member whose answers take their time, so that many members finish in any order. */
function slowMember(rng: Rng): RowMember {
  const member = memberHere();
  const later = async <T>(answer: Promise<T>): Promise<T> => {
    await new Promise((resolve) => setTimeout(resolve, rng.integer(3)));
    return answer;
  };
  return {
    open: member.open,
    lookFor: member.lookFor,
    measure: (batch) => later(member.measure(batch)),
    shingles: (texts) => later(member.shingles(texts)),
    runs: (texts) => later(member.runs(texts)),
    overlaps: (texts) => later(member.overlaps(texts)),
  };
}

interface Ran extends PipelineResult {
  kept: KeptRow[];
}

async function pipeline(
  rows: Row[],
  input: PipelineSettingsInput,
  options: Partial<PipelineOptions> & { chunk?: number; members?: number } = {},
): Promise<Ran> {
  const settings = pipelineSettingsSchema.parse(input);
  const { chunk = 50, members = 1 } = options;
  const rng = new Rng(chunk + members);
  const team = new RowTeam(Array.from({ length: members }, () => (members > 1 ? slowMember(rng) : memberHere())));
  await team.all((member) => member.open({ channels, settings }));
  const kept: KeptRow[] = [];
  const result = await run(
    {
      async *rows() {
        for (let at = 0; at < rows.length; at += chunk) yield rows.slice(at, at + chunk);
      },
      channels,
      settings,
      probes: [],
      workers: members,
      onProgress: () => undefined,
      signal: new AbortController().signal,
      sink: { write: (some) => void kept.push(...some) },
      ...options,
    },
    team,
  );
  return { ...result, kept };
}

/** Everything but the clock. */
function outcome({ report, filterLog, kept }: Ran): unknown {
  return { report: { ...report, timings: null }, filterLog, kept };
}

/** Runs of `length` words or CJK characters, from the definition: as strings. */
function runs(text: string, length: number): Set<string> {
  const tokens = text.toLowerCase().match(/\p{Script=Han}|[^\s\p{P}\p{S}\p{Script=Han}]+/gu) ?? [];
  return new Set(tokens.slice(0, Math.max(0, tokens.length - length + 1)).map((_, at) => tokens.slice(at, at + length).join(' ')));
}

const everything: PipelineSettingsInput = {
  quality: { thresholds: { domain: 0.5, general: 0.5 } },
  order: { kind: 'curriculum' },
  select: { enabled: true, of: 'all', keep: 0.9 },
  sample: { ratio: 1 },
  pii: { mask: { email: true } },
  augment: { enabled: true, copies: 2 },
};

describe('the pipeline', () => {
  it('gives the same for a seed, however the rows are cut into chunks and whoever measures them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 1, max: 50 }),
        async (seed, chunk, members, batchRows) => {
          const rows = corpus(seed, 120);
          const settings = { ...everything, seed: seed >>> 0 };
          const once = outcome(await pipeline(rows, settings));
          expect(outcome(await pipeline(rows, settings, { chunk }))).toEqual(once);
          expect(outcome(await pipeline(rows, settings, { members, chunk, batchRows }))).toEqual(once);
        },
      ),
      { numRuns: 5 },
    );
  });

  it('leaves no run of 13 tokens of a held-out row or a probe in train, by a check of strings', async () => {
    let overlapping = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom('cut' as const, 'drop' as const), async (seed, passages) => {
        const rows = corpus(seed, 200);
        const probes = rows.slice(0, 5).map(({ text }) => text.slice(10, 160));
        const settings: PipelineSettingsInput = { quality: { enabled: false }, sample: { enabled: false }, decontaminate: { passages } };
        const { kept, report } = await pipeline(rows, settings, { probes });
        const forbidden = new Set<string>();
        for (const text of [...probes, ...kept.filter(({ split }) => split === 'heldOut').map((row) => row.text)])
          for (const gram of runs(text, 13)) forbidden.add(gram);
        const found = (some: readonly { text: string }[]) =>
          some.filter(({ text }) => [...runs(text, 13)].some((gram) => forbidden.has(gram))).length;
        const train = kept.filter(({ split }) => split === 'train');
        expect(train.length).toBeGreaterThan(20);
        expect(found(train)).toBe(0);
        overlapping += found(rows);
        for (const { stages, cut } of report.channels)
          if (passages === 'drop') expect({ cut, stages: stages.length }).toMatchObject({ cut: { rows: 0, bytes: 0 } });
      }),
      { numRuns: 10 },
    );
    // There was something to find.
    expect(overlapping).toBeGreaterThan(100);
  });

  it('never holds out a row that a model labelled, and marks it', async () => {
    const rows = corpus(3, 200).map((row, at) => ({ ...row, pseudo: row.channel === 'med' && at % 2 === 0 }));
    const { kept } = await pipeline(rows, { ...everything, split: { share: 0.4 }, augment: {} });
    const labelled = kept.filter(({ pseudo }) => pseudo);
    expect(labelled.length).toBeGreaterThan(10);
    expect(labelled.every(({ row, split, channel }) => split === 'train' && channel === 'med' && rows[row]!.pseudo)).toBe(true);
    expect(kept.filter(({ pseudo, row }) => !pseudo && rows[row]!.pseudo)).toEqual([]);
    expect(kept.some(({ split, channel }) => split === 'heldOut' && channel === 'med')).toBe(true);
  });

  it('brings the sources of a channel to their shares, counting repeats', async () => {
    const rows = corpus(4, 300).filter(({ channel }) => channel === 'en');
    const small = Math.floor(rows.length / 5);
    const sources = [
      { id: 'small', firstRow: 0, rows: small },
      { id: 'large', firstRow: small, rows: rows.length - small },
    ];
    const settings: PipelineSettingsInput = {
      quality: { enabled: false },
      language: { enabled: false },
      exactDedup: { enabled: false },
      minhashDedup: { enabled: false },
      decontaminate: { enabled: false },
      split: { enabled: false },
      balance: { enabled: true, shares: { en: { small: 0.5, large: 0.5 } } },
    };
    const { kept, report } = await pipeline(rows, settings, { sources });
    const bytes = (of: (row: number) => boolean) =>
      kept.filter(({ row }) => of(row)).reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    const [before, after] = [rows.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0), bytes(() => true)];
    expect(Math.abs(after / before - 1)).toBeLessThan(0.02);
    expect(bytes((row) => row < small) / after).toBeCloseTo(0.5, 1);
    const [one, other] = report.channels.find(({ channel }) => channel.id === 'en')!.balance!;
    expect(one).toMatchObject({ part: 'small', before: { rows: small }, share: 0.5 });
    expect(one!.after).toEqual({ rows: kept.filter(({ row }) => row < small).length, bytes: bytes((row) => row < small) });
    // Read about 2.5 times, so worth less than so much new text and more than once.
    const times = one!.after.bytes / one!.before.bytes;
    expect(one!.worth / one!.before.bytes).toBeCloseTo(1 + 15.39 * (1 - Math.exp(-(times - 1) / 15.39)), 6);
    expect(other!.worth).toBe(other!.after.bytes);
    // Every row of the channel has a place of its own.
    expect(kept.map(({ position }) => position).sort((a, b) => a - b)).toEqual(kept.map((_, at) => at));
    expect(report.channels.find(({ channel }) => channel.id === 'en')!.stages.at(-1)).toMatchObject({ stage: 'balance', enabled: true });
    const capped = await pipeline(rows, { ...settings, balance: { ...settings.balance, most: 1 } }, { sources });
    expect(new Set(capped.kept.map(({ row }) => row)).size).toBe(capped.kept.length);
  });

  it('accounts for every row: in = kept + dropped, by channel, stage and reason, and every count opens its rows', async () => {
    const rows = corpus(5, 300);
    const { report, filterLog, kept } = await pipeline(rows, everything);
    for (const channel of report.channels) {
      let left = channel.in.rows;
      expect(left).toBe(rows.filter((row) => row.channel === channel.channel.id).length);
      for (const stage of channel.stages) {
        expect(stage.in.rows).toBe(left);
        for (const { reason, rows: dropped, sample } of stage.dropped) {
          const opened = rowsOf(filterLog, { channel: channel.channel.id, stage: stage.stage, reason }, 0, 1000);
          expect(opened.total).toBe(dropped);
          expect(sample.length).toBe(Math.min(12, dropped));
          for (const { row, excerpt } of sample)
            expect(opened.rows.includes(row) && rows[row]!.text.startsWith(excerpt.replace('…', ''))).toBe(true);
          left -= dropped;
        }
        expect(stage.kept.rows).toBe(left);
      }
      expect(channel.kept.train.rows + channel.kept.heldOut.rows).toBe(left);
      for (const histogram of channel.histograms) {
        expect(histogram.rows.reduce((sum, count) => sum + count, 0)).toBe(channel.in.rows);
        histogram.rows.forEach((count, bin) =>
          expect(rowsOf(filterLog, { channel: channel.channel.id, bar: { histogram, bin } }, 0, 1).total).toBe(count),
        );
      }
    }
    const whole = kept.filter(({ augmented }) => augmented === null);
    expect(whole.map(({ row }) => row)).toEqual(
      rowsOf(filterLog, {}, 0, 1000).rows.filter((row) => decisionOf(filterLog, row).outcome.kept),
    );
  });

  it('numbers the rows of each channel and split without gaps, easy ones first', async () => {
    const rows = corpus(9, 200);
    const { kept } = await pipeline(rows, everything, { documentLoss: async (texts) => texts.map((text) => -text.length) });
    for (const channel of channels)
      for (const split of ['train', 'heldOut'] as const) {
        const own = kept.filter((row) => row.channel === channel.id && row.split === split).sort((a, b) => a.position - b.position);
        expect(own.map(({ position }) => position)).toEqual(own.map((_, at) => at));
        const whole = own.filter(({ augmented }) => augmented === null);
        if (split === 'train')
          expect(whole.map(({ row }) => rows[row]!.text.length)).toEqual(
            whole.map(({ row }) => rows[row]!.text.length).sort((a, b) => b - a),
          );
      }
  });

  it('samples general text to its ratio of the domain, and augments the domain alone', async () => {
    const { report, kept } = await pipeline(corpus(3, 400), everything);
    const bytes = (role: string) =>
      report.channels.filter(({ channel }) => channel.role === role).reduce((sum, { kept: { train } }) => sum + train.bytes, 0);
    expect(bytes('general')).toBeLessThanOrEqual(bytes('domain'));
    expect(bytes('general')).toBeGreaterThan(0.85 * bytes('domain'));
    const copies = kept.filter(({ augmented }) => augmented !== null);
    expect(copies.length).toBeGreaterThan(20);
    expect(copies.every(({ channel, split }) => channel === 'med' && split === 'train')).toBe(true);
  });

  it('holds out about a tenth, and the same rows whatever else is there', async () => {
    const off = { enabled: false };
    const settings: PipelineSettingsInput = {
      exactDedup: off,
      minhashDedup: off,
      quality: off,
      language: off,
      decontaminate: off,
      sample: off,
    };
    const rows = corpus(4, 2000);
    const held = (ran: Ran) => new Set(ran.kept.filter(({ split }) => split === 'heldOut').map(({ text }) => text));
    const all = await pipeline(rows, settings);
    const share = all.kept.filter(({ split }) => split === 'heldOut').length / 2000;
    // Four standard deviations of a fair draw, widened for repeated rows, which share their fate.
    expect(Math.abs(share - 0.1)).toBeLessThan(8 * Math.sqrt((0.1 * 0.9) / 2000));
    const half = rows.filter((_, at) => at % 2 === 0);
    expect(held(await pipeline(half, settings))).toEqual(
      new Set(half.map(({ text }) => text.trim()).filter((text) => held(all).has(text))),
    );
    expect(held(await pipeline(rows, { ...settings, seed: 1 }))).not.toEqual(held(all));
  });

  it('holds out no more rows of a channel than it may, and checks them all the same', async () => {
    const rows = corpus(8, 600);
    const off = { enabled: false };
    const { kept, report } = await pipeline(
      rows,
      { quality: off, language: off, sample: off, split: { share: 0.5, most: 20 } },
      { batchRows: 30 },
    );
    for (const { kept: own } of report.channels) {
      expect(own.heldOut.rows).toBeLessThanOrEqual(20);
      expect(own.heldOut.rows).toBeGreaterThan(12);
    }
    const forbidden = new Set(kept.filter(({ split }) => split === 'heldOut').flatMap(({ text }) => [...runs(text, 13)]));
    expect(kept.filter(({ split, text }) => split === 'train' && [...runs(text, 13)].some((gram) => forbidden.has(gram)))).toEqual([]);
  });

  it('counts personal data always, and masks what was chosen in what it keeps', async () => {
    const words = Array.from({ length: 60 }, (_, at) => `word${at}`).join(' ');
    const rows = [
      { text: `${words}\nwrite to a@b.example or 13800138000`, channel: 'en', source: 'mail.txt', line: 7 },
      { text: `c@d.example`, channel: 'en', source: 'mail.txt', line: 8 },
    ];
    const settings: PipelineSettingsInput = { split: { enabled: false }, pii: { mask: { email: true } } };
    const { report, kept, filterLog } = await pipeline(rows, settings);
    expect(report.channels[1]!.pii).toEqual({ email: 2, phone: 1, nationalIdCn: 0, ssnUs: 0, card: 0, rows: 2 });
    expect(kept).toMatchObject([{ text: `${words}\nwrite to [EMAIL] or 13800138000`, source: 'mail.txt', line: 7, split: 'train' }]);
    expect(rowsOf(filterLog, { pii: 'phone' }, 0, 9)).toEqual({ total: 1, rows: [0] });
    expect(decisionOf(filterLog, 1)).toMatchObject({
      outcome: { kept: false, stage: 'quality', reason: 'length' },
      pii: { email: 1 },
    });
    expect((await pipeline(rows, { split: { enabled: false } })).kept[0]!.text).toBe(rows[0]!.text);
  });

  it('names the probe or the row that a dropped row overlaps with, and where', async () => {
    const words = (from: number) => Array.from({ length: 30 }, (_, at) => `w${from + at}`).join(' ');
    const rows = [
      { text: `so it begins: ${words(0)}`, channel: 'en', source: '', line: 1 },
      { text: `and here: ${words(100)}`, channel: 'en', source: '', line: 2 },
      { text: words(100).slice(0, 80), channel: 'en', source: '', line: 3, heldOut: true },
    ];
    const { filterLog } = await pipeline(rows, { quality: { enabled: false } }, { probes: [words(0)] });
    expect(decisionOf(filterLog, 0).outcome).toEqual({ kept: false, stage: 'decontaminate', reason: 'in-probe', other: null, at: 14 });
    expect(decisionOf(filterLog, 1).outcome).toEqual({ kept: false, stage: 'decontaminate', reason: 'in-held-out', other: 2, at: 10 });
    expect(decisionOf(filterLog, 2).outcome).toEqual({ kept: true, split: 'heldOut' });
  });

  it('takes given held-out rows as they are, and keeps their like out of train', async () => {
    const rows = corpus(6, 60).map((row, at) => ({ ...row, channel: 'en', line: at + 1 }));
    const given = rows.slice(0, 3).map((row) => ({ ...row, text: `${row.text} `, heldOut: true }));
    const { kept, filterLog } = await pipeline([...rows, ...given, { ...given[0]!, text: 'short' }], { sample: { enabled: false } });
    const heldOut = kept.filter(({ split }) => split === 'heldOut');
    // Nothing is drawn where something is given, and no rule judges it.
    expect(heldOut.map(({ row }) => row)).toEqual([60, 61, 62, 63]);
    for (const row of [0, 1, 2])
      expect(decisionOf(filterLog, row).outcome).toMatchObject({ kept: false, stage: 'exactDedup', reason: 'same-text', other: 60 + row });
  });

  it('keeps one row of a cluster: what passes its channel, then the domain’s, then the better', async () => {
    const words = Array.from({ length: 52 }, (_, at) => `word${at}`);
    const text = words.join(' ');
    const rows = [
      { text: words.slice(0, 46).join(' '), channel: 'en', source: '', line: 1 },
      { text, channel: 'en', source: '', line: 2 },
      { text: `${text} patient symptom diagnosis`, channel: 'med', source: '', line: 3 },
      { text: 'something else altogether', channel: 'en', source: '', line: 4 },
    ];
    const settings: PipelineSettingsInput = {
      quality: { thresholds: { general: 0, domain: 0 } },
      split: { enabled: false },
      decontaminate: { enabled: false },
    };
    const { filterLog } = await pipeline(rows, settings);
    const keptRows = (from: FilterLog) => rows.map((_, row) => from.dropped[row] === 0);
    expect(keptRows(filterLog)).toEqual([false, false, true, true]);
    expect(decisionOf(filterLog, 0)).toMatchObject({
      outcome: { kept: false, reason: 'near-duplicate', other: 2 },
      cluster: { kept: 2, size: 3 },
    });
    expect(keptRows((await pipeline(rows, { ...settings, minhashDedup: { scope: 'within' } })).filterLog)).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect(keptRows((await pipeline(rows, { ...settings, minhashDedup: { keep: 'first', scope: 'within' } })).filterLog)).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(keptRows((await pipeline(rows, { ...settings, minhashDedup: { enabled: false } })).filterLog)).toEqual([true, true, true, true]);
  });

  it('stops when told to, and passes on what a sink or a source throws', async () => {
    const rows = corpus(1, 100);
    const cancelling = new Cancelling();
    await expect(pipeline(rows, {}, { signal: cancelling.signal, onProgress: () => cancelling.cancel() })).rejects.toMatchObject({
      code: 'cancelled',
    });
    const full = new Error('the disk is full');
    await expect(pipeline(rows, {}, { sink: { write: () => Promise.reject(full) } })).rejects.toBe(full);
    const torn = async function* (): AsyncGenerator<Row[]> {
      yield rows;
      throw full;
    };
    await expect(pipeline(rows, {}, { rows: torn })).rejects.toBe(full);
    await expect(pipeline([{ text: 'x', channel: 'nowhere', source: '', line: 1 }], {})).rejects.toMatchObject({ code: 'internal' });
  });

  it('says what a person should know before they trust the counts', async () => {
    const row = (text: string, channel: string) => ({ text, channel, source: '', line: 1 });
    const { report } = await pipeline([row('* * * *', 'zh'), row('* # *', 'zh')], {});
    expect(report.notes).toEqual([{ note: 'channel-emptied', channel: 'zh', count: 2 }]);
    const words = Array.from({ length: 60 }, (_, at) => `word${at}`).join(' ');
    const other = await pipeline([row(words, 'med')], { quality: { enabled: false } });
    expect(other.report.notes).toEqual([
      { note: 'no-held-out', channel: 'med', count: 1 },
      { note: 'terms-foreign', channel: 'med', count: 0 },
    ]);
    expect((await pipeline([row(words, 'en')], {})).report.notes.map(({ note }) => note)).toContain('no-domain');
    expect((await pipeline([], {})).report.channels.map(({ kept }) => kept.train.rows)).toEqual([0, 0, 0]);
  });
});

describe('rows that are records', () => {
  const record = (value: unknown, kind: Row['kind'], line: number): Row => ({
    text: JSON.stringify(value),
    kind,
    channel: 'med',
    source: 'drawn',
    line,
  });
  const all = {
    quality: { enabled: false },
    language: { enabled: false },
    terms: { enabled: false },
    select: { enabled: false },
    sample: { enabled: false },
    minhashDedup: { enabled: false },
  };

  it('are judged by their words and come back as records, cleaned and masked inside', async () => {
    const said = (content: string, line: number) =>
      record(
        {
          messages: [
            { role: 'user', content: `Ask ${line} at a@b.example.com\r\nnow` },
            { role: 'assistant', content },
          ],
        },
        'conversations',
        line,
      );
    const rows = Array.from({ length: 12 }, (_, at) => said(`Answer ${at}`, at + 1));
    const { kept, filterLog } = await pipeline([...rows, rows[0]!], {
      ...all,
      pii: { mask: { email: true } },
      augment: { enabled: true, copies: 2 },
    });
    expect(kept).toHaveLength(12);
    expect(decisionOf(filterLog, 12).outcome).toMatchObject({ stage: 'exactDedup' });
    const first = JSON.parse(kept[0]!.text) as { messages: { content: string }[] };
    expect(first.messages[0]!.content).toMatch(/^Ask 1 at (?!a@b)[^\r]*\nnow$/);
    expect(kept.every(({ kind, augmented }) => kind === 'conversations' && augmented === null)).toBe(true);
    expect(filterLog.bytes[11]).toBe('Ask 12 at a@b.example.com\nnow\n\nAnswer 11'.length);
  });

  it('keep equal texts with other labels, and copies of labelled texts keep the label', async () => {
    const rows = ['a', 'b'].flatMap((label) =>
      Array.from({ length: 8 }, (_, at) => record({ text: `patient ${at} has a fever and rests`, label }, 'labelled', at)),
    );
    const { kept } = await pipeline(rows, { ...all, augment: { enabled: true, copies: 1, of: 'all' }, decontaminate: { enabled: false } });
    expect(kept.filter(({ augmented }) => augmented === null)).toHaveLength(16);
    const copies = kept.filter(({ augmented }) => augmented !== null);
    expect(copies.length).toBeGreaterThan(4);
    for (const { row, text } of copies) {
      const { label, text: words } = JSON.parse(text) as { label: string; text: string };
      expect(label).toBe(row < 8 ? 'a' : 'b');
      expect(words).toMatch(/patient|fever|rests/);
    }
  });
});
