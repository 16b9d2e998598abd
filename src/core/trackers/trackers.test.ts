import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../errors';
import { recipeWith } from '../run/example-run';
import { readEventFile, writeEventFile } from './event-file';
import { figureOf, trackedRun, TRACKER_FORMATS } from './tracked-run';
import { GrowingLog, runOfEvents } from './growing-log';
import { importedRun } from './imported-run';
import { addLines, allChanges, emptyLog, logRecipe, readChanges, studioRun } from './studio-log';
import { trackerFiles } from './tracker-export';
import { readTextLog, readTrackioRows, runOfRows } from './tracker-logs';

const fixture = (name: string) => new Uint8Array(readFileSync(new URL(`./fixtures/${name}`, import.meta.url)));
/** As `make_tracker_fixtures.py` has them. */
const LOSSES = [3, 2, 2.5, NaN, Infinity, 1.5];

const recipe = recipeWith({
  channels: [
    { id: 'en', corpus: 'en', role: 'general', share: 0.75 },
    { id: 'law', corpus: 'law', role: 'domain', share: 0.25 },
  ],
});
const rows = [1, 2, 3].map((window) => ({
  step: window * 10,
  lr: 1e-3 / window,
  gradNorm: window === 2 ? null : 0.5,
  stepMs: 100,
  tokens: window * 640,
  loss: { en: 3 - window / 8, law: window === 2 ? null : 4 - window / 4 },
  count: { en: 480, law: 160 },
  total: 3.25,
  ...(window === 2 ? { notFinite: { law: 'NaN' as const } } : {}),
}));
const evaluations = [0, 30].map((step) => ({
  step,
  retention: step === 0 ? 1 : 0.9,
  channels: { en: { loss: 3 + step / 100, tokens: 10, bytes: 30 }, law: { loss: 4 - step / 100, tokens: 10, bytes: 25 } },
}));
const AT = Date.UTC(2026, 0, 1);
const run = trackedRun({ name: 'first run · 一', createdAt: AT, recipe }, rows, evaluations);

describe('a run of the studio as series', () => {
  it('has each figure by channel, with the time that its steps took', () => {
    expect(run.series.get('train/loss/law')).toEqual([
      { step: 10, value: 3.75, time: AT + 1000 },
      { step: 20, value: NaN, time: AT + 2000 },
      { step: 30, value: 3.25, time: AT + 3000 },
    ]);
    expect(run.series.get('eval/loss/en')!.map(({ step, value }) => [step, value])).toEqual([
      [0, 3],
      [30, 3.3],
    ]);
    expect(run.series.get('mixture/law')!.map(({ value }) => value)).toEqual([0.25, 0.25, 0.25]);
    expect(run.series.get('train/grad_norm')).toHaveLength(2);
    expect(run.config).toMatchObject({ 'channels.law.share': 0.25, 'schedule.peakLr': recipe.schedule.peakLr });
  });

  it('is found again by its tags', () => {
    const figures = Object.fromEntries([...run.series.keys()].map((tag) => [tag, figureOf(tag)]));
    expect(figures).toMatchObject({
      'train/loss': { kind: 'train', channel: null },
      'train/loss/en': { kind: 'train', channel: 'en' },
      'eval/loss/law': { kind: 'heldOut', channel: 'law' },
      'eval/retention': { kind: 'retention', channel: null },
      'train/learning_rate': { kind: 'lr' },
      'train/grad_norm': { kind: 'gradNorm' },
      'train/tokens': { kind: 'tokens' },
      'mixture/law': { kind: 'other' },
    });
  });
});

