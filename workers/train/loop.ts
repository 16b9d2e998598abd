/**
 * The training loop of one run: steps, windows, evaluations, checkpoints and stopping rules, with the person's commands acting
 * between steps (and between the batches of an evaluation). It touches neither tensors nor storage: both are given to it.
 */
import { errorRecord, StudioError } from '../../src/core/errors';
import { MixtureRule } from '../../src/core/mixture/automation';
import { effectiveShares } from '../../src/core/mixture/mixture';
import type { RunFeed, RunMessage } from '../../src/core/run/feed';
import { phaseAt, rateAt } from '../../src/core/recipe/phases';
import { checkChange, recordChange, recordRule, settingsAt, withoutLaterRules } from '../../src/core/run/live-changes';
import type { CheckpointRecord, EvaluationRow, LiveSettings, MetricRow, RunRecord, StopReason } from '../../src/core/run/types';
import type { Rungs } from '../../src/core/sweep/queue';
import type { AdversarialSample } from '../runtime/adversarial';
import type { AttentionSample } from '../runtime/attention';
import type { HeldOutSet } from '../runtime/held-out';
import { CheckpointWriter, type CheckpointReason } from './checkpoint-writer';
import type { Clock, EngineLock } from '../runtime/turns';
import { CommandQueue } from './command-queue';
import { FeedSender } from './feed-sender';
import { LoggingWindow } from './logging-window';
import { MetricLogger, type RunStorage } from './metric-logger';
import type { PromptTexts } from './prompt-texts';
import { evaluateRun, type ProbeSample } from './run-evaluation';
import type { RunState } from '../runtime/run-state';
import type { BatchSampler } from './sampler';
import { ruleToStop } from './stopping';
import { predictedIn, type TokenBatch, type PendingStep, type TrainableModel } from '../runtime/trainable-model';

/** Steps whose results may lie unread on the device. */
const UNREAD_STEPS = 64;

export interface LoopParts {
  record: RunRecord;
  /** The run's history so far, which the loop adds to. */
  feed: RunFeed;
  /** Evaluations of the run so far, in the order of their steps. */
  evaluations: EvaluationRow[];
  checkpoints: CheckpointRecord[];
  /** A stored run that goes on. */
  resumed: boolean;
  /** All steps that the run had, where it has just been given more. */
  extendedFrom?: number | undefined;
  /** Where a sweep judges and halts it; absent or null: nowhere. */
  rungs?: Rungs | null;
  /** Of the checkpoint to go on from; null at the start. */
  state: RunState | null;
  model: TrainableModel;
  /** What of the model joins the training before which step, and was not told of yet. */
  joinings: readonly { step: number; parts: string[] }[];
  sampler: BatchSampler;
  heldOut: HeldOutSet;
  /** Asked at each evaluation for the forgetting risk; null where the recipe asks none. */
  probes: ProbeSample | null;
  /** Measured at each evaluation against the base's; null where the recipe does not ask. */
  attention: AttentionSample | null;
  /** Read at each evaluation; null where the recipe does not ask. */
  adversarial: AdversarialSample | null;
  /** Written at each evaluation; null where the recipe has no prompts. */
  texts: PromptTexts | null;
  storage: RunStorage;
  lock: EngineLock;
  clock: Clock;
  /** The base's evaluation from an earlier run on the same weights and rows; `store` keeps a fresh one. */
  baseCache: { read(): Promise<EvaluationRow | null>; store(row: EvaluationRow): Promise<void> };
  listener: (message: RunMessage) => void;
}

export class TrainingLoop {
  private readonly commands = new CommandQueue();
  private readonly window: LoggingWindow;
  private readonly channelTokens: Record<string, number>;
  private readonly sender: FeedSender;
  private readonly logger: MetricLogger;
  private readonly writer: CheckpointWriter;
  private wish: 'run' | 'pause' | 'stop' = 'run';
  /** The finished steps when a single one was asked for. */
  private singleStep: { from: number } | null = null;
  private ended = false;
  /** At its rung, saved: it waits there to be left. */
  private atRung = false;
  private left = false;
  private unread: PendingStep[] = [];
  /** Of a recipe with automation, once the base is measured; and the last window that it was not told of. */
  private rule: MixtureRule | null = null;
  private untold: MetricRow | null = null;
  private abort!: (error: unknown) => void;
  private readonly aborted = new Promise<never>((_, reject) => (this.abort = reject));

