import { describe, expect, it } from 'vitest';
import { StudioError } from '../../src/core/errors';
import { viewOf } from '../../src/core/run/view';
import { learningRateAt } from '../../src/core/schedule/schedule';
import type { MemoryStorage } from './fixtures/rehearsal';
import { Rehearsal, tinyRecipe, walk } from './fixtures/rehearsal';
import type { ProbeSample } from './run-evaluation';

const quota = () => new StudioError('quota', 'full', { needed: 2, available: 1 });

describe('a run that is asked probes', () => {
  /** Grammar falls by an item at each evaluation; the rest is guessed. */
  function asked() {
    const groups: string[][] = [];
    const sample: ProbeSample = {
      chances: { grammar: Array<number>(10).fill(0.5), logic: Array<number>(4).fill(0.5) },
      async answer(of, { between, exclusively }) {
        await between(0, 1);
        groups.push([...of]);
        const right = 10 - (groups.length - 1);
        return exclusively(async () => ({
          grammar: '1'.repeat(right) + '0'.repeat(10 - right),
          ...(of.includes('logic') ? { logic: '0110' } : {}),
        }));
      },
    };
    return { sample, groups };
  }

  it('asks the base everything and later what the base knows, and trains as without', async () => {
    const { sample, groups } = asked();
    const [plain, probed] = [new Rehearsal(tinyRecipe()), new Rehearsal(tinyRecipe(), { probes: sample })];
    await Promise.all([plain.loop.run(), probed.loop.run()]);
    expect(groups).toEqual([['grammar', 'commonsense', 'facts', 'logic'], ['grammar'], ['grammar'], ['grammar']]);
    const rows = probed.storage.evaluations();
    expect(rows.map(({ probes }) => probes?.risk?.value)).toEqual([0, 1 - 9 / 10, 1 - 8 / 10, 1 - 7 / 10]);
    expect(rows[0]!.probes).toMatchObject({ items: 14, informative: ['grammar'], answers: { logic: '0110' } });
    const view = probed.views.at(-1)!;
    expect(view.riskSeries.x).toEqual([0, 4, 8, 12]);
    expect(view.risk).toMatchObject({ items: 14, risk: { value: 1 - 7 / 10 } });
    expect([...probed.model.weights]).toEqual([...plain.model.weights]);
    expect(probed.storage.rows()).toEqual(plain.storage.rows());
    expect(rows.map(({ probes: _, ...row }) => row)).toEqual(plain.storage.evaluations());
    expect(plain.views.at(-1)!.risk).toBeNull();
  });

  it('can be stopped while it is asked, and holds no answers then', async () => {
    const { sample } = asked();
    const stopped: ProbeSample = {
      ...sample,
      async answer(of, options) {
        if (rehearsal.loop.record.step === 4) void rehearsal.loop.stop();
        return sample.answer(of, options);
      },
    };
    const rehearsal = new Rehearsal(tinyRecipe(), { probes: stopped });
    await rehearsal.loop.run();
    expect(rehearsal.loop.record).toMatchObject({ state: 'stopped', stopReason: 'person', step: 4, error: null });
    expect(rehearsal.storage.evaluations().map(({ step }) => step)).toEqual([0]);
  });
});