describe('tags of trainers', () => {
  it.each([
    ['loss', 'train', null],
    ['eval_loss', 'heldOut', null],
    ['eval_law_loss', 'heldOut', 'law'],
    ['eval/zh-wiki_loss', 'heldOut', 'zh-wiki'],
    ['val_loss', 'heldOut', null],
    ['validation/code/loss', 'heldOut', 'code'],
    ['lm loss', 'train', null],
    ['lm loss validation', 'heldOut', null],
    ['loss_medicine', 'train', 'medicine'],
    ['loss_total', 'train', null],
    ['held_out_loss_en', 'heldOut', 'en'],
    ['train/lm_loss', 'train', null],
    ['learning_rate', 'lr', null],
    ['train/lr', 'lr', null],
    ['grad-norm', 'gradNorm', null],
    ['loss_metrics/global_avg_loss', 'train', null],
    ['num_input_tokens_seen', 'tokens', null],
    ['eval_runtime', 'other', null],
    ['token_acc', 'other', null],
    ['loss_scale', 'other', null],
    ['epoch', 'other', null],
  ])('%s is %s of %s', (tag, kind, channel) => expect(figureOf(tag)).toEqual({ kind, channel }));
});

describe('event files', () => {
  it('reads scalars as torch writes them, NaN and infinity included', async () => {
    const events = await readEventFile(fixture('torch.tfevents'), 'torch.tfevents');
    expect(events.filter(({ tag }) => tag === 'train/loss').map(({ value }) => value)).toEqual(LOSSES);
    expect(events.at(-1)).toEqual({ tag: 'eval/law_loss', step: 300, value: 2.25, time: 1700000300500 });
  });

  it('reads scalars as TensorFlow 2 writes them, and leaves text alone', async () => {
    const events = await readEventFile(fixture('tensorflow.tfevents'), 'tensorflow.tfevents');
    expect(events.map(({ step, value }) => [step, value])).toEqual([
      [1, 2.5],
      [2, 1.25],
      [70000, 0.1],
    ]);
  });

  it('writes byte for byte what TensorBoard writes', async () => {
    const written = await writeEventFile(
      [
        ...LOSSES.map((value, at) => ({ tag: 'train/loss', step: at * 10, value, time: 1700000000500 + at * 10_000 })),
        { tag: 'eval/law_loss', step: 300, value: 2.25, time: 1700000300500 },
      ],
      1700000000000,
    );
    expect(Buffer.from(written).equals(Buffer.from(fixture('torch.tfevents')))).toBe(true);
  });

  it('reads a file that is being written up to its last whole record, and refuses one that is damaged before it', async () => {
    const whole = fixture('torch.tfevents');
    expect(await readEventFile(whole.subarray(0, whole.length - 5), 'growing')).toHaveLength(LOSSES.length);
    const damaged = whole.slice();
    damaged[100]! ^= 1;
    await expect(readEventFile(damaged, 'log')).rejects.toMatchObject({
      code: 'tracker-damaged',
      values: { file: 'log', byte: expect.any(Number) as number },
    });
    await expect(readEventFile(new TextEncoder().encode('{"step": 1, "loss": 2}'), 'log')).rejects.toBeInstanceOf(StudioError);
    await expect(readEventFile(new Uint8Array(0), 'log')).rejects.toBeInstanceOf(StudioError);
  });
});

