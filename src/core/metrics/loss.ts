/** Figures derived from a loss in nats per token. */
import type { ChannelRole } from '../recipe/schema';

/** Acceptable retention, METHOD: above 0.95. */
export const RETENTION_LINE = 0.95;

export function perplexity(loss: number): number {
  return Math.exp(loss);
}

/** loss · tokens / (bytes · ln 2): comparable between tokenizers. */
export function bitsPerByte(loss: number, tokens: number, bytes: number): number {
  return (loss * tokens) / (bytes * Math.LN2);
}

/** base perplexity / tuned perplexity: 1 keeps everything, below 1 forgets. */
export function retention(baseLoss: number, loss: number): number {
  return Math.exp(baseLoss - loss);
}

interface Evaluated {
  /** Channel id → mean loss, nats per token. */
  channels: Readonly<Record<string, { loss: number }>>;
}

/** Mean retention over the general channels that both evaluations hold; null when there is none. */
export function meanRetention(base: Evaluated, now: Evaluated, channels: readonly { id: string; role: ChannelRole }[]): number | null {
  const values: number[] = [];
  for (const { id, role } of channels) {
    const before = base.channels[id];
    const after = now.channels[id];
    if (role === 'general' && before && after) values.push(retention(before.loss, after.loss));
  }
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