describe('a run that writes after prompts', () => {
  const evaluation = { everySteps: 4, rowsPerChannel: 4 };
  const written = (temperature: number) =>
    tinyRecipe({ evaluation: { ...evaluation, prompts: { texts: ['a', 'bc'], tokens: 6, temperature } } });

  it('trains as without, and writes what the learnt table says', async () => {
    const [plain, writing] = [new Rehearsal(tinyRecipe()), new Rehearsal(written(0))];
    await Promise.all([plain.loop.run(), writing.loop.run()]);
    expect([...writing.model.weights]).toEqual([...plain.model.weights]);
    expect(writing.storage.rows()).toEqual(plain.storage.rows());
    const rows = writing.storage.evaluations();
    expect(rows.map(({ texts: _, ...row }) => row)).toEqual(plain.storage.evaluations());
    // Before the first update all eight letters are equally likely, and of equals the first is written.
    expect(rows[0]!.texts!.map(({ text }) => text)).toEqual(['aaaaaa', 'aaaaaa']);
    expect(rows[0]!.texts![1]!.next.map(({ token, p }) => [token, p])).toEqual([...'abcdefgh'].map((letter) => [letter, 0.125]));
    // At the end by hand from the weights: the likeliest letter after each, and its softmax.
    const { weights } = writing.model;
    const best = (id: number) => {
      const row = [...weights.subarray(id * 8, id * 8 + 8)];
      return row.indexOf(Math.max(...row));
    };
    let expected = '';
    for (let id = best(2), count = 0; count < 6; count++, id = best(id)) expected += 'abcdefgh'[id];
    const last = rows.at(-1)!.texts![1]!;
    expect(last.text).toBe(expected);
    const row = [...weights.subarray(16, 24)];
    const p = Math.exp(Math.max(...row)) / row.reduce((sum, logit) => sum + Math.exp(logit), 0);
    expect(last.next[0]).toMatchObject({ id: best(2), token: 'abcdefgh'[best(2)] });
    expect(last.next[0]!.p).toBeCloseTo(p, 4);
    expect(writing.views.at(-1)!.texts.map(({ step }) => step)).toEqual([0, 4, 8, 12]);
  });

  it('writes the same after it was killed, also where it draws', async () => {
    const whole = new Rehearsal(written(1));
    await whole.loop.run();
    const texts = whole.storage.evaluations().map(({ texts }) => texts);
    expect(new Set(texts.flatMap((row) => row!.map(({ text }) => text))).size).toBeGreaterThan(2);
    const killed = new Rehearsal(written(1));
    killed.at(10, () => killed.loop.fail(new StudioError('cancelled', 'killed')));
    await killed.loop.run();
    expect(killed.storage.evaluations().map(({ step }) => step)).toEqual([0, 4, 8]);
    const resumed = new Rehearsal(written(1), {}, killed.storage);
    await resumed.loop.run();
    expect(resumed.storage.evaluations()).toEqual(whole.storage.evaluations());
    expect([...resumed.model.weights]).toEqual([...whole.model.weights]);
  });

  it('can be stopped while it writes, and keeps no half of it', async () => {
    const stopped = new Rehearsal(written(0));
    let turns = 0;
    stopped.onTurn = (step) => {
      if (step === 4 && ++turns === 8) void stopped.loop.stop();
    };
    await stopped.loop.run();
    expect(stopped.loop.record).toMatchObject({ state: 'stopped', step: 4, error: null });
    expect(stopped.storage.evaluations().map(({ step }) => step)).toEqual([0]);
  });
});

