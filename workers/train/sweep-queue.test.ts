/** Tabs that take from one queue, on the bigram model: what they hold in common is in memory, and a tab that dies lets its locks go. */
import { describe, expect, it } from 'vitest';
import { StudioError } from '../../src/core/errors';
import type { Recipe } from '../../src/core/recipe/schema';
import type { RunRecord } from '../../src/core/run/types';
import { edited, newSweep, runName, type Rungs } from '../../src/core/sweep/queue';
import type { SweepRecord } from '../../src/core/sweep/record';
import { parseSweep, type SweepInput } from '../../src/core/sweep/schema';
import type { RunLock } from '../storage/locks';
import { Rehearsal, tinyRecipe, type MemoryStorage } from './fixtures/rehearsal';
import { SweepQueue, type SweepStore, type SweepTrainer } from './sweep-queue';

/** A browser: its records, its locks by who holds them, and the files of its runs. */
class Browser {
  sweep: SweepRecord;
  readonly runs = new Map<string, { recipe: Recipe; storage: MemoryStorage; name: string }>();
  readonly locks = new Map<number, Tab>();
  readonly listeners = new Set<(news: { id: string; revision: number; removed: boolean }) => void>();
  freed: string[] = [];
  private turn: Promise<unknown> = Promise.resolve();

  constructor(plan: Partial<SweepInput>) {
    const whole: SweepInput = {
      version: 1,
      name: 'test',
      base: tinyRecipe(),
      axes: [{ field: 'schedule.peakLr', values: RATES }],
      ...plan,
    };
    this.sweep = newSweep(parseSweep(whole), 's', 1, 64);
  }

  store(tab: Tab): SweepStore {
    return {
      read: async () => this.sweep,
      change: async (id, change) => {
        if (id !== this.sweep.id) throw new StudioError('sweep-missing', id, { sweep: id });
        const { sweep, value } = change(structuredClone(this.sweep));
        const revision = this.sweep.revision + 1;
        this.sweep = { ...sweep, revision };
        for (const listener of this.listeners) queueMicrotask(() => listener({ id, revision, removed: false }));
        return { sweep: this.sweep, value };
      },
      taken: async () => new Set(this.locks.keys()),
      take: async (_, index): Promise<RunLock | null> => {
        if (this.locks.has(index)) return null;
        this.locks.set(index, tab);
        return { release: () => void (this.locks.get(index) === tab && this.locks.delete(index)) };
      },
      exclusively: <T>(_: string, work: () => Promise<T>) => {
        const result = this.turn.then(work);
        this.turn = result.catch(() => undefined);
        return result;
      },
      begunRun: async () => null,
      metrics: async (run) => {
        const { storage } = this.runs.get(run)!;
        return { rows: storage.rows(), evaluations: storage.evaluations(), events: [] };
      },
      free: async (runs) => void (this.freed = [...runs]),
      onNews: (listener) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
    };
  }

  /** What a run gave, all but wall times and where it was trained. */
  figures() {
    return this.sweep.runs.map(({ index, state, rung, judged, result }) => ({
      index,
      state,
      rung,
      judged,
      result: { ...result, seconds: 0 },
    }));
  }
}

class Tab implements SweepTrainer {
  readonly mostLosses = 2;
  readonly queue: SweepQueue;
  readonly trained: string[] = [];
  current: { id: string; rehearsal: Rehearsal; done: Promise<void> } | null = null;
  private dead = false;

  constructor(
    readonly browser: Browser,
    /** Called with each run that begins or goes on, before its first step. */
    private readonly onRun: (rehearsal: Rehearsal, tab: Tab) => void = () => undefined,
  ) {
    this.queue = new SweepQueue(this, browser.store(this), () => 0);
  }

  refusal = () => null;

  async begin(recipe: Recipe, name: string, { index }: NonNullable<RunRecord['sweep']>, rungs: Rungs | null): Promise<string> {
    if (recipe.schedule.peakLr === 0.5) throw new StudioError('fetch-failed', 'no model', { url: '', status: 404 });
    const id = `run-${index}`;
    const rehearsal = new Rehearsal(recipe, { rungs, poisonAt: recipe.schedule.peakLr === 0.9 ? 2 : Infinity });
    this.browser.runs.set(id, { recipe, storage: rehearsal.storage, name });
    return this.launch(id, rehearsal);
  }

