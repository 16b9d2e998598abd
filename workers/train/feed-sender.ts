/** Sends a run's feed to the page: an increment at most four times a second, and at once when the state or an evaluation changes. */
import { stepTokens } from '../../src/core/recipe/before-run';
import type { LiveFigures, RunFeed, RunMessage } from '../../src/core/run/feed';
import type { ChannelEvaluation, MetricRow, RunRecord } from '../../src/core/run/types';
import { isActive } from '../../src/core/run/types';
import type { Clock } from '../runtime/turns';

/** Milliseconds. */
const MIN_INTERVAL = 250;

/** What the sender reads of the loop, newer than what was logged. */
interface LoopFigures {
  /** Channel id → tokens so far. */
  tokens: Readonly<Record<string, number>>;
  /** Channel id → times its training text has been seen. */
  epochs: Readonly<Record<string, number>>;
  /** The logging window so far, while paused; else null. */
  openWindow: MetricRow | null;
}

export class FeedSender {
  readonly stepPace = new Pace();
  readonly evaluationPace = new Pace();
  private partial: RunMessage['partial'] = null;
  private sentAt = -Infinity;
  private readonly watchers = new Set<() => void>();

  constructor(
    private readonly record: RunRecord,
    private readonly feed: RunFeed,
    private readonly clock: Clock,
    private readonly listener: (message: RunMessage) => void,
    private readonly figures: () => LoopFigures,
  ) {}

  /** Held-out losses of an evaluation in progress; null when it is over. */
  showPartial(step: number, channels: Record<string, ChannelEvaluation> | null): void {
    this.partial = channels && { step, loss: Object.fromEntries(Object.entries(channels).map(([id, { loss }]) => [id, loss])) };
  }

  /** @param now false: only when the last message is long enough ago */
  send(now: boolean): void {
    this.settleWatchers();
    const time = this.clock.now();
    if (!now && time - this.sentAt < MIN_INTERVAL) return;
    this.sentAt = time;
    this.listener(this.feed.increment(this.live(), this.partial));
  }

  /** All so far, for a listener that begins: later messages are increments to it. */
  whole(): RunMessage {
    return this.feed.whole(this.live(), this.partial);
  }

  settleWatchers(): void {
    for (const watcher of this.watchers) watcher();
  }

  /** Resolves when `condition` holds; it is checked with every send. */
  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const watcher = (): void => {
        if (!condition()) return;
        this.watchers.delete(watcher);
        resolve();
      };
      this.watchers.add(watcher);
    });
  }

  private live(): LiveFigures {
    const { recipe, step, state } = this.record;
    const { tokens, epochs, openWindow } = this.figures();
    const logged = this.feed.logged();
    const stepMs = this.stepPace.median() ?? logged.stepMs;
    return {
      stepMs,
      tokensPerSecond: stepMs ? (stepTokens(recipe) / stepMs) * 1000 : logged.tokensPerSecond,
      etaSeconds: isActive(state)
        ? etaSeconds(step, recipe.budget.steps, recipe.evaluation.everySteps, stepMs, this.evaluationPace.median())
        : null,
      channels: recipe.channels.map(({ id }, at) => ({
        trainLoss: openWindow?.loss[id] ?? logged.channels[at]!.trainLoss,
        tokens: tokens[id] ?? 0,
        epochs: epochs[id] ?? 0,
      })),
    };
  }
}

/** Times that a pace is the median of. */
const KEPT = 32;

/** How fast a run goes: a moving median of times, which one slow step (a compilation, a hidden tab) does not bend. */
export class Pace {
  private readonly times: number[] = [];

  /** @param ms wall milliseconds */
  add(ms: number): void {
    this.times.push(ms);
    if (this.times.length > KEPT) this.times.shift();
  }

  /** Median milliseconds; null before the first. */
  median(): number | null {
    if (this.times.length === 0) return null;
    const sorted = [...this.times].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  }
}

/** Seconds left: steps, and the evaluations among them. Null before anything was timed. */
export function etaSeconds(
  step: number,
  steps: number,
  evaluationEvery: number,
  stepMs: number | null,
  evaluationMs: number | null,
): number | null {
  if (stepMs === null) return null;
  const left = Math.max(0, steps - step);
  const evaluations = Math.ceil(steps / evaluationEvery) - Math.floor(step / evaluationEvery);
  return (left * stepMs + Math.max(0, evaluations) * (evaluationMs ?? 0)) / 1000;
}