  constructor(private readonly parts: LoopParts) {
    const { record, state, feed } = parts;
    const channels = record.recipe.channels.map(({ id }) => id);
    this.window = new LoggingWindow(channels, state?.window);
    this.channelTokens = { ...Object.fromEntries(channels.map((id) => [id, 0])), ...state?.channelTokens };
    this.logger = new MetricLogger(record, feed, parts.storage, parts.clock);
    feed.setCheckpoints(parts.checkpoints);
    this.writer = new CheckpointWriter(parts.storage, parts.checkpoints, record.recipe.saving.keep, () => {
      feed.setCheckpoints(this.writer.checkpoints);
      this.sender.send(true);
      this.commands.wake();
    });
    record.step = state?.step ?? 0;
    record.tokens = state?.tokens ?? 0;
    record.changes = withoutLaterRules(record.changes, record.step);
    this.aborted.catch(() => undefined);
    this.sender = new FeedSender(record, feed, parts.clock, parts.listener, () => ({
      tokens: this.channelTokens,
      epochs: parts.sampler.epochs(),
      openWindow: this.window.empty || record.state !== 'paused' ? null : this.window.row(record.step, 0, record.tokens),
    }));
  }

  get record(): RunRecord {
    return this.parts.record;
  }

  /** The run so far in one message, for a listener that begins. */
  whole(): RunMessage {
    return this.sender.whole();
  }

  /** Trains to the end; settles when the run ended in whatever way. Never rejects: a fault becomes the state `failed`. */
  async run(): Promise<void> {
    try {
      const reason = await Promise.race([this.train(), this.aborted]);
      this.record.stopReason = reason;
      this.logger.addEvent({ type: 'stopped', reason });
      await this.setState(reason === 'budget' ? 'finished' : 'stopped');
    } catch (error) {
      if (this.left) return;
      this.record.error = errorRecord(error);
      this.record.stopReason = 'error';
      this.logger.addEvent({ type: 'failed', error: this.record.error });
      // The fault itself must reach the person even when it cannot be written down.
      await this.setState('failed').catch(() => this.sender.send(true));
    } finally {
      await this.writer.idle();
      this.ended = true;
      this.commands.close();
      this.sender.settleWatchers();
      this.parts.model.dispose();
    }
  }

  get halted(): boolean {
    return this.atRung;
  }

  /** Settles when the run has ended, is halted at its rung, or a fault has paused it. */
  async parked(): Promise<void> {
    const { record } = this;
    await this.sender.until(() => this.ended || this.atRung || (record.state === 'paused' && record.error !== null));
  }

  /** Lets a paused run go: its record stays as it is, and it can be resumed. */
  leave(): void {
    this.left = true;
    this.abort(new StudioError('cancelled', 'The run was left'));
    this.commands.wake();
  }

  /** Ends the run at once, from outside: the device is gone. */
  fail(error: StudioError): void {
    this.ended = true;
    this.abort(error);
  }

  pause(): Promise<void> {
    return this.commands.add(async () => {
      if (this.wish === 'run') await this.pauseNow();
    });
  }

  unpause(): Promise<void> {
    return this.commands.add(async () => {
      if (this.wish !== 'pause') return;
      this.wish = 'run';
      this.record.error = null;
      this.logger.addEvent({ type: 'resumed' });
      await this.setState('running');
    });
  }

  /** One step, then pause; settles when it is computed. */
  async step(): Promise<void> {
    const before = this.record.step;
    await this.commands.add(async () => {
      this.wish = 'run';
      this.singleStep = { from: this.record.step };
      this.record.error = null;
      await this.setState('running');
    });
    await this.sender.until(() => this.ended || (this.record.step > before && this.wish === 'pause'));
  }

  /** Ends the run with a last checkpoint; settles when it has ended. */
  async stop(): Promise<void> {
    await this.commands.add(async () => {
      this.wish = 'stop';
    });
    await this.sender.until(() => this.ended);
  }