  async goOn(run: string, rungs: Rungs | null): Promise<void> {
    const stored = this.browser.runs.get(run);
    if (!stored) throw new StudioError('run-missing', run, { run });
    const { recipe, storage } = stored;
    this.launch(run, new Rehearsal(recipe, { rungs }, storage));
  }

  private launch(id: string, rehearsal: Rehearsal): string {
    this.trained.push(id);
    this.onRun(rehearsal, this);
    this.current = { id, rehearsal, done: rehearsal.loop.run() };
    return id;
  }

  async outcome() {
    const { rehearsal, done } = this.current!;
    const { loop } = rehearsal;
    await loop.parked();
    if (this.dead) await new Promise(() => undefined);
    if (loop.record.state === 'paused') loop.leave();
    await done;
    return { record: loop.record, halted: loop.halted };
  }

  async setAside() {
    if (!this.current || this.dead) return;
    const { rehearsal, done } = this.current;
    await rehearsal.loop.pause();
    if (rehearsal.loop.record.state === 'paused') rehearsal.loop.leave();
    await done;
  }

  /** Nothing of it is heard again, and its locks are free. */
  die(): void {
    this.dead = true;
    this.current!.rehearsal.loop.leave();
    for (const [index, tab] of this.browser.locks) if (tab === this) this.browser.locks.delete(index);
  }
}

const RATES = [0.05, 0.01, 0.2];
const HALVING = { kind: 'successive-halving' as const, reduction: 2, steps: 3, retention: 0 };

const never = (index: number): never => {
  throw new Error(`run ${index}`);
};

const over = async (tab: Tab) => {
  await tab.queue.join('s');
  await expect.poll(() => tab.queue.joined, { timeout: 10_000, interval: 5 }).toBeNull();
};