describe('text logs', () => {
  const values = (log: ReturnType<typeof readTextLog>, tag: string) =>
    log.runs[0]!.series.get(tag)?.map(({ step, value }) => [step, value]);

  it('reads trainer_state.json', () => {
    const log = readTextLog(
      `{"best_metric": null, "epoch": 1.0, "global_step": 20, "max_steps": 20, "log_history": [
        {"epoch": 0.5, "grad_norm": 1.5, "learning_rate": 0.0003, "loss": 2.75, "step": 10},
        {"epoch": 0.5, "eval_law_loss": 2.5, "eval_runtime": 0.1, "step": 10},
        {"epoch": 1.0, "grad_norm": NaN, "learning_rate": 0.0, "loss": 2.5, "step": 20},
        {"epoch": 1.0, "step": 20, "total_flos": 1e12, "train_loss": 2.625, "train_runtime": 3.5}], "trial_params": null}`,
      'trainer_state.json',
    );
    expect(log).toMatchObject({ format: 'trainer-state', badLines: [], runs: [{ name: 'trainer_state', config: { max_steps: 20 } }] });
    expect(values(log, 'loss')).toEqual([
      [10, 2.75],
      [20, 2.5],
    ]);
    expect(values(log, 'eval_law_loss')).toEqual([[10, 2.5]]);
    expect(values(log, 'grad_norm')).toEqual([
      [10, 1.5],
      [20, NaN],
    ]);
  });

  it("reads LLaMA-Factory's trainer_log.jsonl while it is written, and names a line that is none", () => {
    const log = readTextLog(
      [
        '{"current_steps": 5, "total_steps": 30, "loss": 2.4, "lr": 5e-05, "epoch": 0.5, "percentage": 16.67, "elapsed_time": "0:00:05", "remaining_time": "0:00:25"}',
        'Traceback (most recent call last):',
        '{"current_steps": 10, "total_steps": 30, "loss": NaN, "lr": 4e-05, "epoch": 1.0, "percentage": 33.33, "elapsed_time": "0:00:10", "remaining_time": "0:00:20"}',
        '{"current_steps": 10, "total_steps": 30, "eval_loss": 2.1, "epoch": 1.0}',
        '{"current_steps": 15, "tot',
      ].join('\n'),
      'trainer_log.jsonl',
    );
    expect(log).toMatchObject({ format: 'llama-factory', badLines: [2] });
    expect(values(log, 'loss')).toEqual([
      [5, 2.4],
      [10, NaN],
    ]);
    expect([...log.runs[0]!.series.keys()].sort()).toEqual(['epoch', 'eval_loss', 'loss', 'lr']);
  });

  it("reads ms-swift's logging.jsonl with its channels", () => {
    const log = readTextLog(
      '{"loss": 2.5, "grad_norm": 1.25, "learning_rate": 1e-05, "loss_law": 3.0, "epoch": 0.1, "global_step/max_steps": "5/50", "percentage": "10.00%", "elapsed_time": "3s"}\n' +
        '{"loss": 2.25, "loss_law": 2.75, "global_step/max_steps": "10/50"}\n',
      'logging.jsonl',
    );
    expect(log.format).toBe('ms-swift');
    expect(values(log, 'loss_law')).toEqual([
      [5, 3],
      [10, 2.75],
    ]);
  });

  it('reads wide and long CSV, and several runs of one table', () => {
    expect(values(readTextLog('step,loss,eval_loss\n1,2.5,\n2,nan,2\n', 'a.csv'), 'loss')).toEqual([
      [1, 2.5],
      [2, NaN],
    ]);
    // As TensorBoard downloads a chart.
    const chart = readTextLog('Wall time,Step,Value\n1700000000.5,1,2.5\n1700000001.5,2,2.25\n', 'train_loss.csv');
    expect(chart.runs[0]!.series.get('train_loss')).toEqual([
      { step: 1, value: 2.5, time: 1700000000500 },
      { step: 2, value: 2.25, time: 1700000001500 },
    ]);
    const long = readTextLog('run,tag,step,value\na,loss,1,3\nb,loss,1,4\na,loss,2,2\n', 'long.csv');
    expect(long.runs.map(({ name, series }) => [name, series.get('loss')!.map(({ value }) => value)])).toEqual([
      ['a', [3, 2]],
      ['b', [4]],
    ]);
  });

  it('drops what a resumed run logs anew', () => {
    const resumed = runOfRows(
      'r',
      [1, 2, 3, 2, 3].map((step, at) => ({ step, loss: at })),
    );
    expect(resumed.series.get('loss')!.map(({ step, value }) => [step, value])).toEqual([
      [1, 0],
      [2, 3],
      [3, 4],
    ]);
  });

  it('refuses a text without numbers over steps', () => {
    expect(() => readTextLog('hello', 'note.txt')).toThrow(StudioError);
    expect(() => readTextLog('{"model": "x"}', 'config.json')).toThrow(StudioError);
  });
});

