/**
 * The feed of a run: one message with the whole run so far, then increments. A training run and a stored one send the same messages,
 * and the size of an increment depends on what was added, not on how long the run is. `FollowedRun` (view.ts) reads them.
 */
import type { ErrorRecord } from '../errors';
import type { Recipe } from '../recipe/schema';
import { phaseSpans, plannedSettings, rateAt, scheduleSpan } from '../recipe/phases';
import { endEvent, settingEvents, type LoggedEvent, type RunEvent } from './events';
import { settingsAt } from './live-changes';
import { MetricTable, unpackRows } from './metric-table';
import {
  isActive,
  type CheckpointRecord,
  type EvaluationRow,
  type LiveSettings,
  type MetricRow,
  type RunRecord,
  type RunState,
  type StopReason,
} from './types';

/** What stays the same while a run goes on. */
export interface RunHeader {
  runId: string;
  name: string;
  /** Epoch milliseconds. */
  createdAt: number;
  device: string;
  recipe: Recipe;
  /** The base's evaluation, where it was made in an earlier session. */
  base: EvaluationRow | null;
  /** It is trained elsewhere; `recipe`: and its recipe is known. */
  remote?: { recipe: boolean };
}

/** How a channel stands now. */
export interface ChannelFigures {
  /** Of the last window that had tokens of it, nats per token. */
  trainLoss: number | null;
  tokens: number;
  /** Times its training text has been seen. */
  epochs: number;
}

export interface RunFigures {
  /** Finished steps. */
  step: number;
  tokens: number;
  tokensPerSecond: number | null;
  stepMs: number | null;
  etaSeconds: number | null;
  /** Learning rate of the step about to be computed. */
  lr: number;
  /** In the recipe's order. */
  channels: ChannelFigures[];
}

export interface StepFigures {
  step: number;
  /** Channel id → name → value. */
  figures: NonNullable<MetricRow['figures']>;
}

export interface RunMessage {
  /** Counts a feed's messages from 1. An increment follows the message before it; a listener that missed one asks for the whole. */
  revision: number;
  /** Only in a message with the whole run so far. */
  header?: RunHeader;
  state: RunState;
  stopReason: StopReason | null;
  error: ErrorRecord | null;
  /** `RunFigures` as numbers, see `packFigures`. */
  figures: Float64Array;
  /** Held-out losses of an evaluation in progress, by channel. */
  partial: { step: number; loss: Record<string, number> } | null;
  /** Where they changed since the last message, and in the whole. */
  settings?: LiveSettings;
  /** What was added since the last message; all in the whole. `rows` as in metric-table.ts. */
  rows: Float64Array;
  /** What objectives said in these rows, by the steps of those that have any; absent: nothing. */
  said?: StepFigures[];
  evaluations: EvaluationRow[];
  events: RunEvent[];
  checkpoints: CheckpointRecord[];
  /** Steps of checkpoints that were pruned. */
  pruned: number[];
}

/** What a message says beyond what was added to the feed; a stored run's come from its last rows. */
export type LiveFigures = Pick<RunFigures, 'tokensPerSecond' | 'stepMs' | 'etaSeconds' | 'channels'>;

/** How much of a feed a listener has; `settings` are null before its first message. */
interface Sent {
  rows: number;
  said: number;
  evaluations: number;
  events: number;
  checkpoints: readonly CheckpointRecord[];
  settings: LiveSettings | null;
}

const nothing = (): Sent => ({ rows: 0, said: 0, evaluations: 0, events: 0, checkpoints: [], settings: null });

/** A run's history in memory, and what of it a listener has not been sent. Rows, evaluations and events come in the order of their steps. */
export class RunFeed {
  private readonly rows: MetricTable;
  private readonly said: StepFigures[] = [];
  private readonly evaluations: EvaluationRow[] = [];
  private readonly events: RunEvent[] = [];
  private checkpoints: readonly CheckpointRecord[] = [];
  private readonly channels: { trainLoss: number | null; tokens: number }[];
  private before: MetricRow | null = null;
  private last: MetricRow | null = null;
  /** Settings that events tell of already, the step up to which changes were looked at, and the phase that was told last. */
  private told: { step: number; phase: number; settings: LiveSettings };
  private revision = 0;
  private sent = nothing();