describe('a run from start to end', () => {
  it('logs step 1 and every window after it, evaluates and saves on time, and learns', async () => {
    const { loop, storage, model } = new Rehearsal(tinyRecipe());
    await loop.run();
    expect(loop.record).toMatchObject({ state: 'finished', stopReason: 'budget', step: 12, tokens: 12 * 4 * 16, error: null });
    expect(storage.rows().map(({ step }) => step)).toEqual([1, 3, 6, 9, 12]);
    expect(storage.evaluations().map(({ step }) => step)).toEqual([0, 4, 8, 12]);
    expect(storage.checkpoints.map(({ step, reason }) => [step, reason])).toEqual([
      [4, 'periodic'],
      [8, 'periodic'],
      [12, 'end'],
    ]);
    // Uniform over 8 tokens before the first update.
    expect(storage.rows()[0]!.total).toBeCloseTo(Math.log(8), 12);
    expect(storage.evaluations()[0]!.channels['domain']!.loss).toBeCloseTo(Math.log(8), 12);
    expect(storage.evaluations().at(-1)!.channels['domain']!.loss).toBeLessThan(1.9);
    expect(storage.evaluations()[0]).toMatchObject({ retention: 1, channels: { general: { tokens: 64, bytes: 128 } } });
    expect(model.disposed).toBe(true);
  });

  it('counts tokens of a window: their sum over rows is all that was seen', async () => {
    const { loop, storage } = new Rehearsal(tinyRecipe({ budget: { steps: 11 } }));
    await loop.run();
    const counted = storage.rows().reduce((sum, { count }) => sum + count['general']! + count['domain']!, 0);
    expect(counted).toBe(11 * 64);
    expect(storage.rows().at(-1)).toMatchObject({ step: 11, tokens: 11 * 64 });
  });

  it('follows the schedule step by step', async () => {
    const recipe = tinyRecipe();
    const { loop, model } = new Rehearsal(recipe);
    await loop.run();
    expect(model.steps.map(({ lr }) => lr)).toEqual(Array.from({ length: 12 }, (_, step) => learningRateAt(recipe.schedule, step, 12)));
  });

  it('accumulates micro-batches to what one larger batch gives', async () => {
    const whole = new Rehearsal(tinyRecipe({ batchSize: 6, gradientAccumulationSteps: 1 }));
    const parts = new Rehearsal(tinyRecipe({ batchSize: 2, gradientAccumulationSteps: 3 }));
    await Promise.all([whole.loop.run(), parts.loop.run()]);
    expect(parts.model.steps[0]!.rows).toEqual([2, 2, 2]);
    parts.storage.rows().forEach((row, at) => expect(row.total).toBeCloseTo(whole.storage.rows()[at]!.total!, 12));
    parts.model.weights.forEach((weight, at) => expect(weight).toBeCloseTo(whole.model.weights[at]!, 10));
  });

  it('leaves the weights bit-identical at learning rate 0', async () => {
    const { loop, model, storage } = new Rehearsal(
      tinyRecipe({ schedule: { kind: 'constant', peakLr: 0, warmup: { unit: 'steps', value: 0 } } }),
    );
    await loop.run();
    expect([...model.weights].every((weight) => Object.is(weight, 0))).toBe(true);
    expect(storage.evaluations().every(({ retention }) => retention === 1)).toBe(true);
  });

  it('reads late where reading stalls, with the same figures', async () => {
    const late = new Rehearsal(
      tinyRecipe({
        logging: { everySteps: 100 },
        budget: { steps: 90 },
        saving: { everySteps: 90 },
        evaluation: { everySteps: 90, rowsPerChannel: 2 },
      }),
      { syncReadback: false },
    );
    const early = new Rehearsal(late.loop.record.recipe, { syncReadback: true });
    await Promise.all([late.loop.run(), early.loop.run()]);
    expect(late.storage.rows()).toEqual(early.storage.rows());
    expect(late.model.mostUnread).toBeGreaterThan(2);
    expect(late.model.mostUnread).toBeLessThanOrEqual(64);
    expect(late.model.unread).toBe(0);
  });

  it('takes the base’s evaluation from the cache when it is known', async () => {
    const cache = { row: null };
    const first = new Rehearsal(tinyRecipe({ budget: { steps: 1 } }), { cache });
    await first.loop.run();
    expect(cache.row).toEqual(first.storage.evaluations()[0]);
    const second = new Rehearsal(tinyRecipe({ budget: { steps: 1 } }), { cache });
    await second.loop.run();
    expect(second.storage.evaluations()).toEqual(first.storage.evaluations());
  });
});