describe('files of trackers', () => {
  it('has no number less and none more in any format', async () => {
    const folder = process.env['CROSSFADE_TRACKERS'];
    const expected = Object.fromEntries([...run.series].map(([tag, points]) => [tag, points.map(({ step, value }) => [step, value])]));
    for (const format of TRACKER_FORMATS) {
      const files = await trackerFiles(run, 'id-1', AT, format);
      const [main] = files;
      const read =
        format === 'tensorboard'
          ? runOfRows(
              run.name,
              (await readEventFile(main!.bytes, main!.path)).map(({ tag, value, step }) => ({ step, [tag]: value })),
            )
          : format === 'wandb'
            ? readTextLog(new TextDecoder().decode(main!.bytes), main!.path).runs[0]!
            : readTrackioRows('x', await parquetReadObjects({ file: main!.bytes.buffer })).runs[0]!;
      const found = Object.fromEntries([...read.series].map(([tag, points]) => [tag, points.map(({ step, value }) => [step, value])]));
      expect(Object.keys(found).sort(), format).toEqual(Object.keys(expected).sort());
      // Event files have float32.
      for (const [tag, points] of Object.entries(expected))
        for (const [at, point] of points.entries()) {
          expect(found[tag]![at]![0], `${format} ${tag}`).toBe(point[0]);
          if (Number.isNaN(point[1])) expect(found[tag]![at]![1]).toBeNaN();
          else expect(found[tag]![at]![1]!, `${format} ${tag}`).toBeCloseTo(point[1]!, format === 'tensorboard' ? 4 : 12);
        }
      if (folder)
        for (const { path, bytes } of files) {
          const to = join(folder, format, path);
          mkdirSync(dirname(to), { recursive: true });
          writeFileSync(to, bytes);
        }
    }
    if (folder)
      writeFileSync(
        join(folder, 'expected.json'),
        JSON.stringify(expected, (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value)),
      );
  });

  it("reads Trackio's own table, a run at a time", async () => {
    const rows = await parquetReadObjects({ file: fixture('trackio.parquet').slice().buffer });
    const { runs } = readTrackioRows('fixture', rows);
    expect(runs.map(({ name }) => name)).toEqual(['first', 'second']);
    expect(runs[0]!.series.get('train/loss')!.map(({ step, value }) => [step, value])).toEqual(LOSSES.map((value, at) => [at * 5, value]));
    expect(runs[1]!.series.get('eval/law/loss')!.map(({ step, value }) => [step, value])).toEqual([[0, 2]]);
  });
});

describe('a log as a run', () => {
  const options = { file: 'log', format: 'jsonl' as const, now: AT };

  it('gives back the run that was exported, its channels, shares, roles, losses and breaks', () => {
    const back = importedRun(run, options)!;
    expect(back.record).toMatchObject({ name: 'first run · 一', step: 30, tokens: 1920, createdAt: AT, updatedAt: AT + 3000 });
    expect(back.record.recipe.channels.map(({ id, role, share }) => [id, role, share])).toEqual([
      ['en', 'general', 0.75],
      ['law', 'domain', 0.25],
    ]);
    expect(
      back.rows.map(({ step, loss, total, lr, gradNorm, notFinite }) => ({
        step,
        loss,
        total,
        lr,
        gradNorm,
        ...(notFinite ? { notFinite } : {}),
      })),
    ).toEqual(
      rows.map(({ step, loss, total, lr, gradNorm, notFinite }) => ({
        step,
        loss,
        total,
        lr,
        gradNorm,
        ...(notFinite ? { notFinite } : {}),
      })),
    );
    expect(back.evaluations.map(({ step, retention }) => [step, retention])).toEqual([
      [0, 1],
      [30, 0.9],
    ]);
    expect(back.record.base?.channels['law']?.loss).toBe(4);
    expect(back.rows[1]!.stepMs).toBeCloseTo(100, 6);
  });

  it('counts retention from the first evaluation where the log has none, and keeps what is no figure by name', () => {
    const log = readTextLog(
      '{"step": 0, "eval_zh_loss": 3.0, "eval_law_loss": 4.0}\n{"step": 5, "loss": 3.5, "epoch": 0.5}\n{"step": 10, "eval_zh_loss": 3.1, "eval_law_loss": 3.5}\n',
      'x.jsonl',
    );
    const { record, evaluations, rows: windows } = importedRun(log.runs[0]!, options)!;
    expect(record.recipe.channels.map(({ id, role }) => [id, role])).toEqual([
      ['zh', 'general'],
      ['law', 'domain'],
    ]);
    expect(evaluations[1]!.retention).toBeCloseTo(Math.exp(-0.1), 12);
    expect(windows).toMatchObject([{ step: 5, total: 3.5, loss: { zh: null, law: null } }]);
    expect(record.imported).toEqual({ file: 'log', format: 'jsonl', others: ['epoch'] });
  });

  it('takes names that no recipe could have, and at most sixteen channels', () => {
    const many = Object.fromEntries(Array.from({ length: 18 }, (_, at) => [`loss_中文 ${at}`, 2 + at]));
    const { record } = importedRun(runOfRows('m', [{ step: 1, ...many }]), options)!;
    expect(new Set(record.recipe.channels.map(({ id }) => id)).size).toBe(16);
    expect(record.imported!.others).toHaveLength(2);
  });

  it('is none without a loss', () => {
    expect(importedRun(runOfRows('m', [{ step: 1, epoch: 2 }]), options)).toBeNull();
  });
});