describe('a tab that takes from a queue', () => {
  it('trains every run in order, names it by its setting, keeps what it gave and frees all weights but the best', async () => {
    const browser = new Browser({});
    const tab = new Tab(browser);
    await over(tab);
    expect(tab.trained).toEqual(['run-0', 'run-1', 'run-2']);
    expect(browser.runs.get('run-1')!.name).toBe('test 2 · peakLr 0.01');
    const { state, runs, base } = browser.sweep;
    expect(state).toBe('finished');
    expect(base['domain']).toBeCloseTo(Math.log(8), 12);
    for (const [at, rate] of RATES.entries()) {
      const alone = new Rehearsal(tinyRecipe({ schedule: { kind: 'cosine', peakLr: rate, warmup: { unit: 'steps', value: 2 } }, seed: 1 }));
      await alone.loop.run();
      const last = alone.storage.evaluations().at(-1)!.channels;
      const { result } = runs[at]!;
      expect(runs[at]).toMatchObject({ state: 'finished', run: `run-${at}`, error: null });
      expect(result!.losses).toEqual({ general: last['general']!.loss, domain: last['domain']!.loss });
      expect(result!.heldOut['domain']!.x).toEqual([0, 4, 8, 12]);
      expect(result).toMatchObject({ steps: 12, tokens: 12 * 64, device: 'test' });
    }
    const gains = runs.map(({ judged }) => judged![0]!.gain!);
    const best = gains.indexOf(Math.max(...gains));
    expect(browser.freed.sort()).toEqual(['run-0', 'run-1', 'run-2'].filter((_, at) => at !== best));
  });

  it('ends with the same figures after it died in the middle of a run', async () => {
    const unbroken = new Browser({});
    await over(new Tab(unbroken));
    const browser = new Browser({});
    const first = new Tab(browser, (rehearsal, tab) => {
      if (tab.trained.at(-1) === 'run-1') rehearsal.at(7, () => tab.die());
    });
    await first.queue.join('s');
    await expect.poll(() => browser.locks.size).toBe(0);
    expect(browser.sweep.runs.map(({ state }) => state)).toEqual(['finished', 'training', 'planned']);
    const second = new Tab(browser);
    await over(second);
    expect(second.trained).toEqual(['run-1', 'run-2']);
    expect(browser.figures()).toEqual(unbroken.figures());
  });

  it('shares the queue with another one, and neither trains what the other has', async () => {
    const browser = new Browser({ seeds: [1, 2] });
    const tabs = [new Tab(browser), new Tab(browser)];
    await Promise.all(tabs.map((tab) => over(tab)));
    const all = tabs.flatMap(({ trained }) => trained);
    expect(all.sort()).toEqual(['run-0', 'run-1', 'run-2', 'run-3', 'run-4', 'run-5']);
    expect(tabs.every(({ trained }) => trained.length > 1)).toBe(true);
    expect(browser.sweep.state).toBe('finished');
  });

  it('sets its run aside when another tab pauses the sweep, and goes on where it was', async () => {
    const browser = new Browser({});
    const other = new Tab(browser);
    const tab = new Tab(browser, (rehearsal, { trained }) => {
      if (trained.length === 2) rehearsal.at(6, () => void other.queue.pause('s'));
    });
    await over(tab);
    expect(browser.sweep.state).toBe('paused');
    expect(browser.sweep.runs.map(({ state }) => state)).toEqual(['finished', 'training', 'planned']);
    expect(browser.runs.get('run-1')!.storage.checkpoints.at(-1)).toMatchObject({ reason: 'pause' });
    await over(other);
    expect(other.trained).toEqual(['run-1', 'run-2']);
    const unbroken = new Browser({});
    await over(new Tab(unbroken));
    expect(browser.figures()).toEqual(unbroken.figures());
  });

  it('takes a run out that was deleted while it was set aside, and begins it anew when it is put back', async () => {
    const browser = new Browser({});
    const tab = new Tab(browser, (rehearsal, { trained, queue }) => {
      if (trained.length === 2) rehearsal.at(6, () => void queue.pause('s'));
    });
    await over(tab);
    browser.runs.delete('run-1');
    const next = new Tab(browser);
    await over(next);
    expect(next.trained).toEqual(['run-2']);
    expect(browser.sweep).toMatchObject({
      state: 'finished',
      runs: [{}, { state: 'dropped', run: null, error: { code: 'run-missing' } }, {}],
    });
    browser.sweep = edited(browser.sweep, { kind: 'restore', indices: [1] }, never);
    await over(next);
    expect(next.trained).toEqual(['run-2', 'run-1']);
    const unbroken = new Browser({});
    await over(new Tab(unbroken));
    expect(browser.figures()).toEqual(unbroken.figures());
  });

  it('drops a run that is set aside while the sweep is paused, and goes on with it where it was when it is put back', async () => {
    const browser = new Browser({});
    const tab = new Tab(browser, (rehearsal, { trained, queue }) => {
      if (trained.length === 1) rehearsal.at(6, () => void queue.pause('s'));
    });
    await over(tab);
    browser.sweep = edited(browser.sweep, { kind: 'drop', indices: [0] }, never);
    await over(tab);
    expect(tab.trained).toEqual(['run-0', 'run-1', 'run-2']);
    expect(browser.sweep.runs.map(({ state }) => state)).toEqual(['dropped', 'finished', 'finished']);
    browser.sweep = edited(browser.sweep, { kind: 'restore', indices: [0] }, never);
    await over(tab);
    const unbroken = new Browser({});
    await over(new Tab(unbroken));
    expect(browser.figures()).toEqual(unbroken.figures());
  });

  it('leaves after its run when it is told to', async () => {
    const browser = new Browser({});
    const tab = new Tab(browser, (rehearsal) => rehearsal.at(2, () => void tab.queue.leave(false)));
    await over(tab);
    expect(browser.sweep.runs.map(({ state }) => state)).toEqual(['finished', 'planned', 'planned']);
    expect(browser.sweep.state).toBe('running');
    await expect(tab.queue.join('none')).rejects.toMatchObject({ code: 'sweep-missing' });
  });

  it('takes a run that breaks for a result, and pauses over what is no fault of the run', async () => {
    const browser = new Browser({ axes: [{ field: 'schedule.peakLr', values: [0.9, 0.05, 0.5, 0.01] }] });
    const tab = new Tab(browser);
    await over(tab);
    const [broke, trained, refused, left] = browser.sweep.runs;
    expect(broke).toMatchObject({
      state: 'failed',
      error: { code: 'loss-not-finite' },
      result: { losses: { general: null, domain: null } },
    });
    expect(trained!.state).toBe('finished');
    expect(refused).toMatchObject({ state: 'planned', run: null, error: { code: 'fetch-failed' } });
    expect(left!.state).toBe('planned');
    expect(browser.sweep.state).toBe('paused');
    // A full disk pauses the run too, which stays where it is.
    const full = new Browser({});
    const cramped = new Tab(full, ({ storage }) => (storage.fault = new StudioError('quota', 'full', { needed: 2 })));
    await over(cramped);
    expect(full.sweep).toMatchObject({ state: 'paused', runs: [{ state: 'training', run: 'run-0', error: { code: 'quota' } }, {}, {}] });
  });
});

