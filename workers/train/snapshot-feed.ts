/** Sends snapshots: at most four a second, and at once when something a person waits for has changed. */
import type { ChannelEvaluation, MetricRow, RunSnapshot } from '../../src/core/run/types';
import type { Clock } from '../runtime/clock';
import { etaSeconds, Pace } from './pace';

const MIN_INTERVAL = 250;
/** Building a snapshot may take one part in so many of the loop's time: a very long history is sent less often. */
const BUDGET = 20;

interface Source {
  /** As the history tells it. */
  snapshot: RunSnapshot;
  /** Channel id → tokens so far, more up to date than the history. */
  channelTokens: Readonly<Record<string, number>>;
  epochs: Readonly<Record<string, number>>;
  /** The window not yet logged, while paused. */
  openWindow: MetricRow | null;
}

export class SnapshotFeed {
  readonly stepPace = new Pace();
  readonly evaluationPace = new Pace();
  private partial: { step: number; channels: Record<string, ChannelEvaluation> } | null = null;
  private sentAt = -Infinity;
  private interval = MIN_INTERVAL;
  private readonly watchers = new Set<() => void>();

  constructor(
    private readonly clock: Clock,
    private readonly listener: (snapshot: RunSnapshot) => void,
    private readonly source: () => Source,
  ) {}

  /** Held-out losses of an evaluation in progress; null when it is over. */
  showPartial(step: number, channels: Record<string, ChannelEvaluation> | null): void {
    this.partial = channels && { step, channels };
  }

  /** @param now false: only when the last one is long enough ago */
  send(now: boolean): void {
    this.settleWatchers();
    const time = this.clock.now();
    if (!now && time - this.sentAt < this.interval) return;
    const snapshot = this.build();
    this.sentAt = this.clock.now();
    this.interval = Math.max(MIN_INTERVAL, (this.sentAt - time) * BUDGET);
    this.listener(snapshot);
  }

  settleWatchers(): void {
    for (const watcher of this.watchers) watcher();
  }

  /** Settles when `condition` holds; looked at with every send. */
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

  build(): RunSnapshot {
    const { snapshot, channelTokens, epochs, openWindow } = this.source();
    const { recipe, step, steps, state } = snapshot;
    const stepMs = this.stepPace.median() ?? snapshot.stepMs;
    const perStep = recipe.batchSize * recipe.gradientAccumulationSteps * recipe.sequenceLength;
    const live = state === 'running' || state === 'paused' || state === 'preparing';
    const partial = this.partial;
    return {
      ...snapshot,
      stepMs,
      tokensPerSecond: stepMs ? (perStep / stepMs) * 1000 : snapshot.tokensPerSecond,
      etaSeconds: live ? etaSeconds(step, steps, recipe.evaluation.everySteps, stepMs, this.evaluationPace.median()) : null,
      channels: snapshot.channels.map((meter) => ({
        ...meter,
        trainLoss: openWindow?.loss[meter.id] ?? meter.trainLoss,
        heldOutLoss: partial?.channels[meter.id]?.loss ?? meter.heldOutLoss,
        baseLoss: meter.baseLoss ?? (partial?.step === 0 ? (partial.channels[meter.id]?.loss ?? null) : null),
        tokens: channelTokens[meter.id] ?? meter.tokens,
        epochs: epochs[meter.id] ?? meter.epochs,
      })),
      heldOut: partial ? withPartial(snapshot.heldOut, partial) : snapshot.heldOut,
    };
  }
}

function withPartial(
  heldOut: RunSnapshot['heldOut'],
  { step, channels }: { step: number; channels: Record<string, ChannelEvaluation> },
): RunSnapshot['heldOut'] {
  const shown = { ...heldOut };
  for (const [id, { loss }] of Object.entries(channels)) {
    const series = shown[id];
    if (series) shown[id] = { x: [...series.x, step], y: [...series.y, loss] };
  }
  return shown;
}