/**
 * A run of the exported train.py: golden ratio on nano, 24 steps, two gloo processes; control.json gave the domain 0.5 and the rate 1e-3 behind step
 * 4, and asked for a channel that is not there behind step 7.
 */
describe('the log of train.py', () => {
  const folder = (name: string) => fixture(`cluster-run/${name}`);
  const json = (name: string): unknown => JSON.parse(new TextDecoder().decode(folder(name)));
  const from = { name: 'run', file: 'run/metrics.jsonl', now: AT };

  /** As it is read while it is written: in pieces that end anywhere. */
  async function grown(path: string, bytes: Uint8Array, piece: number): Promise<GrowingLog> {
    const log = new GrowingLog(path);
    for (let at = 0; at < bytes.length; at += piece) await log.add(bytes.subarray(at, at + piece));
    return log;
  }

  it.each([7, 100, 1e9])('is a run with its recipe, its changes and what was refused, in pieces of %i bytes', async (piece) => {
    const { studio } = await grown('metrics.jsonl', folder('metrics.jsonl'), piece);
    const changes = allChanges(studio!, readChanges(json('changes.json')));
    const found = studioRun(studio!, { recipe: logRecipe(studio!, json('recipe.json')), changes }, from)!;
    expect(found.record).toMatchObject({ name: 'followed', state: 'finished', stopReason: 'budget', step: 24, tokens: 24576 });
    expect(found.record.recipe).toMatchObject({ base: 'nano', budget: { steps: 24 }, schedule: { peakLr: 3e-4 } });
    // Told by the log and by changes.json, and made once.
    expect(found.record.changes).toMatchObject([{ step: 5, settings: { schedule: { peakLr: 1e-3 } } }]);
    expect(found.record.changes[0]!.settings.shares!['domain']).toBeCloseTo(0.5 / 1.333, 12);
    expect(studio!.refusals).toEqual([
      { step: 8, sentence: 'control.json was refused: The run has no channel "nowhere"; it has zh, en, code, domain.' },
    ]);
    expect(found.rows.map(({ step }) => step)).toEqual([1, 4, 8, 12, 16, 20, 24]);
    expect(found.record.base!.channels['zh']!.loss).toBe(3.8578334399864658);
    expect(found.record.latest!.channels['domain']!.loss).toBe(4.02111898124912);
    expect(found.record.latest!.retention).toBeCloseTo(0.9784464725851416, 15);
    expect(found.events!.map(({ type }) => type)).toEqual(['stopped']);
  });

  it('is a run without its recipe too, and before it has ended', async () => {
    const text = new TextDecoder().decode(folder('metrics.jsonl'));
    const half = new TextEncoder().encode(text.slice(0, text.indexOf('"step": 16')));
    const { studio, badLines } = await grown('metrics.jsonl', half, 500);
    expect(badLines).toBe(0);
    const found = studioRun(studio!, { recipe: logRecipe(studio!, null), changes: [] }, from)!;
    expect(found.record).toMatchObject({ name: 'run', state: 'stopped', stopReason: null, step: 12 });
    expect(found.record.recipe.channels.map(({ id, role }) => [id, role])).toEqual([
      ['zh', 'general'],
      ['en', 'general'],
      ['code', 'general'],
      ['domain', 'domain'],
    ]);
  });

  it('takes the later line of a step, and leaves out what is no record', () => {
    const log = emptyLog();
    addLines(log, [
      { kind: 'window', step: 1, lr: 1, loss: { en: 3 }, count: { en: 'many' }, total: 3, tokens: 5 },
      { kind: 'window', step: 1, lr: 1, loss: { en: 'NaN' }, count: { en: 4 }, total: 'NaN', tokens: 5 },
      { kind: 'window', step: 'two', loss: { en: 1 } },
      { kind: 'evaluation', step: 1, channels: { en: { loss: 'low' } }, retention: 1 },
      { kind: 'event', type: 'failed', step: 1, error: { code: 'no such code', values: null } },
      { kind: 'event', type: 'control', step: 0, settings: { shares: { nowhere: 1 } } },
    ]);
    const found = studioRun(log, { recipe: null, changes: log.changes }, from)!;
    expect(found.rows).toEqual([
      {
        step: 1,
        lr: 1,
        gradNorm: null,
        stepMs: 0,
        tokens: 5,
        loss: { en: null },
        count: { en: 4 },
        total: null,
        notFinite: { en: 'NaN', total: 'NaN' },
      },
    ]);
    expect(found.record).toMatchObject({ state: 'failed', error: { code: 'internal' }, changes: [], latest: null });
    expect(logRecipe(log, { ...(json('recipe.json') as object), seed: 'none' })).toBeNull();
  });

  it.each([11, 1000])('in its event file has losses by channel, base line and retention, in pieces of %i bytes', async (piece) => {
    const { events } = await grown('events.out.tfevents.1', folder('cluster.tfevents'), piece);
    const found = importedRun(runOfEvents('run', events), { file: 'tensorboard', format: 'tensorboard', now: AT })!;
    expect(found.record.recipe.channels.map(({ id }) => id).sort()).toEqual(['code', 'domain', 'en', 'zh']);
    expect(found.record.base!.channels['zh']!.loss).toBeCloseTo(3.8578334399864658, 6);
    expect(found.rows.at(-1)!.loss['domain']).toBeCloseTo(3.8520868617427673, 6);
    expect(found.rows.at(-1)!.total).not.toBeNull();
    expect(found.record.latest!.retention).toBeCloseTo(0.9784464725851416, 6);
  });

  it('of others is read as far as it is whole', async () => {
    const csv = await grown('log.csv', new TextEncoder().encode('step,loss\n1,3.5\n2,3.2'), 6);
    const losses = (log: GrowingLog, settled: boolean) =>
      [...log.read(settled).runs[0]!.series.get('loss')!].map(({ step, value }) => [step, value]);
    expect(losses(csv, false)).toEqual([[1, 3.5]]);
    await csv.add(new TextEncoder().encode('5'));
    expect(losses(csv, true)).toEqual([
      [1, 3.5],
      [2, 3.25],
    ]);
    const lines = '{"current_steps": 1, "total_steps": 40, "loss": 3.5}\n{"current_steps": 2, "total_steps": 40, "loss": 3.25}';
    const log = await grown('trainer_log.jsonl', new TextEncoder().encode(lines), 5);
    expect(losses(log, false)).toEqual([[1, 3.5]]);
    expect(losses(log, true)).toHaveLength(2);
    expect(importedRun(log.read(true).runs[0]!, { file: '', format: 'llama-factory', now: AT })!.record.recipe.budget.steps).toBe(40);
  });
});