  /**
   * @param moments false leaves the optimizer's moments out, which takes a third of the space; a run that resumes from such a checkpoint
   * starts them at zero
   * @throws StudioError `quota`
   */
  save(moments = true): Promise<void> {
    return this.commands.add(async () => {
      await this.beginSave('person', moments);
      await this.writer.settle();
      if (this.record.error?.code !== 'quota') return;
      this.record.error = null;
      await this.setState(this.record.state);
    });
  }

  /** @throws StudioError `recipe-invalid`, `channel-empty` */
  change(settings: Partial<LiveSettings>): Promise<void> {
    return this.commands.add(async () => {
      const { record, parts } = this;
      const checked = checkChange(record.recipe, this.settings(), settings);
      const phase = phaseAt(record.recipe, record.step);
      if (checked.shares)
        for (const step of [record.step, phase.start + phase.steps - 1])
          parts.sampler.check(effectiveShares(record.recipe, checked.shares, step));
      record.changes = recordChange(record.changes, record.step, parts.clock.date(), checked);
      await parts.storage.update({ changes: record.changes });
      this.sender.send(true);
    });
  }

  private settings(): LiveSettings {
    return settingsAt(this.record.recipe, this.record.changes, this.record.step);
  }

  private async train(): Promise<StopReason> {
    const { recipe } = this.record;
    const { steps } = recipe.budget;
    const { resumed, extendedFrom } = this.parts;
    if (resumed) this.logger.addEvent({ type: 'resumed' });
    if (extendedFrom !== undefined) this.logger.addEvent({ type: 'extended', before: extendedFrom, after: steps });
    await this.setState('running');
    for (;;) {
      let reason: StopReason | null = null;
      if (this.evaluationDue()) reason = (await this.evaluate()) ? ruleToStop(recipe, this.ruling()) : 'person';
      if (this.record.step >= steps) reason ??= 'budget';
      if (reason === null) {
        await this.automate();
        await this.endOfStep();
        if (!(await this.boundary())) reason = 'person';
      }
      if (reason !== null) {
        await this.saveLast(reason);
        return reason;
      }
      await this.computeStep();
    }
  }

  /** Lets the recipe's rule move the shares of the steps to come, by what was measured up to here. */
  private async automate(): Promise<void> {
    const { record, parts } = this;
    const { step, recipe } = record;
    const base = parts.evaluations[0] ?? record.base;
    if (!recipe.automation || !base) return;
    this.rule ??= this.ruleSoFar(new MixtureRule(recipe, recipe.automation, base));
    const latest = this.ruling().at(-1);
    const shares = this.rule.decide(
      step,
      { row: this.untold, evaluation: latest?.step === step ? latest : null },
      settingsAt(recipe, record.changes, step - 1),
    );
    this.untold = null;
    if (!shares) return;
    record.changes = recordRule(record.changes, step, parts.clock.date(), shares);
    await parts.storage.update({ changes: record.changes });
    this.sender.send(false);
  }

  /** The rule told of what the stored history has before this step: what it carries from step to step follows from it. */
  private ruleSoFar(rule: MixtureRule): MixtureRule {
    const { record, parts } = this;
    // A fork's rule begins with the fork.
    const from = record.forkedFrom?.step ?? -1;
    const rows = new Map(parts.feed.loggedRows().flatMap((row) => (row.step > from ? [[row.step, row] as const] : [])));
    const evaluations = new Map(this.ruling().flatMap((row) => (row.step > from ? [[row.step, row] as const] : [])));
    const steps = [...new Set([...rows.keys(), ...evaluations.keys()])].sort((one, other) => one - other);
    for (const step of steps.filter((one) => one < record.step))
      rule.decide(
        step,
        { row: rows.get(step) ?? null, evaluation: evaluations.get(step) ?? null },
        settingsAt(record.recipe, record.changes, step - 1),
      );
    this.untold = rows.get(record.step) ?? null;
    return rule;
  }