describe('commands', () => {
  it('pauses between steps with a checkpoint, takes single steps, and goes on', async () => {
    const { loop, storage, at, ...run } = rehearse();
    at(2, () => void loop.pause());
    const ended = loop.run();
    await run.seen(({ state }) => state === 'paused');
    expect(loop.record.step).toBe(2);
    await loop.step();
    await loop.step();
    expect(loop.record).toMatchObject({ step: 4, state: 'paused' });
    await loop.save();
    expect(storage.checkpoints.map(({ step, reason }) => [step, reason])).toEqual([
      [2, 'pause'],
      [4, 'person'],
    ]);
    await loop.unpause();
    await ended;
    expect(loop.record).toMatchObject({ state: 'finished', step: 12 });
    const still = new Rehearsal(tinyRecipe());
    await still.loop.run();
    expect(storage.rows()).toEqual(still.storage.rows());
    expect(storage.events().map(({ type, step }) => [type, step])).toEqual([
      ['paused', 2],
      ['resumed', 4],
      ['stopped', 12],
    ]);
  });

  it('stops with a last checkpoint', async () => {
    const { loop, storage, at } = rehearse();
    at(5, () => void loop.stop());
    await loop.run();
    expect(loop.record).toMatchObject({ state: 'stopped', stopReason: 'person', step: 5 });
    expect(storage.checkpoints.at(-1)).toMatchObject({ step: 5, reason: 'end' });
    expect(storage.fields).toMatchObject({ state: 'stopped', step: 5 });
  });

  it('acts between the batches of an evaluation', async () => {
    const { loop, storage, seen } = rehearse();
    const ended = loop.run();
    void loop.pause();
    await seen(({ state }) => state === 'paused');
    expect(loop.record.step).toBe(0);
    expect(storage.evaluations()).toEqual([]);
    await loop.stop();
    await ended;
    expect(loop.record).toMatchObject({ state: 'stopped', step: 0 });
  });

  it('changes shares and schedule at the next step, and keeps the change', async () => {
    const { loop, storage, model, at } = rehearse();
    const schedule = { ...tinyRecipe().schedule, kind: 'constant' as const, peakLr: 0.001 };
    at(6, () => void loop.change({ shares: { general: 0, domain: 1 }, schedule }));
    await loop.run();
    expect(storage.fields.changes).toEqual([{ step: 6, at: 1, settings: { shares: { general: 0, domain: 1 }, schedule } }]);
    expect(model.steps.slice(6).every(({ lr }) => lr === 0.001)).toBe(true);
    expect(model.steps[5]!.lr).toBeGreaterThan(0.001);
    expect(storage.rows().find(({ step }) => step === 9)!).toMatchObject({
      count: { general: 0, domain: 3 * 64 },
      loss: { general: null },
    });
    expect(
      viewOf(loop.whole())
        .events.filter(({ step }) => step === 6)
        .map(({ type }) => type),
    ).toEqual(['mixture', 'learning-rate', 'schedule']);
  });

  it('weighs the objective anew from the step of a change on', async () => {
    const channels = tinyRecipe().channels.map((channel, at) => ({ ...channel, weight: [0.25, 0.75][at]! }));
    const { loop, storage, model, at } = rehearse(tinyRecipe({ channels }));
    at(6, () => void loop.change({ weights: { general: 1.5, domain: 0.5 } }));
    await loop.run();
    expect(storage.fields.changes).toEqual([{ step: 6, at: 1, settings: { weights: { general: 0.75, domain: 0.25 } } }]);
    expect(model.steps.map(({ weights }) => weights?.[0])).toEqual(Array.from({ length: 12 }, (_, step) => (step < 6 ? 0.25 : 0.75)));
    const moved = viewOf(loop.whole()).events.find(({ type }) => type === 'objective');
    expect(moved).toMatchObject({ step: 6, before: { general: 0.25, domain: 0.75 }, after: { general: 0.75, domain: 0.25 } });
  });

  it('refuses a change by its field and trains on', async () => {
    const { loop, at } = rehearse();
    const refusals: unknown[] = [];
    at(3, () => {
      for (const change of [
        { shares: { nobody: 1 } },
        { shares: { general: 0, domain: 0 } },
        { weights: { general: 1 } },
        { schedule: { ...tinyRecipe().schedule, peakLr: 7 } },
      ])
        loop.change(change as never).catch((error: StudioError) => refusals.push(error.values['field']));
    });
    await loop.run();
    expect(refusals).toEqual(['channels.nobody', 'channels', 'channels.general.weight', 'schedule.peakLr']);
    expect(loop.record.state).toBe('finished');
  });

  it('does nothing on a run that has ended', async () => {
    const { loop } = rehearse();
    await loop.run();
    await Promise.all([loop.pause(), loop.unpause(), loop.step(), loop.stop(), loop.save()]);
    expect(loop.record.state).toBe('finished');
  });
});