  /** @param record the run's, which its trainer keeps up to date */
  constructor(private readonly record: RunRecord) {
    const { recipe } = record;
    this.rows = new MetricTable(recipe.channels.map(({ id }) => id));
    this.channels = recipe.channels.map(() => ({ trainLoss: null, tokens: 0 }));
    this.told = { step: 0, phase: 0, settings: settingsAt(recipe, [], 0) };
  }

  addRow(row: MetricRow): void {
    this.rows.push(row);
    if (row.figures) this.said.push({ step: row.step, figures: row.figures });
    this.record.recipe.channels.forEach(({ id }, at) => {
      const channel = this.channels[at]!;
      channel.trainLoss = row.loss[id] ?? channel.trainLoss;
      channel.tokens += row.count[id] ?? 0;
    });
    const [skippedBefore, skipped] = [this.last?.skippedSteps ?? 0, row.skippedSteps ?? 0];
    if (skipped > skippedBefore)
      this.events.push({
        type: 'skipped-steps',
        step: row.step,
        at: null,
        before: skippedBefore,
        after: skipped,
        lossScale: row.lossScale ?? 1,
      });
    this.before = this.last;
    this.last = row;
  }

  /** The rows so far. */
  loggedRows(): MetricRow[] {
    return unpackRows(
      this.rows.from(0),
      this.record.recipe.channels.map(({ id }) => id),
    );
  }

  addEvaluation(evaluation: EvaluationRow): void {
    this.evaluations.push(evaluation);
  }

  addEvent(event: RunEvent): void {
    this.events.push(event);
  }

  setCheckpoints(checkpoints: readonly CheckpointRecord[]): void {
    this.checkpoints = checkpoints;
  }

  /** Figures as the logged rows tell them. */
  logged(): LiveFigures {
    const { recipe, state, step, trainTokens } = this.record;
    const stepMs = this.last?.stepMs ?? null;
    return {
      stepMs,
      tokensPerSecond: this.tokensPerSecond(),
      etaSeconds: stepMs !== null && (state === 'running' || state === 'paused') ? ((recipe.budget.steps - step) * stepMs) / 1000 : null,
      channels: recipe.channels.map(({ id }, at) => {
        const epoch = trainTokens[id] ?? 0;
        return { ...this.channels[at]!, epochs: epoch > 0 ? this.channels[at]!.tokens / epoch : 0 };
      }),
    };
  }

  /** All so far, for a listener that begins. */
  whole(live: LiveFigures = this.logged(), partial: RunMessage['partial'] = null): RunMessage {
    this.sent = nothing();
    return this.increment(live, partial);
  }

  /** What was added since the last message; the first message is the whole. */
  increment(live: LiveFigures = this.logged(), partial: RunMessage['partial'] = null): RunMessage {
    const { record, sent, checkpoints } = this;
    const { id, name, createdAt, device, recipe, base, state, stopReason, error, step, tokens, imported } = record;
    const remote = imported ? { remote: { recipe: imported.format === 'crossfade' } } : {};
    // A stored run may have changed its settings after its last step was recorded.
    this.tellChanges(isActive(state) ? step : Infinity);
    const { settings } = this.told;
    const message: RunMessage = {
      revision: (this.revision += 1),
      ...(sent.settings === null ? { header: { runId: id, name, createdAt, device, recipe, base, ...remote } } : {}),
      state,
      stopReason,
      error,
      figures: packFigures({
        step,
        tokens,
        lr: rateAt(recipe, settings.schedule, Math.min(step, recipe.budget.steps - 1)),
        ...live,
      }),
      partial,
      ...(settings === sent.settings ? {} : { settings }),
      rows: this.rows.from(sent.rows),
      ...(this.said.length > sent.said ? { said: this.said.slice(sent.said) } : {}),
      evaluations: this.evaluations.slice(sent.evaluations),
      events: this.events.slice(sent.events),
      checkpoints: checkpoints === sent.checkpoints ? [] : checkpoints.filter((saved) => !sent.checkpoints.some((one) => same(one, saved))),
      pruned:
        checkpoints === sent.checkpoints
          ? []
          : sent.checkpoints.flatMap((one) => (checkpoints.some((saved) => saved.step === one.step) ? [] : [one.step])),
    };
    const { rows, said, evaluations, events } = this;
    this.sent = { rows: rows.length, said: said.length, evaluations: evaluations.length, events: events.length, checkpoints, settings };
    return message;
  }