  /** After a step and its evaluation: the periodic checkpoint, and the pause that ends a single step. */
  private async endOfStep(): Promise<void> {
    const { step, recipe } = this.record;
    if (step > 0 && step % recipe.saving.everySteps === 0) await this.saveCheckpoint('periodic');
    if (this.singleStep && this.singleStep.from < step && this.wish === 'run') {
      this.singleStep = null;
      this.wish = 'pause';
      await this.collect();
      await this.setState('paused');
    }
    if (step === this.parts.rungs?.until && this.wish === 'run') {
      await this.pauseNow();
      this.atRung = this.record.error === null;
      this.sender.send(true);
    }
  }

  /** Lets commands act; waits while paused. False when the run is to stop. */
  private async boundary(): Promise<boolean> {
    await this.parts.clock.yield();
    for (;;) {
      if (this.ended || this.left) throw new StudioError('cancelled', 'The run has ended');
      await this.commands.runAll();
      if (this.writer.failed) await this.pausingWhenFull(() => this.writer.settle());
      if (this.wish === 'run' && this.logger.due) await this.writeDown();
      this.sender.send(false);
      if (this.wish === 'stop') return false;
      if (this.wish === 'run') return true;
      await this.commands.wait();
    }
  }

  private async computeStep(): Promise<void> {
    const { record, parts } = this;
    const { recipe } = record;
    const { steps } = recipe.budget;
    const joining = parts.joinings.find(({ step }) => step === record.step);
    if (joining) this.logger.addEvent({ type: 'unfrozen', parts: joining.parts });
    const settings = this.settings();
    const lr = rateAt(recipe, settings.schedule, record.step);
    const shares = effectiveShares(recipe, settings.shares, record.step);
    let started = 0;
    await parts.lock.run(async () => {
      started = parts.clock.now();
      const { batches, round } = parts.sampler.step(recipe, record.step, shares);
      const dropout = { rate: recipe.dropout, seed: recipe.seed, step: record.step };
      await parts.model.prepare?.(batches, { seed: recipe.seed, step: record.step });
      const weights = settings.weights && recipe.channels.map(({ id }) => settings.weights![id]!);
      this.unread.push(parts.model.step(batches, { lr, weights, dropout, round }));
      for (const batch of batches) this.count(batch);
      record.step += 1;
      const before = this.unread.at(-2);
      if (parts.model.syncReadback || this.unread.length >= UNREAD_STEPS) await this.collect();
      else if (before) await before.finished;
    });
    const due = record.step === 1 || record.step % recipe.logging.everySteps === 0 || record.step === steps;
    if (due) await this.collect();
    const ms = parts.clock.now() - started;
    this.window.addTime(ms);
    this.sender.stepPace.add(ms);
    if (due) this.log(lr);
  }

  private count(batch: TokenBatch): void {
    predictedIn(batch).forEach((tokens, row) => {
      this.record.tokens += tokens;
      this.channelTokens[this.record.recipe.channels[batch.channels[row]!]!.id]! += tokens;
    });
  }

  /** Reads the steps that lie on the device into the open window. */
  private async collect(): Promise<void> {
    const pending = this.unread;
    if (pending.length === 0) return;
    this.unread = [];
    const first = this.record.step - pending.length + 1;
    const read = await this.parts.model.read(pending);
    read.forEach((sums, at) => {
      const step = first + at;
      try {
        this.window.addStep(step, sums);
      } catch (error) {
        // What ended the run is logged too, so that its curve says where.
        this.logger.addRow(this.window.row(step, this.rateAt(step - 1), this.record.tokens));
        throw error;
      }
    });
  }

  private log(lr: number): void {
    const row = this.window.row(this.record.step, lr, this.record.tokens);
    this.window.reset();
    this.logger.addRow(row);
    this.untold = row;
  }

  private evaluationDue(): boolean {
    const { step } = this.record;
    if (this.parts.evaluations.at(-1)?.step === step) return false;
    return this.onTime(step) || (this.parts.rungs?.at.includes(step) ?? false);
  }

  private onTime(step: number): boolean {
    const { evaluation, budget } = this.record.recipe;
    return step % evaluation.everySteps === 0 || step === budget.steps;
  }

  /** Evaluations that the recipe's rules, of stopping and of its automation, go by: not those that a rung alone asks for, so that a halted run ends as one that never was. */
  private ruling(): EvaluationRow[] {
    const { evaluations, rungs } = this.parts;
    return rungs ? evaluations.filter(({ step }) => this.onTime(step) || !rungs.at.includes(step)) : evaluations;
  }

