/**
 * Channel loss of a logging window: Σ nll / Σ predicted tokens per channel, never a mean of means. A channel without tokens
 * has no loss (null), and total = Σ tokens·loss / Σ tokens.
 */
export interface WindowRow {
  loss: Record<string, number | null>;
  count: Record<string, number>;
  total: number | null;
}

export interface WindowState {
  nll: number[];
  tokens: number[];
}

export class ChannelWindow {
  private readonly nll: number[];
  private readonly tokens: number[];

  constructor(
    private readonly channels: readonly string[],
    state?: WindowState,
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

  row(): WindowRow {
    const loss: WindowRow['loss'] = {};
    const count: WindowRow['count'] = {};
    let nll = 0;
    let tokens = 0;
    this.channels.forEach((channel, at) => {
      count[channel] = this.tokens[at]!;
      loss[channel] = this.tokens[at]! > 0 ? this.nll[at]! / this.tokens[at]! : null;
      nll += this.nll[at]!;
      tokens += this.tokens[at]!;
    });
    return { loss, count, total: tokens > 0 ? nll / tokens : null };
  }

  reset(): void {
    this.nll.fill(0);
    this.tokens.fill(0);
  }

  state(): WindowState {
    return { nll: [...this.nll], tokens: [...this.tokens] };
  }
}