describe('successive halving', () => {
  it('halts runs at their rungs and lets the best go on, bit for bit as if it had never been halted', async () => {
    const plan = { halving: HALVING, axes: [{ field: 'schedule.peakLr', values: [0.05, 0.01, 0.2, 0.001] }] };
    const browser = new Browser(plan);
    const tab = new Tab(browser);
    await over(tab);
    // Rungs at 3, 6 and 12 steps; evaluations at 4, 8 and 12 besides.
    const { runs, state } = browser.sweep;
    expect(state).toBe('finished');
    expect(runs.map((run) => run.judged!.map(({ steps }) => steps))).toEqual(runs.map(({ rung }) => [3, 6, 12].slice(0, rung + 1)));
    expect(runs.map(({ rung }) => rung).sort()).toEqual([0, 0, 1, 2]);
    expect(runs.map((run) => run.state).sort()).toEqual(['finished', 'stopped', 'stopped', 'stopped']);
    const winner = runs.find((run) => run.state === 'finished')!;
    const alone = new Rehearsal(winner.recipe!);
    await alone.loop.run();
    const { storage } = browser.runs.get(winner.run!)!;
    expect(storage.rows()).toEqual(alone.storage.rows());
    expect(storage.evaluations().filter(({ step }) => step % 4 === 0)).toEqual(alone.storage.evaluations());
    expect(storage.stored.get(12)!.model).toEqual(alone.storage.stored.get(12)!.model);
    // Two tabs, of which one dies on its way to the second rung, come to the same.
    const again = new Browser(plan);
    let killed = false;
    const dying = new Tab(again, (rehearsal, one) => {
      if (!killed && rehearsal.loop.record.step === 3) rehearsal.at(4, () => ((killed = true), one.die()));
    });
    const living = new Tab(again);
    await dying.queue.join('s');
    await over(living);
    expect(again.figures()).toEqual(browser.figures());
  });

  it('stops by the same rule as a run that was never halted: an evaluation for a rung is none of the recipe', async () => {
    const stopping = { early: { patience: 2, threshold: 10 }, forgetting: null };
    const recipe = tinyRecipe({ stopping });
    const [halted, plain] = [new Rehearsal(recipe, { rungs: { at: [1, 2, 3], until: 12 } }), new Rehearsal(recipe)];
    await Promise.all([halted.loop.run(), plain.loop.run()]);
    expect(halted.loop.record).toMatchObject({ stopReason: 'early-stop', step: plain.loop.record.step });
  });
});

it('a name says what is set and what the seed is', () => {
  const { sweep } = new Browser({ axes: [{ field: 'channels.domain.share', values: [1 / 6] }], seeds: [1, 2] });
  expect(runName(sweep, sweep.runs[1]!)).toBe('test 2 · domain 0.1667 · seed 2');
});