  /** Adds events for the phases that began and the changes of settings that took effect up to `step`. */
  private tellChanges(step: number): void {
    const { recipe, changes } = this.record;
    let { settings, phase: told } = this.told;
    // A run that ended before a phase's first step never began it.
    const last = step === Infinity ? this.record.step - 1 : step;
    const begun = phaseSpans(recipe).filter(({ index, start }) => index > told && start <= last);
    const changed = changes.filter((change) => change.step >= this.told.step && change.step <= step);
    const points = [
      ...begun.map((span) => ({ step: span.start, at: null, rule: false, span, settings: begins(recipe, span.start) })),
      ...changed.map((change) => ({ ...change, span: null })),
    ].sort((one, other) => one.step - other.step);
    for (const point of points) {
      const next = { ...settings, ...point.settings };
      const when = { step: point.step, at: point.at };
      const events = settingEvents(when, settings, next, scheduleSpan(recipe, point.step).steps, point.rule === true);
      if (point.span) {
        told = point.span.index;
        this.events.push({ ...when, type: 'phase', index: told, name: point.span.phase?.name ?? null, changes: events });
      } else this.events.push(...events);
      if (point.span || events.length > 0 || next.held?.join() !== settings.held?.join()) settings = next;
    }
    this.told = { step: Math.min(step, recipe.budget.steps), phase: told, settings };
  }

  private tokensPerSecond(): number | null {
    if (!this.last || this.last.stepMs <= 0) return null;
    const steps = this.last.step - (this.before?.step ?? 0);
    const tokens = Object.values(this.last.count).reduce((sum, count) => sum + count, 0);
    return steps > 0 ? tokens / ((steps * this.last.stepMs) / 1000) : null;
  }
}

/** What a phase sets when it begins; the shares are not its own under automation. */
function begins(recipe: Recipe, start: number): Partial<LiveSettings> {
  const { shares, ...rest } = plannedSettings(recipe, start);
  return recipe.automation ? rest : { ...rest, shares };
}

const same = (one: CheckpointRecord, other: CheckpointRecord): boolean =>
  one.step === other.step && one.at === other.at && one.reason === other.reason;

export interface StoredHistory {
  rows: readonly MetricRow[];
  evaluations: readonly EvaluationRow[];
  events: readonly LoggedEvent[];
}

/** The feed of a run with a history, to go on with when it is resumed. */
export function restoreFeed(record: RunRecord, { rows, evaluations, events }: StoredHistory): RunFeed {
  const feed = new RunFeed(record);
  for (const row of rows) feed.addRow(row);
  for (const evaluation of evaluations) feed.addEvaluation(evaluation);
  for (const event of events) feed.addEvent(event);
  return feed;
}

/** A stored run as one message. */
export function storedRun(record: RunRecord, history: StoredHistory, checkpoints: readonly CheckpointRecord[]): RunMessage {
  const feed = restoreFeed(record, history);
  feed.setCheckpoints(checkpoints);
  const end = endEvent(record, history.events);
  if (end) feed.addEvent(end);
  return feed.whole();
}

/** Six figures of the run, then three of each channel; NaN for what is not known. Packed, they take the same bytes at every step. */
function packFigures({ step, tokens, tokensPerSecond, stepMs, etaSeconds, lr, channels }: RunFigures): Float64Array {
  return Float64Array.from([
    step,
    tokens,
    tokensPerSecond ?? NaN,
    stepMs ?? NaN,
    etaSeconds ?? NaN,
    lr,
    ...channels.flatMap((channel) => [channel.trainLoss ?? NaN, channel.tokens, channel.epochs]),
  ]);
}

export function unpackFigures(figures: Float64Array): RunFigures {
  const known = (value: number) => (Number.isNaN(value) ? null : value);
  const [step, tokens, tokensPerSecond, stepMs, etaSeconds, lr, ...own] = figures;
  return {
    step: step!,
    tokens: tokens!,
    tokensPerSecond: known(tokensPerSecond!),
    stepMs: known(stepMs!),
    etaSeconds: known(etaSeconds!),
    lr: lr!,
    channels: Array.from({ length: own.length / 3 }, (_, at) => ({
      trainLoss: known(own[3 * at]!),
      tokens: own[3 * at + 1]!,
      epochs: own[3 * at + 2]!,
    })),
  };
}
