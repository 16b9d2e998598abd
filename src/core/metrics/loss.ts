/** Figures derived from a loss in nats per token. */
import { predictsText, type ObjectiveKind } from '../recipe/objective';
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

/** With the tokens and the UTF-8 bytes of text that were predicted. */
interface Measured {
  channels: Readonly<Record<string, { loss: number; tokens: number; bytes: number }>>;
}

/** What the domain channels gained against the base, mean over them: above 0 is learnt. */
export interface DomainGain {
  /** Fall of bits per byte. */
  bits: number;
  /** The same in nats per token, which compare under one tokenizer alone. */
  nats: number;
}

/** Mean over the domain channels that both evaluations hold; null when there is none. */
export function domainGain(base: Measured, now: Measured, channels: readonly { id: string; role: ChannelRole }[]): DomainGain | null {
  const gains = channels.flatMap(({ id, role }) => {
    const before = base.channels[id];
    const after = now.channels[id];
    if (role !== 'domain' || !before || !after || before.bytes === 0 || after.bytes === 0) return [];
    const bits = (of: typeof before) => bitsPerByte(of.loss, of.tokens, of.bytes);
    return [{ bits: bits(before) - bits(after), nats: before.loss - after.loss }];
  });
  const mean = (part: keyof DomainGain) => gains.reduce((sum, gain) => sum + gain[part], 0) / gains.length;
  return gains.length === 0 ? null : { bits: mean('bits'), nats: mean('nats') };
}

/** A channel as far as retention asks; `generated` says that a model wrote its text. */
export interface RetainedChannel {
  id: string;
  role: ChannelRole;
  generated?: unknown;
  objective?: { kind: ObjectiveKind } | undefined;
}

/** Channels that general retention is the mean over: general text that people wrote; where there is none, what a model wrote stands for it. */
export function retainedChannels<Of extends RetainedChannel>(channels: readonly Of[]): Of[] {
  const general = channels.filter((channel) => channel.role === 'general' && predictsText(channel));
  const written = general.filter(({ generated }) => generated === undefined);
  return written.length > 0 ? written : general;
}

/** Mean retention over those channels that both evaluations hold; null when there is none. */
export function meanRetention(base: Evaluated, now: Evaluated, channels: readonly RetainedChannel[]): number | null {
  const values: number[] = [];
  for (const { id } of retainedChannels(channels)) {
    const before = base.channels[id];
    const after = now.channels[id];
    if (before && after) values.push(retention(before.loss, after.loss));
  }
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
