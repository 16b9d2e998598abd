/** The logging window of a run: losses by channel, gradient norms and times of the steps since the last metric row. */
import { StudioError } from '../../src/core/errors';
import type { MetricRow, NotFinite } from '../../src/core/run/types';
import { addReadings, meansOf, type FigureReadings, type StepSums } from '../runtime/trainable-model';

/** Sums by channel index: nats, and predicted tokens. */
interface ChannelSums {
  nll: number[];
  tokens: number[];
}

/**
 * Loss of each channel over a window: Σ nll / Σ predicted tokens, never a mean of means. A channel without tokens has no loss (null),
 * and total = Σ tokens·loss / Σ tokens.
 */
export class ChannelWindow {
  private readonly nll: number[];
  private readonly tokens: number[];

  constructor(
    private readonly channels: readonly string[],
    state?: ChannelSums,
  ) {
    this.nll = channels.map((_, at) => state?.nll[at] ?? 0);
    this.tokens = channels.map((_, at) => state?.tokens[at] ?? 0);
  }

  /** @param nllSum nats summed over `tokens` predicted tokens of the channel */
  add(channel: string, nllSum: number, tokens: number): void {
    const at = this.channels.indexOf(channel);
    if (at < 0) throw new RangeError(`Unknown channel "${channel}"; known are ${this.channels.join(', ')}`);
    this.nll[at]! += nllSum;
    this.tokens[at]! += tokens;
  }

  row(): Pick<MetricRow, 'loss' | 'count' | 'total' | 'notFinite'> {
    const loss: MetricRow['loss'] = {};
    const notFinite: Record<string, NotFinite> = {};
    const finite = (id: string, value: number): number | null => {
      if (Number.isFinite(value)) return value;
      notFinite[id] = String(value) as NotFinite;
      return null;
    };
    const count: MetricRow['count'] = {};
    let nll = 0;
    let tokens = 0;
    this.channels.forEach((channel, at) => {
      count[channel] = this.tokens[at]!;
      loss[channel] = this.tokens[at]! > 0 ? finite(channel, this.nll[at]! / this.tokens[at]!) : null;
      nll += this.nll[at]!;
      tokens += this.tokens[at]!;
    });
    const total = tokens > 0 ? finite('total', nll / tokens) : null;
    return { loss, count, total, ...(Object.keys(notFinite).length > 0 ? { notFinite } : {}) };
  }

  reset(): void {
    this.nll.fill(0);
    this.tokens.fill(0);
  }

  state(): ChannelSums {
    return { nll: [...this.nll], tokens: [...this.tokens] };
  }
}

/** What a checkpoint keeps of an open window. */
export interface LoggingWindowState extends ChannelSums {
  gradNormSum: number;
  steps: number;
  ms: number;
  /** With loss scaling: steps of the window that were skipped, and the last step's scale and count since the start. */
  scaling?: { overflowed: number; scale: number; skipped: number };
  /** What objectives said, by `channel index/name`; absent: nothing. */
  figures?: FigureReadings;
}

export class LoggingWindow {
  private readonly sums: ChannelWindow;
  private gradNormSum: number;
  private steps: number;
  private ms: number;
  private scaling: LoggingWindowState['scaling'];
  private figures: FigureReadings;

  constructor(
    private readonly channels: readonly string[],
    state?: LoggingWindowState,
  ) {
    this.sums = new ChannelWindow(channels, state);
    this.gradNormSum = state?.gradNormSum ?? 0;
    this.steps = state?.steps ?? 0;
    this.ms = state?.ms ?? 0;
    this.scaling = state?.scaling;
    this.figures = { ...state?.figures };
  }

  get empty(): boolean {
    return this.steps === 0;
  }

  addTime(ms: number): void {
    this.ms += ms;
  }

  /** @param step the finished steps with this one; @throws StudioError `loss-not-finite`, `gradient-not-finite`, with the step in the window */
  addStep(step: number, { nll, tokens, gradNorm, scaling, figures }: StepSums): void {
    // A skipped step changed no weight, and the next has a smaller scale.
    const skipped = scaling?.overflowed ?? false;
    this.channels.forEach((channel, at) => this.sums.add(channel, nll[at] ?? 0, tokens[at] ?? 0));
    if (!skipped) this.gradNormSum += gradNorm;
    if (scaling)
      this.scaling = { scale: scaling.scale, skipped: scaling.skipped, overflowed: (this.scaling?.overflowed ?? 0) + Number(skipped) };
    addReadings(this.figures, figures);
    this.steps += 1;
    this.checkFinite(step, nll, tokens, skipped ? 0 : gradNorm);
  }

  /** The metric row of the window so far. */
  row(step: number, lr: number, tokens: number): MetricRow {
    const steps = Math.max(1, this.steps);
    const { scaling } = this;
    const updates = this.steps - (scaling?.overflowed ?? 0);
    return {
      step,
      lr,
      gradNorm: (this.steps > 0 && updates === 0) || !Number.isFinite(this.gradNormSum) ? null : this.gradNormSum / Math.max(1, updates),
      stepMs: this.ms / steps,
      tokens,
      ...this.sums.row(),
      ...(Object.keys(this.figures).length > 0 ? { figures: meansOf(this.figures, this.channels) } : {}),
      ...(scaling ? { lossScale: scaling.scale, skippedSteps: scaling.skipped } : {}),
    };
  }

  reset(): void {
    this.figures = {};
    this.sums.reset();
    this.gradNormSum = 0;
    this.steps = 0;
    this.ms = 0;
    if (this.scaling) this.scaling = { ...this.scaling, overflowed: 0 };
  }

  state(): LoggingWindowState {
    return {
      ...this.sums.state(),
      gradNormSum: this.gradNormSum,
      steps: this.steps,
      ms: this.ms,
      ...(this.scaling ? { scaling: this.scaling } : {}),
      ...(Object.keys(this.figures).length > 0 ? { figures: { ...this.figures } } : {}),
    };
  }

  private checkFinite(step: number, nll: readonly number[], tokens: readonly number[], gradNorm: number): void {
    const bad = this.channels.findIndex((_, at) => !Number.isFinite(nll[at] ?? 0));
    if (bad < 0 && Number.isFinite(gradNorm)) return;
    const losses = this.channels.map((_, at) => (tokens[at] ? nll[at]! / tokens[at] : -Infinity));
    // When only the gradient overflowed, the channel with the highest loss is where to look.
    const at = bad >= 0 ? bad : losses.indexOf(Math.max(...losses));
    const channel = this.channels[at] ?? '';
    const loss = losses[at] ?? Number.NaN;
    if (bad >= 0)
      throw new StudioError(
        'loss-not-finite',
        `At step ${step} the loss of channel "${channel}" is ${loss}; the last good checkpoint stays`,
        {
          step,
          loss: String(loss),
          channel,
        },
      );
    throw new StudioError('gradient-not-finite', `At step ${step} the gradient norm is ${gradNorm}; the last good checkpoint stays`, {
      step,
      norm: String(gradNorm),
      loss: loss.toFixed(3),
      channel,
    });
  }
}