  /** @returns false when the person stopped the run meanwhile */
  private async evaluate(): Promise<boolean> {
    const { record, parts, sender } = this;
    await this.collect();
    const cached = record.step === 0 ? await parts.baseCache.read() : null;
    const started = parts.clock.now();
    let waited = 0;
    const base = parts.evaluations[0] ?? record.base;
    const row = await evaluateRun(parts, {
      base,
      cached,
      onPartial: (channels) => sender.showPartial(record.step, channels),
      goesOn: async () => {
        const asked = parts.clock.now();
        const goOn = await this.boundary();
        waited += parts.clock.now() - asked;
        return goOn;
      },
    });
    sender.showPartial(record.step, null);
    if (row === null) return false;
    if (!cached) sender.evaluationPace.add(parts.clock.now() - started - waited);
    if (record.step === 0) {
      record.base = row;
      if (!cached) await parts.baseCache.store(row);
    }
    const masked = record.recipe.federated?.secure && record.step > 0 ? await parts.model.maskedRound?.() : null;
    if (masked) row.masked = masked;
    record.latest = row;
    parts.evaluations.push(row);
    this.logger.addEvaluation(row);
    await this.writeDown();
    sender.send(true);
    return true;
  }

  private async pauseNow(error: unknown = null): Promise<void> {
    this.wish = 'pause';
    this.singleStep = null;
    await this.collect();
    this.logger.addEvent({ type: 'paused' });
    if (error !== null) this.record.error = errorRecord(error);
    await this.setState('paused');
    if (error === null) await this.saveCheckpoint('pause');
  }

  /** Starts a checkpoint of this step: copies it off the engine at once and writes it while training goes on. */
  private async beginSave(reason: CheckpointReason, moments = true): Promise<void> {
    const { record, parts } = this;
    if (this.writer.has(record.step, reason)) return;
    await this.writer.settle();
    await this.collect();
    await this.writeDown();
    const state: RunState = {
      version: 1,
      step: record.step,
      tokens: record.tokens,
      channelTokens: { ...this.channelTokens },
      sampler: parts.sampler.state(),
      window: this.window.state(),
      settings: this.settings(),
    };
    const files = await parts.lock.run(() => parts.model.save(moments));
    this.writer.begin(record.step, { ...files, state }, { reason, evaluation: record.latest, ...(moments ? {} : { moments }) });
  }

  /** @param reason a periodic one is not waited for */
  private async saveCheckpoint(reason: CheckpointReason): Promise<void> {
    await this.pausingWhenFull(async () => {
      await this.beginSave(reason);
      if (reason !== 'periodic') await this.writer.settle();
    });
  }

  /** A full disk pauses the run, with the last good checkpoint in place; anything else ends it. */
  private async pausingWhenFull(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const record = errorRecord(error);
      if (record.code !== 'quota') throw error;
      if (this.wish === 'run') return this.pauseNow(error);
      this.record.error = record;
      await this.setState(this.record.state);
    }
  }

  /** The run's last checkpoint. When the disk is full it waits, paused, for the person to free some and go on, or to stop. */
  private async saveLast(reason: StopReason): Promise<void> {
    for (;;) {
      await this.collect();
      if (!this.window.empty && reason !== 'person') this.log(this.lastRate());
      await this.saveCheckpoint('end');
      if (this.wish !== 'pause' || !(await this.boundary())) return;
    }
  }

  private lastRate(): number {
    return this.rateAt(Math.max(0, this.record.step - 1));
  }

  /** @param step 0-based */
  private rateAt(step: number): number {
    const { record } = this;
    return rateAt(record.recipe, settingsAt(record.recipe, record.changes, step).schedule, step);
  }

  private async setState(state: RunRecord['state']): Promise<void> {
    this.record.state = state;
    this.sender.send(true);
    await this.writeDown();
  }

  /** Writes history and record; a full disk pauses. */
  private async writeDown(): Promise<void> {
    if (await this.logger.write()) return;
    if (this.wish === 'run') {
      this.wish = 'pause';
      this.record.state = 'paused';
    }
    this.sender.send(true);
  }
}