describe('resuming', () => {
  const recipe = tinyRecipe({ budget: { steps: 20 }, saving: { everySteps: 5 }, evaluation: { everySteps: 6, rowsPerChannel: 4 } });

  /** Trains until step `killAt`, then drops everything but what was written down. */
  async function kill(run: Rehearsal, killAt: number): Promise<MemoryStorage> {
    await new Promise<void>((resolve) => {
      run.at(killAt, () => {
        run.loop.fail(new StudioError('cancelled', 'killed'));
        resolve();
      });
      void run.loop.run();
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    return run.storage;
  }

  it.each([3, 5, 7, 13, 19])('killed at step %i, it ends as if nothing had happened', async (killAt) => {
    const whole = new Rehearsal(recipe);
    await whole.loop.run();
    const storage = await kill(new Rehearsal(recipe), killAt);
    const again = new Rehearsal(recipe, {}, storage);
    expect(again.loop.record.step).toBe(Math.floor(killAt / 5) * 5);
    await again.loop.run();
    expect(again.loop.record).toMatchObject({ state: 'finished', step: 20, tokens: whole.loop.record.tokens });
    expect(storage.rows()).toEqual(whole.storage.rows());
    expect(storage.evaluations()).toEqual(whole.storage.evaluations());
    expect(again.model.weights).toEqual(whole.model.weights);
  });

  it('replays changes that were made after the checkpoint, at their steps', async () => {
    const changed = (run: Rehearsal) => run.at(12, () => void run.loop.change({ shares: { general: 0.1, domain: 0.9 } }));
    const whole = new Rehearsal(recipe);
    changed(whole);
    await whole.loop.run();
    const first = new Rehearsal(recipe);
    changed(first);
    const storage = await kill(first, 14);
    expect(storage.checkpoints.at(-1)!.step).toBe(10);
    const again = new Rehearsal(recipe, {}, storage);
    await again.loop.run();
    expect(storage.rows()).toEqual(whole.storage.rows());
    expect(again.model.weights).toEqual(whole.model.weights);
  });

  it('goes on with the weights of the objective as they were moved before the checkpoint, and after it', async () => {
    const channels = recipe.channels.map((channel, at) => ({ ...channel, weight: [0.25, 0.75][at]! }));
    const weighed = { ...recipe, channels };
    const moved = (run: Rehearsal) => {
      for (const [step, general] of [
        [8, 0.5],
        [12, 0.9],
      ] as const)
        run.at(step, () => void run.loop.change({ weights: { general, domain: 1 - general } }));
      return run;
    };
    const whole = moved(new Rehearsal(weighed));
    await whole.loop.run();
    const storage = await kill(moved(new Rehearsal(weighed)), 14);
    const again = new Rehearsal(weighed, {}, storage);
    await again.loop.run();
    const asked = (run: Rehearsal) => run.model.steps.map(({ weights }) => weights);
    expect(asked(again)).toEqual(asked(whole).slice(10));
    expect(asked(again).map((weights) => weights![0])).toEqual([0.5, 0.5, ...Array<number>(8).fill(0.9)]);
    expect(storage.rows()).toEqual(whole.storage.rows());
  });

  it('lets a new change win over what was recorded for later', async () => {
    const first = new Rehearsal(recipe);
    first.at(12, () => void first.loop.change({ shares: { general: 0.1, domain: 0.9 } }));
    const storage = await kill(first, 14);
    const again = new Rehearsal(recipe, {}, storage);
    again.at(11, () => void again.loop.change({ shares: { general: 0.5, domain: 0.5 } }));
    await again.loop.run();
    expect(again.loop.record.changes.map(({ step }) => step)).toEqual([11]);
  });
});

describe('automation', () => {
  const constant = (peakLr: number) => ({ kind: 'constant' as const, peakLr, warmup: { unit: 'steps' as const, value: 0 } });
  const longer = { budget: { steps: 60 }, saving: { everySteps: 10 }, evaluation: { everySteps: 5, rowsPerChannel: 4 } };
  const shares = ({ loop }: Rehearsal) =>
    loop.record.changes.flatMap(({ step, rule, settings }) => (rule ? [{ step, ...settings.shares }] : []));
  const walks = (length: number) => ({ train: { general: walk(length, 1, 1), domain: walk(length, 1, 3) } });

  it.each([
    { kind: 'stages' as const, between: 'linear' as const, stages: [{ step: 31, shares: { domain: 1 } }] },
    { kind: 'softmax' as const, temperature: 0.3 },
    { kind: 'doremi' as const },
    { kind: 'ado' as const },
    { kind: 'hold-retention' as const, retention: 0.9 },
  ])('$kind: killed and resumed, it decides the same bit for bit', async (automation) => {
    const recipe = tinyRecipe({ ...longer, schedule: constant(0.1), automation });
    const hand = (run: Rehearsal) => {
      run.at(33, () => void run.loop.change({ shares: { general: 0.7, domain: 0.3 }, held: ['domain'] }));
      run.at(37, () => void run.loop.change({ held: [] }));
    };
    const whole = new Rehearsal(recipe, walks(385));
    hand(whole);
    await whole.loop.run();
    expect(shares(whole).length).toBeGreaterThan(1);
    const first = new Rehearsal(recipe, walks(385));
    hand(first);
    await new Promise<void>((resolve) => {
      first.at(46, () => {
        first.loop.fail(new StudioError('cancelled', 'killed'));
        resolve();
      });
      void first.loop.run();
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    // Killed once more, before a hand moved a fader.
    first.storage.checkpoints = first.storage.checkpoints.filter(({ step }) => step <= 30);
    const again = new Rehearsal(recipe, walks(385), first.storage);
    expect(again.loop.record.step).toBe(30);
    await again.loop.run();
    expect(again.loop.record.changes).toEqual(whole.loop.record.changes);
    expect(first.storage.rows()).toEqual(whole.storage.rows());
    expect(again.model.weights).toEqual(whole.model.weights);
    const moved = viewOf(again.loop.whole()).events.filter(({ type }) => type === 'mixture');
    expect(moved.filter((event) => event.type === 'mixture' && !event.rule).map(({ step }) => step)).toEqual([33]);
  });

  it('is another run than without, which it leaves as it was', async () => {
    const plain = new Rehearsal(tinyRecipe(longer));
    await plain.loop.run();
    expect(plain.loop.record.changes).toEqual([]);
    expect(plain.views.at(-1)!.settings).not.toHaveProperty('held');
  });

  it('a hand takes its channel out of the rule until it is given back', async () => {
    const stages = [
      { step: 9, shares: { general: 0.2, domain: 0.8 } },
      { step: 30, shares: { general: 0.5, domain: 0.5 } },
    ];
    const run = new Rehearsal(tinyRecipe({ ...longer, automation: { kind: 'stages', stages } }));
    run.at(20, () => void run.loop.change({ shares: { general: 0.9, domain: 0.1 }, held: ['domain'] }));
    run.at(40, () => void run.loop.change({ held: [] }));
    await run.loop.run();
    expect(
      run.loop.record.changes.map(({ step, rule, settings }) => [step, rule ?? false, settings.shares?.['domain'], settings.held]),
    ).toEqual([
      [9, true, 0.8, undefined],
      [20, false, 0.1, ['domain']],
      [40, false, undefined, []],
      [42, true, 0.5, undefined],
    ]);
    expect(run.views.at(-1)!.settings.held).toEqual([]);
    expect(run.views.some(({ settings }) => settings.held?.[0] === 'domain')).toBe(true);
  });

  it('DoReMi raises the channel whose loss is above the base’s', async () => {
    const run = new Rehearsal(
      tinyRecipe({
        ...longer,
        schedule: constant(0.1),
        channels: [
          { id: 'general', corpus: 'general', role: 'general', share: 0.1 },
          { id: 'domain', corpus: 'domain', role: 'domain', share: 0.9 },
        ],
        automation: { kind: 'doremi' },
      }),
      walks(385),
    );
    await run.loop.run();
    const last = run.storage.evaluations().at(-1)!;
    expect(last.channels['domain']!.loss).toBeLessThan(Math.log(8));
    expect(shares(run).at(-1)).toHaveProperty('general');
    expect((shares(run).at(-1) as unknown as { general: number }).general).toBeGreaterThan(0.2);
  });

  it.each([0.01, 0.02, 0.05, 0.1])('holds retention at the line without oscillation, within its bounds (rate %d)', async (rate) => {
    const line = 0.85;
    const run = new Rehearsal(
      tinyRecipe({
        budget: { steps: 600 },
        saving: { everySteps: 600 },
        evaluation: { everySteps: 5, rowsPerChannel: 8 },
        batchSize: 8,
        schedule: constant(rate),
        channels: [
          { id: 'general', corpus: 'general', role: 'general', share: 0.5 },
          { id: 'domain', corpus: 'domain', role: 'domain', share: 0.5 },
        ],
        automation: { kind: 'hold-retention', retention: line, least: 0.05, most: 0.95 },
      }),
      { train: { general: walk(4000, 1, 1), domain: walk(4000, 1, 3) }, heldOut: { general: walk(600, 5, 1), domain: walk(600, 6, 3) } },
    );
    await run.loop.run();
    const domain = shares(run).map((one) => (one as unknown as { domain: number }).domain);
    expect(Math.max(...domain)).toBeLessThanOrEqual(0.95);
    expect(Math.min(...domain)).toBeGreaterThanOrEqual(0.05);
    // The last quarter, after it has come to rest: what still moves is the loss, by its rows, and not the fader.
    const rest = 450;
    const late = run.loop.record.changes.filter(({ step }) => step > rest).map(({ settings }) => settings.shares!['domain']!);
    expect(Math.max(...late) - Math.min(...late)).toBeLessThan(0.03);
    const held = run.storage.evaluations().flatMap(({ step, retention }) => (step > rest ? [retention!] : []));
    expect(Math.abs(held.reduce((sum, one) => sum + one, 0) / held.length - line)).toBeLessThan(0.02);
    // One batch moves the loss by about the rate.
    expect(held.every((one) => Math.abs(one - line) < Math.max(0.08, rate))).toBe(true);
  });
});

describe('stopping rules', () => {
  it('stops early when the domain does not improve by the threshold', async () => {
    const { loop, storage } = new Rehearsal(
      tinyRecipe({
        budget: { steps: 40 },
        schedule: { kind: 'constant', peakLr: 0, warmup: { unit: 'steps', value: 0 } },
        stopping: { early: { patience: 2, threshold: 0.01 }, forgetting: null },
      }),
    );
    await loop.run();
    expect(loop.record).toMatchObject({ state: 'stopped', stopReason: 'early-stop', step: 8, error: null });
    expect(storage.checkpoints.at(-1)).toMatchObject({ step: 8, reason: 'end' });
  });

  it('stops when general retention falls below its limit', async () => {
    const train = { general: walk(400, 1, 1), domain: walk(400, 2, 3) };
    const { loop } = new Rehearsal(
      tinyRecipe({
        strategy: { kind: 'domain-only' },
        budget: { steps: 400 },
        schedule: { kind: 'constant', peakLr: 0.1, warmup: { unit: 'steps', value: 0 } },
        stopping: { early: null, forgetting: { retention: 0.95 } },
      }),
      { train },
    );
    await loop.run();
    expect(loop.record).toMatchObject({ state: 'stopped', stopReason: 'forgetting-stop' });
    expect(loop.record.latest!.retention).toBeLessThan(0.95);
    expect(loop.record.step).toBeLessThan(400);
  });
});

describe('faults', () => {
  it.each([true, false])(
    'a loss that is not finite ends the run with its step and channel; the last good checkpoint stays (reads free: %s)',
    async (syncReadback) => {
      const { loop, storage, views } = new Rehearsal(tinyRecipe(), { poisonAt: 6, syncReadback });
      await loop.run();
      expect(loop.record).toMatchObject({
        state: 'failed',
        stopReason: 'error',
        error: { code: 'loss-not-finite', values: { step: 6, channel: 'domain', loss: 'NaN' } },
      });
      expect(storage.checkpoints.map(({ step }) => step)).toEqual([4]);
      const rows = storage.rows();
      expect(rows.slice(0, -1).every(({ total }) => Number.isFinite(total))).toBe(true);
      expect(rows.at(-1)).toMatchObject({ step: 6, total: null, loss: { domain: null }, notFinite: { total: 'NaN', domain: 'NaN' } });
      const { train } = views.at(-1)!;
      expect([train['domain']!.broken, train['general']!.broken]).toEqual([[6], undefined]);
      expect(Number.isNaN(train['domain']!.y.at(-1))).toBe(true);
    },
  );

  it('a full disk pauses the run with the error shown; freed, it goes on', async () => {
    const { loop, storage, seen } = rehearse();
    storage.fault = quota();
    const ended = loop.run();
    const paused = await seen(({ state }) => state === 'paused');
    expect(paused.error).toMatchObject({ code: 'quota', values: { needed: 2, available: 1 } });
    // The checkpoint of step 4 failed while training went on: noticed before the next one is due.
    expect(paused.step).toBeLessThan(8);
    await expect(loop.save()).rejects.toMatchObject({ code: 'quota' });
    storage.fault = null;
    await loop.save(false);
    expect(loop.record).toMatchObject({ state: 'paused', error: null });
    expect(storage.checkpoints.at(-1)).toMatchObject({ step: paused.step, reason: 'person' });
    await loop.unpause();
    await ended;
    expect(loop.record).toMatchObject({ state: 'finished', step: 12, error: null });
    expect(storage.checkpoints.at(-1)).toMatchObject({ step: 12, reason: 'end' });
  });

  it('a disk that is full at the very end waits for the person', async () => {
    const { loop, storage, at, seen } = rehearse();
    at(11, () => (storage.fault = quota()));
    const ended = loop.run();
    await seen(({ state }) => state === 'paused');
    storage.fault = null;
    await loop.unpause();
    await ended;
    expect(storage.checkpoints.at(-1)).toMatchObject({ step: 12, reason: 'end' });
  });

  it('a lost device ends the run at once, and frees whoever waits', async () => {
    const { loop, at } = rehearse();
    at(3, () => loop.fail(new StudioError('device-lost', 'gone', { backend: 'webgpu', detail: 'gone' })));
    await loop.run();
    await loop.stop();
    expect(loop.record).toMatchObject({ state: 'failed', error: { code: 'device-lost' } });
  });
});

describe('messages', () => {
  it('come at most four a second, and at once when the state changes', async () => {
    const { loop, views } = new Rehearsal(tinyRecipe({ budget: { steps: 60 } }));
    await loop.run();
    // The clock advances 100 ms a turn: one in three turns may send, besides evaluations and states.
    expect(views.length).toBeLessThan(60);
    expect(views.map(({ state }) => state)).toContain('running');
    expect(views.at(-1)).toMatchObject({ state: 'finished', step: 60, etaSeconds: null });
    expect(
      views
        .at(-1)!
        .channels.map(({ tokens }) => tokens)
        .reduce((a, b) => a + b),
    ).toBe(60 * 64);
  });

  it('show the base’s losses channel by channel while they are measured', async () => {
    const { loop, views } = new Rehearsal(tinyRecipe({ evaluation: { everySteps: 4, rowsPerChannel: 12 }, budget: { steps: 1 } }));
    await loop.run();
    const partial = views.filter(({ channels }) => channels[0]!.baseLoss !== null && channels[1]!.baseLoss === null);
    expect(partial.length).toBeGreaterThan(0);
    expect(partial[0]!.heldOut['general']).toEqual({ x: [0], y: [partial[0]!.channels[0]!.baseLoss] });
  });
});

/** A rehearsal whose methods can be taken apart. */
function rehearse(recipe = tinyRecipe()) {
  const run = new Rehearsal(recipe);
  return {
    loop: run.loop,
    storage: run.storage,
    model: run.model,
    views: run.views,
    at: run.at.bind(run),
    seen: run.seen.bind(run),
  };
}
